//! A matrix by a vector, where both have the inner axis side by side.

#![allow(unsafe_code)]
// Registers are numbered, as in the formulas.
#![allow(clippy::needless_range_loop)]

use num_traits::{One, Zero};

use super::Matrix;
use crate::kernels::vector::{Vector, Wide, Work};

/// Rows that share the vector's elements.
const ROWS: usize = 4;

/// Calls `write` with the number of each of m rows and the sum of its products with `x`. Rows of A lie side by side.
pub(super) fn dots<T: Wide>(a: Matrix<'_, T>, m: usize, x: &[T], write: impl FnMut(usize, T)) {
    T::wide(Dots { a, m, x, write });
}

struct Dots<'a, T, F> {
    a: Matrix<'a, T>,
    m: usize,
    x: &'a [T],
    write: F,
}

impl<T: Wide, F: FnMut(usize, T)> Work<T> for Dots<'_, T, F> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(mut self) {
        let Dots { a, m, x, .. } = self;
        for first in (0..m).step_by(ROWS) {
            // Where fewer rows are left, the last of them is computed several times.
            let row = |r: usize| a.skip((first + r).min(m - 1), 0).row(0, x.len());
            let rows = std::array::from_fn(|r| row(r).unwrap_or_else(|| unreachable!("rows lie so")));
            // SAFETY: the machine has the instruction set, as the caller promises.
            let sums = unsafe { sums::<V>(rows, x) };
            sums.into_iter().take(m - first).enumerate().for_each(|(r, sum)| (self.write)(first + r, sum));
        }
    }
}

/// Σ row · x for rows as long as `x`.
///
/// # Safety
/// The machine has the vector's instruction set.
#[inline(always)]
unsafe fn sums<V: Vector>(rows: [&[V::Element]; ROWS], x: &[V::Element]) -> [V::Element; ROWS] {
    let whole = x.len() / (2 * V::LANES) * (2 * V::LANES);
    let mut totals = [V::Element::zero(); ROWS];
    // SAFETY: the contract; the rows are as long as `x`, which the vectors stay within.
    unsafe {
        let mut sums = [[V::splat(V::Element::zero()); 2]; ROWS];
        let mut at = 0;
        while at < whole {
            for half in 0..2 {
                let place = at + half * V::LANES;
                let x = V::load(x.as_ptr().add(place));
                for r in 0..ROWS {
                    sums[r][half] = sums[r][half].add_product(x, V::load(rows[r].as_ptr().add(place)));
                }
            }
            at += 2 * V::LANES;
        }
        for r in 0..ROWS {
            totals[r] = sums[r][0].add_product(sums[r][1], V::splat(V::Element::one())).sum();
        }
    }
    for (total, row) in totals.iter_mut().zip(rows) {
        for (&a, &x) in row[whole..].iter().zip(&x[whole..]) {
            *total = *total + a * x;
        }
    }
    totals
}
