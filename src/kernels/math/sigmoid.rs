//! The logistic function and its relatives.

use super::exp::exp;
use super::ln::ln_1p;
use super::real::{Real, number};

/// σ(x) = 1 / (1 + e⁻ˣ), by e^−|x|, which does not overflow.
#[inline(always)]
pub(crate) fn sigmoid<T: Real>(x: T) -> T {
    let e = exp(-x.abs());
    (if x < T::zero() { e } else { T::one() }) / (T::one() + e)
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|).
#[inline(always)]
pub(crate) fn softplus<T: Real>(x: T) -> T {
    (if x < T::zero() { T::zero() } else { x }) + ln_1p(exp(-x.abs()))
}

/// tanh(softplus x) = n / (n + 2) with n = eˣ (eˣ + 2), divided by e^2x where x > 0.
#[inline(always)]
pub(crate) fn tanh_softplus<T: Real>(x: T) -> T {
    let e = exp(-x.abs());
    let (double, square) = (e + e, e * e);
    let (n, rest) = if x < T::zero() { (double + square, number(2.0)) } else { (T::one() + double, square + square) };
    n / (n + rest)
}
