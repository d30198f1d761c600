//! Comparisons, absolute value, sign, and bounds.

use super::broadcast::{common_shape, shapes, zip_over};
use super::pointwise::piecewise;
use crate::autodiff::binary;
use crate::tensor::{Element, Float, Tensor};

/// An argument that may be a tensor, owned or borrowed, or a number.
pub trait Operand<T: Element> {
    /// The tensor; a number becomes a scalar.
    fn into_operand(self) -> Tensor<T>;
}

impl<T: Element> Operand<T> for T {
    fn into_operand(self) -> Tensor<T> {
        Tensor::scalar(self)
    }
}

impl<T: Element> Operand<T> for Tensor<T> {
    fn into_operand(self) -> Tensor<T> {
        self
    }
}

impl<T: Element> Operand<T> for &Tensor<T> {
    fn into_operand(self) -> Tensor<T> {
        self.clone()
    }
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident $symbol:tt;)*) => {
        impl<T: Element> Tensor<T> {$(
            $(#[$doc])*
            ///
            /// # Panics
            /// Where the shapes do not broadcast together.
            #[track_caller]
            pub fn $name(&self, other: impl Operand<T>) -> Tensor<bool> {
                let other = other.into_operand();
                zip_over(&common_shape(stringify!($name), self, &other), self, &other, |x, y| x $symbol y)
            }
        )*}
    };
}

comparisons! {
    /// Where elements are equal to those of a tensor (broadcast by NumPy's rules) or to a number.
    ///
    /// This is not `==`, which asks whether all of two tensors is equal.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let labels: Tensor<i64> = Tensor::from([3, 1, 3]);
    /// assert_eq!(labels.eq(3).to_vec(), [true, false, true]);
    /// ```
    eq ==;
    /// Where elements differ from those of a tensor or from a number; NaN differs from all.
    ne !=;
    /// Where elements are less than those of a tensor or than a number.
    lt <;
    /// Where elements are less than or equal to those of a tensor or to a number.
    le <=;
    /// Where elements are greater than those of a tensor or than a number.
    gt >;
    /// Where elements are greater than or equal to those of a tensor or to a number.
    ge >=;
}

impl<T: Float> Tensor<T> {
    /// Where elements are NaN.
    pub fn is_nan(&self) -> Tensor<bool> {
        self.map_elements(|x| x.is_nan())
    }

    /// Where elements are neither infinite nor NaN.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, f32::NAN]);
    /// assert!(!x.is_finite().all());
    /// ```
    pub fn is_finite(&self) -> Tensor<bool> {
        self.map_elements(|x| x.is_finite())
    }

    /// Whether every element is within `absolute + relative · |other|` of the one at its place in `other`, as NumPy's `allclose` has it:
    /// NaN is close to nothing, an infinity to itself.
    ///
    /// # Panics
    /// Where the shapes differ.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([0.1, 20.0]);
    /// assert!(x.all_close(&Tensor::from([0.1, 20.001]), 1e-4, 0.0));
    /// assert!(!x.all_close(&Tensor::from([0.1, 20.01]), 1e-4, 0.0));
    /// ```
    #[track_caller]
    pub fn all_close(&self, other: &Tensor<T>, relative: f64, absolute: f64) -> bool {
        let (x, y) = (self.shape(), other.shape());
        assert!(x == y, "all_close: the shapes {x:?} and {y:?} differ");
        let close = |x: f64, y: f64| x == y || y.is_finite() && (x - y).abs() <= absolute + relative * y.abs();
        self.iter().zip(other.iter()).all(|(&x, &y)| close(x.to_f64(), y.to_f64()))
    }

    /// The absolute value. Derivative: the sign of x, 0 at 0; NaN at NaN, where PyTorch's is 0.
    #[track_caller]
    pub fn abs(&self) -> Tensor<T> {
        piecewise(self, |x| x.abs(), sign)
    }

    /// −1, 0 or 1, as x is negative, 0 or positive; NaN stays NaN. Derivative: 0.
    #[track_caller]
    pub fn sign(&self) -> Tensor<T> {
        piecewise(self, sign, |_| T::zero())
    }

    /// Elements below `min` become `min`, those above `max` become `max`; NaN stays NaN.
    ///
    /// Derivative: 1 between `min` and `max`, else 0, on the bounds too.
    ///
    /// # Panics
    /// Unless `min` ≤ `max`.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([-2.0, 0.5, 3.0]);
    /// assert_eq!(x.clamp(0.0, 1.0).to_vec(), [0.0, 0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn clamp(&self, min: T, max: T) -> Tensor<T> {
        assert!(min <= max, "clamp: the bounds {min} and {max} are in the wrong order");
        let within = move |x| if x > min && x < max { T::one() } else { T::zero() };
        piecewise(
            self,
            move |x| {
                if x < min {
                    min
                } else if x > max {
                    max
                } else {
                    x
                }
            },
            within,
        )
    }

    /// The larger of each pair of elements, or of each element and a number; NaN where either is NaN.
    ///
    /// Derivative: the cotangent goes to the larger; of equals, each gets half.
    ///
    /// # Panics
    /// Where the shapes do not broadcast together.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, 5.0]);
    /// assert_eq!(x.maximum(&Tensor::from([3.0, 4.0])).to_vec(), [3.0, 5.0]);
    /// assert_eq!(x.maximum(2.0).to_vec(), [2.0, 5.0]);
    /// ```
    #[track_caller]
    pub fn maximum(&self, other: impl Operand<T>) -> Tensor<T> {
        let other = other.into_operand();
        extreme("maximum", self, &other, |x, y| x < y)
    }

    /// The smaller of each pair of elements, or of each element and a number; NaN where either is NaN.
    ///
    /// Derivative: the cotangent goes to the smaller; of equals, each gets half.
    ///
    /// # Panics
    /// Where the shapes do not broadcast together.
    #[track_caller]
    pub fn minimum(&self, other: impl Operand<T>) -> Tensor<T> {
        let other = other.into_operand();
        extreme("minimum", self, &other, |x, y| x > y)
    }
}

fn sign<T: Float>(x: T) -> T {
    if x > T::zero() {
        T::one()
    } else if x < T::zero() {
        -T::one()
    } else {
        x.abs()
    }
}

/// Of each pair, the one that does not lose.
#[inline(never)]
#[track_caller]
fn extreme<T: Float>(
    operation: &str,
    x: &Tensor<T>,
    y: &Tensor<T>,
    loses: impl Fn(T, T) -> bool + Copy + Send + Sync + 'static,
) -> Tensor<T> {
    let shape = common_shape(operation, x, y);
    let pick = move |x: T, y: T| if loses(x, y) || y.is_nan() { y } else { x };
    // The part of the cotangent that the first of a pair gets.
    let share = move |x: T, y: T| match () {
        () if x == y => T::from_f64(0.5),
        () if loses(x, y) => T::zero(),
        () => T::one(),
    };
    binary(
        x,
        y,
        |x, y| zip_over(&shape, x, y, pick),
        |x, y, _| {
            let (xs, ys) = shapes(x, y);
            let (x, y) = (x.clone(), y.clone());
            let (x2, y2) = (x.clone(), y.clone());
            (
                move |g: &Tensor<T>| (g * zip_over(g.shape(), &x, &y, share)).summed_to(&xs),
                move |g: &Tensor<T>| (g * zip_over(g.shape(), &y2, &x2, share)).summed_to(&ys),
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn comparisons_take_tensors_and_numbers_of_any_type() {
        let x = Tensor::from([1, 2, 3]);
        let y = Tensor::from([[2], [3]]);
        assert_eq!(x.lt(&y).to_vec(), [true, false, false, true, true, false]);
        assert_eq!((x.ge(2).to_vec(), x.ne(2).to_vec()), (vec![false, true, true], vec![true, false, true]));
        let nan: Tensor = Tensor::scalar(f32::NAN);
        assert!(nan.ne(&nan).item() && !nan.eq(&nan).item() && !nan.le(0.0).item() && nan.is_nan().item());
    }

    #[test]
    fn kinks_have_the_slopes_of_pytorch() {
        // torch 2.15: |x|' (0) = 0, clamp's slope is 0 on its bounds (as relu's is at 0; it was 1 in older versions),
        // ties of maximum and minimum share half and half.
        let slope = |f: fn(&Tensor<f64>) -> Tensor<f64>, at: &[f64]| {
            let x = Tensor::from(at.to_vec());
            gradient(|x| f(x).sum(), &x).get().unwrap().to_vec()
        };
        assert_eq!(slope(|x| x.abs(), &[-2.0, 0.0, -0.0, 3.0]), [-1.0, 0.0, 0.0, 1.0]);
        assert_eq!(slope(|x| x.sign(), &[-2.0, 0.0]), [0.0, 0.0]);
        assert_eq!(slope(|x| x.clamp(-1.0, 1.0), &[-1.5, -1.0, 0.0, 1.0, 1.5]), [0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(slope(|x| x.maximum(1.0), &[0.0, 1.0, 2.0]), [0.0, 0.5, 1.0]);
        assert_eq!(slope(|x| x.minimum(x), &[0.0, 1.0]), [1.0, 1.0]);
        assert_eq!(slope(|x| x.minimum(1.0), &[0.0, 1.0, 2.0]), [1.0, 0.5, 0.0]);
    }

    #[test]
    fn nan_is_never_lost() {
        let (nan, one) = (Tensor::scalar(f32::NAN), Tensor::scalar(1.0));
        let results = [nan.maximum(&one), one.maximum(&nan), nan.minimum(&one), one.minimum(&nan), nan.clamp(0.0, 1.0)];
        assert!(results.iter().all(|x| x.item().is_nan()));
        assert!(nan.abs().item().is_nan() && nan.sign().item().is_nan() && nan.relu().item().is_nan());
    }
}
