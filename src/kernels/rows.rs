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
    let slope = move |y| if y <= T::zero() { T::zero() } else { T::one() };
    column_sums(
        x.len(),
        width,
        |piece| x.chunks_mut(piece).zip(y.chunks(piece)),
        |(x, y), sums| {
            for (x, y) in x.chunks_mut(sums.len()).zip(y.chunks(sums.len())) {
                let sums = &mut *sums;
                vectorized!(move || {
                    for ((x, &y), sum) in x.iter_mut().zip(y).zip(sums) {
                        *x = *x * slope(y);
                        *sum = *sum + *x;
                    }
                });
            }
        },
    )
}

/// The sums of each column, for `len` elements in rows of `width`: `pieces` cuts them into pieces of a length, and `add` adds
/// what is in one to running sums, which are several rows wide where rows are narrow.
pub(super) fn column_sums<T, P, I>(
    len: usize,
    width: usize,
    pieces: impl FnOnce(usize) -> I,
    add: impl Fn(P, &mut [T]) + Sync,
) -> Block<T>
where
    T: num_traits::Float + Pooled + Sync,
    P: Send,
    I: DoubleEndedIterator<Item = P> + ExactSizeIterator + Send,
{
    // Narrow rows are added several together, as if they were one; pieces are fixed, so that threads change no bit.
    const TOGETHER: usize = 256;
    if len == 0 {
        return pool::filled(width, T::zero());
    }
    let together = (TOGETHER / width).max(1) * width;
    let piece = (threads::CHUNK / together).max(1) * together;
    let mut parts = pool::filled(len.div_ceil(piece) * together, T::zero());
    let pieces = pieces(piece).zip(parts.chunks_exact_mut(together));
    threads::share_where(threads::worthwhile(len), pieces, |(piece, sums)| add(piece, sums));
    sum_of_parts(sum_of_parts(parts, together), width)
}
