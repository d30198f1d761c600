//! Matrix products, with strides: through the `gemm` crate, or where a length is short, by loops of our own.

#![allow(unsafe_code)]

mod thin;
mod unpacked;

use gemm::Parallelism;

use self::thin::{Way, few_columns, few_rows};
use super::threads::{available, share};
use super::vector::Wide;

pub(super) use self::unpacked::{COLUMNS, product, product_within};

/// A matrix within a slice: its first element and the distances to the next row and column.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) offset: usize,
    pub(crate) row_stride: isize,
    pub(crate) col_stride: isize,
}

impl<'a, T> Matrix<'a, T> {
    /// Panics unless every element of a `rows`×`cols` matrix lies within the slice.
    pub(super) fn check(&self, rows: usize, cols: usize) {
        let reach = |count: usize, stride: isize| stride * (count as isize - 1);
        let (down, right) = (reach(rows, self.row_stride), reach(cols, self.col_stride));
        let lowest = self.offset as isize + down.min(0) + right.min(0);
        let highest = self.offset as isize + down.max(0) + right.max(0);
        assert!(lowest >= 0 && (highest as usize) < self.data.len(), "matrix reaches outside its storage");
    }

    /// The elements of a row, where they lie side by side.
    pub(super) fn row(&self, row: usize, cols: usize) -> Option<&'a [T]> {
        let start = self.offset as isize + row as isize * self.row_stride;
        (self.col_stride == 1).then(|| &self.data[start as usize..][..cols])
    }
}

impl<T: Copy> Matrix<'_, T> {
    /// The transpose.
    pub(super) fn t(self) -> Self {
        Matrix { row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }

    /// The matrix without its first rows and columns.
    pub(super) fn skip(self, rows: usize, cols: usize) -> Self {
        let offset = self.offset as isize + rows as isize * self.row_stride + cols as isize * self.col_stride;
        Matrix { offset: offset as usize, ..self }
    }

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
pub(super) const PARALLEL_FROM: usize = 1 << 20;

/// Multiply-adds that are worth handing to another thread.
const PIECE: usize = 1 << 19;

/// Multiply-adds from which threads take two pieces each, so that none waits long for another that started late.
const TWO_EACH: usize = 1 << 30;

/// `out[i] = a[i] · b[i]` for each pair of matrices; `out` is dense, one m×n matrix after the other.
pub(crate) fn matmul<'a, T>(out: &mut [T], sizes: Sizes, pairs: impl Fn(usize) -> (Matrix<'a, T>, Matrix<'a, T>) + Sync)
where
    T: Wide,
{
    let Sizes { m, k, n } = sizes;
    if m * n == 0 {
        return;
    }
    if k == 0 {
        return out.fill(T::zero());
    }
    let work = m * n * k;
    if work >= PARALLEL_FROM {
        out.chunks_exact_mut(m * n).enumerate().for_each(|(i, out)| in_pieces(out, sizes, pairs(i)));
        return;
    }
    let some = |first: usize, out: &mut [T]| {
        for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
            alone(out, sizes, pairs(first + i), false);
        }
    };
    if work * (out.len() / (m * n)) >= PARALLEL_FROM {
        let count = (PIECE / work).max(1);
        share(out.chunks_mut(count * m * n).enumerate(), |(piece, out)| some(piece * count, out));
    } else {
        some(0, out);
    }
}

/// `out += a · b` for a dense m×n matrix, on the calling thread.
pub(crate) fn add_product<T: Wide>(out: &mut [T], sizes: Sizes, pair: (Matrix<'_, T>, Matrix<'_, T>)) {
    alone(out, sizes, pair, true);
}

/// `out = a · b`, or what it was and that where `add`, on the calling thread.
fn alone<T: Wide>(out: &mut [T], sizes: Sizes, (a, b): (Matrix<'_, T>, Matrix<'_, T>), add: bool) {
    assert_eq!(out.len(), sizes.m * sizes.n);
    // SAFETY: `out` holds m·n elements and is borrowed mutably.
    unsafe { product_into(out.as_mut_ptr(), sizes.n, sizes, (a, b), add, Way::of(sizes, (a, b))) }
}

/// One large product, cut along its longer side into a piece or two for each thread: each packs the other operand anew,
/// so that more would cost more.
///
/// The cuts change no bit, since gemm chooses by k alone in which order it sums, unless both sides are at most 64 or the
/// piece has at most 256 elements (the test below holds it to that).
fn in_pieces<T>(out: &mut [T], sizes: Sizes, (a, b): (Matrix<'_, T>, Matrix<'_, T>))
where
    T: Wide,
{
    /// The first element of what the pieces share.
    struct Shared<T>(*mut T);
    // SAFETY: each piece writes elements of its own.
    unsafe impl<T: Send> Sync for Shared<T> {}
    impl<T> Shared<T> {
        fn at(&self, offset: usize) -> *mut T {
            self.0.wrapping_add(offset)
        }
    }

    let Sizes { m, k, n } = sizes;
    assert_eq!(out.len(), m * n);
    let (threads, length) = (available(), m.max(n));
    let count = if m * k * n < TWO_EACH { threads } else { 2 * threads };
    let shortest = (512 / m.min(n)).max(80);
    let count = if threads == 1 { 1 } else { count.min(length / shortest).max(1) };
    // In sixteens, for whole vectors.
    let cut = |i: usize| if i == count { length } else { length * i / count / 16 * 16 };
    let (out, way) = (Shared(out.as_mut_ptr()), Way::of(sizes, (a, b)));
    share(0..count, |i| {
        let (start, length) = (cut(i), cut(i + 1) - cut(i));
        let (offset, sizes, pair) = if n >= m {
            (start, Sizes { n: length, ..sizes }, (a, b.skip(0, start)))
        } else {
            (start * n, Sizes { m: length, ..sizes }, (a.skip(start, 0), b))
        };
        // SAFETY: the pieces are the stretches between consecutive cuts, of the columns or of the rows of an m×n matrix
        // that is borrowed mutably; none overlap.
        unsafe { product_into(out.at(offset), n, sizes, pair, false, way) }
    });
}

/// `out = a · b`, or what it was and that where `add`, on the calling thread; rows of `out` are `stride` apart.
///
/// # Safety
/// `out` points to m rows of n elements, which nothing else reads or writes meanwhile.
unsafe fn product_into<T: Wide>(
    out: *mut T,
    stride: usize,
    sizes: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    add: bool,
    way: Way,
) {
    let Sizes { m, k, n } = sizes;
    a.check(m, k);
    b.check(k, n);
    let put = |row: usize, column: usize, y: T| {
        // SAFETY: the contract; `few_columns` calls with rows and columns of the result.
        let place = unsafe { &mut *out.add(row * stride + column) };
        *place = if add { *place + y } else { y };
    };
    let put_row = |row, from, elements: &[T]| (from..).zip(elements).for_each(|(column, &y)| put(row, column, y));
    let rest = |done| few_columns(Sizes { n: n - done, ..sizes }, (a, b.skip(0, done)), |i, row| put_row(i, done, row));
    // SAFETY: the contract; `check` has just shown that all of A and B lie within their slices.
    unsafe {
        match way {
            Way::Gemm => through_gemm(out, stride, sizes, (a, b), add),
            Way::FewRows => rest(few_rows(out, stride, sizes, (a, b), add)),
            Way::FewColumns => rest(0),
            Way::FewRowsTransposed => {
                let put_column = |j, column: &[T]| column.iter().enumerate().for_each(|(i, &y)| put(i, j, y));
                few_columns(Sizes { m: n, k, n: m }, (b.t(), a.t()), put_column);
            }
        }
    }
}

/// # Safety
/// As of [`product_into`]; all of A and B lies within their slices. T is f32 or f64.
unsafe fn through_gemm<T: Wide>(
    out: *mut T,
    stride: usize,
    Sizes { m, k, n }: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    add: bool,
) {
    // SAFETY: the contract; `out`, which nothing else reads, overlaps neither A nor B.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
            1,
            stride as isize,
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
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::{Matrix, Sizes, Way, matmul, product_into};

    fn bits(threads: usize, sizes: Sizes, transposed: [bool; 2]) -> Vec<u32> {
        let Sizes { m, k, n } = sizes;
        let numbers = |count: usize| (0..count).map(|i| ((i * 7919) % 1013) as f32 / 97.0 - 5.0).collect::<Vec<_>>();
        let (a, b) = (numbers(m * k), numbers(k * n));
        fn matrix(data: &[f32], [rows, cols]: [usize; 2], transposed: bool) -> Matrix<'_, f32> {
            let [row_stride, col_stride] = if transposed { [1, rows as isize] } else { [cols as isize, 1] };
            Matrix { data, offset: 0, row_stride, col_stride }
        }
        let mut out = vec![0.0; m * n];
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let pair = |_| (matrix(&a, [m, k], transposed[0]), matrix(&b, [k, n], transposed[1]));
        pool.install(|| matmul(&mut out, sizes, pair));
        out.into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn every_way_gives_the_product() {
        // Small integers: every order of summation gives the same bits.
        let numbers = |count: usize| (0..count).map(|i| (i * 7919 % 17) as f32 - 8.0).collect::<Vec<_>>();
        for [m, k, n] in [[2, 5, 16], [7, 33, 50], [32, 17, 40], [50, 20, 3], [1, 1, 1]] {
            let (a, b, stride) = (numbers(m * k), numbers(k * n), n + 3);
            let a = Matrix { data: &a, offset: 0, row_stride: k as isize, col_stride: 1 };
            for way in [Way::Gemm, Way::FewRows, Way::FewRowsTransposed, Way::FewColumns] {
                let [row_stride, col_stride] =
                    if way == Way::FewRowsTransposed { [1, k as isize] } else { [n as isize, 1] };
                let b = Matrix { data: &b, offset: 0, row_stride, col_stride };
                let mut out = numbers(m * stride);
                let before = out.clone();
                let sum = |i: usize, j: usize| (0..k).map(|l| a.at(i, l) * b.at(l, j)).sum::<f32>();
                for (add, times) in [(false, 1.0), (true, 2.0)] {
                    // SAFETY: `out` has m rows of n elements, and some beside.
                    unsafe { product_into(out.as_mut_ptr(), stride, Sizes { m, k, n }, (a, b), add, way) };
                    for (at, (&y, &before)) in out.iter().zip(&before).enumerate() {
                        let (i, j) = (at / stride, at % stride);
                        let expected = if j < n { times * sum(i, j) } else { before };
                        assert!(y == expected, "{way:?}, {m}×{k}×{n}, add {add}: {y} at ({i}, {j}) is not {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_cuts_change_no_bit() {
        // Long and short sides, ends that are no multiple of 16, more than one of gemm's stretches of k; the smallest
        // have 2²⁰ products, from where on they are cut.
        for [m, k, n] in [
            [161, 163, 165],
            [2, 2100, 1000],
            [1000, 2100, 2],
            [1, 2100, 2000],
            [70, 700, 90],
            [333, 40, 350],
            [32, 128, 512],
            [512, 32, 65],
            [81, 81, 161],
            [1, 520, 2050],
            [170, 2050, 3],
        ] {
            for transposed in [[false, false], [false, true], [true, false], [true, true]] {
                let whole = bits(1, Sizes { m, k, n }, transposed);
                for threads in [2, 8] {
                    let cut = bits(threads, Sizes { m, k, n }, transposed);
                    assert!(whole == cut, "{m}×{k}×{n}, transposed {transposed:?}, {threads} threads");
                }
            }
        }
    }
}
