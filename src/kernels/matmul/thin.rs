//! Products of few terms: to write the result takes as long as its sums. It is written along its rows, a strip at a time;
//! column by column each row would be a stream of its own, and memory half as fast.

#![allow(unsafe_code)]

use super::packed::PIECE;
use super::panels::{LeftOperand, ROWS, at_the_edge, strip_rows};
use super::target::Target;
use super::tiles::{COLUMNS, Right, product_at};
use super::{LAST_CACHE, Matrix, Sizes};
use crate::kernels::block::Block;
use crate::kernels::pool;
use crate::kernels::threads::share_where;
use crate::kernels::vector::Wide;

/// Terms at most.
pub(super) const THIN: usize = 16;

/// Elements of the right operand that stay in the first-level cache, and in part beside it, from one strip to the next.
const BLOCK: usize = 1 << 14;

/// `target = a · b` plus what the target starts from, on several threads where `shared`.
///
/// # Safety
/// The target has m rows of n elements, which nothing else reads or writes meanwhile.
pub(super) unsafe fn thin<T: Wide>(
    target: Target<T>,
    Sizes { m, k, n }: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    shared: bool,
) {
    // There is little to do but to write, and the last cache takes what it can hold faster than memory.
    let target = target.streamed(Sizes { m, k, n }, LAST_CACHE);
    let height = strip_rows::<T>();
    let left = LeftOperand::new(a, Sizes { m, k, n }, shared);
    let (w, stride) = spread(b, k, n);
    let width = BLOCK / k / COLUMNS * COLUMNS;
    // The fewer the terms, the more a multiply-add costs.
    let piece = (PIECE / (n * k.max(8))).next_multiple_of(height).max(height);
    share_where(shared, (0..m).step_by(piece), |first| {
        let end = m.min(first + piece);
        for column in (0..n).step_by(width) {
            let (n, w) = (width.min(n - column), &w[column..]);
            let whole = n / COLUMNS * COLUMNS;
            for row in (first..end).step_by(height) {
                let (m, target) = (height.min(end - row), target.skip(row, column));
                // SAFETY: the contract; pieces have no row in common.
                unsafe { product_at(target, Sizes { m, k, n: whole }, left.from(row), Right::lying(w, stride)) };
            }
            if whole == n {
                continue;
            }
            let edge = Right::lying(&w[whole..], stride);
            for row in (first..end).step_by(ROWS) {
                let (m, target) = (ROWS.min(end - row), target.skip(row, column + whole));
                // SAFETY: as above; `w` is filled up to whole vectors.
                unsafe { at_the_edge(target, Sizes { m, k, n: n - whole }, left.from(row), edge) };
            }
        }
    });
}

/// The rows of a matrix, filled up with zeros to whole vectors, and the distance from one to the next: an odd number of
/// vectors, so that they have places of their own in the cache.
fn spread<T: Wide>(b: Matrix<'_, T>, k: usize, n: usize) -> (Block<T>, usize) {
    let stride = (n.div_ceil(COLUMNS) | 1) * COLUMNS;
    let mut rows = pool::buffer(k * stride);
    for (l, row) in rows.chunks_exact_mut(stride).enumerate() {
        match b.skip(l, 0).row(0, n) {
            Some(b) => row[..n].copy_from_slice(b),
            None => row[..n].iter_mut().enumerate().for_each(|(column, element)| *element = b.at(l, column)),
        }
        row[n..].fill(T::zero());
    }
    (rows, stride)
}
