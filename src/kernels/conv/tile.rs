//! The two inner loops: sums of shifted planes, and dot products with shifted planes.

#![allow(unsafe_code)]
// Rows and columns of registers are numbered, as in the formulas.
#![allow(clippy::needless_range_loop)]

use crate::kernels::vector::{Vector, Wide, Work};

/// Rows whose weights lie side by side.
pub(super) const PANEL: usize = 8;
/// Every run in scratch memory is followed by room for this many elements more, so that only whole vectors are computed.
pub(super) const SLACK: usize = 16;
/// Taps whose planes stay in the first-level cache while a run is computed.
const TAPS: usize = 512;

/// out[r][p] = Σ weights[k][r] · source[offsets[k] + p] for the rows of a panel and p over a run.
pub(super) fn correlate<T: Wide>(
    source: &[T],
    offsets: &[usize],
    weights: &[T],
    out: &mut [T],
    rows: usize,
    run: usize,
) {
    let stride = run.next_multiple_of(SLACK);
    let reach = offsets.iter().max().map_or(0, |last| last + stride);
    assert!(rows <= PANEL && rows * stride <= out.len(), "{rows} rows do not fit");
    assert!(reach <= source.len() && offsets.len() * PANEL <= weights.len(), "a tap reaches outside its source");
    if offsets.is_empty() {
        return out.fill(T::zero());
    }
    T::wide(Correlation { source, offsets, weights, out, rows, stride, run });
}

struct Correlation<'a, T> {
    source: &'a [T],
    offsets: &'a [usize],
    weights: &'a [T],
    out: &'a mut [T],
    rows: usize,
    stride: usize,
    run: usize,
}

impl<T: Wide> Work<T> for Correlation<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(mut self) {
        let mut row = 0;
        while row < self.rows {
            // As many running sums as there are registers for: more than two for each cycle that one takes.
            // SAFETY: the machine has the instruction set, as the caller promises; `row` is below `rows`.
            row += unsafe {
                match (V::REGISTERS, self.rows - row) {
                    (32, 8) => self.rows_of::<V, 8, 3, 1>(row),
                    (32, 6..) => self.rows_of::<V, 6, 4, 2>(row),
                    (32, 4..) => self.rows_of::<V, 4, 6, 2>(row),
                    (32, 2..) => self.rows_of::<V, 2, 8, 4>(row),
                    // Four rows of three vectors would leave one sum without a register.
                    (_, 6..) => self.rows_of::<V, 6, 2, 1>(row),
                    (_, 4..) => self.rows_of::<V, 4, 2, 1>(row),
                    (_, 2..) => self.rows_of::<V, 2, 4, 2>(row),
                    _ => self.rows_of::<V, 1, 8, 4>(row),
                }
            };
        }
    }
}

impl<T: Wide> Correlation<'_, T> {
    /// `R` rows, `C` vectors at a time and the last ones `H` at a time and singly; returns `R`.
    ///
    /// # Safety
    /// The machine has the vector's instruction set, and there are `R` rows from `row` on.
    #[inline(always)]
    unsafe fn rows_of<V: Vector<Element = T>, const R: usize, const C: usize, const H: usize>(
        &mut self,
        row: usize,
    ) -> usize {
        let vectors = self.run.div_ceil(V::LANES);
        for first in (0..self.offsets.len()).step_by(TAPS) {
            let mut at = 0;
            while at < vectors {
                // SAFETY: the contract; there are as many vectors left as each call takes.
                at += unsafe {
                    match vectors - at {
                        left if left >= C => self.tile::<V, R, C>(row, first, at),
                        left if left >= H => self.tile::<V, R, H>(row, first, at),
                        _ => self.tile::<V, R, 1>(row, first, at),
                    }
                };
            }
        }
        R
    }

    /// The sums over `TAPS` taps for `R` rows and `C` vectors, in registers; returns `C`.
    ///
    /// # Safety
    /// As for `rows_of`; the vectors from number `at` on lie within the run, the last one with its first element.
    #[inline(always)]
    unsafe fn tile<V: Vector<Element = T>, const R: usize, const C: usize>(
        &mut self,
        row: usize,
        first: usize,
        at: usize,
    ) -> usize {
        let offsets = &self.offsets[first..self.offsets.len().min(first + TAPS)];
        // SAFETY: `correlate` has checked that sources and results hold all offsets and rows with the run rounded up to
        // whole vectors, and the weights a panel's row for each tap.
        unsafe {
            let source = self.source.as_ptr().add(at * V::LANES);
            let out = self.out.as_mut_ptr().add(row * self.stride + at * V::LANES);
            let mut weights = self.weights.as_ptr().add(first * PANEL + row);
            let mut sums = [[V::splat(T::zero()); C]; R];
            if first > 0 {
                for r in 0..R {
                    for c in 0..C {
                        sums[r][c] = V::load(out.add(r * self.stride + c * V::LANES));
                    }
                }
            }
            for &offset in offsets {
                let mut x = [V::splat(T::zero()); C];
                for c in 0..C {
                    x[c] = V::load(source.add(offset + c * V::LANES));
                }
                for r in 0..R {
                    let w = V::splat(*weights.add(r));
                    for c in 0..C {
                        sums[r][c] = sums[r][c].add_product(w, x[c]);
                    }
                }
                weights = weights.add(PANEL);
            }
            for r in 0..R {
                for c in 0..C {
                    sums[r][c].store(out.add(r * self.stride + c * V::LANES));
                }
            }
        }
        C
    }
}

/// out[r][k] += Σ y[r][p] · x[offsets[k] + p], p over a run, summed over the images that lie one after the other in x
/// and y; y is zero where the run goes past its end.
pub(super) fn dots<T: Wide>(x: &[T], y: &[T], images: usize, offsets: &[usize], out: &mut [T], rows: usize) {
    if images == 0 || rows == 0 {
        return;
    }
    let (x_image, y_image) = (x.len() / images, y.len() / images);
    let stride = y_image / rows;
    let reach = offsets.iter().max().map_or(0, |last| last + stride);
    assert!(reach <= x_image && stride.is_multiple_of(SLACK), "a tap reaches outside its source");
    assert!(rows * offsets.len() <= out.len(), "{rows} rows do not fit");
    T::wide(Dots { x, y, images, x_image, y_image, stride, offsets, out, rows });
}

struct Dots<'a, T> {
    x: &'a [T],
    y: &'a [T],
    images: usize,
    x_image: usize,
    y_image: usize,
    stride: usize,
    offsets: &'a [usize],
    out: &'a mut [T],
    rows: usize,
}

impl<T: Wide> Work<T> for Dots<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(mut self) {
        let mut row = 0;
        while row < self.rows {
            // SAFETY: the machine has the instruction set, as the caller promises; `row` is below `rows`.
            row += unsafe {
                match (V::REGISTERS, self.rows - row) {
                    (32, 4..) => self.rows_of::<V, 4, 6>(row),
                    (32, 2..) => self.rows_of::<V, 2, 9>(row),
                    (_, 2..) => self.rows_of::<V, 2, 5>(row),
                    _ => self.rows_of::<V, 1, 9>(row),
                }
            };
        }
    }
}

impl<T: Wide> Dots<'_, T> {
    /// `R` rows, `C` taps at a time; returns `R`.
    ///
    /// # Safety
    /// The machine has the vector's instruction set, and there are `R` rows from `row` on.
    #[inline(always)]
    unsafe fn rows_of<V: Vector<Element = T>, const R: usize, const C: usize>(&mut self, row: usize) -> usize {
        let taps = self.offsets.len();
        for first in (0..taps).step_by(C) {
            // Where fewer taps are left, the last of them is computed several times.
            let mut offsets = [0; C];
            for c in 0..C {
                offsets[c] = self.offsets[(first + c).min(taps - 1)];
            }
            // SAFETY: the contract; the offsets are among those that were checked.
            let sums = unsafe { self.tile::<V, R, C>(row, offsets) };
            for (r, sums) in sums.iter().enumerate() {
                let out = &mut self.out[(row + r) * taps + first..(row + r + 1) * taps];
                out.iter_mut().zip(sums).for_each(|(out, &sum)| *out += sum);
            }
        }
        R
    }

    /// The dot products of `R` rows with `C` taps over all images, in registers.
    ///
    /// # Safety
    /// As for `rows_of`; the offsets with the run behind them lie within an image of x.
    #[inline(always)]
    unsafe fn tile<V: Vector<Element = T>, const R: usize, const C: usize>(
        &self,
        row: usize,
        offsets: [usize; C],
    ) -> [[T; C]; R] {
        let mut result = [[T::zero(); C]; R];
        // SAFETY: `dots` has checked that every offset and row holds a run, which is a whole number of vectors.
        unsafe {
            let mut sums = [[V::splat(T::zero()); C]; R];
            for image in 0..self.images {
                let x = self.x.as_ptr().add(image * self.x_image);
                let y = self.y.as_ptr().add(image * self.y_image + row * self.stride);
                let mut p = 0;
                while p < self.stride {
                    let mut ys = [V::splat(T::zero()); R];
                    for r in 0..R {
                        ys[r] = V::load(y.add(r * self.stride + p));
                    }
                    for c in 0..C {
                        let x = V::load(x.add(offsets[c] + p));
                        for r in 0..R {
                            sums[r][c] = sums[r][c].add_product(ys[r], x);
                        }
                    }
                    p += V::LANES;
                }
            }
            for r in 0..R {
                for c in 0..C {
                    result[r][c] = sums[r][c].sum();
                }
            }
        }
        result
    }
}
