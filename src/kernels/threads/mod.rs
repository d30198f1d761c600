//! When work is worth a second thread, and how it is cut.

mod helpers;

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

/// Elements below which one thread is faster than two.
pub(crate) const PARALLEL_FROM: usize = 1 << 16;

/// Elements to a piece of parallel work: fixed, so that results do not depend on the number of threads.
pub(crate) const CHUNK: usize = 1 << 14;

thread_local!(static ALONE: Cell<bool> = const { Cell::new(false) });

/// From now on the calling thread does all its work itself: it is one of several that share the processors already.
pub(crate) fn work_alone() {
    ALONE.set(true);
}

/// How many threads may share the calling thread's work.
pub(crate) fn available() -> usize {
    if ALONE.get() { 1 } else { rayon_core::current_num_threads() }
}

/// Whether `work` (about an addition an element) is worth several threads.
pub(crate) fn worthwhile(work: usize) -> bool {
    work >= PARALLEL_FROM && available() > 1
}

/// Calls `body` with each item, on the calling thread and on those of the pool that come to help: whoever is free takes
/// an item, the calling thread the first that is left and helpers the last. So each has most of what it wrote in one loop in its
/// own cache when the next loop reads it.
pub(crate) fn share<I: DoubleEndedIterator + Send>(items: I, body: impl Fn(I::Item) + Sync) {
    let count = (available() - 1).min(items.size_hint().0.saturating_sub(1));
    if count == 0 {
        return items.for_each(body);
    }
    let items = Mutex::new(items);
    let take = |caller: bool| {
        let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
        if caller { items.next() } else { items.next_back() }
    };
    let work = |caller: bool| {
        while let Some(item) = take(caller) {
            body(item);
        }
    };
    helpers::work_together(count, &work);
}

/// [`share`] where the work is enough; else the calling thread does it all.
pub(crate) fn share_where<I: DoubleEndedIterator + Send>(enough: bool, items: I, body: impl Fn(I::Item) + Sync) {
    if enough { share(items, body) } else { items.for_each(body) }
}

/// The results of both, the second on another thread where one comes to help.
pub(crate) fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    let (mut first, mut second) = (None, None);
    let tasks: [Box<dyn FnOnce() + Send + '_>; 2] = [Box::new(|| first = Some(a())), Box::new(|| second = Some(b()))];
    share(tasks.into_iter(), |task| task());
    let (Some(first), Some(second)) = (first, second) else { unreachable!("both tasks were done") };
    (first, second)
}

/// Calls `body(start, piece)` for consecutive pieces of `out`, in parallel where there are enough elements.
pub(crate) fn for_chunks<U: Send>(out: &mut [U], body: impl Fn(usize, &mut [U]) + Sync) {
    for_row_chunks(out, 1, 1, body);
}

/// The same, for two slices of one length.
pub(crate) fn for_chunk_pairs<U: Send>(a: &mut [U], b: &mut [U], body: impl Fn(usize, &mut [U], &mut [U]) + Sync) {
    if worthwhile(a.len()) { in_pairs_of_pieces(a, b, &body) } else { body(0, a, b) }
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
    in_pieces(out, width, (CHUNK / width.saturating_mul(cost)).max(1), &body);
}

// Compiled once for a type of elements, and not for each loop.

type Body<'a, U> = dyn Fn(usize, &mut [U]) + Sync + 'a;
type BodyOfPairs<'a, U> = dyn Fn(usize, &mut [U], &mut [U]) + Sync + 'a;

fn in_pieces<U: Send>(out: &mut [U], width: usize, rows: usize, body: &Body<'_, U>) {
    share(out.chunks_mut(rows * width).enumerate(), |(i, piece)| body(i * rows, piece));
}

fn in_pairs_of_pieces<U: Send>(a: &mut [U], b: &mut [U], body: &BodyOfPairs<'_, U>) {
    let pieces = a.chunks_mut(CHUNK).zip(b.chunks_mut(CHUNK)).enumerate();
    share(pieces, |(i, (a, b))| body(i * CHUNK, a, b));
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rayon::ThreadPoolBuilder;
    use rayon::prelude::*;

    use super::{join, share};

    /// Calls the test outside any pool, and inside pools of 1, 2 and 8 threads.
    fn everywhere(test: impl Fn() + Sync) {
        test();
        for threads in [1, 2, 8] {
            ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&test);
        }
    }

    #[test]
    fn every_item_goes_to_one_thread_even_within_another_item() {
        everywhere(|| {
            let calls: Vec<AtomicU32> = (0..1000).map(|_| AtomicU32::new(0)).collect();
            let call = |call: &AtomicU32| assert_eq!(call.fetch_add(1, Ordering::Relaxed), 0);
            share(calls.chunks(100), |some| share(some.iter(), call));
            assert!(calls.into_iter().all(|calls| calls.into_inner() == 1));
        });
    }

    #[test]
    fn both_results_are_there_from_any_depth() {
        fn sum(from: u64, to: u64) -> u64 {
            if to - from == 1 {
                return from;
            }
            let middle = from.midpoint(to);
            let (low, high) = join(|| sum(from, middle), || sum(middle, to));
            low + high
        }
        everywhere(|| assert_eq!(sum(0, 1000), 499_500));
    }

    #[test]
    fn helpers_that_panicked_or_wait_leave_the_pool_usable() {
        everywhere(|| {
            for round in 0..100 {
                let caught = catch_unwind(|| share(0..8, |item| assert!(item != round % 8, "some item")));
                assert!(caught.is_err());
                let (a, b) = rayon::join(|| (0..100).into_par_iter().sum::<u32>(), || join(|| round, || round));
                assert_eq!((a, b), (4950, (round, round)));
            }
        });
    }

    #[test]
    #[should_panic(expected = "the seventh")]
    fn a_panic_reaches_the_caller() {
        share(0..100, |item| assert!(item != 7, "the seventh"));
    }
}
