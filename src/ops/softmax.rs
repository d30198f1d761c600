//! Softmax and its logarithm.

use super::axes::{IntoAxis, Keep, Reduction, resolve_axis};
use super::extrema::Largest;
use super::norm::SumOfExponentials;
use crate::autodiff::unary;
use crate::kernels::dot::dot;
use crate::kernels::isa::vectorized;
use crate::kernels::math;
use crate::kernels::reduce::{exp_below, fold_dense, sum};
use crate::kernels::rows::{map_rows, update_rows};
use crate::kernels::softmax::{NARROW, exponentials, sums};
use crate::kernels::{pool, threads};
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// yᵢ = exp xᵢ / Σ exp xⱼ along an axis: positive numbers that sum to one. NaN where all elements are −∞.
    ///
    /// Derivative: x̄ = y · (ȳ − Σ ȳ·y).
    ///
    /// Fastest along the last axis of a contiguous tensor, where each row is read and written while it is in the cache.
    ///
    /// # Panics
    /// Where there is no such axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[0.0, 0.0], [1000.0, 0.0]]);
    /// assert_eq!(x.softmax(-1).to_vec(), [0.5, 0.5, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn softmax(&self, axis: impl IntoAxis) -> Tensor<T> {
        softmax(self, resolve_axis("softmax", self.shape(), axis))
    }

    /// yᵢ = xᵢ − ln Σ exp xⱼ along an axis: the logarithm of [`softmax`](Self::softmax), exact where that underflows.
    /// NaN where all elements are −∞.
    ///
    /// Derivative: x̄ = ȳ − exp(y) · Σ ȳ.
    ///
    /// # Panics
    /// Where there is no such axis.
    #[track_caller]
    pub fn log_softmax(&self, axis: impl IntoAxis) -> Tensor<T> {
        log_softmax(self, resolve_axis("log_softmax", self.shape(), axis))
    }
}

#[inline(never)]
#[track_caller]
fn softmax<T: Float>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    unary(
        x,
        |x| match along(x, axis) {
            Along::Narrow(width) => softmax_of_narrow(x, width),
            Along::Last => map_rows_of(x, softmax_row),
            Along::Other => softmax_across(x, axis),
        },
        |_, y| softmax_pullback(y.clone(), axis),
    )
}

#[inline(never)]
#[track_caller]
fn log_softmax<T: Float>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    unary(
        x,
        |x| match along(x, axis) {
            Along::Narrow(width) => log_softmax_of_narrow(x, width),
            Along::Last => map_rows_of(x, log_softmax_row),
            Along::Other => log_softmax_across(x, axis),
        },
        |_, y| {
            let y = y.clone();
            move |g| {
                pull(g, &y, axis, log_softmax_pull, |g| {
                    let total = g.sum_axis(Keep(axis));
                    g - y.exp() * total
                })
            }
        },
    )
}

/// [`softmax`](Tensor::softmax) of scores `[…, rows, columns]` along the last axis, where row i looks at no later columns
/// (the last row at all), and zeros beyond; zeros for a row that may look at nothing.
#[track_caller]
pub(super) fn causal_softmax<T: Float>(scores: &Tensor<T>) -> Tensor<T> {
    let &[.., rows, columns] = scores.shape() else { unreachable!("scores have rows and columns") };
    let forward = |x: &Tensor<T>| {
        let x = x.contiguous();
        let mut y = pool::buffer(x.len());
        threads::for_row_chunks(&mut y, columns, 4, |first, y| {
            let all = y.chunks_exact_mut(columns).zip(x.dense().chunks_exact(columns).skip(first));
            for (i, (y, x)) in all.enumerate() {
                let seen = ((first + i) % rows + 1 + columns).saturating_sub(rows).min(columns);
                let (y, beyond) = y.split_at_mut(seen);
                if seen > 0 {
                    softmax_row(&x[..seen], y);
                }
                beyond.fill(T::zero());
            }
        });
        Tensor::from_dense(y, x.shape())
    };
    // Zeros stay zeros: y stands in the pullback as a factor.
    unary(scores, forward, |_, y| softmax_pullback(y.clone(), y.rank() - 1))
}

/// x̄ = y · (ȳ − Σ ȳ·y).
fn softmax_pullback<T: Float>(y: Tensor<T>, axis: usize) -> impl FnOnce(Tensor<T>) -> Tensor<T> + Send + 'static {
    move |g| {
        pull(g, &y, axis, softmax_pull, |g| {
            let total = (&g * &y).sum_axis(Keep(axis));
            (g - total) * &y
        })
    }
}

/// Where the rows of an axis lie.
enum Along {
    /// Side by side, so short that many are computed together.
    Narrow(usize),
    Last,
    Other,
}

fn along<T: Float>(x: &Tensor<T>, axis: usize) -> Along {
    match x.shape()[axis] {
        _ if axis + 1 < x.rank() => Along::Other,
        width @ 1..=NARROW => Along::Narrow(width),
        _ => Along::Last,
    }
}

fn softmax_of_narrow<T: Float>(x: &Tensor<T>, width: usize) -> Tensor<T> {
    let x = x.contiguous();
    let (mut y, sums) = exponentials(x.dense(), width);
    threads::for_row_chunks(&mut y, width, 1, |first, y| {
        for (y, &[_, sum]) in y.chunks_exact_mut(width).zip(&sums.as_chunks().0[first..]) {
            let scale = finite(sum).recip();
            y.iter_mut().for_each(|y| *y *= scale);
        }
    });
    Tensor::from_dense(y, x.shape())
}

fn log_softmax_of_narrow<T: Float>(x: &Tensor<T>, width: usize) -> Tensor<T> {
    let x = x.contiguous();
    let (sums, mut y) = (sums(x.dense(), width), pool::buffer(x.len()));
    threads::for_row_chunks(&mut y, width, 1, |first, y| {
        let rows = y.chunks_exact_mut(width).zip(x.dense().chunks_exact(width).skip(first));
        for ((y, x), &[shift, sum]) in rows.zip(&sums.as_chunks().0[first..]) {
            let log_sum = math::ln(finite(sum));
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - shift) - log_sum);
        }
    });
    Tensor::from_dense(y, x.shape())
}

/// NaN in place of the infinite sum of a row that has an infinite element: all of the row's results are NaN.
fn finite<T: Float>(sum: T) -> T {
    if sum < T::infinity() { sum } else { T::nan() }
}

/// A function of whole rows, along the last axis; not differentiated.
fn map_rows_of<T: Float>(x: &Tensor<T>, row: impl Fn(&[T], &mut [T]) + Sync) -> Tensor<T> {
    let width = x.shape()[x.rank() - 1];
    let mut y = pool::buffer(x.len());
    map_rows(x.contiguous().dense(), width, &mut y, width, 8, row);
    Tensor::from_dense(y, x.shape())
}

/// The cotangent `g` pulled back: by changing each row of it by that of `y`, in one pass, along the last axis and where
/// no outer gradient is watching; by tensor operations elsewhere.
fn pull<T: Float>(
    mut g: Tensor<T>,
    y: &Tensor<T>,
    axis: usize,
    row: impl Fn(&mut [T], &[T]) + Sync,
    otherwise: impl FnOnce(Tensor<T>) -> Tensor<T>,
) -> Tensor<T> {
    if g.is_traced() || y.is_traced() || axis + 1 != y.rank() {
        return otherwise(g);
    }
    update_rows(g.as_mut_slice(), y.contiguous().dense(), y.shape()[axis], 2, row);
    g
}

/// [`softmax`](Tensor::softmax) of one row.
fn softmax_row<T: Float>(x: &[T], y: &mut [T]) {
    let scale = exp_below(x, fold_dense(x, &Largest), y).recip();
    vectorized!(|| {
        for y in y {
            *y *= scale;
        }
    });
}

fn softmax_pull<T: Float>(g: &mut [T], y: &[T]) {
    let total = dot(g, y);
    vectorized!(|| {
        g.iter_mut().zip(y).for_each(
            #[inline(always)]
            |(g, &y)| *g = (*g - total) * y,
        )
    });
}

fn log_softmax_row<T: Float>(x: &[T], y: &mut [T]) {
    let largest = fold_dense(x, &Largest);
    let log_sum = math::ln(exp_below(x, largest, y));
    vectorized!(|| {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - largest) - log_sum;
        }
    });
}

fn log_softmax_pull<T: Float>(g: &mut [T], y: &[T]) {
    let total = sum(g);
    vectorized!(|| {
        g.iter_mut().zip(y).for_each(
            #[inline(always)]
            |(g, &y)| *g -= math::exp(y) * total,
        )
    });
}

/// Along an axis that is not the last: all rows at once, without turning the tensor. Not differentiated.
#[track_caller]
fn softmax_across<T: Float>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    let e = below_largest(x, axis).exp();
    let sum = e.sum_axis(Keep(axis));
    e / sum
}

#[track_caller]
fn log_softmax_across<T: Float>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    let x = below_largest(x, axis);
    let sum = Reduction::over("log_softmax", x.shape(), Keep(axis)).fold(&x, &SumOfExponentials { from: T::zero() });
    x - sum.ln()
}

fn below_largest<T: Float>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    if x.is_empty() { x.clone() } else { x - x.max_axis(Keep(axis)) }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn close(a: &Tensor<f64>, b: &[f64]) -> bool {
        a.len() == b.len() && a.to_vec().iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-14)
    }

    #[test]
    fn softmax_along_any_axis() {
        let x = Tensor::from([[0.0, 2f64.ln()], [3f64.ln(), 2f64.ln()]]);
        assert!(close(&x.softmax(-1), &[1.0 / 3.0, 2.0 / 3.0, 0.6, 0.4]));
        assert!(close(&x.softmax(0), &[0.25, 0.5, 0.75, 0.5]));
        assert!(close(&x.log_softmax(0), &[0.25f64.ln(), 0.5f64.ln(), 0.75f64.ln(), 0.5f64.ln()]));
    }

    #[test]
    fn large_logits_stay_finite() {
        let x = Tensor::from([[1e4, 0.0], [-1e4, -1e4], [f64::NEG_INFINITY, 0.0]]);
        assert_eq!(x.softmax(1).to_vec(), [1.0, 0.0, 0.5, 0.5, 0.0, 1.0]);
        assert_eq!(x.log_softmax(1).to_vec()[..2], [0.0, -1e4]);
        assert_eq!(Tensor::<f64>::zeros((2, 0)).softmax(1).shape(), [2, 0]);
    }

    #[test]
    fn narrow_and_wide_rows_agree() {
        // Of 40 columns, those that are not among the first few weigh nothing.
        let x = Tensor::<f64>::normal((37, 40), 0.0, 3.0, &mut StdRng::seed_from_u64(1));
        for width in [1, 2, 10, 32, 33] {
            let narrow = x.slice(s![.., ..width]);
            let wide = Tensor::concat(&[narrow.clone(), Tensor::full((37, 40 - width), -1e3)], 1);
            assert!(close(&narrow.softmax(-1), &wide.softmax(-1).slice(s![.., ..width]).to_vec()), "{width}");
            assert!(close(&narrow.log_softmax(-1), &wide.log_softmax(-1).slice(s![.., ..width]).to_vec()), "{width}");
        }
    }

    #[test]
    fn what_has_no_softmax_is_nan() {
        let (nan, infinity) = (f64::NAN, f64::INFINITY);
        for (rest, first) in [(1, nan), (1, infinity), (1, -infinity), (40, nan), (40, infinity)] {
            let x = Tensor::concat(&[Tensor::full((3, 1), first), Tensor::full((3, rest), first.min(0.0))], 1);
            let all_nan = |y: Tensor<f64>| y.to_vec().iter().all(|y| y.is_nan());
            assert!(all_nan(x.softmax(-1)) && all_nan(x.log_softmax(-1)), "{first}, and {rest} more");
        }
    }

    #[test]
    fn gradients_of_softmax_and_its_logarithm() {
        // With p = (.25, .75): ∂p₀/∂x = (p₀p₁, −p₀p₁), ∂ln p₀/∂x = (p₁, −p₁).
        let x = Tensor::from([[0.0], [3f64.ln()]]);
        let first = Tensor::from([[1.0], [0.0]]);
        let g = gradient(|x| (x.softmax(0) * &first).sum(), &x);
        assert!(close(g.get().unwrap(), &[0.1875, -0.1875]));
        let g = gradient(|x| (x.log_softmax(0) * &first).sum(), &x);
        assert!(close(g.get().unwrap(), &[0.75, -0.75]));
    }

    #[test]
    fn second_derivatives() {
        // With q = p₀p₁: ∂²p₀/∂x₀² = q(p₁ − p₀), ∂²ln p₀/∂x₀² = −q.
        let x = Tensor::from([0.0, 3f64.ln()]);
        let pick = Tensor::from([1.0, 0.0]);
        let second = |f: &dyn Fn(&Tensor<f64>) -> Tensor<f64>| {
            let first = |x: &Tensor<f64>| {
                let g = gradient(|x| (f(x) * &pick).sum(), x);
                (g.get().unwrap() * &pick).sum()
            };
            gradient(first, &x).get().unwrap().clone()
        };
        assert!(close(&second(&|x| x.softmax(0)), &[0.09375, -0.09375]));
        assert!(close(&second(&|x| x.log_softmax(0)), &[-0.1875, 0.1875]));
    }
}
