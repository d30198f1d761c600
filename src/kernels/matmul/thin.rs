//! Products of which one operand has few rows or columns.
//!
//! To lay out the large operand anew, as `gemm` does, would cost more than such a product. Here it is read once, where it
//! lies and in the order in which it lies.

#![allow(unsafe_code)]

use super::unpacked::{COLUMNS, product, product_at};
use super::{Matrix, Sizes};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Rows or columns that are few.
const FEW: usize = 32;

/// Elements of the large operand from which this is worth it, where its columns lie side by side, ...
const TRANSPOSED_FROM: usize = 1 << 16;
/// ... and where its rows do, which `gemm` lays out quickly as long as they fit into the processor's memory.
const FROM: usize = 1 << 21;

/// Rows of the large operand that a product of few rows reads side by side, each a stream of its own for the processor to
/// read ahead.
const STREAMS: usize = 16;

/// Rows of the result that are computed together: a whole number of tiles of every kind of vector.
const ROWS: usize = 48;

/// How a product is computed. The lengths of the whole decide, not of its pieces, so that cuts change no bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    /// By `gemm`.
    Gemm,
    /// Few rows, and B has its rows side by side.
    FewRows,
    /// Few rows, and B has its columns side by side.
    FewRowsTransposed,
    /// Few columns.
    FewColumns,
}

impl Way {
    pub(super) fn of<T>(Sizes { m, k, n }: Sizes, (a, b): (Matrix<'_, T>, Matrix<'_, T>)) -> Way {
        // Of a single row or column `gemm` makes a product of vectors.
        let few = |count| (2..=FEW).contains(&count);
        let in_rows = |x: Matrix<'_, T>, cols: usize| x.col_stride == 1 && x.row_stride >= cols as isize;
        if few(m) && b.row_stride == 1 && k * n >= TRANSPOSED_FROM {
            Way::FewRowsTransposed
        } else if few(m) && in_rows(b, n) && k * n >= FROM {
            Way::FewRows
        } else if few(n) && in_rows(a, k) && m * k >= FROM {
            Way::FewColumns
        } else {
            Way::Gemm
        }
    }
}

/// `out = a · b`, or what it was and that where `add`, for all columns that are in whole vectors, whose number it returns.
/// Rows of B lie side by side.
///
/// # Safety
/// `out` points to m rows of n elements, `stride` apart, which nothing else reads or writes meanwhile.
pub(super) unsafe fn few_rows<T: Wide>(
    out: *mut T,
    stride: usize,
    Sizes { m, k, n }: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    add: bool,
) -> usize {
    let n = n / COLUMNS * COLUMNS;
    for start in (0..k).step_by(STREAMS) {
        let sizes = Sizes { m, k: STREAMS.min(k - start), n };
        let (a, b) = (a.skip(0, start), b.skip(start, 0));
        let w = &b.data[b.offset..];
        // SAFETY: the contract.
        unsafe { product_at(out, stride, sizes, a, w, b.row_stride as usize, add || start > 0) };
    }
    n
}

/// `a · b` for a B of few columns: calls `write` with each row's number and its elements.
pub(super) fn few_columns<T: Wide>(
    Sizes { m, k, n }: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    mut write: impl FnMut(usize, &[T]),
) {
    if n == 0 {
        return;
    }
    let width = n.next_multiple_of(COLUMNS);
    let mut lanes = pool::filled(k * width, T::zero());
    for (i, lanes) in lanes.chunks_exact_mut(width).enumerate() {
        lanes[..n].iter_mut().enumerate().for_each(|(j, lane)| *lane = b.at(i, j));
    }
    let mut rows = pool::buffer(ROWS * width);
    for start in (0..m).step_by(ROWS) {
        let sizes = Sizes { m: ROWS.min(m - start), k, n: width };
        let rows = &mut rows[..sizes.m * width];
        product(rows, sizes, a.skip(start, 0), &lanes, false);
        rows.chunks_exact(width).enumerate().for_each(|(i, row)| write(start + i, &row[..n]));
    }
    pool::recycle(lanes);
    pool::recycle(rows);
}
