//! Of `f64`: near 0 (|x| < 1) by the series of the error function, elsewhere by the tail. A number in two parts is their sum, which would
//! have to be rounded.

use std::f64::consts::FRAC_1_SQRT_2;

use super::DENSITY;
use crate::kernels::math::error_function::{gaussian, in_two, slope_change, tail_ratio};
use crate::kernels::math::exp::{Scaled, times_power_of_two};
use crate::kernels::math::real::{Real, bounded};

#[inline(always)]
pub(in crate::kernels::math) fn normal_cdf(x: f64) -> f64 {
    Normal::at(x).cdf()
}

#[inline(always)]
pub(in crate::kernels::math) fn gelu(x: f64) -> f64 {
    let normal = Normal::at(x);
    // −0 at −0.
    let all = if x < 0.0 { x * 0.0 } else { x };
    if normal.near { normal.times().copysign(x) } else { all - normal.times() }
}

#[inline(always)]
pub(in crate::kernels::math) fn gelu_slope(x: f64) -> f64 {
    let normal = Normal::at(x);
    normal.cdf() + x * normal.gaussian.value() * DENSITY
}

/// The normal distribution at x and below −|x|.
struct Normal {
    x: f64,
    near: bool,
    /// Φ(x) where x is near 0, a Φ(−a) e^(a²/2) with a = |x| elsewhere.
    factor: (f64, f64),
    /// e^(−a²/2).
    gaussian: Scaled<f64>,
}

impl Normal {
    #[inline(always)]
    fn at(x: f64) -> Self {
        // Beyond the bound e^(−a²/2) is 0.
        let a = bounded(x.abs(), 0.0, 39.0);
        let near = a < 1.0;
        let factor = if near { cdf_near(x) } else { tail_ratio(a) };
        Normal { x, near, factor, gaussian: gaussian(a, 0.5) }
    }

    /// Φ(x).
    #[inline(always)]
    fn cdf(&self) -> f64 {
        let tail = self.times() / self.x.abs();
        let far = if self.x < 0.0 { tail } else { 1.0 - tail };
        if self.near { self.factor.0 + self.factor.1 } else { far }
    }

    /// x Φ(x) where x is near 0, |x| Φ(−|x|) elsewhere.
    #[inline(always)]
    fn times(&self) -> f64 {
        let (factor, factor_lost) = self.factor;
        let (other, other_lost) = if self.near { (self.x, 0.0) } else { self.gaussian.number };
        let product = factor * other + (factor * other_lost + factor_lost * other);
        if self.near { product } else { times_power_of_two(product, self.gaussian.n) }
    }
}

/// Φ(x) = ½ + x (φ(0) + …) for |x| < 1.
#[inline(always)]
fn cdf_near(x: f64) -> (f64, f64) {
    // φ(0): the upper half of its digits, and the rest.
    let (density, rest) = (0.3989422768354416, 3.5659910885844774e-09);
    let high = x.high();
    let more = (x - high) * density + x * (rest + slope_change(0.5 * x * x) * (0.5 * FRAC_1_SQRT_2));
    in_two(0.5, high * density, more)
}
