//! Products of a few rows with one matrix, again and again: the matrix is laid out once in the order it is read in.

use crate::kernels::matmul::{Matrix, Sizes, product_within};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Columns that lie side by side: a whole number of pairs of vectors of every kind.
const PANEL: usize = 32;

/// A matrix of `k` rows and `n` columns: panel after panel of columns, each with its rows one after the other. The last
/// panel is filled up with zeros.
pub(super) struct Packed<T> {
    panels: Vec<T>,
    k: usize,
    n: usize,
}

impl<T: Wide> Packed<T> {
    pub(super) fn new(w: Matrix<'_, T>, k: usize, n: usize) -> Self {
        let mut panels = pool::filled(n.div_ceil(PANEL) * k * PANEL, T::zero());
        for (panel, first) in panels.chunks_exact_mut((k * PANEL).max(1)).zip((0..n).step_by(PANEL)) {
            let width = PANEL.min(n - first);
            for (row, panel) in panel.chunks_exact_mut(PANEL).enumerate() {
                for (column, place) in panel[..width].iter_mut().enumerate() {
                    *place = w.at(row, first + column);
                }
            }
        }
        Packed { panels, k, n }
    }

    /// out[r · out_stride + j] += Σ x[r · x_stride + i] · w[i][j] for the given number of rows r.
    pub(super) fn add_product(&self, x: &[T], x_stride: usize, out: &mut [T], out_stride: usize, rows: usize) {
        let x = Matrix { data: x, offset: 0, row_stride: x_stride as isize, col_stride: 1 };
        let sizes = Sizes { m: rows, k: self.k, n: PANEL };
        for (panel, first) in self.panels.chunks_exact((self.k * PANEL).max(1)).zip((0..self.n).step_by(PANEL)) {
            let (width, out) = (PANEL.min(self.n - first), &mut out[first..]);
            if width == PANEL {
                product_within(out, out_stride, sizes, x, panel, true);
                continue;
            }
            // The last columns: in a copy that is as wide as the panel.
            let mut copy = pool::filled(rows * PANEL, T::zero());
            let pairs = || (0..rows).map(|r| (r * PANEL..r * PANEL + width, r * out_stride..r * out_stride + width));
            pairs().for_each(|(to, from)| copy[to].copy_from_slice(&out[from]));
            product_within(&mut copy, PANEL, sizes, x, panel, true);
            pairs().for_each(|(from, to)| out[to].copy_from_slice(&copy[from]));
            pool::recycle(copy);
        }
    }
}
