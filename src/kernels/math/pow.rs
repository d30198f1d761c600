//! Powers.

use super::exp::exp;
use super::ln::ln;
use super::real::{Real, round};

/// xʸ, with the special cases of IEEE 754: x⁰ = 1ʸ = 1 even for NaN, and of negative x for integers y alone.
///
/// Of `f32`: |x|ʸ = e^(y ln |x|) in `f64`, whose digits are more than enough. Of `f64` it is the system's, which is
/// not vectorised: the logarithm would need more digits than the type has.
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
    let (integer, even) = (round(bound) == bound, round(half) == half);
    let signed = if integer & !even { size.copysign(x) } else { size };
    let defined = if (x < 0.0) & (x > f32::NEG_INFINITY) & !integer { f32::NAN } else { signed };
    if (y == 0.0) | (x == 1.0) | ((x == -1.0) & (y.abs() == f32::INFINITY)) { 1.0 } else { defined }
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
