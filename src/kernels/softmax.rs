//! The exponentials of rows that softmax is made of, and their sums.

use super::block::Block;
use super::isa::vectorized;
use super::math::{self, Real};
use super::pool;
use super::reduce::{exp_below, fold_dense};
use super::threads;
use super::transpose::transpose;
use super::vector::Wide;

/// What an exponential costs, in additions.
const EXPONENTIAL: usize = 8;

/// Elements of a row up to which many rows are turned, so that they lie side by side in the vectors.
pub(crate) const NARROW: usize = 32;

/// Rows that are turned together.
const TOGETHER: usize = 16;

/// Elements of a piece of work, about.
const PIECE: usize = threads::CHUNK / EXPONENTIAL;

/// The number to take from x's before their exponentials: their largest, or 0 where an infinite one, or none that is a
/// number, would make NaN of the differences.
#[inline(always)]
pub(crate) fn shift<T: num_traits::Float>(largest: T) -> T {
    if largest.is_finite() { largest } else { T::zero() }
}

/// Of each row of `width` elements the shift and Σ exp(x − shift), one pair after the other.
pub(crate) fn sums<T: Wide + Real>(x: &[T], width: usize) -> Block<T> {
    let mut pairs = pool::buffer(x.len() / width * 2);
    threads::for_row_chunks(&mut pairs, 2, EXPONENTIAL * width.div_ceil(2), |first, pairs| {
        let pairs = pairs.as_chunks_mut().0;
        let x = &x[first * width..][..pairs.len() * width];
        if width > NARROW {
            let mut exponentials = pool::buffer(width);
            x.chunks_exact(width).zip(pairs).for_each(|(x, pair)| *pair = of_row(x, &mut exponentials));
        } else {
            let mut turned = [[T::zero(); TOGETHER]; NARROW];
            let rows = x.chunks(TOGETHER * width).zip(pairs.chunks_mut(TOGETHER));
            rows.for_each(|(x, pairs)| of_narrow_rows(x, &mut turned[..width], pairs));
        }
    });
    pairs
}

/// Of each row of `width` elements exp(x − shift), and beside them what [`sums`] gives.
pub(crate) fn exponentials<T: Wide + Real>(x: &[T], width: usize) -> (Block<T>, Block<T>) {
    let (mut out, mut pairs) = (pool::buffer(x.len()), pool::buffer(x.len() / width * 2));
    let rows = (PIECE / width).max(1).next_multiple_of(if width > NARROW { 1 } else { TOGETHER });
    let pieces = out.chunks_mut(rows * width).zip(x.chunks(rows * width)).zip(pairs.chunks_mut(2 * rows));
    threads::share_where(threads::worthwhile(x.len() * EXPONENTIAL), pieces, |((out, x), pairs)| {
        let pairs = pairs.as_chunks_mut().0;
        if width > NARROW {
            let rows = x.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(pairs);
            rows.for_each(|((x, out), pair)| *pair = of_row(x, out));
        } else {
            let mut turned = [[T::zero(); TOGETHER]; NARROW];
            let turned = &mut turned[..width];
            let rows = x.chunks(TOGETHER * width).zip(pairs.chunks_mut(TOGETHER));
            for ((x, pairs), out) in rows.zip(out.chunks_mut(TOGETHER * width)) {
                of_narrow_rows(x, turned, pairs);
                transpose(turned.as_flattened(), TOGETHER, out, width, [width, pairs.len()]);
            }
        }
    });
    (out, pairs)
}

/// A row's exponentials and its pair.
fn of_row<T: Real + Send + Sync>(x: &[T], exponentials: &mut [T]) -> [T; 2] {
    let shift = shift(fold_dense(x, &(T::neg_infinity(), |a, b| if b > a { b } else { a })));
    [shift, exp_below(x, shift, exponentials)]
}

/// The exponentials, turned, and the pairs of at most [`TOGETHER`] rows.
fn of_narrow_rows<T: Wide + Real>(x: &[T], turned: &mut [[T; TOGETHER]], pairs: &mut [[T; 2]]) {
    let width = turned.len();
    transpose(x, width, turned.as_flattened_mut(), TOGETHER, [pairs.len(), width]);
    let (shifts, sums) = vectorized!(|| of_turned(turned));
    for (row, pair) in pairs.iter_mut().enumerate() {
        *pair = [shifts[row], sums[row]];
    }
}

/// Shifts and sums of rows that lie side by side, whose elements become their exponentials.
#[inline(always)]
fn of_turned<T: Real>(turned: &mut [[T; TOGETHER]]) -> ([T; TOGETHER], [T; TOGETHER]) {
    let (mut shifts, mut sums) = ([T::neg_infinity(); TOGETHER], [T::zero(); TOGETHER]);
    for &x in &*turned {
        for row in 0..TOGETHER {
            shifts[row] = shifts[row].max(x[row]);
        }
    }
    for largest in &mut shifts {
        *largest = shift(*largest);
    }
    for x in turned {
        for row in 0..TOGETHER {
            x[row] = math::exp(x[row] - shifts[row]);
        }
        for row in 0..TOGETHER {
            sums[row] = sums[row] + x[row];
        }
    }
    (shifts, sums)
}

#[cfg(test)]
mod tests {
    use super::{exponentials, sums};

    /// Widths on either side of what is narrow, and more rows than are turned together.
    #[test]
    fn sums_and_exponentials_are_those_of_the_definition() {
        for width in [1, 2, 10, 31, 32, 33, 70, 1500, 5000] {
            for rows in [1, 15, 16, 37, 3000 / width + 1] {
                let x: Vec<f64> = (0..rows * width).map(|i| ((i * 7919) % 1013) as f64 / 37.0 - 300.0).collect();
                let (y, pairs) = exponentials(&x, width);
                assert_eq!(pairs[..], sums(&x, width)[..]);
                for ((x, y), pair) in x.chunks(width).zip(y.chunks(width)).zip(pairs.chunks(2)) {
                    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let sum: f64 = x.iter().map(|x| (x - largest).exp()).sum();
                    assert_eq!(pair[0], largest, "{rows}×{width}");
                    assert!((pair[1] / sum - 1.0).abs() < 1e-14, "{rows}×{width}: {} is not {sum}", pair[1]);
                    let expected = x.iter().map(|x| (x - largest).exp());
                    assert!(y.iter().zip(expected).all(|(y, p)| (y - p).abs() < 1e-14), "{rows}×{width}");
                }
            }
        }
    }

    #[test]
    fn infinite_elements_make_no_nan_of_the_others() {
        let infinity = f32::INFINITY;
        for [width, rest] in [[3, 0], [50, 47]] {
            let x = [vec![-infinity, 1.0, 2.0], vec![-infinity; rest], vec![-infinity; width]].concat();
            let (y, pairs) = exponentials(&x, width);
            assert_eq!(pairs[..], [2.0, 1.0 + (-1f32).exp(), 0.0, 0.0]);
            assert_eq!((y[0], y[2], y[width]), (0.0, 1.0, 0.0));
        }
    }
}
