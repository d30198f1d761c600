//! The normal distribution function Φ and the Gaussian error linear unit x Φ(x).

pub(super) mod double;
pub(super) mod single;

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::real::Real;

/// 1 / √(2π), the normal density at 0.
pub(crate) const DENSITY: f64 = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

/// Φ(x), exact far below 0 too. Of `f32` it is computed in `f64`, of `f64` in numbers of two parts.
#[inline(always)]
pub(crate) fn normal_cdf<T: Real>(x: T) -> T {
    x.normal_cdf_of()
}

/// x Φ(x), the Gaussian error linear unit; NaN at −∞, as the product is.
#[inline(always)]
pub(crate) fn gelu<T: Real>(x: T) -> T {
    x.gelu_of()
}

/// The derivative of [`gelu`], Φ(x) + x φ(x).
#[inline(always)]
pub(crate) fn gelu_slope<T: Real>(x: T) -> T {
    x.gelu_slope_of()
}
