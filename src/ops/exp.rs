//! Exponentials and logarithms.

use std::f64::consts::{LN_2, LN_10};

use super::pointwise::{fused_of_input, fused_of_output};
use crate::kernels::isa::inlined;
use crate::kernels::math;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// y = eˣ. Derivative: y.
    #[track_caller]
    pub fn exp(&self) -> Tensor<T> {
        fused_of_output(self, inlined!(math::exp), |y| y, |y| y.clone())
    }

    /// y = 2ˣ. Derivative: y ln 2.
    #[track_caller]
    pub fn exp2(&self) -> Tensor<T> {
        let ln_2 = T::from_f64(LN_2);
        fused_of_output(self, inlined!(math::exp2), move |y| y * ln_2, move |y| y * ln_2)
    }

    /// y = eˣ − 1, exact for small x too. Derivative: y + 1.
    #[track_caller]
    pub fn exp_m1(&self) -> Tensor<T> {
        fused_of_output(self, inlined!(math::exp_m1), |y| y + T::one(), |y| y + T::one())
    }

    /// The natural logarithm. Derivative: 1 / x.
    #[track_caller]
    pub fn ln(&self) -> Tensor<T> {
        fused_of_input(self, inlined!(math::ln), |x| x.recip(), |x| x.recip())
    }

    /// ln(1 + x), exact for small x too. Derivative: 1 / (1 + x).
    #[track_caller]
    pub fn ln_1p(&self) -> Tensor<T> {
        fused_of_input(self, inlined!(math::ln_1p), |x| (x + T::one()).recip(), |x| (x + T::one()).recip())
    }

    /// The logarithm to base 2. Derivative: 1 / (x ln 2).
    #[track_caller]
    pub fn log2(&self) -> Tensor<T> {
        log(self, inlined!(math::log2), T::from_f64(LN_2))
    }

    /// The logarithm to base 10. Derivative: 1 / (x ln 10).
    #[track_caller]
    pub fn log10(&self) -> Tensor<T> {
        log(self, inlined!(math::log10), T::from_f64(LN_10))
    }
}

/// y = log x to a base, whose natural logarithm is known; dy/dx = 1 / (x ln base).
#[track_caller]
fn log<T: Float>(x: &Tensor<T>, f: impl Fn(T) -> T + Copy + Sync, ln_base: T) -> Tensor<T> {
    fused_of_input(x, f, move |x| (x * ln_base).recip(), move |x| (x * ln_base).recip())
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn small_arguments_lose_no_digits() {
        let x = Tensor::scalar(1e-20f64);
        assert_eq!((x.exp_m1().item(), x.ln_1p().item()), (1e-20, 1e-20));
        assert_eq!((Tensor::scalar(1024f64).log2().item(), Tensor::scalar(10f64).exp2().item()), (10.0, 1024.0));
        assert_eq!(Tensor::scalar(1e5f64).log10().item(), 5.0);
    }
}
