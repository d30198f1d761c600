//! A matrix by a few columns, where both have the inner axis side by side.

#![allow(unsafe_code)]
// Registers are numbered, as in the formulas.
#![allow(clippy::needless_range_loop)]

use num_traits::{One, Zero};

use super::Matrix;
use crate::kernels::vector::{Vector, Wide, Work};

/// Columns at most: more fill the vectors of the other ways.
pub(super) const MOST: usize = 8;

/// Terms from which adding up a vector's lanes costs little beside the products.
pub(super) const LONG: usize = 128;

/// Calls `write` with row, column and sum of each of m rows times each of the columns, which follow each other in `x`, `k`
/// elements each. Rows of A lie side by side.
pub(super) fn dots<T: Wide>(a: Matrix<'_, T>, m: usize, x: &[T], k: usize, write: impl FnMut(usize, usize, T)) {
    T::wide(Dots { a, m, x, k, write });
}

struct Dots<'a, T, F> {
    a: Matrix<'a, T>,
    m: usize,
    x: &'a [T],
    k: usize,
    write: F,
}

impl<T: Wide, F: FnMut(usize, usize, T)> Work<T> for Dots<'_, T, F> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(mut self) {
        // Eight to twelve sums at a time: fewer would wait for each other, and more do not fit into the registers.
        // SAFETY: the machine has the instruction set, as the caller promises.
        unsafe {
            if self.x.len() == self.k {
                (0..self.m).step_by(4).for_each(|row| self.tile::<V, 4, 1, 2>(row, 0));
                return;
            }
            for row in (0..self.m).step_by(3) {
                for column in (0..self.x.len() / self.k).step_by(4) {
                    match self.x.len() / self.k - column {
                        1 => self.tile::<V, 3, 1, 1>(row, column),
                        2 => self.tile::<V, 3, 2, 1>(row, column),
                        3 => self.tile::<V, 3, 3, 1>(row, column),
                        _ => self.tile::<V, 3, 4, 1>(row, column),
                    }
                }
            }
        }
    }
}

impl<T: Wide, F: FnMut(usize, usize, T)> Dots<'_, T, F> {
    /// `R` rows by `C` columns, each sum in `H` vectors.
    ///
    /// # Safety
    /// The machine has the vector's instruction set.
    #[inline(always)]
    unsafe fn tile<V: Vector<Element = T>, const R: usize, const C: usize, const H: usize>(
        &mut self,
        first: usize,
        column: usize,
    ) {
        let Dots { a, m, x, k, .. } = *self;
        // Where fewer rows are left, the last of them is computed several times.
        let mut rows = [x; R];
        for r in 0..R {
            let row = a.skip((first + r).min(m - 1), 0).row(0, k);
            rows[r] = row.unwrap_or_else(|| unreachable!("rows lie so"));
        }
        let mut columns = [x; C];
        for c in 0..C {
            columns[c] = &x[(column + c) * k..][..k];
        }
        // SAFETY: the contract.
        let sums = unsafe { sums::<V, R, C, H>(rows, columns) };
        for r in 0..R.min(m - first) {
            for c in 0..C {
                (self.write)(first + r, column + c, sums[r][c]);
            }
        }
    }
}

/// Σ row · column for rows and columns of one length.
///
/// # Safety
/// The machine has the vector's instruction set.
#[inline(always)]
unsafe fn sums<V: Vector, const R: usize, const C: usize, const H: usize>(
    rows: [&[V::Element]; R],
    columns: [&[V::Element]; C],
) -> [[V::Element; C]; R] {
    let length = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == length) && columns.iter().all(|column| column.len() == length));
    let whole = length / (H * V::LANES) * (H * V::LANES);
    let mut totals = [[V::Element::zero(); C]; R];
    // SAFETY: the contract; rows and columns have the length that the vectors stay within.
    unsafe {
        let mut sums = [[[V::splat(V::Element::zero()); H]; C]; R];
        let mut at = 0;
        while at < whole {
            for h in 0..H {
                let place = at + h * V::LANES;
                let mut of_rows = [V::splat(V::Element::zero()); R];
                for r in 0..R {
                    of_rows[r] = V::load(rows[r].as_ptr().add(place));
                }
                for c in 0..C {
                    let x = V::load(columns[c].as_ptr().add(place));
                    for r in 0..R {
                        sums[r][c][h] = sums[r][c][h].add_product(x, of_rows[r]);
                    }
                }
            }
            at += H * V::LANES;
        }
        for r in 0..R {
            for c in 0..C {
                let mut sum = sums[r][c][0];
                for h in 1..H {
                    sum = sum.add_product(sums[r][c][h], V::splat(V::Element::one()));
                }
                totals[r][c] = sum.sum();
            }
        }
    }
    for r in 0..R {
        for c in 0..C {
            for (&a, &x) in rows[r][whole..].iter().zip(&columns[c][whole..]) {
                totals[r][c] = totals[r][c] + a * x;
            }
        }
    }
    totals
}
