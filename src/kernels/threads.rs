//! When work is worth a second thread, and how it is cut.

use std::cell::Cell;

use rayon::prelude::*;

/// Elements below which one thread is faster than waking another (a wake-up costs some 5 µs).
pub(crate) const PARALLEL_FROM: usize = 1 << 18;

/// Elements to a piece of parallel work: fixed, so that results do not depend on the number of threads.
pub(crate) const CHUNK: usize = 1 << 14;

thread_local!(static ALONE: Cell<bool> = const { Cell::new(false) });

/// From now on the calling thread does all its work itself: it is one of several that share the processors already.
pub(crate) fn work_alone() {
    ALONE.set(true);
}

/// How many threads may share the calling thread's work.
pub(crate) fn available() -> usize {
    if ALONE.get() { 1 } else { rayon::current_num_threads() }
}

/// Whether `work` (about an addition an element) is worth several threads.
pub(crate) fn worthwhile(work: usize) -> bool {
    work >= PARALLEL_FROM && available() > 1
}

/// Calls `body(start, piece)` for consecutive pieces of `out`, in parallel where there are enough elements.
pub(crate) fn for_chunks<U: Send>(out: &mut [U], body: impl Fn(usize, &mut [U]) + Sync) {
    for_row_chunks(out, 1, 1, body);
}

/// The same, for rows of `width` elements that must stay whole, each of which costs `cost` additions an element.
/// `body` gets the number of the first row of its piece.
pub(crate) fn for_row_chunks<U: Send>(out: &mut [U], width: usize, cost: usize, body: impl Fn(usize, &mut [U]) + Sync) {
    if width == 0 || out.is_empty() {
        return;
    }
    if !worthwhile(out.len().saturating_mul(cost)) {
        return body(0, out);
    }
    let rows = (CHUNK / width.saturating_mul(cost)).max(1);
    out.par_chunks_mut(rows * width).enumerate().for_each(|(i, piece)| body(i * rows, piece));
}
