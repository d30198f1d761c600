//! Functions of whole rows.

use super::block::Block;
use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::reduce::sum_of_parts;
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

/// Multiplies the elements of `x` by 0 where y is 0 or below, and returns the sums of each column of what is left, for rows of
/// `width` elements.
pub(crate) fn keep_above_zero<T>(x: &mut [T], y: &[T], width: usize) -> Block<T>
where
    T: num_traits::Float + Pooled + Sync,
{
    // Narrow rows are added several together, as if they were one; pieces are fixed, so that threads change no bit.
    const TOGETHER: usize = 256;
    if x.is_empty() {
        return pool::filled(width, T::zero());
    }
    let together = (TOGETHER / width).max(1) * width;
    let piece = (threads::CHUNK / together).max(1) * together;
    let mut parts = pool::filled(x.len().div_ceil(piece) * together, T::zero());
    let pieces = x.chunks_mut(piece).zip(y.chunks(piece)).zip(parts.chunks_exact_mut(together));
    threads::share_where(threads::worthwhile(y.len()), pieces, |((x, y), sums)| {
        let slope = move |y| if y <= T::zero() { T::zero() } else { T::one() };
        for (x, y) in x.chunks_mut(together).zip(y.chunks(together)) {
            let sums = &mut *sums;
            vectorized!(move || {
                for ((x, &y), sum) in x.iter_mut().zip(y).zip(sums) {
                    *x = *x * slope(y);
                    *sum = *sum + *x;
                }
            });
        }
    });
    sum_of_parts(sum_of_parts(parts, together), width)
}
