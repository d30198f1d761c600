//! Products that are rectified while they are at hand.

use super::packed::{PIECE, TALL};
use super::panels::{Panels, ROWS};
use super::{Matrix, PARALLEL_FROM, Sizes, Way, matmul};
use crate::kernels::isa::vectorized;
use crate::kernels::threads::{self, share_where};
use crate::kernels::vector::Wide;

/// Elements of a right operand that is read anew for every few rows without loss.
const READ_AGAIN: usize = 1 << 20;

/// `out = max(0, a · b + row)`, as [`matmul`] of one pair; NaN stays NaN.
///
/// The rows of a tall product are made some at a time, and rectified while they are in the first caches: a pass over a result
/// that is no longer there costs more.
pub(crate) fn rectified_product<T: Wide>(
    out: &mut [T],
    sizes: Sizes,
    row: &[T],
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
) {
    let Sizes { m, k, n } = sizes;
    let by_blocks = m >= TALL && k * n <= READ_AGAIN && a.by_rows(m, k) && Way::of(sizes, (a, b)) == Way::Packed;
    if !by_blocks {
        matmul(out, sizes, Some(row), |_| (a, b));
        return threads::for_chunks(out, |_, out| rectify(out));
    }
    a.check(m, k);
    b.check(k, n);
    let shared = m * k * n >= PARALLEL_FROM;
    let panels = Panels::new(b, k, n, shared);
    let height = (PIECE / (n * k)).next_multiple_of(ROWS).max(ROWS);
    share_where(shared, out.chunks_mut(height * n).enumerate(), |(i, out)| {
        for (j, out) in out.chunks_mut(ROWS * n).enumerate() {
            let x = a.skip(i * height + j * ROWS, 0);
            panels.affine(&x.data[x.offset..], x.row_stride as usize, Some(row), out, out.len() / n);
            rectify(out);
        }
    });
}

/// A choice between an element and 0 that may leave the element where it is becomes a masked store, which is slow; so a maximum, to
/// which 0 is added for the sake of −0.
fn rectify<T: Wide>(x: &mut [T]) {
    let zero = T::zero();
    vectorized!(move || x.iter_mut().for_each(|x| *x = (if *x < zero { zero } else { *x }) + zero));
}
