//! Functions of whole rows.

use super::threads;

/// Fills the rows of `out` (`out_width` elements each) from the rows of `x` (`width` each), in parallel;
/// `cost` is the work an element, in additions.
pub(crate) fn map_rows<T, U>(
    x: &[T],
    width: usize,
    out: &mut [U],
    out_width: usize,
    cost: usize,
    body: impl Fn(&[T], &mut [U]) + Sync,
) where
    T: Sync,
    U: Send,
{
    if out_width == 0 {
        return;
    }
    let cost = cost * width.div_ceil(out_width).max(1);
    threads::for_row_chunks(out, out_width, cost, |first, out| {
        for (i, out) in out.chunks_exact_mut(out_width).enumerate() {
            body(&x[(first + i) * width..][..width], out);
        }
    });
}

/// Changes the rows of `x` (`width` elements each) by those of `y`, in parallel; `cost` as in [`map_rows`].
pub(crate) fn update_rows<T: Copy + Send + Sync>(
    x: &mut [T],
    y: &[T],
    width: usize,
    cost: usize,
    body: impl Fn(&mut [T], &[T]) + Sync,
) {
    threads::for_row_chunks(x, width, cost, |first, x| {
        x.chunks_exact_mut(width).zip(y.chunks_exact(width).skip(first)).for_each(|(x, y)| body(x, y));
    });
}
