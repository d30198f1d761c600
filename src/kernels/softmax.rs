//! Softmax of rows in two steps: first what each row's exponentials stand below and what their sum is, then themselves.

use super::block::Block;
use super::isa::vectorized;
use super::math::{self, Real};
use super::pool::{self, Pooled};
use super::reduce::exp_below;
use super::threads;

/// What an exponential costs, in additions.
const EXPONENTIAL: usize = 8;

/// Elements of a row up to which many rows are turned, so that they lie side by side in the vectors.
pub(crate) const NARROW: usize = 32;

/// Rows that are turned together.
const TOGETHER: usize = 16;

/// Elements of rows whose exponentials are found together, at most where there is more than one.
const BLOCK: usize = 1024;

/// The number to take from x's before their exponentials: their largest, or 0 where an infinite one, or none that is a
/// number, would make NaN of the differences.
#[inline(always)]
pub(crate) fn shift<T: num_traits::Float>(largest: T) -> T {
    if largest.is_finite() { largest } else { T::zero() }
}

/// Of each row of `width` elements the shift and Σ exp(x − shift), one pair after the other.
pub(crate) fn sums<T: Real + Pooled + Sync>(x: &[T], width: usize) -> Block<T> {
    let mut pairs = pool::buffer(x.len() / width * 2);
    threads::for_row_chunks(&mut pairs, 2, EXPONENTIAL * width.div_ceil(2), |first, pairs| {
        let pairs = pairs.as_chunks_mut().0;
        let x = &x[first * width..][..pairs.len() * width];
        if width <= NARROW { sums_of_narrow(x, width, pairs) } else { sums_of_wide(x, width, pairs) }
    });
    pairs
}

fn sums_of_wide<T: Real + Pooled + Sync>(x: &[T], width: usize, pairs: &mut [[T; 2]]) {
    let mut exponentials = pool::buffer(width);
    for (x, pair) in x.chunks_exact(width).zip(pairs) {
        let shift = shift(x.iter().copied().fold(T::neg_infinity(), T::max));
        *pair = [shift, exp_below(x, shift, &mut exponentials)];
    }
}

fn sums_of_narrow<T: Real>(x: &[T], width: usize, pairs: &mut [[T; 2]]) {
    let mut turned = [[T::zero(); TOGETHER]; NARROW];
    let turned = &mut turned[..width];
    for (x, pairs) in x.chunks(TOGETHER * width).zip(pairs.chunks_mut(TOGETHER)) {
        for (row, x) in x.chunks_exact(width).enumerate() {
            turned.iter_mut().zip(x).for_each(|(turned, &x)| turned[row] = x);
        }
        let (shifts, sums) = vectorized!(|| sums_of_turned(turned));
        for (row, pair) in pairs.iter_mut().enumerate() {
            *pair = [shifts[row], sums[row]];
        }
    }
}

/// Shifts and sums of rows that lie side by side, whose elements become their exponentials.
#[inline(always)]
fn sums_of_turned<T: Real>(turned: &mut [[T; TOGETHER]]) -> ([T; TOGETHER], [T; TOGETHER]) {
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

/// exp(x − shift), given each row's pair of [`sums`]; then `change` gets each row's number, its sum and its exponentials.
pub(crate) fn exponentials<T: Real + Pooled + Sync>(
    x: &[T],
    width: usize,
    pairs: &[T],
    change: impl Fn(usize, T, &mut [T]) + Sync,
) -> Block<T> {
    let (mut out, pairs) = (pool::buffer(x.len()), pairs.as_chunks::<2>().0);
    threads::for_row_chunks(&mut out, width, EXPONENTIAL, |first, out| {
        let together = (BLOCK / width).max(1);
        for (block, out) in out.chunks_mut(together * width).enumerate() {
            let first = first + block * together;
            let x = &x[first * width..][..out.len()];
            for ((x, out), &[shift, _]) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(&pairs[first..]) {
                out.iter_mut().zip(x).for_each(|(out, &x)| *out = x - shift);
            }
            vectorized!(|| {
                for x in &mut *out {
                    *x = math::exp(*x);
                }
            });
            for (i, (out, &[_, sum])) in out.chunks_exact_mut(width).zip(&pairs[first..]).enumerate() {
                change(first + i, sum, out);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::{exponentials, sums};

    /// Widths on either side of what is narrow, and more rows than are turned together.
    #[test]
    fn sums_and_exponentials_are_those_of_the_definition() {
        for width in [1, 2, 10, 31, 32, 33, 70, 1500] {
            for rows in [1, 15, 16, 37, 3000 / width + 1] {
                let x: Vec<f64> = (0..rows * width).map(|i| ((i * 7919) % 1013) as f64 / 37.0 - 300.0).collect();
                let pairs = sums(&x, width);
                let y = exponentials(&x, width, &pairs, |row, sum, y| {
                    assert_eq!(sum, pairs[2 * row + 1]);
                    y.iter_mut().for_each(|y| *y /= sum);
                });
                for ((x, y), pair) in x.chunks(width).zip(y.chunks(width)).zip(pairs.chunks(2)) {
                    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let sum: f64 = x.iter().map(|x| (x - largest).exp()).sum();
                    assert_eq!(pair[0], largest, "{rows}×{width}");
                    assert!((pair[1] / sum - 1.0).abs() < 1e-14, "{rows}×{width}: {} is not {sum}", pair[1]);
                    let expected = x.iter().map(|x| (x - largest).exp() / sum);
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
            let pairs = sums(&x, width);
            assert_eq!(pairs[..], [2.0, 1.0 + (-1f32).exp(), 0.0, 0.0]);
            let y = exponentials(&x, width, &pairs, |_, _, _| {});
            assert_eq!((y[0], y[2], y[width]), (0.0, 1.0, 0.0));
        }
    }
}
