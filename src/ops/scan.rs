//! Running sums, products and maxima along an axis.

use super::axes::{IntoAxis, from_rows, resolve_axis, rows};
use super::index::take_along;
use crate::autodiff::{binary, unary};
use crate::kernels::rows::map_rows;
use crate::kernels::scan::{self, Along};
use crate::kernels::{copy, pool};
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// yᵢ = x₀ + … + xᵢ along an axis. Derivative: x̄ᵢ = ȳᵢ + ȳᵢ₊₁ + ….
    ///
    /// # Panics
    /// Where there is no such axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.cumsum(1).to_vec(), [1.0, 3.0, 6.0, 4.0, 9.0, 15.0]);
    /// assert_eq!(x.cumsum(0).to_vec(), [1.0, 2.0, 3.0, 5.0, 7.0, 9.0]);
    /// ```
    #[track_caller]
    pub fn cumsum(&self, axis: impl IntoAxis) -> Tensor<T> {
        cumsum(self, resolve_axis("cumsum", self.shape(), axis), false)
    }

    /// yᵢ = x₀ · … · xᵢ along an axis.
    ///
    /// Derivative: x̄ᵢ = Σₖ ȳₖ · Π x over all up to k but i, for k ≥ i; right with zeros too.
    ///
    /// # Panics
    /// Where there is no such axis.
    #[track_caller]
    pub fn cumprod(&self, axis: impl IntoAxis) -> Tensor<T> {
        cumprod(self, resolve_axis("cumprod", self.shape(), axis), false)
    }

    /// yᵢ = max(x₀, …, xᵢ) along an axis; NaN from the first NaN on.
    ///
    /// Derivative: ȳᵢ goes to the element that is the maximum there, to the last of equal ones.
    ///
    /// # Panics
    /// Where there is no such axis.
    #[track_caller]
    pub fn cummax(&self, axis: impl IntoAxis) -> Tensor<T> {
        let axis = resolve_axis("cummax", self.shape(), axis);
        let width = self.shape()[axis];
        let mut places = pool::buffer(self.len());
        map_rows(rows(self, axis).dense(), width, &mut places, width, 1, |x, places| {
            let mut best = 0;
            for (i, place) in places.iter_mut().enumerate() {
                if x[i] >= x[best] || (x[i].is_nan() && !x[best].is_nan()) {
                    best = i;
                }
                *place = best;
            }
        });
        take_along(self, axis, &from_rows(places, self.shape(), axis))
    }
}

#[track_caller]
pub(super) fn cumsum<T: Float>(x: &Tensor<T>, axis: usize, reverse: bool) -> Tensor<T> {
    unary(x, |x| scanned(x, axis, reverse, |_, sum, x| sum + x), |_, _| move |g| cumsum(&g, axis, !reverse))
}

/// With eᵢ, the product of all before i, and sᵢ = ȳᵢ + xᵢ₊₁ sᵢ₊₁, what comes after it: x̄ᵢ = eᵢ sᵢ. No division.
#[track_caller]
pub(super) fn cumprod<T: Float>(x: &Tensor<T>, axis: usize, reverse: bool) -> Tensor<T> {
    let forth = if reverse { -1 } else { 1 };
    unary(
        x,
        |x| scanned(x, axis, reverse, |_, product, x| product * x),
        |x, y| {
            let (x, y) = (x.clone(), y.clone());
            move |g| {
                let after = recurrence(&shift(&x, axis, -forth, T::zero()), &g, axis, !reverse);
                shift(&y, axis, forth, T::one()) * after
            }
        },
    )
}

/// h[i] = b[i] + a[i] · h[i − 1] along an axis; in reverse with h[i + 1]. The first `a` does not matter.
///
/// b̄[i] = h̄[i] + a[i + 1] · b̄[i + 1], ā[i] = b̄[i] · h[i − 1].
#[track_caller]
fn recurrence<T: Float>(a: &Tensor<T>, b: &Tensor<T>, axis: usize, reverse: bool) -> Tensor<T> {
    let forth = if reverse { -1 } else { 1 };
    binary(
        a,
        b,
        |a, b| {
            let a = a.contiguous();
            let a = a.dense();
            scanned(b, axis, reverse, |i, h, b| b + a[i] * h)
        },
        |a, _, h| {
            let (a, a2, h) = (a.clone(), a.clone(), h.clone());
            let back =
                move |a: &Tensor<T>, g: &Tensor<T>| recurrence(&shift(a, axis, -forth, T::zero()), g, axis, !reverse);
            (move |g: &Tensor<T>| back(&a, g) * shift(&h, axis, forth, T::zero()), move |g: &Tensor<T>| back(&a2, g))
        },
    )
}

/// y[i] = x[i − by] along an axis, and `fill` where there is none.
#[track_caller]
pub(super) fn shift<T: Float>(x: &Tensor<T>, axis: usize, by: isize, fill: T) -> Tensor<T> {
    unary(
        x,
        |x| {
            let x = x.contiguous();
            Tensor::from_dense(scan::shift(x.dense(), Along::new(x.shape(), axis), by, fill), x.shape())
        },
        |_, _| move |g| shift(&g, axis, -by, T::zero()),
    )
}

/// Not differentiated.
fn scanned<T: Float>(x: &Tensor<T>, axis: usize, reverse: bool, f: impl Fn(usize, T, T) -> T + Sync) -> Tensor<T> {
    let mut y = copy::dense(x.strided());
    scan::scan(&mut y, Along::new(x.shape(), axis), reverse, f);
    Tensor::from_dense(y, x.shape())
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn summed_gradient(f: impl Fn(&Tensor<f64>) -> Tensor<f64>, x: &Tensor<f64>) -> Vec<f64> {
        gradient(|x| f(x).sum(), x).get().unwrap().to_vec()
    }

    #[test]
    fn running_products_differentiate_with_zeros() {
        // mlx test_autograd.py, test_cumprod_grad.
        assert_eq!(
            summed_gradient(|x| x.cumprod(0), &Tensor::from([2.0, 1.0, 2.0, 2.0, 3.0])),
            [20.0, 38.0, 18.0, 16.0, 8.0]
        );
        assert_eq!(
            summed_gradient(|x| x.cumprod(0), &Tensor::from([2.0, 0.0, 2.0, 2.0, 3.0])),
            [1.0, 38.0, 0.0, 0.0, 0.0]
        );
        // The same as columns, and with a second zero.
        let columns = Tensor::from([[2.0, 2.0], [1.0, 0.0], [2.0, 0.0], [2.0, 2.0], [3.0, 3.0]]);
        let expected = [20.0, 1.0, 38.0, 2.0, 18.0, 0.0, 16.0, 0.0, 8.0, 0.0];
        assert_eq!(summed_gradient(|x| x.cumprod(0), &columns), expected);
    }

    #[test]
    fn running_maxima_give_the_gradient_to_the_last_of_equals() {
        // mlx test_autograd.py, test_cummax_grad.
        let x = Tensor::from([3.0, 3.0, 1.0, 5.0, 5.0]);
        assert_eq!(x.cummax(0).to_vec(), [3.0, 3.0, 3.0, 5.0, 5.0]);
        assert_eq!(summed_gradient(|x| x.cummax(-1), &x), [1.0, 2.0, 0.0, 1.0, 1.0]);
        let with_nan = Tensor::from([1.0, f64::NAN, 3.0]).cummax(0).to_vec();
        assert!(with_nan[0] == 1.0 && with_nan[1..].iter().all(|x| x.is_nan()));
        assert_eq!(
            Tensor::from([[1.0, 5.0], [0.0, 7.0], [2.0, 6.0]]).cummax(0).to_vec(),
            [1.0, 5.0, 1.0, 7.0, 2.0, 7.0]
        );
    }

    #[test]
    fn running_sums_and_their_gradient() {
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        assert_eq!(x.cumsum(0).to_vec(), [1.0, 2.0, 4.0, 6.0, 9.0, 12.0]);
        assert_eq!(summed_gradient(|x| x.cumsum(0), &x), [3.0, 3.0, 2.0, 2.0, 1.0, 1.0]);
    }

    #[test]
    fn running_products_differentiate_twice() {
        // y = (a, ab, abc): ∂/∂a Σy = 1 + b + bc, whose derivatives are (0, 1 + c, b).
        let first = |x: &Tensor<f64>| {
            let g = gradient(|x| x.cumprod(0).sum(), x);
            (g.get().unwrap() * Tensor::from([1.0, 0.0, 0.0])).sum()
        };
        let x = Tensor::from([2.0, 0.0, 5.0]);
        assert_eq!(gradient(first, &x).get().unwrap().to_vec(), [0.0, 6.0, 0.0]);
    }
}
