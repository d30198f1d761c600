//! Operands laid out anew, in the order in which tiles read them.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;

use super::target::{Start, Target};
use super::thin::THIN;
use super::tiles::{COLUMNS, Left, Right, product_at, strip};
use super::{Matrix, Sizes};
use crate::kernels::block::{self, Block};
use crate::kernels::pool;
use crate::kernels::threads::{available, share_where};
use crate::kernels::vector::{SIDE, Vector, Wide, Work, prefetch};

/// Terms of a sum that are added at a time: as many rows of a panel stay in the first-level cache.
pub(super) const TERMS: usize = 512;

/// Rows that are multiplied at a time at most: a whole number of strips of every kind.
pub(super) const ROWS: usize = 48;

/// Columns from which it pays to lay out a left operand whose rows do not lie side by side.
const REPEATED: usize = 48;

/// Bytes from which lines of memory that far apart share places in the first-level cache.
const PAGE: usize = 4096;

/// Groups (panels or strips) of columns that lie side by side which are laid out together.
const TOGETHER: usize = 4;

/// Rows that are laid out together where columns lie side by side: as many `f32`s fill a line of the cache.
const FULL_LINE: usize = block::LINE / size_of::<f32>();

/// Rows of which no more have a place in the first-level cache where they are as far apart as a page is long.
const FEW_LINES: usize = 8;

/// Rows that a thread lays out at a time, where each lies side by side.
const SOME: usize = 64;

/// A right operand in panels of columns, each with its rows one after the other; the last is filled up with zeros.
pub(in crate::kernels) struct Panels<T: Wide> {
    data: Block<T>,
    k: usize,
    n: usize,
    /// Columns of a panel: two vectors of the widest kind.
    width: usize,
}

impl<T: Wide> Panels<T> {
    /// Lays out a k×n matrix, on several threads where `shared`.
    pub(in crate::kernels) fn new(b: Matrix<'_, T>, k: usize, n: usize, shared: bool) -> Self {
        let (width, _) = T::wide(Widths);
        Panels { data: laid_out(b, k, n, width, shared), k, n, width }
    }

    /// A k×n matrix that is laid out some rows at a time: for the columns of each panel `panel` gives a function that is given
    /// rows and a place for them, one after the other, with the elements from one to the next.
    pub(in crate::kernels) fn by<F: Fn(Range<usize>, &mut [T], usize)>(
        k: usize,
        n: usize,
        panel: impl Fn(Range<usize>) -> F,
    ) -> Self {
        let (width, _) = T::wide(Widths);
        let mut data = pool::buffer(k * n.next_multiple_of(width));
        let panels: Vec<_> = (0..n).step_by(width).map(|first| panel(first..n.min(first + width))).collect();
        if !n.is_multiple_of(width) {
            data[n / width * width * k..].fill(T::zero());
        }
        for first in (0..k).step_by(FULL_LINE) {
            let rows = first..k.min(first + FULL_LINE);
            for (i, fill) in panels.iter().enumerate() {
                fill(rows.clone(), &mut data[i * width * k + first * width..][..rows.len() * width], width);
            }
        }
        Panels { data, k, n, width }
    }

    /// `target = x · b` plus what the target starts from, for `n` columns from number `first` on, where a panel starts.
    ///
    /// # Safety
    /// The target has m rows of n elements, which nothing else reads or writes meanwhile.
    pub(super) unsafe fn product(&self, target: Target<T>, m: usize, x: Left<'_, T>, first: usize, n: usize) {
        assert!(m <= ROWS && first + n <= self.n, "the panels have {} columns", self.n);
        if n == 0 {
            return;
        }
        let Panels { k, width, .. } = *self;
        let rest = n % width;
        let whole = if rest.is_multiple_of(COLUMNS) { n } else { n - rest };
        for term in (0..k).step_by(TERMS) {
            let (x, target) = (x.after(term), target.after(term));
            let sizes = Sizes { m, k: TERMS.min(k - term), n: whole };
            // SAFETY: the contract.
            unsafe {
                product_at(target, sizes, x, self.part(first, term));
                if whole < n {
                    let (target, sizes) = (target.skip(0, whole), Sizes { n: n - whole, ..sizes });
                    at_the_edge(target, sizes, x, self.part(first + whole, term));
                }
            }
        }
    }

    /// The columns from number `first` on, where a panel starts, without their first `term` rows.
    fn part(&self, first: usize, term: usize) -> Right<'_, T> {
        let Panels { k, width, .. } = *self;
        Right { data: &self.data[first * k + term * width..], stride: width, width, apart: k * width }
    }

    /// out[r · n + j] = Σ x[r · x_stride + i] · b[i][j] for the given number of rows r, plus element j of a bias where there
    /// is one.
    pub(in crate::kernels) fn affine(&self, x: &[T], x_stride: usize, bias: Option<&[T]>, out: &mut [T], rows: usize) {
        assert!(bias.is_none_or(|bias| bias.len() == self.n), "the bias doesn't fit");
        let start = bias.map_or(Start::Zero, |bias| Start::Row(bias.as_ptr()));
        self.dense(x, x_stride, start, out, rows);
    }

    /// The product as in [`affine`](Self::affine), added to what `out` was.
    pub(in crate::kernels) fn add_product(&self, x: &[T], x_stride: usize, out: &mut [T], rows: usize) {
        self.dense(x, x_stride, Start::Out, out, rows);
    }

    fn dense(&self, x: &[T], x_stride: usize, start: Start<T>, out: &mut [T], rows: usize) {
        assert!(rows * self.n <= out.len(), "the result doesn't fit");
        let target = Target { out: out.as_mut_ptr(), stride: self.n, start, streamed: false };
        // SAFETY: `out` holds the rows, as was checked, and is borrowed mutably; the bias is as long as a row.
        unsafe { self.rows(x, x_stride, target, rows) };
    }

    /// The product of rows that lie `x_stride` elements apart.
    ///
    /// # Safety
    /// The target has so many rows of all columns, which nothing else reads or writes meanwhile, and starts from as many.
    pub(in crate::kernels) unsafe fn rows(&self, x: &[T], x_stride: usize, target: Target<T>, rows: usize) {
        let x = Matrix { data: x, offset: 0, row_stride: x_stride as isize, col_stride: 1 };
        for row in (0..rows).step_by(ROWS) {
            let left = Left::Lying(x.skip(row, 0));
            // SAFETY: the contract.
            unsafe { self.product(target.skip(row, 0), ROWS.min(rows - row), left, 0, self.n) };
        }
    }
}

/// Columns that are not in whole vectors, of a right operand in whole vectors: the sums, those of the columns beyond among
/// them, are made beside the result.
///
/// # Safety
/// As of [`Panels::product`]; m is at most [`ROWS`], n at most two vectors of the widest kind.
pub(super) unsafe fn at_the_edge<T: Wide>(target: Target<T>, sizes: Sizes, x: Left<'_, T>, w: Right<'_, T>) {
    const WIDEST: usize = 2 * COLUMNS;
    let Sizes { m, k, n } = sizes;
    assert!(m <= ROWS && n <= WIDEST && k > 0, "no room for {m} rows of {n} sums of {k} terms");
    // Not filled with zeros: that takes longer than a small product.
    let mut sums = [const { MaybeUninit::<T>::uninit() }; ROWS * WIDEST];
    let (sums, mut first) = (sums.as_mut_ptr().cast::<T>(), [T::zero(); WIDEST]);
    // SAFETY: the contract; `sums` and `first` have room for whole vectors, and of `sums` nothing is read that was not written.
    unsafe {
        let start = match target.start {
            Start::Zero => Start::Zero,
            Start::Row(row) => {
                first.as_mut_ptr().copy_from_nonoverlapping(row, n);
                Start::Row(first.as_ptr())
            }
            Start::Out => {
                for row in 0..m {
                    first.as_mut_ptr().copy_from_nonoverlapping(target.out.add(row * target.stride), n);
                    sums.add(row * WIDEST).copy_from_nonoverlapping(first.as_ptr(), WIDEST);
                }
                Start::Out
            }
        };
        let beside = Target { out: sums, stride: WIDEST, start, streamed: false };
        product_at(beside, Sizes { n: n.next_multiple_of(COLUMNS), ..sizes }, x, w);
        for row in 0..m {
            target.out.add(row * target.stride).copy_from_nonoverlapping(sums.add(row * WIDEST), n);
        }
    }
}

/// A left operand: where it lies, or in strips of rows, each with its columns one after the other.
pub(super) struct LeftOperand<'a, T: Wide> {
    a: Matrix<'a, T>,
    strips: Option<Block<T>>,
    k: usize,
}

impl<'a, T: Wide> LeftOperand<'a, T> {
    /// Lays out the m×k matrix `a` where that pays, on several threads where `shared`.
    pub(super) fn new(a: Matrix<'a, T>, Sizes { m, k, n }: Sizes, shared: bool) -> Self {
        // Lines that are near enough are read as fast as if laid out, by few panels or by tiles that want most of each line; but
        // where there are few, each tile wants all.
        let (rows, apart) = (strip_rows::<T>(), a.col_stride.unsigned_abs() * size_of::<T>());
        let by_lines = n < 2 * REPEATED || 2 * rows * size_of::<T>() >= block::LINE;
        let near = k > THIN && a.row_stride == 1 && apart < PAGE && by_lines;
        let lies_well = a.by_rows(m, k) || near || n < REPEATED;
        LeftOperand { a, strips: (!lies_well).then(|| laid_out(a.t(), k, m, rows, shared)), k }
    }

    /// The rows from number `row` on, where a strip starts.
    pub(super) fn from(&self, row: usize) -> Left<'_, T> {
        let rows = strip_rows::<T>();
        match &self.strips {
            None => Left::Lying(self.a.skip(row, 0)),
            Some(strips) => Left::Strips { data: &strips[row * self.k..], rows, length: rows * self.k },
        }
    }
}

/// Rows of a strip, on this machine.
pub(super) fn strip_rows<T: Wide>() -> usize {
    T::wide(Widths).1
}

/// Columns of a panel and rows of a strip.
struct Widths;

impl<T: Wide> Work<T> for Widths {
    type Output = (usize, usize);

    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(self) -> (usize, usize) {
        ((2 * V::LANES).max(COLUMNS), strip(V::REGISTERS))
    }
}

/// Groups of `width` columns of a k×n matrix, each with its rows one after the other; the last is filled up with zeros.
fn laid_out<T: Wide>(x: Matrix<'_, T>, k: usize, n: usize, width: usize, shared: bool) -> Block<T> {
    let mut out = pool::buffer(k * n.next_multiple_of(width));
    if out.is_empty() {
        return out;
    }
    x.check(k, n);
    let groups = Groups { x, k, n, width, out: out.as_mut_ptr() };
    // The source is read along its lines, so that the processor reads ahead; few lines that are long are cut for the threads.
    let by_columns = x.row_stride == 1;
    let columns = if by_columns { TOGETHER * width } else { n };
    let across = n.div_ceil(columns);
    let down = if shared { (2 * available()).div_ceil(across) } else { 1 };
    let height = if by_columns { k.div_ceil(down).next_multiple_of(SOME) } else { SOME };
    share_where(shared, 0..across * k.div_ceil(height), |i| {
        let (row, column) = (i / across * height, i % across * columns);
        T::wide(LayOut { groups: &groups, rows: row..k.min(row + height), columns: column..n.min(column + columns) });
    });
    out
}

/// Where groups come from, and where they go.
struct Groups<'a, T> {
    x: Matrix<'a, T>,
    k: usize,
    n: usize,
    width: usize,
    out: *mut T,
}

impl<T> Groups<'_, T> {
    /// Rows that are laid out together, while the next as many are asked for.
    fn round(&self) -> usize {
        let stride = self.x.row_stride.unsigned_abs() * size_of::<T>();
        let by_columns = self.x.row_stride == 1;
        if !by_columns && (self.width >= COLUMNS || stride.is_multiple_of(PAGE)) { FEW_LINES } else { FULL_LINE }
    }
}

// SAFETY: threads that share the groups write blocks of their own.
unsafe impl<T: Sync> Sync for Groups<'_, T> {}

/// Some rows of some groups, which no other block has.
struct LayOut<'a, T> {
    groups: &'a Groups<'a, T>,
    rows: Range<usize>,
    columns: Range<usize>,
}

impl<T: Wide> Work<T> for LayOut<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(self) {
        // SAFETY: the machine has the instruction set, as the caller promises; `laid_out` has checked that the matrix lies
        // within its slice and made room for all groups, and hands each block out once.
        unsafe {
            // The compiler knows the widths.
            match self.groups.width {
                6 => self.of::<V, 6>(),
                12 => self.of::<V, 12>(),
                16 => self.of::<V, 16>(),
                32 => self.of::<V, 32>(),
                other => unreachable!("groups of {other}"),
            }
        }
    }
}

impl<T: Wide> LayOut<'_, T> {
    /// # Safety
    /// The machine has the vector's instruction set, the matrix lies within its slice, there is room for all groups, and
    /// nothing else reads or writes the block meanwhile.
    #[inline(always)]
    unsafe fn of<V: Vector<Element = T>, const W: usize>(self) {
        let Groups { x, k, n, out, .. } = *self.groups;
        let round = self.groups.round();
        for first in self.rows.clone().step_by(round) {
            let count = round.min(self.rows.end - first);
            for column in self.columns.clone().step_by(W) {
                let x = x.skip(first, column);
                // SAFETY: the contract; the group has its rows one after the other, and these are among them.
                unsafe {
                    let out = std::slice::from_raw_parts_mut(out.add(column * k + first * W), count * W);
                    if column + W <= n { whole_rows::<V, W>(x, out) } else { filled_rows::<T, W>(x, n - column, out) }
                }
            }
        }
    }
}

/// Some rows of a group that is full.
///
/// # Safety
/// The machine has the vector's instruction set, and the matrix has all the rows.
#[inline(always)]
unsafe fn whole_rows<V: Vector, const W: usize>(x: Matrix<'_, V::Element>, out: &mut [V::Element]) {
    // SAFETY: the contract; the blocks that are transposed are whole.
    unsafe {
        let from = x.data.as_ptr().add(x.offset);
        let (rows, mut done) = (out.len() / W, 0);
        if x.row_stride == 1 && W.is_multiple_of(SIDE) {
            while done + SIDE <= rows {
                for column in (0..W).step_by(SIDE) {
                    let from = from.offset(done as isize + column as isize * x.col_stride);
                    V::transpose(from, x.col_stride, out.as_mut_ptr().add(done * W + column), W);
                }
                done += SIDE;
            }
        }
        for (l, row) in out.as_chunks_mut::<W>().0.iter_mut().enumerate().skip(done) {
            let from = from.offset(l as isize * x.row_stride);
            if x.col_stride == 1 {
                // The same columns of the rows that come next.
                let next = from.wrapping_offset(rows as isize * x.row_stride);
                let line = block::LINE / size_of::<V::Element>();
                (0..W).step_by(line).for_each(|column| prefetch(next.wrapping_add(column)));
                *row = *from.cast();
            } else {
                for (c, element) in row.iter_mut().enumerate() {
                    *element = *from.offset(c as isize * x.col_stride);
                }
            }
        }
    }
}

/// Some rows of a group of fewer columns, filled up with zeros.
fn filled_rows<T: Wide, const W: usize>(x: Matrix<'_, T>, columns: usize, out: &mut [T]) {
    for (l, row) in out.chunks_exact_mut(W).enumerate() {
        let (row, zeros) = row.split_at_mut(columns);
        match x.row(l, columns) {
            Some(x) => row.copy_from_slice(x),
            None => row.iter_mut().enumerate().for_each(|(c, element)| *element = x.at(l, c)),
        }
        zeros.fill(T::zero());
    }
}
