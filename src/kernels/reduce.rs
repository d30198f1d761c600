//! Many elements in, one out; and functions of whole rows.

use smallvec::SmallVec;

use super::isa::vectorized;
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
const LANES: usize = 32;
/// Elements folded one after the other; above that, halves are folded separately (pairwise, so rounding errors grow as log n).
const BLOCK: usize = 4096;

/// Folds the axes of `x` that are not kept; the result is dense over the kept ones.
pub(crate) fn fold<T, F>(x: Strided<'_, T>, keep: &[bool], op: &F) -> Vec<T>
where
    T: Pooled + Sync,
    F: Fold<T>,
{
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
    // A dense line of results takes whole lines of the input: column sums and the like.
    if kept.strides == [1] && kept.length > 1 {
        threads::for_row_chunks(&mut out, kept.length, work, |first, out| {
            let mut rest = out.chunks_exact_mut(kept.length);
            let count = rest.len();
            kept.for_each(first, count, |[start]| {
                let Some(line) = rest.next() else { return };
                folded.for_each(0, folded.count, |[place]| {
                    for i in 0..folded.length {
                        let from = start.wrapping_add(place).wrapping_add_signed(folded.strides[0] * i as isize);
                        let row = &x.data[from..from + line.len()];
                        vectorized(|| line.iter_mut().zip(row).for_each(|(a, &b)| *a = op.combine(*a, op.lift(b))));
                    }
                });
            });
        });
    } else {
        threads::for_row_chunks(&mut out, kept.length, work, |first, out| {
            let mut rest = out.chunks_exact_mut(kept.length);
            let count = rest.len();
            kept.for_each(first, count, |[start]| {
                let Some(line) = rest.next() else { return };
                for (i, result) in line.iter_mut().enumerate() {
                    let start = start.wrapping_add_signed(kept.strides[0] * i as isize);
                    *result = fold_from(x.data, start, &folded, op);
                }
            });
        });
    }
    out
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
        return vectorized(|| fold_block(x, op));
    }
    let middle = x.len().div_ceil(2).next_multiple_of(BLOCK);
    let (left, right) = x.split_at(middle.min(x.len()));
    let (a, b) = if threads::worthwhile(x.len()) {
        rayon::join(|| fold_dense(left, op), || fold_dense(right, op))
    } else {
        (fold_dense(left, op), fold_dense(right, op))
    };
    op.combine(a, b)
}

#[inline(always)]
fn fold_block<T: Copy, F: Fold<T>>(x: &[T], op: &F) -> T {
    let (lanes, rest) = x.as_chunks::<LANES>();
    let mut total = op.neutral();
    if let Some((first, others)) = lanes.split_first() {
        let mut running = *first;
        for i in 0..LANES {
            running[i] = op.lift(first[i]);
        }
        for lane in others {
            for i in 0..LANES {
                running[i] = op.combine(running[i], op.lift(lane[i]));
            }
        }
        let mut width = LANES;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                running[i] = op.combine(running[i], running[i + width]);
            }
        }
        total = running[0];
    }
    rest.iter().fold(total, |a, &b| op.combine(a, op.lift(b)))
}

/// Fills the rows of `out` (`out_width` elements each) from the rows of `x` (`width` each), in parallel;
/// `cost` is the work an element, in additions.
pub(crate) fn map_rows<T, U>(
    x: &[T],
    width: usize,
    out: &mut [U],
    out_width: usize,
    cost: usize,
    body: impl Fn(&[T], &mut [U]) + Sync,
) where
    T: Sync,
    U: Send,
{
    if out_width == 0 {
        return;
    }
    let cost = cost * width.div_ceil(out_width).max(1);
    threads::for_row_chunks(out, out_width, cost, |first, out| {
        for (i, out) in out.chunks_exact_mut(out_width).enumerate() {
            body(&x[(first + i) * width..][..width], out);
        }
    });
}

/// Changes the rows of `x` (`width` elements each) by those of `y`, in parallel; `cost` as in [`map_rows`].
pub(crate) fn update_rows<T: Copy + Send + Sync>(
    x: &mut [T],
    y: &[T],
    width: usize,
    cost: usize,
    body: impl Fn(&mut [T], &[T]) + Sync,
) {
    threads::for_row_chunks(x, width, cost, |first, x| {
        x.chunks_exact_mut(width).zip(y.chunks_exact(width).skip(first)).for_each(|(x, y)| body(x, y));
    });
}

/// Σ x·y.
pub(crate) fn dot<T: num_traits::Float + Sync>(x: &[T], y: &[T]) -> T {
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    vectorized(|| {
        let mut running = [T::zero(); LANES];
        for (x, y) in x.iter().zip(y) {
            for i in 0..LANES {
                running[i] = running[i] + x[i] * y[i];
            }
        }
        let rest = x_rest.iter().zip(y_rest).fold(T::zero(), |sum, (&x, &y)| sum + x * y);
        rest + fold_block(&running, &(T::zero(), |a, b| a + b))
    })
}

/// Where the first element is that passes.
pub(crate) fn position<T: Copy>(x: &[T], passes: impl Fn(T) -> bool) -> Option<usize> {
    // Whole blocks are only asked whether any does, which the vector units answer.
    let block = vectorized(|| x.chunks(LANES).position(|block| block.iter().fold(false, |any, &x| any | passes(x))))?;
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
