//! Products whose right operand has its rows side by side and is read where it lies.

#![allow(unsafe_code)]

use super::panels::{ROWS, at_the_edge};
use super::target::{Start, Target};
use super::tiles::{COLUMNS, Left, Right, product_at};
use super::{FEW, LAST_CACHE, Matrix, Sizes};
use crate::kernels::threads::{available, share_where};
use crate::kernels::vector::Wide;

/// `out = x · w`, added to what it was where `add`. The m×n result and `w` are dense, n is a multiple of [`COLUMNS`]; `x`
/// may lie in any way, and is read where it lies: its elements are wanted one at a time.
pub(in crate::kernels) fn product<T: Wide>(out: &mut [T], sizes: Sizes, x: Matrix<'_, T>, w: &[T], add: bool) {
    let Sizes { m, k, n } = sizes;
    assert!(out.len() == m * n && w.len() == k * n, "the operands don't fit");
    let start = if add { Start::Out } else { Start::Zero };
    let target = Target { out: out.as_mut_ptr(), stride: n, start, streamed: false };
    // SAFETY: `out` holds m rows of n elements and is borrowed mutably.
    unsafe { product_at(target, sizes, Left::Lying(x), Right::lying(w, n)) }
}

/// Elements of a right operand that stay in the processor's memory; of more, the rows are read by streams.
pub(super) const AT_HAND: usize = 1 << 17;

/// Rows of a right operand of so many elements that are read side by side, each a stream of its own for the processor to read
/// ahead: of those that lie far apart in memory it follows fewer.
fn streams(elements: usize) -> usize {
    if elements <= LAST_CACHE { 16 } else { 8 }
}

/// Rows of a result that are worth laying out more of the right operand than is at hand.
const MANY: usize = 6;

/// Whether a right operand whose rows lie side by side is better read where it lies, for the sizes of a product.
pub(super) fn is_read_in_place(Sizes { m, k, n }: Sizes) -> bool {
    m < MANY || m <= FEW && k * n < AT_HAND
}

/// Columns that are computed at a time; fewer where several threads share them.
const PIECE: usize = 1024;

/// Columns that are computed at a time where the right operand comes from memory, which is the faster the longer it is read on.
const LONG_PIECE: usize = 4096;

/// `target = a · b` plus what the target starts from, on several threads where `shared`. The elements of B's rows lie side
/// by side, and its rows at different places.
///
/// To lay out a large operand for few rows would cost more than the product: it is read once, in the order in which it
/// lies.
///
/// # Safety
/// The target has m rows of n elements, which nothing else reads or writes meanwhile.
pub(super) unsafe fn few_rows<T: Wide>(
    target: Target<T>,
    Sizes { m, k, n }: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    shared: bool,
) {
    let whole = n / COLUMNS * COLUMNS;
    let terms = if k * n < AT_HAND { k } else { streams(k * n) };
    let (most, pieces) = if k * n <= LAST_CACHE { (PIECE, 2 * available()) } else { (LONG_PIECE, available()) };
    let width = if shared { whole.div_ceil(pieces).next_multiple_of(COLUMNS).clamp(64, most) } else { most };
    let piece = |column: usize| {
        let n = width.min(whole - column);
        for term in (0..k).step_by(terms) {
            let b = b.skip(term, column);
            let w = Right::lying(&b.data[b.offset..], b.row_stride as usize);
            let sizes = Sizes { m, k: terms.min(k - term), n };
            // SAFETY: the contract; pieces have no column in common.
            unsafe { product_at(target.after(term).skip(0, column), sizes, Left::Lying(a).after(term), w) };
        }
    };
    share_where(shared, (0..whole).step_by(width), piece);
    if whole < n {
        // SAFETY: the contract; the remaining columns are the target's too.
        unsafe { last_columns(target.skip(0, whole), Sizes { m, k, n: n - whole }, (a, b.skip(0, whole))) };
    }
}

/// The product by fewer columns than a vector has: those beyond the row's end, which are the next row's, are multiplied too
/// and dropped.
///
/// # Safety
/// As of [`few_rows`].
unsafe fn last_columns<T: Wide>(target: Target<T>, sizes: Sizes, (a, b): (Matrix<'_, T>, Matrix<'_, T>)) {
    let Sizes { m, k, n } = sizes;
    let (w, stride) = (&b.data[b.offset..], b.row_stride as usize);
    // Rows that have a whole vector before the end of what is stored, and the others, of which there are fewer than columns.
    let followed = ((w.len() + stride).saturating_sub(COLUMNS) / stride).min(k);
    let mut last = [T::zero(); COLUMNS * COLUMNS];
    for (row, last) in (followed..k).zip(last.chunks_exact_mut(COLUMNS)) {
        last[..n].copy_from_slice(&w[row * stride..][..n]);
    }
    let parts = [(0..followed, Right::lying(w, stride)), (followed..k, Right::lying(&last, COLUMNS))];
    for (terms, w) in parts.into_iter().filter(|(terms, _)| !terms.is_empty()) {
        let (target, x) = (target.after(terms.start), a.skip(0, terms.start));
        for row in (0..m).step_by(ROWS) {
            let sizes = Sizes { m: ROWS.min(m - row), k: terms.len(), n };
            // SAFETY: the contract.
            unsafe { at_the_edge(target.skip(row, 0), sizes, Left::Lying(x.skip(row, 0)), w) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::product;
    use crate::kernels::matmul::{Matrix, Sizes};

    #[test]
    fn products_of_any_number_of_rows_and_strides() {
        // Small integers: every order of summation gives the same bits.
        let numbers = |count: usize| (0..count).map(|i| (i * 7919 % 17) as f32 - 8.0).collect::<Vec<_>>();
        let sizes =
            (1..=13).map(|m| (m, 5, 48)).chain([(1, 1, 16), (1, 3, 144), (2, 4, 112), (23, 5, 48), (6, 64, 32)]);
        for (m, k, n) in sizes {
            let (data, w) = (numbers(2 * m * k), numbers(k * n));
            for [row_stride, col_stride] in [[2 * k as isize, 2], [1, m as isize], [-(k as isize), -1]] {
                let offset = if row_stride < 0 { m * k - 1 } else { 0 };
                let x = Matrix { data: &data, offset, row_stride, col_stride };
                let sum = |i: usize| (0..k).map(|j| x.at(i / n, j) * w[j * n + i % n]).sum::<f32>();
                let mut out = vec![3.0; m * n];
                for (add, times) in [(false, 1.0), (true, 2.0)] {
                    product(&mut out, Sizes { m, k, n }, x, &w, add);
                    assert!(out.iter().enumerate().all(|(i, &y)| y == times * sum(i)), "{m}×{k}×{n}, {add}");
                }
            }
        }
    }
}
