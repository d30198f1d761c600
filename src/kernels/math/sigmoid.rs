//! The logistic function and its relatives.

use super::exp::{exp, exp_in_two, exp_moderate};
use super::ln::ln_1p;
use super::real::{Real, bounded, number};

/// σ(x) = 1 / (1 + e⁻ˣ), by e = e^−|x|, which does not overflow: e / (1 + e) where x < 0. What e and the sum have lost is
/// put back: (n + dn) / (s + ds) ≈ y + (dn − y ds) / s for y = n / s.
#[inline(always)]
pub(crate) fn sigmoid<T: Real>(x: T) -> T {
    let (e, lost) = exp_in_two(-x.abs());
    let sum = T::one() + e;
    let sum_lost = (e - (sum - T::one())) + lost;
    let below = x < T::zero();
    let y = (if below { e } else { T::one() }) / sum;
    let (lost, inverse) = if below { (lost, T::one() - y) } else { (T::zero(), y) };
    y + (lost - y * sum_lost) * inverse
}

/// [`sigmoid`] with what e and the sum have lost left out, within four units in the last place, for arguments that have errors
/// of their own; 0 where it is below the normal numbers.
#[inline(always)]
pub(crate) fn sigmoid_of_rounded<T: Real>(x: T) -> T {
    // At the upper bound 2ⁿ is ∞, and at the lower one the sum is 1.
    let e = exp_moderate(bounded(-x, T::pick(-87.0, -708.0), T::pick(88.8, 710.0)));
    (T::one() + e).recip()
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
