//! A product whose right operand lies in whole vectors and whose left operand lies anyhow: nothing is packed before.

#![allow(unsafe_code)]
// Rows and columns of registers are numbered, as in the formulas.
#![allow(clippy::needless_range_loop)]

use super::{Matrix, Sizes};
use crate::kernels::vector::{Vector, Wide, Work};

/// Columns come in whole vectors of every kind.
pub(in crate::kernels) const COLUMNS: usize = 16;

/// `out = x · w`, added to what it was where `add`. The m×n result and `w` are dense, n is a multiple of [`COLUMNS`]; `x`
/// may lie in any way, and is read where it lies: its elements are wanted one at a time.
pub(in crate::kernels) fn product<T: Wide>(out: &mut [T], sizes: Sizes, x: Matrix<'_, T>, w: &[T], add: bool) {
    assert!(out.len() == sizes.m * sizes.n, "the result doesn't fit");
    product_within(out, sizes.n, sizes, x, w, add);
}

/// The same where rows of the result are `out_stride` elements apart.
pub(in crate::kernels) fn product_within<T: Wide>(
    out: &mut [T],
    out_stride: usize,
    sizes: Sizes,
    x: Matrix<'_, T>,
    w: &[T],
    add: bool,
) {
    let Sizes { m, k, n } = sizes;
    assert!(w.len() == k * n && (m == 0 || (m - 1) * out_stride + n <= out.len()), "the operands don't fit");
    // SAFETY: `out` holds m rows of n elements and is borrowed mutably.
    unsafe { product_at(out.as_mut_ptr(), out_stride, sizes, x, w, n, add) }
}

/// The same where rows of the result and of `w` are `out_stride` and `w_stride` elements apart.
///
/// # Safety
/// `out` points to m rows of n elements, which nothing else reads or writes meanwhile.
pub(super) unsafe fn product_at<T: Wide>(
    out: *mut T,
    out_stride: usize,
    sizes: Sizes,
    x: Matrix<'_, T>,
    w: &[T],
    w_stride: usize,
    add: bool,
) {
    let Sizes { m, k, n } = sizes;
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    assert!(n.is_multiple_of(COLUMNS) && (k - 1) * w_stride + n <= w.len(), "the right operand doesn't fit");
    x.check(m, k);
    T::wide(Product { out, out_stride, sizes, x, w, w_stride, add });
}

struct Product<'a, T> {
    out: *mut T,
    out_stride: usize,
    sizes: Sizes,
    x: Matrix<'a, T>,
    w: &'a [T],
    w_stride: usize,
    add: bool,
}

impl<T: Wide> Work<T> for Product<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(self) {
        let vectors = self.sizes.n / V::LANES;
        let mut vector = 0;
        while vector < vectors {
            // SAFETY: the machine has the instruction set, as the caller promises; the vectors are left to compute.
            vector += unsafe {
                match vectors - vector {
                    2.. => self.columns::<V, 2>(vector),
                    _ => self.columns::<V, 1>(vector),
                }
            };
        }
    }
}

impl<T: Wide> Product<'_, T> {
    /// `C` vectors of columns; returns `C`.
    ///
    /// # Safety
    /// The machine has the vector's instruction set, and there are `C` vectors from number `vector` on.
    #[inline(always)]
    unsafe fn columns<V: Vector<Element = T>, const C: usize>(&self, vector: usize) -> usize {
        let mut row = 0;
        while row < self.sizes.m {
            // As many running sums as there are registers for.
            // SAFETY: the contract; the rows are left to compute.
            row += unsafe {
                match (V::REGISTERS, self.sizes.m - row) {
                    (32, 12..) => self.tile::<V, 12, C>(row, vector),
                    (_, 6..) => self.tile::<V, 6, C>(row, vector),
                    (_, 4..) => self.tile::<V, 4, C>(row, vector),
                    (_, 2..) => self.tile::<V, 2, C>(row, vector),
                    _ => self.tile::<V, 1, C>(row, vector),
                }
            };
        }
        C
    }

    /// `R` rows and `C` vectors of columns, their sums in registers; returns `R`.
    ///
    /// # Safety
    /// As for `columns`, and there are `R` rows from `row` on.
    #[inline(always)]
    unsafe fn tile<V: Vector<Element = T>, const R: usize, const C: usize>(&self, row: usize, vector: usize) -> usize {
        let column = vector * V::LANES;
        let Matrix { row_stride, col_stride, .. } = self.x;
        // SAFETY: `product_at` has checked that x and w hold all rows and columns, and its caller answers for the result;
        // the tile's rows and columns are among them, by the contract.
        unsafe {
            let x = self.x.skip(row, 0);
            let mut x = x.data.as_ptr().add(x.offset);
            let mut w = self.w.as_ptr().add(column);
            let out = self.out.add(row * self.out_stride + column);
            let mut sums = [[V::splat(T::zero()); C]; R];
            if self.add {
                for r in 0..R {
                    for c in 0..C {
                        sums[r][c] = V::load(out.add(r * self.out_stride + c * V::LANES));
                    }
                }
            }
            for _ in 0..self.sizes.k {
                let mut columns = [V::splat(T::zero()); C];
                for c in 0..C {
                    columns[c] = V::load(w.add(c * V::LANES));
                }
                for r in 0..R {
                    let x = V::splat(*x.offset(r as isize * row_stride));
                    for c in 0..C {
                        sums[r][c] = sums[r][c].add_product(x, columns[c]);
                    }
                }
                // Beyond the last column these are not read.
                x = x.wrapping_offset(col_stride);
                w = w.wrapping_add(self.w_stride);
            }
            for r in 0..R {
                for c in 0..C {
                    sums[r][c].store(out.add(r * self.out_stride + c * V::LANES));
                }
            }
        }
        R
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
        for (m, k, n) in [(1, 1, 16), (23, 5, 48), (6, 64, 32)] {
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
