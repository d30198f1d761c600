//! Matrix products, with strides.

#![allow(unsafe_code)]

mod dots;
mod long;
mod packed;
mod panels;
mod rectified;
mod target;
mod thin;
mod tiles;
mod unpacked;

use self::dots::dots;
use self::long::{is_long, long};
use self::packed::packed;
use self::thin::{THIN, thin};
use self::unpacked::{few_rows, is_read_in_place};
use super::pool;
use super::threads::{share, share_where};
use super::vector::Wide;

pub(super) use self::panels::Panels;
pub(crate) use self::rectified::rectified_product;
pub(super) use self::target::{Start, Target};
pub(super) use self::tiles::COLUMNS;
pub(super) use self::unpacked::product;

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

    /// Whether the elements of each row lie side by side. The stride along an axis of one element says nothing.
    fn by_rows(&self, rows: usize, cols: usize) -> bool {
        (self.col_stride == 1 || cols == 1) && (self.row_stride >= 0 || rows == 1)
    }

    /// The elements of a row, where they lie side by side.
    pub(super) fn row(&self, row: usize, cols: usize) -> Option<&'a [T]> {
        let start = self.offset as isize + row as isize * self.row_stride;
        (self.col_stride == 1 || cols == 1).then(|| &self.data[start as usize..][..cols])
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
pub(super) const PARALLEL_FROM: usize = 1 << 18;

/// Multiply-adds that are worth handing to another thread, of small products and of long ones.
const PIECE: usize = 1 << 19;

/// Multiply-adds that take as long as a call does for a small product.
const CALL: usize = 1 << 12;

/// `out[i] = a[i] · b[i]` for each pair of matrices, plus `row` to each row; `out` is dense, one m×n matrix after the
/// other.
pub(crate) fn matmul<'a, T: Wide>(
    out: &mut [T],
    sizes: Sizes,
    row: Option<&[T]>,
    pairs: impl Fn(usize) -> (Matrix<'a, T>, Matrix<'a, T>) + Sync,
) {
    let Sizes { m, k, n } = sizes;
    if m * n == 0 {
        return;
    }
    assert!(row.is_none_or(|row| row.len() == n), "a row is as long as the result is wide");
    let work = m * n * k;
    let some = |first: usize, out: &mut [T]| {
        for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
            let start = row.map_or(Start::Zero, |row| Start::Row(row.as_ptr()));
            whole(out, start, sizes, pairs(first + i), work >= PARALLEL_FROM);
        }
    };
    let cost = work + CALL;
    if work < PARALLEL_FROM && cost * (out.len() / (m * n)) >= PARALLEL_FROM {
        let count = (PIECE / cost).max(1);
        share(out.chunks_mut(count * m * n).enumerate(), |(piece, out)| some(piece * count, out));
    } else {
        some(0, out);
    }
}

/// `out = a · b` plus what it starts from, for a dense m×n matrix.
fn whole<T: Wide>(out: &mut [T], start: Start<T>, sizes: Sizes, (a, b): (Matrix<'_, T>, Matrix<'_, T>), shared: bool) {
    assert_eq!(out.len(), sizes.m * sizes.n);
    let target = Target { out: out.as_mut_ptr(), stride: sizes.n, start, streamed: false };
    // SAFETY: `out` holds m·n elements and is borrowed mutably.
    unsafe { product_by(Way::of(sizes, (a, b)), target, sizes, (a, b), shared) }
}

/// Elements that the last cache may hold.
const LAST_CACHE: usize = 1 << 23;

/// Rows or columns that are few.
const FEW: usize = 32;

/// Elements of an operand that lies by columns from which a product of few rows is made as its transpose.
const TRANSPOSED_FROM: usize = 1 << 16;

/// Rows of a matrix that a thread multiplies by a vector at a time.
const ROWS: usize = 64;

/// How a product is made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// A few columns, and A lies by rows.
    Dots,
    /// Few rows, and B lies by rows.
    FewRows,
    /// As the transpose of B's transpose by A's.
    Transposed,
    /// Many terms, few rows and columns.
    Long,
    /// Few terms.
    Thin,
    Packed,
}

impl Way {
    fn of<T: Copy>(sizes: Sizes, (a, b): (Matrix<'_, T>, Matrix<'_, T>)) -> Way {
        let Sizes { m, k, n } = sizes;
        let (a_by_columns, b_by_columns) = (a.t().by_rows(k, m), b.t().by_rows(n, k));
        let columns_of_b = are_few(m, k) || m <= FEW && n > FEW && k * n >= TRANSPOSED_FROM;
        let columns_of_a = n <= FEW && (m >= COLUMNS || m > n) && !a.by_rows(m, k);
        match Way::upright(sizes, (a, b)) {
            Way::Dots => Way::Dots,
            Way::FewRows if n >= COLUMNS => Way::FewRows,
            _ if columns_of_b && b_by_columns || columns_of_a && a_by_columns => Way::Transposed,
            way => way,
        }
    }

    /// The best way but as a transpose: what has been transposed once is not again.
    fn upright<T: Copy>(sizes: Sizes, (a, b): (Matrix<'_, T>, Matrix<'_, T>)) -> Way {
        let Sizes { m, k, n } = sizes;
        let dots = are_few(n, k) && a.by_rows(m, k);
        // Where threads can share the rows of dot products they need not share their terms.
        if is_long(sizes) && !(dots && m > ROWS) {
            Way::Long
        } else if dots {
            Way::Dots
        } else if b.by_rows(k, n) && b.row_stride > 0 && is_read_in_place(sizes) {
            Way::FewRows
        } else if k <= THIN && m > FEW && n > FEW {
            Way::Thin
        } else {
            Way::Packed
        }
    }
}

/// Whether so many columns, of so many terms, are few enough for dot products.
fn are_few(columns: usize, terms: usize) -> bool {
    columns == 1 || columns <= dots::MOST && terms >= dots::LONG
}

/// `target = a · b` plus what the target starts from, on several threads where `shared`.
///
/// # Safety
/// The target has m rows of n elements, which nothing else reads or writes meanwhile, and starts from as many.
unsafe fn product_by<T: Wide>(
    way: Way,
    target: Target<T>,
    sizes: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    shared: bool,
) {
    let Sizes { m, k, n } = sizes;
    if k == 0 {
        // SAFETY: the contract.
        return (0..m).for_each(|row| (0..n).for_each(|column| unsafe { target.put(row, column, T::zero()) }));
    }
    a.check(m, k);
    b.check(k, n);
    match way {
        Way::Dots => {
            let mut columns = pool::buffer(n * k);
            for (column, x) in columns.chunks_exact_mut(k).enumerate() {
                x.iter_mut().enumerate().for_each(|(l, element)| *element = b.at(l, column));
            }
            share_where(shared, (0..m).step_by(ROWS), |first| {
                let (a, target) = (a.skip(first, 0), target.skip(first, 0));
                // SAFETY: the contract; no two pieces have a row in common.
                dots(a, ROWS.min(m - first), &columns, k, |row, column, sum| unsafe { target.put(row, column, sum) });
            });
        }
        // SAFETY: the contract.
        Way::FewRows => unsafe { few_rows(target, sizes, (a, b), shared) },
        Way::Transposed => {
            let (sizes, pair) = (Sizes { m: n, k, n: m }, (b.t(), a.t()));
            let mut columns = pool::buffer(m * n);
            let transposed = Target { out: columns.as_mut_ptr(), stride: m, start: Start::Zero, streamed: false };
            // SAFETY: `columns` holds n rows of m elements, which nothing else knows.
            unsafe { product_by(Way::upright(sizes, pair), transposed, sizes, pair, shared) };
            for (column, rows) in columns.chunks_exact(m).enumerate() {
                // SAFETY: the contract.
                rows.iter().enumerate().for_each(|(row, &sum)| unsafe { target.put(row, column, sum) });
            }
        }
        // SAFETY: the contract.
        Way::Long => unsafe { long(target, sizes, (a, b), shared) },
        // SAFETY: the contract.
        Way::Thin => unsafe { thin(target, sizes, (a, b), shared) },
        // SAFETY: the contract.
        Way::Packed => unsafe { packed(target, sizes, (a, b), shared) },
    }
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::{Matrix, Panels, Sizes, Start, THIN, Target, Way, dots, matmul, product_by};
    use crate::kernels::vector::emulation::of_wide_vectors;

    /// Small integers: every order of summation gives the same bits.
    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|i| (i * 7919 % 17) as f32 - 8.0).collect()
    }

    fn matrix(data: &[f32], [rows, cols]: [usize; 2], transposed: bool) -> Matrix<'_, f32> {
        let [row_stride, col_stride] = if transposed { [1, rows as isize] } else { [cols as isize, 1] };
        Matrix { data, offset: 0, row_stride, col_stride }
    }

    /// Long and short sides, ends within a panel and a strip, more than one stretch of the inner axis; few rows, columns and
    /// terms.
    const SIZES: [[usize; 3]; 25] = [
        [1, 1, 1],
        [2, 5, 16],
        [7, 33, 50],
        [32, 17, 40],
        [50, 20, 3],
        [61, 63, 65],
        [2, 2100, 300],
        [300, 2100, 2],
        [1, 2100, 700],
        [700, 2100, 1],
        [33, 40, 1],
        [70, 530, 40],
        [300, 40, 150],
        [32, 128, 512],
        [2060, 9, 70],
        [40, 9, 2060],
        [100, 1, 100],
        [77, 3, 150],
        [80, 16, 1100],
        [12, 700, 190],
        [200, 140, 7],
        [5, 140, 200],
        [32, 4100, 32],
        [16, 9000, 10],
        [1, 40000, 30],
    ];

    /// Compares products of all sizes, however the operands lie, with their definition.
    fn products_are_right(threads: &str, within: impl Fn(&mut (dyn FnMut() + Send))) {
        for [m, k, n] in SIZES {
            let (a_data, b_data, row) = (numbers(m * k), numbers(k * n + 1), numbers(n));
            for [a_lies, b_lies] in [[false, false], [false, true], [true, false], [true, true]] {
                let (a, b) = (matrix(&a_data, [m, k], a_lies), matrix(&b_data, [k, n], b_lies));
                let expected: Vec<f32> =
                    (0..m * n).map(|at| (0..k).map(|l| a.at(at / n, l) * b.at(l, at % n)).sum::<f32>()).collect();
                let mut out = vec![0.5; 2 * m * n];
                for row in [None, Some(&row[..])] {
                    within(&mut || matmul(&mut out, Sizes { m, k, n }, row, |_| (a, b)));
                    for (at, &y) in out.iter().enumerate() {
                        let at = at % (m * n);
                        let expected = expected[at] + row.map_or(0.0, |row| row[at % n]);
                        assert!(y == expected, "{m}×{k}×{n}, {a_lies} {b_lies}, {threads}: {y} at {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_number_of_threads_gives_the_product() {
        for threads in [1, 2, 8] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            products_are_right(&format!("{threads} threads"), |f| pool.install(f));
        }
    }

    #[test]
    fn wide_vectors_give_the_product() {
        products_are_right("wide vectors", |f| of_wide_vectors(f));
    }

    #[test]
    fn no_way_writes_beside_its_rows_and_columns() {
        for [m, k, n] in SIZES {
            let (a, b) = (numbers(m * k), numbers(k * n));
            let (a, b, stride) = (matrix(&a, [m, k], false), matrix(&b, [k, n], false), n + 3);
            let mut ways = vec![Way::FewRows, Way::Long, Way::Packed];
            ways.extend((k <= THIN).then_some(Way::Thin));
            ways.extend((n <= dots::MOST).then_some(Way::Dots));
            ways.extend((m == 1 || n > 1).then_some(Way::Transposed));
            for way in ways {
                let mut out = numbers(m * stride);
                let before = out.clone();
                for (start, times) in [(Start::Zero, 1.0), (Start::Out, 2.0)] {
                    let target = Target { out: out.as_mut_ptr(), stride, start, streamed: false };
                    // SAFETY: `out` has m rows of n elements, and some beside.
                    unsafe { product_by(way, target, Sizes { m, k, n }, (a, b), false) };
                    for (at, (&y, &before)) in out.iter().zip(&before).enumerate() {
                        let (i, j) = (at / stride, at % stride);
                        let sum = || (0..k).map(|l| a.at(i, l) * b.at(l, j)).sum::<f32>();
                        let expected = if j < n { times * sum() } else { before };
                        assert!(y == expected, "{way:?}, {m}×{k}×{n}: {y} at ({i}, {j}) is not {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn large_results_of_few_terms() {
        for (m, k, n) in [(8200, 1, 1024), (1030, 17, 1024), (1024, 17, 1040)] {
            let (a_data, b_data) = (numbers(m * k), numbers(k * n));
            let mut out = crate::kernels::pool::buffer(m * n);
            matmul(&mut out, Sizes { m, k, n }, None, |_| {
                (matrix(&a_data, [m, k], true), matrix(&b_data, [k, n], false))
            });
            for (i, row) in out.chunks_exact(n).enumerate() {
                let mut expected = vec![0.0; n];
                for (l, b) in b_data.chunks_exact(n).enumerate() {
                    expected.iter_mut().zip(b).for_each(|(sum, b)| *sum += a_data[l * m + i] * b);
                }
                assert!(row == expected, "{m}×{k}×{n}, row {i}");
            }
        }
    }

    #[test]
    fn panels_of_no_columns() {
        let (nothing, x) = ([], numbers(600));
        Panels::new(matrix(&nothing, [600, 0], false), 600, 0, false).affine(&x, 600, None, &mut [], 1);
    }

    #[test]
    fn threads_change_no_bit() {
        let numbers = |count: usize| (0..count).map(|i| ((i * 7919) % 1013) as f32 / 97.0 - 5.0).collect::<Vec<_>>();
        for [m, k, n] in SIZES {
            let (a_data, b_data) = (numbers(m * k), numbers(k * n));
            for [a_lies, b_lies] in [[false, false], [false, true], [true, false], [true, true]] {
                let pair = (matrix(&a_data, [m, k], a_lies), matrix(&b_data, [k, n], b_lies));
                let bits = |threads| {
                    let mut out = vec![0.0; m * n];
                    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    pool.install(|| matmul(&mut out, Sizes { m, k, n }, None, |_| pair));
                    out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                };
                let alone = bits(1);
                assert!([2, 3, 8].into_iter().all(|threads| bits(threads) == alone), "{m}×{k}×{n}, {a_lies} {b_lies}");
            }
        }
    }
}
