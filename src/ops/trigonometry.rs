//! Trigonometric and hyperbolic functions and their inverses; angles in radians.

use super::broadcast::{common_shape, shapes, zip_over};
use super::compare::Operand;
use super::pointwise::{fused_of_output, map_shared, of_input, of_output};
use super::reduce::zero_to_infinity;
use crate::autodiff::binary;
use crate::kernels::isa::inlined;
use crate::kernels::{math, reduce};
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// The sine. Derivative: cos x.
    #[track_caller]
    pub fn sin(&self) -> Tensor<T> {
        of_input(self, |x| map_angles(x, inlined!(math::sin_near), inlined!(math::sin)), Tensor::cos)
    }

    /// The cosine. Derivative: −sin x.
    #[track_caller]
    pub fn cos(&self) -> Tensor<T> {
        of_input(self, |x| map_angles(x, inlined!(math::cos_near), inlined!(math::cos)), |x| -x.sin())
    }

    /// y = tan x. Derivative: 1 + y².
    #[track_caller]
    pub fn tan(&self) -> Tensor<T> {
        let tan = |x: &Tensor<T>| map_angles(x, inlined!(math::tan_near), inlined!(math::tan));
        of_output(self, tan, |y| y.square() + T::one())
    }

    /// The inverse sine. Derivative: 1 / √(1 − x²).
    #[track_caller]
    pub fn asin(&self) -> Tensor<T> {
        of_input(self, |x| x.map_elements(inlined!(math::asin)), |x| one_minus_square(x).rsqrt())
    }

    /// The inverse cosine. Derivative: −1 / √(1 − x²).
    #[track_caller]
    pub fn acos(&self) -> Tensor<T> {
        of_input(self, |x| x.map_elements(inlined!(math::acos)), |x| -one_minus_square(x).rsqrt())
    }

    /// The inverse tangent. Derivative: 1 / (1 + x²).
    #[track_caller]
    pub fn atan(&self) -> Tensor<T> {
        of_input(self, |x| x.map_elements(inlined!(math::atan)), |x| (x.square() + T::one()).recip())
    }

    /// The angle of the point (x, y) for y = `self`, from −π to π; tensors broadcast by NumPy's rules.
    ///
    /// Derivatives by y and x: x / (x² + y²) and −y / (x² + y²); 0 at the origin, where there are none.
    ///
    /// # Panics
    /// Where the shapes do not broadcast together.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let y: Tensor = Tensor::from([1.0, -1.0]);
    /// assert_eq!(y.atan2(0.0).to_vec(), [1.5707964, -1.5707964]);
    /// ```
    #[track_caller]
    pub fn atan2(&self, x: impl Operand<T>) -> Tensor<T> {
        let x = x.into_operand();
        let shape = common_shape("atan2", self, &x);
        let forward = |y: &Tensor<T>, x: &Tensor<T>| {
            zip_over(
                &shape,
                y,
                x,
                #[inline(always)]
                |y, x| math::atan2(y, x),
            )
        };
        binary(self, &x, forward, |y, x, _| {
            let (ys, xs) = shapes(y, x);
            let (y, x) = (y.clone(), x.clone());
            let (y2, x2) = (y.clone(), x.clone());
            (
                move |g: &Tensor<T>| (g * (&x / square_of_distance(&x, &y))).summed_to(&ys),
                move |g: &Tensor<T>| -(g * (&y2 / square_of_distance(&x2, &y2))).summed_to(&xs),
            )
        })
    }

    /// The hyperbolic sine. Derivative: cosh x.
    #[track_caller]
    pub fn sinh(&self) -> Tensor<T> {
        of_input(self, |x| x.map_elements(inlined!(math::sinh)), Tensor::cosh)
    }

    /// The hyperbolic cosine. Derivative: sinh x.
    #[track_caller]
    pub fn cosh(&self) -> Tensor<T> {
        of_input(self, |x| x.map_elements(inlined!(math::cosh)), Tensor::sinh)
    }

    /// y = tanh x. Derivative: 1 − y².
    #[track_caller]
    pub fn tanh(&self) -> Tensor<T> {
        fused_of_output(self, inlined!(math::tanh), |y| T::one() - y * y, one_minus_square)
    }

    /// The inverse hyperbolic sine. Derivative: 1 / √(x² + 1).
    #[track_caller]
    pub fn asinh(&self) -> Tensor<T> {
        of_input(self, |x| x.map_elements(inlined!(math::asinh)), |x| (x.square() + T::one()).rsqrt())
    }

    /// The inverse hyperbolic cosine. Derivative: 1 / √(x² − 1).
    #[track_caller]
    pub fn acosh(&self) -> Tensor<T> {
        of_input(self, |x| x.map_elements(inlined!(math::acosh)), |x| (x.square() - T::one()).rsqrt())
    }

    /// The inverse hyperbolic tangent. Derivative: 1 / (1 − x²).
    #[track_caller]
    pub fn atanh(&self) -> Tensor<T> {
        of_input(self, |x| x.map_elements(inlined!(math::atanh)), |x| one_minus_square(x).recip())
    }
}

/// x² + y², and ∞ at the origin.
fn square_of_distance<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    zero_to_infinity(&(x.square() + y.square()))
}

/// A function of each angle: the faster form, which gives the same bits, where all are within its reach.
fn map_angles<T: Float>(
    x: &Tensor<T>,
    near: impl Fn(T) -> T + Copy + Sync,
    any: impl Fn(T) -> T + Copy + Sync,
) -> Tensor<T> {
    let reach = T::from_f64(math::NEAR);
    let beyond = reduce::position(x.contiguous().dense(), move |x| x.abs() >= reach);
    if beyond.is_none() { x.map_elements(near) } else { map_shared(x, &any) }
}

fn one_minus_square<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    -x.square() + T::one()
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn the_second_derivative_of_the_sine() {
        // mlx docs/src/usage/function_transforms.rst: grad(grad sin)(π/2) = −1.
        let slope = |x: &Tensor<f64>| gradient(|x: &Tensor<f64>| x.sin(), x).get().unwrap().clone();
        let g = gradient(slope, &Tensor::scalar(std::f64::consts::FRAC_PI_2));
        assert_eq!(g.get().unwrap().item(), -1.0);
    }

    #[test]
    fn all_four_quadrants_have_their_angle() {
        let (y, x) = (Tensor::from([1.0f64, 1.0, -1.0, -1.0]), Tensor::from([1.0, -1.0, -1.0, 1.0]));
        let quarters: Tensor<f64> = y.atan2(&x) / std::f64::consts::FRAC_PI_4;
        assert_eq!(quarters.to_vec(), [1.0, 3.0, -3.0, -1.0]);
    }
}
