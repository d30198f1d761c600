//! Products of a few rows with one matrix, again and again: the matrix is laid out once in the order it is read in.

#![allow(unsafe_code)]
// Rows and columns of registers are numbered, as in the formulas.
#![allow(clippy::needless_range_loop)]

use crate::kernels::matmul::Matrix;
use crate::kernels::pool;
use crate::kernels::vector::{Vector, Wide, Work};

/// Columns that lie side by side: a whole number of pairs of vectors of every kind.
const PANEL: usize = 32;
/// Vectors of a panel that are computed together.
const VECTORS: usize = 2;

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
        if rows == 0 || self.k == 0 || self.n == 0 {
            return;
        }
        assert!((rows - 1) * x_stride + self.k <= x.len(), "x has no {rows} rows");
        assert!((rows - 1) * out_stride + self.n <= out.len(), "the result has no {rows} rows");
        T::wide(Product { w: self, x, x_stride, out, out_stride, rows });
    }
}

struct Product<'a, T> {
    w: &'a Packed<T>,
    x: &'a [T],
    x_stride: usize,
    out: &'a mut [T],
    out_stride: usize,
    rows: usize,
}

impl<T: Wide> Work<T> for Product<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(mut self) {
        for column in (0..self.w.n).step_by(VECTORS * V::LANES) {
            let mut row = 0;
            while row < self.rows {
                // As many running sums as there are registers for.
                // SAFETY: the machine has the instruction set, as the caller promises; the rows are left to compute.
                row += unsafe {
                    match (V::REGISTERS, self.rows - row) {
                        (32, 8..) => self.tile::<V, 8>(row, column),
                        (_, 6) | (16, 10..) => self.tile::<V, 6>(row, column),
                        (_, 4..) => self.tile::<V, 4>(row, column),
                        (_, 2..) => self.tile::<V, 2>(row, column),
                        _ => self.tile::<V, 1>(row, column),
                    }
                };
            }
        }
    }
}

impl<T: Wide> Product<'_, T> {
    /// `R` rows and a pair of vectors, their sums in registers; returns `R`.
    ///
    /// # Safety
    /// The machine has the vector's instruction set; there are `R` rows from `row` on; `column` is below `n` and a multiple
    /// of the pair's width.
    #[inline(always)]
    unsafe fn tile<V: Vector<Element = T>, const R: usize>(&mut self, row: usize, column: usize) -> usize {
        const { assert!(PANEL.is_multiple_of(16 * VECTORS)) };
        let (k, width) = (self.w.k, (VECTORS * V::LANES).min(self.w.n - column));
        // What is there already is what the sums begin with: where it lies, or, at the last columns, in a copy.
        let whole = width == VECTORS * V::LANES;
        let mut copy = [[T::zero(); PANEL]; R];
        if !whole {
            for r in 0..R {
                copy[r][..width].copy_from_slice(&self.out[(row + r) * self.out_stride + column..][..width]);
            }
        }
        // SAFETY: `add_product` has checked that x and the result have all rows; a panel holds k rows of PANEL elements, and
        // a pair of vectors at a multiple of its width does not cross a panel's end.
        unsafe {
            let panel = self.w.panels.as_ptr().add(column / PANEL * k * PANEL + column % PANEL);
            let x = self.x.as_ptr().add(row * self.x_stride);
            let first = self.out.as_mut_ptr().add(row * self.out_stride + column);
            let ends = match whole {
                true => std::array::from_fn(|r| first.add(r * self.out_stride)),
                false => copy.each_mut().map(|copy| copy.as_mut_ptr()),
            };
            let mut running = [[V::splat(T::zero()); VECTORS]; R];
            for r in 0..R {
                for c in 0..VECTORS {
                    running[r][c] = V::load(ends[r].add(c * V::LANES));
                }
            }
            for i in 0..k {
                let mut w = [V::splat(T::zero()); VECTORS];
                for c in 0..VECTORS {
                    w[c] = V::load(panel.add(i * PANEL + c * V::LANES));
                }
                for r in 0..R {
                    let x = V::splat(*x.add(r * self.x_stride + i));
                    for c in 0..VECTORS {
                        running[r][c] = running[r][c].add_product(x, w[c]);
                    }
                }
            }
            for r in 0..R {
                for c in 0..VECTORS {
                    running[r][c].store(ends[r].add(c * V::LANES));
                }
            }
        }
        if !whole {
            for r in 0..R {
                self.out[(row + r) * self.out_stride + column..][..width].copy_from_slice(&copy[r][..width]);
            }
        }
        R
    }
}
