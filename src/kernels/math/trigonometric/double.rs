//! Of `f64`: x = n π/2 + r with r in two parts, and the functions of r. Far from 0 they are the system's, which are not
//! vectorised.

use super::{NEAR, Turned, polynomial};
use crate::kernels::math::real::Real;

#[inline(always)]
pub(in crate::kernels::math) fn sin(x: f64, near: bool) -> f64 {
    if !near && !is_near(x) {
        return x.sin();
    }
    let y = turned(x).sin();
    // For the sign of zero.
    if x == 0.0 { x } else { y }
}

#[inline(always)]
pub(in crate::kernels::math) fn cos(x: f64, near: bool) -> f64 {
    if !near && !is_near(x) {
        return x.cos();
    }
    turned(x).cos()
}

#[inline(always)]
pub(in crate::kernels::math) fn tan(x: f64, near: bool) -> f64 {
    if !near && !is_near(x) {
        return x.tan();
    }
    let y = turned(x).tan();
    if x == 0.0 { x } else { y }
}

#[inline(always)]
fn is_near(x: f64) -> bool {
    x.abs() < NEAR
}

/// Sine and cosine as fdlibm's kernels have them (Sun Microsystems, 1993), for an x that [`is_near`].
#[inline(always)]
fn turned(x: f64) -> Turned {
    let rounded = x * std::f64::consts::FRAC_2_PI + f64::ROUND;
    let (r, rest) = reduce(x, rounded - f64::ROUND);
    let z = r * r;
    let half = 0.5 * z;
    let q = polynomial(
        z,
        &[],
        &[
            -0.1666666666666663,
            0.008333333333322104,
            -0.00019841269829577382,
            2.755731361701733e-06,
            -2.5050747056501008e-08,
            1.5896187981903058e-10,
        ],
    );
    let sin = r + (r * z * q + rest * (1.0 - half));
    let q = polynomial(
        z,
        &[],
        &[
            0.041666666666666595,
            -0.0013888888888873036,
            2.480158728883832e-05,
            -2.7557314175327634e-07,
            2.087570028903118e-09,
            -1.1358507221642109e-11,
        ],
    );
    let one_less = 1.0 - half;
    let cos = one_less + ((1.0 - one_less - half) + (z * z * q - r * rest));
    Turned { sin, cos, rounded }
}

/// x − n π/2 in two parts (Cody and Waite, 1980): n, of 24 digits, times one of the first three parts of π/2 is exact, and so
/// is the first difference.
#[inline(always)]
fn reduce(x: f64, n: f64) -> (f64, f64) {
    let first = x - n * 1.570796325802803;
    let (second, lost) = less(first, n * 9.920935739593517e-10);
    let (third, lost_again) = less(second, n * 5.721188722588272e-18);
    let rest = lost + lost_again - n * 3.5215598651832e-27;
    let r = third + rest;
    (r, (third - r) + rest)
}

/// a − b, and what that has lost (Knuth's two-sum).
#[inline(always)]
fn less(a: f64, b: f64) -> (f64, f64) {
    let difference = a - b;
    let taken = a - difference;
    (difference, (a - (difference + taken)) - (b - taken))
}
