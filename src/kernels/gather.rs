//! Copying rows.

use super::threads;

/// Copies row `rows[i]` of `x` (rows of `width` elements) to row `i` of the result, in parallel.
pub(crate) fn gather_rows<T: Copy + Default + Send + Sync>(x: &[T], width: usize, rows: &[usize]) -> Vec<T> {
    let mut out = vec![T::default(); rows.len() * width];
    threads::for_row_chunks(&mut out, width, 1, |first, out| {
        for (out, &row) in out.chunks_exact_mut(width).zip(&rows[first..]) {
            out.copy_from_slice(&x[row * width..][..width]);
        }
    });
    out
}
