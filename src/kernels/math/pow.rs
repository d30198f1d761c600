//! Powers.

use super::exp::{exp, exp_sum};
use super::ln::{ln, ln_in_two};
use super::real::{Real, round};

/// xʸ, with the special cases of IEEE 754: x⁰ = 1ʸ = 1 even for NaN, and of negative x for integers y alone.
///
/// It is ± e^(y ln |x|), whose exponent needs more digits than the type has: of `f32` it is computed in `f64`, of `f64` in two
/// parts.
#[inline(always)]
pub(crate) fn pow<T: Real>(x: T, y: T) -> T {
    x.pow_of(y)
}

#[inline(always)]
pub(super) fn pow_single(x: f32, y: f32) -> f32 {
    let exponent = f64::from(y);
    let size = exp(exponent * ln(f64::from(x.abs()))) as f32;
    // From 2²⁴ on all numbers are even integers.
    let bound = if y.abs() < 16777216.0 { exponent } else { 0.0 };
    let half = bound * 0.5;
    signed(x, y, size, round(bound) == bound, round(half) != half)
}

#[inline(always)]
pub(super) fn pow_double(x: f64, y: f64) -> f64 {
    let half = y * 0.5;
    signed(x, y, exp_of_product(y, ln_in_two(x.abs())), y.floor() == y, half.floor() != half)
}

/// xʸ where |x|ʸ is known, for a y that may be an integer, and an odd one.
#[inline(always)]
fn signed<T: Real>(x: T, y: T, size: T, integer: bool, odd: bool) -> T {
    let signed = if integer & odd { size.copysign(x) } else { size };
    let defined = if (x < T::zero()) & (x > T::neg_infinity()) & !integer { T::nan() } else { signed };
    let one = T::one();
    if (y == T::zero()) | (x == one) | ((x == -one) & (y.abs() == T::infinity())) { one } else { defined }
}

/// e^(y l) for an l in two parts.
#[inline(always)]
fn exp_of_product(y: f64, (l, rest): (f64, f64)) -> f64 {
    let (y_high, l_high) = (y.high(), l.high());
    let product = y_high * l_high;
    let more = (y - y_high) * l_high + y * ((l - l_high) + rest);
    // Beyond these e^x is 0 and ∞; there `more` may be NaN.
    let (least, most) = (-746.0, 710.0);
    let (x, more) = if product < least { (least, 0.0) } else { (product, more) };
    let (x, more) = if product > most { (most, 0.0) } else { (x, more) };
    exp_sum(x, more).value()
}

/// The exponents of [`small_powi`] are smaller in size.
pub(crate) const LARGE_POWER: u32 = 1 << BITS;

/// Binary digits of a small exponent.
const BITS: u32 = 5;

/// xⁿ for a small integer n, by the squares of x as the system's function multiplies them, with no branch.
#[inline(always)]
pub(crate) fn small_powi<T: Real>(x: T, n: i32) -> T {
    let (mut power, mut square) = (T::one(), x);
    for bit in 0..BITS {
        power = if n.unsigned_abs() >> bit & 1 == 1 { power * square } else { power };
        square = square * square;
    }
    if n < 0 { power.recip() } else { power }
}
