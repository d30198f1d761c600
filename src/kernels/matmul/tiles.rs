//! The inner loop of all products: sums for a few rows and columns at a time, in registers.
//!
//! Every sum goes along the inner axis in its order, each product fused with it where the machine can. So neither cuts
//! nor the way in which the operands lie change a bit.

#![allow(unsafe_code)]
// Rows and columns of registers are numbered, as in the formulas.
#![allow(clippy::needless_range_loop)]

use num_traits::Zero;

use super::target::Target;
use super::{Matrix, Sizes};
use crate::kernels::vector::{Vector, Wide, Work, fence};

/// Columns come in whole vectors of every kind.
pub(in crate::kernels) const COLUMNS: usize = 16;

/// The rows whose sums fill 16 registers, beside two vectors of columns.
const FEWEST: usize = 6;

/// The rows whose sums fill the registers.
pub(super) const fn strip(registers: usize) -> usize {
    if registers >= 32 { 2 * FEWEST } else { FEWEST }
}

/// Terms up to which rows are written in longer stretches.
const LONG_ROWS: usize = 8;

/// Terms of a sum that are added in one round.
const UNROLLED: usize = 4;

/// The left operand.
#[derive(Clone, Copy)]
pub(super) enum Left<'a, T> {
    /// Read where it lies: its elements are wanted one at a time.
    Lying(Matrix<'a, T>),
    /// Strips of `rows` rows, `length` elements each: column after column, the strip's elements side by side.
    Strips { data: &'a [T], rows: usize, length: usize },
}

impl<'a, T: Wide> Left<'a, T> {
    /// The operand without its first `term` columns.
    pub(super) fn after(self, term: usize) -> Self {
        match self {
            Left::Lying(x) => Left::Lying(x.skip(0, term)),
            Left::Strips { data, rows, length } => Left::Strips { data: &data[term * rows..], rows, length },
        }
    }
}

/// The right operand: in panels of columns, each with its rows at the same distance.
#[derive(Clone, Copy)]
pub(super) struct Right<'a, T> {
    pub(super) data: &'a [T],
    /// Elements from one row of a panel to the next.
    pub(super) stride: usize,
    /// Columns of a panel, which lie side by side: a multiple of [`COLUMNS`].
    pub(super) width: usize,
    /// Elements from one panel to the next.
    pub(super) apart: usize,
}

impl<'a, T> Right<'a, T> {
    /// All columns side by side, the rows `stride` elements apart.
    pub(super) fn lying(data: &'a [T], stride: usize) -> Self {
        Right { data, stride, width: usize::MAX, apart: 0 }
    }

    /// Panics unless `k` rows of `n` columns, at least one each, lie within the slice: where the last panel's last column does,
    /// those of the panels before do too.
    fn check(&self, k: usize, n: usize) {
        let (panel, column) = ((n - 1) / self.width, (n - 1) % self.width);
        assert!(n.is_multiple_of(COLUMNS) && (panel == 0 || self.apart >= self.width), "not whole vectors or panels");
        let last = panel * self.apart + (k - 1) * self.stride + column;
        assert!(last < self.data.len(), "the right operand doesn't fit");
    }
}

/// `target = x · w` plus what the target starts from. n is a multiple of [`COLUMNS`].
///
/// # Safety
/// The target has m rows of n elements, which nothing else reads or writes meanwhile, and starts from as many.
pub(super) unsafe fn product_at<T: Wide>(target: Target<T>, sizes: Sizes, x: Left<'_, T>, w: Right<'_, T>) {
    let Sizes { m, k, n } = sizes;
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    w.check(k, n);
    assert!(!target.streamed || target.begins_lines(), "a streamed target lies elsewhere");
    match x {
        Left::Lying(x) => x.check(m, k),
        Left::Strips { data, rows, length } => {
            assert!((m - 1) / rows * length + k * rows <= data.len(), "the left operand doesn't fit");
        }
    }
    T::wide(Product { target, sizes, x, w });
}

struct Product<'a, T> {
    target: Target<T>,
    sizes: Sizes,
    x: Left<'a, T>,
    w: Right<'a, T>,
}

impl<T: Wide> Work<T> for Product<'_, T> {
    type Output = ();

    /// One call for all panels: what a call is given goes through memory, and may not be read before all that was written ahead
    /// of it has reached the cache, results among it.
    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(self) {
        let Product { target, sizes, x, w } = self;
        if let Left::Strips { rows, .. } = x {
            assert!(rows == strip(V::REGISTERS), "strips are as high as tiles");
        }
        for (panel, column) in (0..sizes.n).step_by(w.width).enumerate() {
            let (sizes, target) = (Sizes { n: w.width.min(sizes.n - column), ..sizes }, target.skip(0, column));
            // SAFETY: `product_at` has checked that the panel's rows lie within the operand; the rest is the contract of `run`.
            unsafe {
                let first = w.data.as_ptr().add(panel * w.apart);
                Tiles { target, sizes, x, w: first, w_stride: w.stride }.panel::<V>();
            }
        }
        if target.streamed {
            fence();
        }
    }
}

/// The product by a panel, or by columns that all lie side by side.
struct Tiles<'a, T> {
    target: Target<T>,
    sizes: Sizes,
    x: Left<'a, T>,
    w: *const T,
    w_stride: usize,
}

impl<T: Wide> Tiles<'_, T> {
    /// # Safety
    /// The machine has the vector's instruction set, and target and operands have all rows and columns.
    #[inline(always)]
    unsafe fn panel<V: Vector<Element = T>>(&self) {
        let vectors = self.sizes.n / V::LANES;
        let mut vector = 0;
        while vector < vectors {
            // Few rows need more columns at a time, or each sum would wait for the one before.
            // SAFETY: the contract; the vectors are left to compute.
            vector += unsafe {
                match (self.sizes.m, vectors - vector) {
                    (1, 8..) => self.tile::<V, 1, 8>(0, vector),
                    (1, 4..) => self.tile::<V, 1, 4>(0, vector),
                    (2, 4..) => self.tile::<V, 2, 4>(0, vector),
                    (FEWEST.., 8..) if self.sizes.k <= LONG_ROWS && V::REGISTERS >= 32 => self.long_rows::<V>(vector),
                    (_, 2..) => self.columns::<V, 2>(vector),
                    // Vectors that are as wide as `COLUMNS` alone come in odd numbers.
                    _ if V::LANES == COLUMNS => self.columns::<V, 1>(vector),
                    _ => unreachable!("an odd number of vectors"),
                }
            };
        }
    }

    /// Eight vectors of columns, two rows at a time; returns their number. A result of few terms is as good as only written: the
    /// longer the stretches, the faster.
    ///
    /// # Safety
    /// As for `panel`, and there are eight vectors from number `vector` on.
    #[inline(always)]
    unsafe fn long_rows<V: Vector<Element = T>>(&self, vector: usize) -> usize {
        for row in (0..self.sizes.m).step_by(2) {
            // SAFETY: the contract; the rows are left to compute, and a strip has an even number of them.
            unsafe {
                match self.sizes.m - row {
                    1 => self.tile::<V, 1, 8>(row, vector),
                    _ => self.tile::<V, 2, 8>(row, vector),
                }
            };
        }
        8
    }

    /// `C` vectors of columns; returns `C`.
    ///
    /// # Safety
    /// As for `panel`, and there are `C` vectors from number `vector` on.
    #[inline(always)]
    unsafe fn columns<V: Vector<Element = T>, const C: usize>(&self, vector: usize) -> usize {
        let (m, most) = (self.sizes.m, strip(V::REGISTERS));
        let mut row = 0;
        while row < m {
            let left = m - row;
            let rows = match self.x {
                _ if left >= 2 * FEWEST => most,
                // As equal as can be.
                Left::Lying(_) => left.div_ceil(left.div_ceil(FEWEST)),
                Left::Strips { .. } => left.min(FEWEST),
            };
            // SAFETY: the contract; the rows are left to compute.
            unsafe {
                match (V::REGISTERS, rows) {
                    (32, 12) => self.tile::<V, 12, C>(row, vector),
                    (_, 6..) => self.tile::<V, 6, C>(row, vector),
                    (_, 5) => self.tile::<V, 5, C>(row, vector),
                    (_, 4) => self.tile::<V, 4, C>(row, vector),
                    (_, 3) => self.tile::<V, 3, C>(row, vector),
                    (_, 2) => self.tile::<V, 2, C>(row, vector),
                    _ => self.tile::<V, 1, C>(row, vector),
                }
            };
            row += rows;
        }
        C
    }

    /// `R` rows and `C` vectors of columns, their sums in registers; returns `C`.
    ///
    /// # Safety
    /// As for `panel`, and there are `R` rows from `row` on, where in strips all of one strip.
    #[inline(always)]
    unsafe fn tile<V: Vector<Element = T>, const R: usize, const C: usize>(&self, row: usize, vector: usize) -> usize {
        let column = vector * V::LANES;
        // SAFETY: the contract; the tile's rows and columns are among those of x, w and the target, whose vectors are aligned
        // where it is streamed, as `product_at` has checked.
        unsafe {
            let (mut x, row_stride, col_stride) = match self.x {
                Left::Lying(x) => {
                    let rows = x.skip(row, 0);
                    (rows.data.as_ptr().add(rows.offset), rows.row_stride, rows.col_stride)
                }
                Left::Strips { data, rows, length } => {
                    let (number, within) = (row / strip(V::REGISTERS), row % strip(V::REGISTERS));
                    (data.as_ptr().add(number * length + within), 1, rows as isize)
                }
            };
            let mut w = self.w.add(column);
            let target = self.target.skip(row, column);
            let Target { out, stride, .. } = target;
            let mut sums = [[V::splat(T::zero()); C]; R];
            if let Some((start, stride)) = target.origin() {
                for r in 0..R {
                    for c in 0..C {
                        sums[r][c] = V::load(start.add(r * stride + c * V::LANES));
                    }
                }
            }
            let mut left = self.sizes.k;
            // Loops of fewer rounds end as the processor foresees.
            while left >= UNROLLED {
                for term in 0..UNROLLED {
                    let x = x.wrapping_offset(term as isize * col_stride);
                    add_term::<V, R, C>(&mut sums, x, row_stride, w.wrapping_add(term * self.w_stride));
                }
                (x, w) = (x.wrapping_offset(UNROLLED as isize * col_stride), w.wrapping_add(UNROLLED * self.w_stride));
                left -= UNROLLED;
            }
            while left > 0 {
                add_term::<V, R, C>(&mut sums, x, row_stride, w);
                // Beyond the last column these are not read.
                (x, w) = (x.wrapping_offset(col_stride), w.wrapping_add(self.w_stride));
                left -= 1;
            }
            for r in 0..R {
                for c in 0..C {
                    let out = out.add(r * stride + c * V::LANES);
                    if target.streamed { sums[r][c].stream(out) } else { sums[r][c].store(out) }
                }
            }
        }
        C
    }
}

/// sums[r] += x[r] · w, for the vectors at `w` and the elements `stride` apart at `x`.
///
/// # Safety
/// The machine has the vector's instruction set; the vectors and the elements are there.
#[inline(always)]
unsafe fn add_term<V: Vector, const R: usize, const C: usize>(
    sums: &mut [[V; C]; R],
    x: *const V::Element,
    stride: isize,
    w: *const V::Element,
) {
    // SAFETY: the contract.
    unsafe {
        let mut columns = [V::splat(V::Element::zero()); C];
        for c in 0..C {
            columns[c] = V::load(w.add(c * V::LANES));
        }
        for r in 0..R {
            let x = V::splat(*x.offset(r as isize * stride));
            for c in 0..C {
                sums[r][c] = sums[r][c].add_product(x, columns[c]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, Left, Right, Target, product_at};
    use crate::kernels::block::LINE;
    use crate::kernels::matmul::target::Start;
    use crate::kernels::matmul::{Matrix, Sizes};
    use crate::kernels::vector::Wide;

    fn streaming_changes_nothing<T: Wide + std::fmt::Debug>() {
        let numbers = |count: usize| (0..count).map(|i| T::from(i * 7919 % 17).unwrap()).collect::<Vec<T>>();
        for (m, k, n) in (1..=25).flat_map(|m| [16, 32, 48, 176].map(|n| (m, 5, n))) {
            let (x, w, row, stride) = (numbers(m * k), numbers(k * n), numbers(n), n + COLUMNS);
            let x = Matrix { data: &x, offset: 0, row_stride: k as isize, col_stride: 1 };
            for start in [Start::Zero, Start::Row(row.as_ptr())] {
                let results = [0, usize::MAX].map(|from| {
                    let mut out = vec![T::one(); m * stride + COLUMNS];
                    let line = out.as_ptr().align_offset(LINE);
                    let target = Target { out: out[line..].as_mut_ptr(), stride, start, streamed: false };
                    let target = target.streamed(Sizes { m, k, n }, from);
                    assert_eq!(target.streamed, from == 0);
                    // SAFETY: `out` has m rows of n elements, and some beside; the row is as long.
                    unsafe { product_at(target, Sizes { m, k, n }, Left::Lying(x), Right::lying(&w, n)) };
                    out.drain(line..line + m * stride).collect::<Vec<_>>()
                });
                assert_eq!(results[0], results[1], "{m}×{k}×{n}");
            }
        }
    }

    #[test]
    fn results_past_the_caches() {
        streaming_changes_nothing::<f32>();
        streaming_changes_nothing::<f64>();
    }
}
