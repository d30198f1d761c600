//! Sums, means, variances and products.

use super::axes::{IntoAxes, Keep, Reduction};
use super::broadcast::zip_over;
use super::scan::{cumprod, shift};
use crate::autodiff::unary;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// Σ x of all elements; 0 of none. Derivative: x̄ = ȳ for each.
    ///
    /// The sum is taken pairwise, so that rounding errors hardly grow with the number of elements.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum().item(), 10.0);
    /// ```
    #[track_caller]
    pub fn sum(&self) -> Tensor<T> {
        sum(self, Reduction::all(self.shape()))
    }

    /// Σ x along some axes ([`IntoAxes`]); 0 where they hold no elements. Derivative: x̄ = ȳ, broadcast.
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_axis(0).to_vec(), [4.0, 6.0]);
    /// assert_eq!(x.sum_axis(-1).to_vec(), [3.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn sum_axis(&self, axes: impl IntoAxes) -> Tensor<T> {
        sum(self, Reduction::over("sum_axis", self.shape(), axes))
    }

    /// Σ x / n of all n elements; NaN of none. Derivative: x̄ = ȳ / n.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, 2.0, 6.0]);
    /// assert_eq!(x.mean().item(), 3.0);
    /// ```
    #[track_caller]
    pub fn mean(&self) -> Tensor<T> {
        mean(self, Reduction::all(self.shape()))
    }

    /// Σ x / n along some axes ([`IntoAxes`]) of n elements together; NaN where n = 0. Derivative: x̄ = ȳ / n, broadcast.
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
    /// assert_eq!(x.mean_axis(0).to_vec(), [2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn mean_axis(&self, axes: impl IntoAxes) -> Tensor<T> {
        mean(self, Reduction::over("mean_axis", self.shape(), axes))
    }

    /// Variance Σ (x − x̂)² / (n − ddof) of all n elements about their mean x̂; see [`var_axis`](Self::var_axis).
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]);
    /// assert_eq!(x.var(0).item(), 2.0);
    /// assert_eq!(x.var(1).item(), 2.5);
    /// ```
    #[track_caller]
    pub fn var(&self, ddof: usize) -> Tensor<T> {
        var(self, Reduction::all(self.shape()), ddof)
    }

    /// Variance Σ (x − x̂)² / (n − ddof) along some axes ([`IntoAxes`]) of n elements together, about their mean x̂.
    ///
    /// `ddof` (delta degrees of freedom) is 0 for the variance of a population, 1 for the estimate from a sample.
    /// The mean is taken first, so that nothing cancels. Where n ≤ ddof the result is a division by zero: NaN mostly.
    ///
    /// Derivative: x̄ = ȳ · 2 (x − x̂) / (n − ddof).
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice.
    #[track_caller]
    pub fn var_axis(&self, axes: impl IntoAxes, ddof: usize) -> Tensor<T> {
        var(self, Reduction::over("var_axis", self.shape(), axes), ddof)
    }

    /// Standard deviation of all elements; see [`std_axis`](Self::std_axis).
    #[track_caller]
    pub fn std(&self, ddof: usize) -> Tensor<T> {
        std(self, Reduction::all(self.shape()), ddof)
    }

    /// Standard deviation y along some axes: the square root of [`var_axis`](Self::var_axis).
    ///
    /// Derivative: x̄ = ȳ · (x − x̂) / ((n − ddof) y); zero where y = 0, that is where all elements are equal.
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice.
    #[track_caller]
    pub fn std_axis(&self, axes: impl IntoAxes, ddof: usize) -> Tensor<T> {
        std(self, Reduction::over("std_axis", self.shape(), axes), ddof)
    }

    /// Π x of all elements; 1 of none. Derivative: x̄ = ȳ times the product of all others, right with zeros too.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([2.0, 0.0, 3.0]);
    /// let g = gradient(|x| x.prod(), &x);
    /// assert_eq!(g.get().unwrap().to_vec(), [0.0, 6.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn prod(&self) -> Tensor<T> {
        prod(self, Reduction::all(self.shape()))
    }

    /// Π x along some axes ([`IntoAxes`]); 1 where they hold no elements.
    /// Derivative: x̄ = ȳ times the product of all others, right with zeros too.
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice.
    #[track_caller]
    pub fn prod_axis(&self, axes: impl IntoAxes) -> Tensor<T> {
        prod(self, Reduction::over("prod_axis", self.shape(), axes))
    }
}

#[inline(never)]
#[track_caller]
fn sum<T: Float>(x: &Tensor<T>, over: Reduction) -> Tensor<T> {
    unary(
        x,
        |x| over.sum(x),
        |_, _| {
            let over = over.clone();
            move |g| over.expand(&g)
        },
    )
}

#[inline(never)]
#[track_caller]
fn mean<T: Float>(x: &Tensor<T>, over: Reduction) -> Tensor<T> {
    let count = T::from_f64(over.count() as f64);
    unary(
        x,
        |x| over.sum(x) / count,
        |_, _| {
            let over = over.clone();
            move |g| over.expand(&(g / count))
        },
    )
}

/// n − ddof, or 0 where that is negative.
fn freedom<T: Float>(over: &Reduction, ddof: usize) -> T {
    T::from_f64(over.count().saturating_sub(ddof) as f64)
}

#[track_caller]
fn var<T: Float>(x: &Tensor<T>, over: Reduction, ddof: usize) -> Tensor<T> {
    let freedom: T = freedom(&over, ddof);
    unary(
        x,
        |x| squared_deviations(x, &over) / freedom,
        |x, _| {
            let (x, over) = (x.clone(), over.clone());
            move |g| over.expand(&(g * T::from_f64(2.0) / freedom)) * centred(&x, over)
        },
    )
}

#[track_caller]
fn std<T: Float>(x: &Tensor<T>, over: Reduction, ddof: usize) -> Tensor<T> {
    let freedom: T = freedom(&over, ddof);
    unary(
        x,
        |x| (squared_deviations(x, &over) / freedom).map_elements(T::sqrt),
        |x, y| {
            let (x, y, over) = (x.clone(), y.clone(), over.clone());
            move |g| over.expand(&(g / (zero_to_infinity(&y) * freedom))) * centred(&x, over)
        },
    )
}

/// Σ (x − x̂)²; not differentiated.
fn squared_deviations<T: Float>(x: &Tensor<T>, over: &Reduction) -> Tensor<T> {
    let mean = over.expand(&(over.sum(x) / T::from_f64(over.count() as f64)));
    let squares = zip_over(x.shape(), x, &mean, |x, mean| (x - mean) * (x - mean));
    over.sum(&squares)
}

/// x − x̂.
fn centred<T: Float>(x: &Tensor<T>, over: Reduction) -> Tensor<T> {
    x - over.expand(&mean(x, over.clone()))
}

/// The tensor with ∞ for 0: a divisor that makes a derivative vanish where it would not exist.
pub(super) fn zero_to_infinity<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    x + x.map_elements(|x| if x == T::zero() { T::infinity() } else { T::zero() })
}

/// One axis after the other.
#[track_caller]
fn prod<T: Float>(x: &Tensor<T>, over: Reduction) -> Tensor<T> {
    let mut result = x.clone();
    for axis in (0..x.rank()).filter(|&axis| !over.keep[axis]) {
        result = prod_along(&result, axis);
    }
    result.reshape(over.to.as_slice())
}

/// Π x along one axis, which is kept.
#[track_caller]
fn prod_along<T: Float>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    unary(
        x,
        |x| Reduction::over("prod", x.shape(), Keep(axis)).fold(x, &(T::one(), |a, b| a * b)),
        |x, _| {
            let x = x.clone();
            move |g| {
                let before = shift(&cumprod(&x, axis, false), axis, 1, T::one());
                let after = shift(&cumprod(&x, axis, true), axis, -1, T::one());
                g * before * after
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::ops::Keep;
    use crate::prelude::*;

    #[test]
    fn what_is_repeated_counts_as_often() {
        let x = Tensor::from([[1.0], [2.0]]).broadcast_to((5, 2, 3));
        assert_eq!(x.sum().item(), 45.0);
        assert_eq!(x.sum_axis(0).to_vec(), [5.0, 5.0, 5.0, 10.0, 10.0, 10.0]);
        assert_eq!(x.sum_axis([0, 1]).to_vec(), [15.0; 3]);
        assert_eq!(x.sum_axis(2).to_vec(), [3.0, 6.0].repeat(5));
        assert_eq!(x.mean_axis([0, -1]).to_vec(), [1.0, 2.0]);
    }

    #[test]
    fn sums_and_means_over_any_axes() {
        let x = Tensor::<f64>::linspace(1.0, 24.0, 24).view().into_shape_with_order((2, 3, 4)).unwrap().to_owned();
        let x = Tensor::from(x);
        assert_eq!(x.sum().item(), 300.0);
        assert_eq!(x.sum_axis(1).to_vec(), [15.0, 18.0, 21.0, 24.0, 51.0, 54.0, 57.0, 60.0]);
        assert_eq!(x.sum_axis([0, 2]).to_vec(), [68.0, 100.0, 132.0]);
        assert_eq!(x.mean_axis(Keep([-1, 0])).shape(), [1, 3, 1]);
        assert_eq!(x.mean_axis([0, 2]).to_vec(), [8.5, 12.5, 16.5]);
        assert_eq!(x.sum_axis([0; 0]), x);
    }

    #[test]
    fn empty_reductions_give_the_neutral_element() {
        // NumPy's and PyTorch's: sum 0, prod 1, mean and var NaN.
        let none = Tensor::<f64>::zeros((2, 0));
        assert_eq!(none.sum_axis(1).to_vec(), [0.0, 0.0]);
        assert_eq!(none.prod_axis(1).to_vec(), [1.0, 1.0]);
        assert!(none.mean_axis(1).to_vec().iter().all(|x| x.is_nan()));
        assert!(none.var(0).item().is_nan() && Tensor::from([1.0f64]).var(1).item().is_nan());
        assert_eq!(none.mean_axis(0).shape(), [0]);
    }

    #[test]
    fn sums_broadcast_their_gradient() {
        let x = Tensor::<f64>::ones((2, 3));
        let weights = Tensor::from([1.0, 2.0]);
        let g = gradient(|x| (x.sum_axis(1) * &weights).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
        let g = gradient(|x| (x.mean_axis(Keep(1)) * Tensor::from([[3.0], [6.0]])).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn variance_and_its_gradient() {
        // mithril test_var_1.
        let x = Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0f64]);
        let (y, g) = with_gradient(|x| x.var(0), &x);
        assert_eq!(y, 2.0);
        assert_eq!(g.get().unwrap().to_vec(), [-0.8, -0.4, 0.0, 0.4, 0.8]);
        // d/dx √var(1) = (x − 3) / (4 √2.5).
        let (y, g) = with_gradient(|x| x.std(1), &x);
        assert_eq!(y, 2.5f64.sqrt());
        let expected = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|d| d / (4.0 * y));
        assert!(g.get().unwrap().to_vec().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15));
    }

    #[test]
    fn variance_does_not_cancel() {
        let x = Tensor::from([1e8 + 1.0, 1e8 + 2.0, 1e8 + 3.0f64]);
        assert_eq!(x.var(1).item(), 1.0);
    }

    #[test]
    fn the_deviation_of_equal_elements_has_gradient_zero() {
        // As PyTorch's.
        let g = gradient(|x| x.std(0), &Tensor::<f64>::full(3, 2.0));
        assert_eq!(g.get().unwrap().to_vec(), [0.0; 3]);
    }

    #[test]
    fn products_differentiate_with_zeros() {
        let of = |x: [f64; 3]| {
            let (y, g) = with_gradient(|x| x.prod(), &Tensor::from(x));
            (y, g.get().unwrap().to_vec())
        };
        assert_eq!(of([2.0, 3.0, 5.0]), (30.0, vec![15.0, 10.0, 6.0]));
        assert_eq!(of([2.0, 0.0, 5.0]), (0.0, vec![0.0, 10.0, 0.0]));
        assert_eq!(of([0.0, 3.0, 0.0]), (0.0, vec![0.0; 3]));
    }

    #[test]
    fn products_differentiate_twice() {
        // ∂²(xyz)/∂x∂· = (0, z, y), with a zero among them.
        let x = Tensor::from([[2.0, 0.0, 5.0f64]]);
        let first = |x: &Tensor<f64>| {
            let g = gradient(|x| x.prod_axis([0, 1]), x);
            (g.get().unwrap() * Tensor::from([1.0, 0.0, 0.0])).sum()
        };
        assert_eq!(gradient(first, &x).get().unwrap().to_vec(), [0.0, 5.0, 0.0]);
    }
}
