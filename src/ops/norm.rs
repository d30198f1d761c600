//! Euclidean norms, and the logarithm of a sum of exponentials.

use super::axes::{IntoAxes, Reduction};
use super::broadcast::zip_over;
use super::extrema::Largest;
use super::reduce::zero_to_infinity;
use crate::autodiff::{binary, unary};
use crate::kernels::reduce::{Fold, fold_dense};
use crate::kernels::rows::map_rows;
use crate::kernels::softmax::shift;
use crate::kernels::{math, pool};
use crate::tensor::{Float, Shape, Tensor};

impl<T: Float> Tensor<T> {
    /// Euclidean norm √Σx² of all elements; see [`norm_axis`](Self::norm_axis).
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([3.0, 4.0]);
    /// assert_eq!(x.norm().item(), 5.0);
    /// ```
    #[track_caller]
    pub fn norm(&self) -> Tensor<T> {
        norm(self, Reduction::all(self.shape()))
    }

    /// Euclidean norm y = √Σx² along some axes ([`IntoAxes`]). The squares must not overflow.
    ///
    /// Derivative: x̄ = ȳ · x / y; zero at x = 0, where there is none.
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice.
    #[track_caller]
    pub fn norm_axis(&self, axes: impl IntoAxes) -> Tensor<T> {
        norm(self, Reduction::over("norm_axis", self.shape(), axes))
    }

    /// ln Σ exp x of all elements; see [`logsumexp_axis`](Self::logsumexp_axis).
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp().item(), 1000.0 + 2f32.ln());
    /// ```
    #[track_caller]
    pub fn logsumexp(&self) -> Tensor<T> {
        logsumexp(self, Reduction::all(self.shape()))
    }

    /// y = ln Σ exp x along some axes ([`IntoAxes`]), computed from the largest element on, so that nothing overflows.
    /// −∞ where all elements are, or where there are none.
    ///
    /// Derivative: x̄ = ȳ · exp(x − y); zero where x = −∞.
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice.
    #[track_caller]
    pub fn logsumexp_axis(&self, axes: impl IntoAxes) -> Tensor<T> {
        logsumexp(self, Reduction::over("logsumexp_axis", self.shape(), axes))
    }
}

struct SumOfSquares;

impl<T: Float> Fold<T> for SumOfSquares {
    fn neutral(&self) -> T {
        T::zero()
    }
    #[inline(always)]
    fn lift(&self, x: T) -> T {
        x * x
    }
    #[inline(always)]
    fn combine(&self, a: T, b: T) -> T {
        a + b
    }
}

/// Σ exp(x − from).
pub(super) struct SumOfExponentials<T> {
    pub(super) from: T,
}

impl<T: Float> Fold<T> for SumOfExponentials<T> {
    fn neutral(&self) -> T {
        T::zero()
    }
    #[inline(always)]
    fn lift(&self, x: T) -> T {
        math::exp(x - self.from)
    }
    #[inline(always)]
    fn combine(&self, a: T, b: T) -> T {
        a + b
    }
}

#[track_caller]
fn norm<T: Float>(x: &Tensor<T>, over: Reduction) -> Tensor<T> {
    unary(
        x,
        |x| over.fold(x, &SumOfSquares).map_elements(T::sqrt),
        |x, y| {
            let (x, y, over) = (x.clone(), y.clone(), over.clone());
            move |g| over.expand(&(g / zero_to_infinity(&y))) * x
        },
    )
}

#[track_caller]
fn logsumexp<T: Float>(x: &Tensor<T>, over: Reduction) -> Tensor<T> {
    unary(
        x,
        |x| {
            let mut y = pool::buffer(over.to.iter().product());
            map_rows(over.rows(x).dense(), over.count(), &mut y, 1, 8, |row, y| {
                let from = shift(fold_dense(row, &Largest));
                y[0] = from + math::ln(fold_dense(row, &SumOfExponentials { from }));
            });
            Tensor::from_dense(y, &over.to)
        },
        |x, y| {
            let (x, y, over) = (x.clone(), y.clone(), over.clone());
            move |g| over.expand(&g) * share(&x, &over.expand(&y))
        },
    )
}

/// w = exp(x − y), and 0 where x = −∞; x̄ = w̄ w, ȳ = −w̄ w, summed. Both have the same shape.
fn share<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    binary(
        x,
        y,
        |x, y| {
            zip_over(
                x.shape(),
                x,
                y,
                #[inline(always)]
                |x: T, y: T| {
                    let share = math::exp(x - y);
                    if x == T::neg_infinity() { T::zero() } else { share }
                },
            )
        },
        |_, y, w| {
            let (w, w2) = (w.clone(), w.clone());
            let shape = Shape::from_slice(y.shape());
            (move |g: &Tensor<T>| g * &w, move |g: &Tensor<T>| -(g * &w2).sum_to(shape.as_slice()))
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::ops::Keep;
    use crate::prelude::*;

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-14)
    }

    #[test]
    fn norms_and_their_gradient() {
        let x = Tensor::from([[3.0, 4.0], [0.0, 0.0], [-5.0, 12.0f64]]);
        assert_eq!(x.norm_axis(1).to_vec(), [5.0, 0.0, 13.0]);
        assert_eq!(x.norm_axis(Keep(0)).shape(), [1, 2]);
        let g = gradient(|x| x.norm_axis(-1).sum(), &x);
        assert!(close(&g.get().unwrap().to_vec(), &[0.6, 0.8, 0.0, 0.0, -5.0 / 13.0, 12.0 / 13.0]));
    }

    #[test]
    fn at_the_zero_vector_no_derivative_is_nan() {
        let x = Tensor::<f64>::zeros(3);
        assert_eq!(gradient(|x| x.norm(), &x).get().unwrap().to_vec(), [0.0; 3]);
        let first = |x: &Tensor<f64>| gradient(|x| x.norm(), x).get().unwrap().sum();
        assert_eq!(gradient(first, &x).get().unwrap().to_vec(), [0.0; 3]);
    }

    #[test]
    fn logsumexp_neither_overflows_nor_underflows() {
        let inf = f64::INFINITY;
        let x = Tensor::from([[1000.0, 1000.0], [-1000.0, -1000.0], [-inf, -inf], [-inf, 2.0], [inf, 0.0]]);
        let ln2 = std::f64::consts::LN_2;
        assert_eq!(x.logsumexp_axis(1).to_vec(), [1000.0 + ln2, -1000.0 + ln2, -inf, 2.0, inf]);
        assert_eq!(Tensor::<f64>::zeros((2, 0)).logsumexp_axis(1).to_vec(), [-inf; 2]);
    }

    #[test]
    fn the_gradient_of_logsumexp_is_the_softmax() {
        // exp xᵢ / Σ exp x for x = ln [1, 2, 5], and nothing where x = −∞.
        let x = Tensor::from([0.0, 2f64.ln(), 5f64.ln(), f64::NEG_INFINITY]);
        let g = gradient(|x| x.logsumexp(), &x);
        assert!(close(&g.get().unwrap().to_vec(), &[0.125, 0.25, 0.625, 0.0]));
        let nothing = Tensor::<f64>::full(2, f64::NEG_INFINITY);
        assert_eq!(gradient(|x| x.logsumexp(), &nothing).get().unwrap().to_vec(), [0.0; 2]);
    }

    #[test]
    fn logsumexp_differentiates_twice() {
        // Row 0 of the Hessian is p₀(1, 0, 0) − p₀ p.
        let x = Tensor::from([0.0, 2f64.ln(), 5f64.ln()]);
        let first = |x: &Tensor<f64>| {
            let g = gradient(|x| x.logsumexp(), x);
            (g.get().unwrap() * Tensor::from([1.0, 0.0, 0.0])).sum()
        };
        let g = gradient(first, &x);
        assert!(close(&g.get().unwrap().to_vec(), &[0.125 * 0.875, -0.125 * 0.25, -0.125 * 0.625]));
    }
}
