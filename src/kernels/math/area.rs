//! The inverses of the hyperbolic functions.

use std::f64::consts::LN_2;

use super::ln::ln_1p;
use super::real::{Real, number};

/// arsinh x = ln(1 + a + a² / (1 + √(a² + 1))) with a = |x|, and ln 2a for large a.
#[inline(always)]
pub(crate) fn asinh<T: Real>(x: T) -> T {
    let a = x.abs();
    let square = a * a;
    log_of_double(a, a + square / (T::one() + (square + T::one()).sqrt())).copysign(x)
}

/// arcosh x = ln(1 + t + √(2t + t²)) with t = x − 1, and ln 2x for large x.
#[inline(always)]
pub(crate) fn acosh<T: Real>(x: T) -> T {
    let t = x - T::one();
    let y = log_of_double(x, t + (t + t + t * t).sqrt());
    if t < T::zero() { T::nan() } else { y }
}

/// ln 2a for an a whose square is far beyond 1, else ln(1 + x).
#[inline(always)]
fn log_of_double<T: Real>(a: T, x: T) -> T {
    let large = a > T::pick(16777216.0, 4294967296.0);
    ln_1p(if large { a - T::one() } else { x }) + if large { number(LN_2) } else { T::zero() }
}

/// artanh x = ½ ln(1 + 2a / (1 − a)) with a = |x|.
#[inline(always)]
pub(crate) fn atanh<T: Real>(x: T) -> T {
    let a = x.abs();
    (ln_1p((a + a) / (T::one() - a)) * number(0.5)).copysign(x)
}
