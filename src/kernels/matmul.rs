//! Matrix products through the `gemm` crate, with strides.

#![allow(unsafe_code)]

use gemm::Parallelism;
use rayon::prelude::*;

use super::threads::available;

/// A matrix within a slice: its first element and the distances to the next row and column.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) offset: usize,
    pub(crate) row_stride: isize,
    pub(crate) col_stride: isize,
}

impl<T> Matrix<'_, T> {
    /// Panics unless every element of a `rows`×`cols` matrix lies within the slice.
    fn check(&self, rows: usize, cols: usize) {
        let reach = |count: usize, stride: isize| stride * (count as isize - 1);
        let (down, right) = (reach(rows, self.row_stride), reach(cols, self.col_stride));
        let lowest = self.offset as isize + down.min(0) + right.min(0);
        let highest = self.offset as isize + down.max(0) + right.max(0);
        assert!(lowest >= 0 && (highest as usize) < self.data.len(), "matrix reaches outside its storage");
    }
}

impl<T: Copy> Matrix<'_, T> {
    /// The element of a row and a column.
    pub(crate) fn at(&self, row: usize, col: usize) -> T {
        let place = self.offset as isize + row as isize * self.row_stride + col as isize * self.col_stride;
        self.data[place as usize]
    }
}

/// Lengths in `C[m×n] = A[m×k] · B[k×n]`.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
}

/// Multiply-adds below which a second thread costs more than it brings.
const PARALLEL_FROM: usize = 1 << 22;

/// `out[i] = a[i] · b[i]` for each pair of matrices; `out` is dense, one m×n matrix after the other.
pub(crate) fn matmul<'a, T>(out: &mut [T], sizes: Sizes, pairs: impl Fn(usize) -> (Matrix<'a, T>, Matrix<'a, T>) + Sync)
where
    T: num_traits::Float + Send + Sync + 'static,
{
    let Sizes { m, k, n } = sizes;
    if m * n == 0 {
        return;
    }
    if k == 0 {
        return out.fill(T::zero());
    }
    let work = m * n * k;
    let threads = available();
    let batch = out.len() / (m * n);
    // Several products share the threads; a single one is shared by them. Never both.
    if batch > 1 && batch * work >= PARALLEL_FROM && threads > 1 {
        let pieces = (PARALLEL_FROM / 4 / work).max(1);
        out.par_chunks_mut(pieces * m * n).enumerate().for_each(|(piece, out)| {
            for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
                product(out, sizes, pairs(piece * pieces + i), false, Parallelism::None);
            }
        });
    } else {
        let parallelism =
            if work >= PARALLEL_FROM && threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
        for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
            product(out, sizes, pairs(i), false, parallelism);
        }
    }
}

/// `out += a · b` for a dense m×n matrix, on the calling thread.
pub(crate) fn add_product<T: num_traits::Float + 'static>(
    out: &mut [T],
    sizes: Sizes,
    pair: (Matrix<'_, T>, Matrix<'_, T>),
) {
    product(out, sizes, pair, true, Parallelism::None);
}

/// `out = a · b`, or what it was and that where `add`.
fn product<T: num_traits::Float + 'static>(
    out: &mut [T],
    Sizes { m, k, n }: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    add: bool,
    parallelism: Parallelism,
) {
    assert_eq!(out.len(), m * n);
    a.check(m, k);
    b.check(k, n);
    // SAFETY: `check` has just shown that all of A and B lie within their slices, and `out` holds m·n elements.
    // `out` is borrowed mutably, so it overlaps neither of them. gemm takes T = f32 or f64, the only `Float`s.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            add,
            a.data.as_ptr().add(a.offset),
            a.col_stride,
            a.row_stride,
            b.data.as_ptr().add(b.offset),
            b.col_stride,
            b.row_stride,
            if add { T::one() } else { T::zero() },
            T::one(),
            false,
            false,
            false,
            parallelism,
        );
    }
}
