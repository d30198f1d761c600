//! Many elements in, one out.

use smallvec::SmallVec;

use super::block::Block;
use super::elementwise::{each_in_place, map_in_place};
use super::isa::vectorized;
use super::math::{self, Real};
use super::pool::{self, Pooled};
use super::strided::{Lines, Strided};
use super::threads;

/// An associative operation with a neutral element, such as a sum.
pub(crate) trait Fold<T>: Sync {
    fn neutral(&self) -> T;
    fn combine(&self, a: T, b: T) -> T;
    /// What an element counts for, such as its square.
    #[inline(always)]
    fn lift(&self, x: T) -> T {
        x
    }
}

impl<T: Copy + Sync, F: Fn(T, T) -> T + Sync> Fold<T> for (T, F) {
    #[inline(always)]
    fn neutral(&self) -> T {
        self.0
    }
    #[inline(always)]
    fn combine(&self, a: T, b: T) -> T {
        self.1(a, b)
    }
}

/// Independent running results in a dense fold: enough to fill the vector units.
pub(super) const LANES: usize = 64;
/// Running results for what is left of a slice.
const FEW: usize = 8;
/// Elements folded one after the other; above that, halves are folded separately (pairwise, so rounding errors grow as log n).
pub(super) const BLOCK: usize = 4096;

/// Folds the axes of `x` that are not kept; the result is dense over the kept ones.
pub(crate) fn fold<T, F>(x: Strided<'_, T>, keep: &[bool], op: &F) -> Block<T>
where
    T: Pooled + Sync,
    F: Fold<T>,
{
    if let Some(x) = x.dense().filter(|x| !x.is_empty() && !keep.contains(&true)) {
        return pool::filled(1, op.combine(op.neutral(), fold_dense(x, op)));
    }
    let (kept_shape, kept_strides) = select(x, keep, true);
    let (shape, strides) = select(x, keep, false);
    let mut out = pool::filled(kept_shape.iter().product(), op.neutral());
    let kept = Lines::new(&kept_shape, [&kept_strides], [x.offset]);
    // Relative to the first element of each result.
    let folded = Lines::new(&shape, [&strides], [0]);
    let work = shape.iter().product::<usize>();
    if out.is_empty() || work == 0 {
        return out;
    }
    threads::for_row_chunks(&mut out, kept.length, work, |first, out| {
        let mut rest = out.chunks_exact_mut(kept.length);
        let count = rest.len();
        kept.for_each(first, count, |[start]| {
            let Some(line) = rest.next() else { return };
            if kept.strides == [1] && kept.length > 1 {
                fold_columns(x.data, start, &folded, line, op);
                return;
            }
            threads::for_row_chunks(line, 1, work, |first, line| {
                let start = |i: usize| start.wrapping_add_signed(kept.strides[0] * (first + i) as isize);
                if folded.strides == [1] && folded.count == 1 && folded.length <= BLOCK {
                    fold_rows(x.data, start(0), kept.strides[0], folded.length, line, op);
                } else {
                    let results = line.iter_mut().enumerate();
                    results.for_each(|(i, result)| *result = fold_from(x.data, start(i), &folded, op));
                }
            });
        });
    });
    out
}

/// Σ x over the axes that are not kept. Those along which elements are repeated, as by broadcasting, count as factors.
#[inline(never)]
pub(crate) fn sums<T: num_traits::Float + Pooled + Sync>(x: Strided<'_, T>, keep: &[bool]) -> Block<T> {
    let (op, repeated) = ((T::zero(), |a, b| a + b), |axis: usize| !keep[axis] && x.strides[axis] == 0);
    let times = (0..keep.len()).filter(|&axis| repeated(axis)).map(|axis| x.shape[axis]).product::<usize>();
    if times <= 1 {
        return fold(x, keep, &op);
    }
    let shape: SmallVec<[usize; 4]> =
        (0..keep.len()).map(|axis| if repeated(axis) { 1 } else { x.shape[axis] }).collect();
    let mut sums = fold(Strided { shape: &shape, ..x }, keep, &op);
    let times = T::from(times).unwrap_or_else(T::infinity);
    map_in_place(&mut sums, &each_in_place(move |sum| sum * times));
    sums
}

/// Folds short dense rows, `stride` apart, each to one result.
fn fold_rows<T: Copy, F: Fold<T>>(data: &[T], start: usize, stride: isize, length: usize, out: &mut [T], op: &F) {
    vectorized!(|| {
        for (i, out) in out.iter_mut().enumerate() {
            let start = start.wrapping_add_signed(stride * i as isize);
            *out = fold_block(&data[start..start + length], op);
        }
    });
}

/// Folds dense rows with each other, to a row of results: those that start at the places of `lines`, seen from `start`.
fn fold_columns<T, F>(data: &[T], start: usize, lines: &Lines<1>, out: &mut [T], op: &F)
where
    T: Pooled + Sync,
    F: Fold<T>,
{
    lines.for_each(0, lines.count, |[place]| {
        let rows = Rows { start: start.wrapping_add(place), stride: lines.strides[0], count: lines.length };
        let width = out.len();
        if rows.stride == width as isize && width <= LANES / 2 {
            fold_narrow(data, rows, out, op);
        } else {
            // Wide rows are cut; a piece of the results stays in the first-level cache.
            threads::for_row_chunks(out, 1, rows.count.min(8), |first, out| {
                Rows { start: rows.start + first, ..rows }.fold(data, out, op);
            });
        }
    });
}

/// Folds narrow rows that are neighbours: several together as if they were one wide row.
fn fold_narrow<T, F>(data: &[T], rows: Rows, out: &mut [T], op: &F)
where
    T: Pooled + Sync,
    F: Fold<T>,
{
    let width = out.len();
    let group = LANES / width;
    let (wide, left) = (rows.count / group, rows.count % group);
    let mut sums: SmallVec<[T; LANES]> = SmallVec::from_elem(op.neutral(), width * group);
    rows.part(0, wide, group).fold(data, &mut sums, op);
    sums.chunks_exact(width).for_each(|part| combine_rows(out, part, op));
    rows.part(wide * group, left, 1).fold(data, out, op);
}

/// `count` rows, `stride` apart.
#[derive(Clone, Copy)]
struct Rows {
    start: usize,
    stride: isize,
    count: usize,
}

impl Rows {
    /// `count` of the rows: number `first` and every `step`th one after it.
    fn part(self, first: usize, count: usize, step: usize) -> Rows {
        let start = self.start.wrapping_add_signed(self.stride * first as isize);
        Rows { start, stride: self.stride * step as isize, count }
    }

    /// Combines the rows with `out`, halves separately where there are many.
    fn fold<T, F>(self, data: &[T], out: &mut [T], op: &F)
    where
        T: Pooled + Sync,
        F: Fold<T>,
    {
        const FEW_ROWS: usize = 256;
        if self.count <= FEW_ROWS {
            return self.fold_few(data, out, op);
        }
        let middle = self.count.div_ceil(2).next_multiple_of(FEW_ROWS).min(self.count);
        let (above, below) = (self.part(0, middle, 1), self.part(middle, self.count - middle, 1));
        let mut other = pool::filled(out.len(), op.neutral());
        if threads::worthwhile(self.count * out.len()) {
            threads::join(|| above.fold(data, out, op), || below.fold(data, &mut other, op));
        } else {
            above.fold(data, out, op);
            below.fold(data, &mut other, op);
        }
        combine_rows(out, &other, op);
    }

    fn fold_few<T: Copy, F: Fold<T>>(self, data: &[T], out: &mut [T], op: &F) {
        let width = out.len();
        let row = |i: usize| &data[self.start.wrapping_add_signed(self.stride * i as isize)..][..width];
        vectorized!(|| {
            // Four at a time, so that the results are loaded and stored a quarter as often.
            for i in 0..self.count / 4 {
                let [a, b, c, d] = [0, 1, 2, 3].map(|j| row(4 * i + j));
                for (out, (((&a, &b), &c), &d)) in out.iter_mut().zip(a.iter().zip(b).zip(c).zip(d)) {
                    let (ab, cd) = (op.combine(op.lift(a), op.lift(b)), op.combine(op.lift(c), op.lift(d)));
                    *out = op.combine(*out, op.combine(ab, cd));
                }
            }
            for i in self.count / 4 * 4..self.count {
                for (out, &x) in out.iter_mut().zip(row(i)) {
                    *out = op.combine(*out, op.lift(x));
                }
            }
        });
    }
}

/// Combines results with others, element by element.
fn combine_rows<T: Copy, F: Fold<T>>(out: &mut [T], other: &[T], op: &F) {
    vectorized!(|| {
        for (out, &x) in out.iter_mut().zip(other) {
            *out = op.combine(*out, x);
        }
    });
}

fn select<T>(x: Strided<'_, T>, keep: &[bool], which: bool) -> (SmallVec<[usize; 4]>, SmallVec<[isize; 4]>) {
    let axes = || (0..keep.len()).filter(|&axis| keep[axis] == which);
    (axes().map(|axis| x.shape[axis]).collect(), axes().map(|axis| x.strides[axis]).collect())
}

fn fold_from<T, F>(data: &[T], from: usize, lines: &Lines<1>, op: &F) -> T
where
    T: Copy + Send + Sync,
    F: Fold<T>,
{
    let mut total = op.neutral();
    lines.for_each(0, lines.count, |[place]| {
        let start = from.wrapping_add(place);
        let part = if lines.strides == [1] {
            fold_dense(&data[start..start + lines.length], op)
        } else {
            (0..lines.length)
                .map(|i| data[start.wrapping_add_signed(lines.strides[0] * i as isize)])
                .fold(op.neutral(), |a, b| op.combine(a, op.lift(b)))
        };
        total = op.combine(total, part);
    });
    total
}

/// Folds a slice; the tree of operations depends on its length alone.
pub(crate) fn fold_dense<T, F>(x: &[T], op: &F) -> T
where
    T: Copy + Send + Sync,
    F: Fold<T>,
{
    if x.len() <= BLOCK {
        return vectorized!(|| fold_block(x, op));
    }
    let middle = x.len().div_ceil(2).next_multiple_of(BLOCK);
    let (left, right) = x.split_at(middle.min(x.len()));
    let (a, b) = if threads::worthwhile(x.len()) {
        threads::join(|| fold_dense(left, op), || fold_dense(right, op))
    } else {
        (fold_dense(left, op), fold_dense(right, op))
    };
    op.combine(a, b)
}

/// The same for a slice of few elements, where it is inlined.
#[inline(always)]
pub(super) fn fold_block<T: Copy, F: Fold<T>>(x: &[T], op: &F) -> T {
    let (many, x) = fold_lanes::<T, F, LANES>(x, op);
    let (few, x) = fold_lanes::<T, F, FEW>(x, op);
    x.iter().fold(op.combine(many, few), |a, &b| op.combine(a, op.lift(b)))
}

/// Folds whole vectors of `N` elements; also returns what is left.
#[inline(always)]
fn fold_lanes<'a, T: Copy, F: Fold<T>, const N: usize>(x: &'a [T], op: &F) -> (T, &'a [T]) {
    let (lanes, rest) = x.as_chunks::<N>();
    let Some((first, others)) = lanes.split_first() else { return (op.neutral(), rest) };
    let mut running = *first;
    for i in 0..N {
        running[i] = op.lift(first[i]);
    }
    // Copies: for all the compiler knows, what lanes refer to may be the running results, which would not stay in registers.
    for &lane in others {
        for i in 0..N {
            running[i] = op.combine(running[i], op.lift(lane[i]));
        }
    }
    halve::<T, F, N, 32>(&mut running, op);
    halve::<T, F, N, 16>(&mut running, op);
    halve::<T, F, N, 8>(&mut running, op);
    halve::<T, F, N, 4>(&mut running, op);
    halve::<T, F, N, 2>(&mut running, op);
    halve::<T, F, N, 1>(&mut running, op);
    (running[0], rest)
}

/// Combines the first `HALF` results with as many after them, where there are more. The number is the compiler's: of an array
/// that is indexed by what is only known later the results would not stay in registers.
#[inline(always)]
fn halve<T: Copy, F: Fold<T>, const N: usize, const HALF: usize>(running: &mut [T; N], op: &F) {
    if HALF < N {
        for i in 0..HALF {
            running[i] = op.combine(running[i], running[i + HALF]);
        }
    }
}

/// y = exp(x − from), and Σ y.
pub(crate) fn exp_below<T: Real + Send + Sync>(x: &[T], from: T, y: &mut [T]) -> T {
    vectorized!(|| {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = math::exp(x - from);
        }
    });
    sum(y)
}

/// Σ x.
pub(crate) fn sum<T: num_traits::Float + Send + Sync>(x: &[T]) -> T {
    fold_dense(x, &(T::zero(), |a, b| a + b))
}

/// [`sum`] of few elements, where it is inlined.
#[inline(always)]
pub(super) fn sum_block<T: num_traits::Float + Sync>(x: &[T]) -> T {
    fold_block(x, &(T::zero(), |a, b| a + b))
}

/// The sum of parts of `size` elements that lie one after the other, added in their order.
pub(crate) fn sum_of_parts<T: num_traits::Float + Pooled + Sync>(parts: Block<T>, size: usize) -> Block<T> {
    if parts.len() == size {
        return parts;
    }
    let mut sum = pool::buffer(size);
    threads::for_chunks(&mut sum, |start, sum| {
        for (number, part) in parts.chunks_exact(size).enumerate() {
            let part = &part[start..start + sum.len()];
            if number == 0 {
                sum.copy_from_slice(part);
            } else {
                combine_rows(sum, part, &(T::zero(), |a, b| a + b));
            }
        }
    });
    sum
}

/// Where the first element is that passes.
pub(crate) fn position<T: Copy>(x: &[T], passes: impl Fn(T) -> bool) -> Option<usize> {
    // Whole blocks are only asked whether any does, which the vector units answer.
    let block = vectorized!(|| x.chunks(LANES).position(|block| block.iter().fold(false, |any, &x| any | passes(x))))?;
    let start = block * LANES;
    x[start..].iter().position(|&x| passes(x)).map(|i| start + i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairwise_sums_stay_exact_where_a_running_sum_does_not() {
        // 2²⁵ ones in f32: a running sum sticks at 2²⁴.
        let ones = vec![1f32; 1 << 25];
        assert_eq!(fold_dense(&ones, &(0f32, |a, b| a + b)), (1u32 << 25) as f32);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let x: Vec<f32> = (0..300_000).map(|i| (i as f32).sin()).collect();
        let sum = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fold_dense(&x, &(0f32, |a, b| a + b))).to_bits()
        };
        assert!([2, 3, 8].iter().all(|&threads| sum(threads) == sum(1)));
    }
}
