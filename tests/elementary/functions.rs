//! The functions under test, with what they are measured by.

use sapwood::prelude::*;

pub(crate) type Function<T> = fn(&Tensor<T>) -> Tensor<T>;

/// A function of tensors, the same function of `f64`, and how far it may be off, in units in the last place, for `f32`
/// and `f64`.
#[allow(dead_code)] // The program that measures `f32` has no use for `f64`.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) single: Function<f32>,
    pub(crate) double: Function<f64>,
    pub(crate) exact: fn(f64) -> f64,
    pub(crate) ulps: (f64, f64),
    /// The exponent of the smallest result that is measured by its own last place: where eˣ is subnormal and has few
    /// digits, x · eˣ has no more.
    pub(crate) lowest: f64,
}

macro_rules! cases {
    ($($name:literal $ulps:expr, $lowest:literal, |$x:ident| $f:expr, $exact:expr;)*) => {
        pub(crate) const CASES: &[Case] = &[$(
            Case { name: $name, single: |$x| $f, double: |$x| $f, exact: $exact, ulps: $ulps, lowest: $lowest }
        ),*];
    };
}

cases! {
    "exp" (1.0, 1.0), -126.0, |x| x.exp(), f64::exp;
    "exp2" (1.0, 1.0), -126.0, |x| x.exp2(), f64::exp2;
    "exp_m1" (1.3, 1.3), -126.0, |x| x.exp_m1(), f64::exp_m1;
    "ln" (1.0, 1.0), -126.0, |x| x.ln(), f64::ln;
    "ln_1p" (1.0, 1.0), -126.0, |x| x.ln_1p(), f64::ln_1p;
    "log2" (1.0, 1.0), -126.0, |x| x.log2(), f64::log2;
    "log10" (1.0, 1.0), -126.0, |x| x.log10(), f64::log10;
    "tanh" (1.4, 1.4), -126.0, |x| x.tanh(), f64::tanh;
    "sigmoid" (1.4, 1.4), -126.0, |x| x.sigmoid(), logistic;
    "softplus" (1.7, 1.7), -126.0, |x| x.softplus(), softplus;
    "erf" (1.4, 1.3), -126.0, |x| x.erf(), libm::erf;
    "gelu" (1.7, 1.8), -126.0, |x| x.gelu(), |x| x * normal_cdf(x);
    "silu" (2.6, 2.6), -119.0, |x| x.silu(), |x| x * logistic(x);
    "mish" (4.0, 3.8), -119.0, |x| x.mish(), |x| x * softplus(x).tanh();
    "sin" (0.51, 1.0), -126.0, |x| x.sin(), f64::sin;
    "cos" (0.51, 1.0), -126.0, |x| x.cos(), f64::cos;
    "tan" (0.51, 2.0), -126.0, |x| x.tan(), f64::tan;
    "asin" (1.4, 1.3), -126.0, |x| x.asin(), f64::asin;
    "acos" (1.2, 1.2), -126.0, |x| x.acos(), f64::acos;
    "atan" (1.0, 1.0), -126.0, |x| x.atan(), f64::atan;
    "sinh" (1.7, 1.7), -126.0, |x| x.sinh(), f64::sinh;
    "cosh" (1.4, 1.4), -126.0, |x| x.cosh(), f64::cosh;
    "asinh" (1.8, 1.9), -126.0, |x| x.asinh(), libm::asinh;
    "acosh" (2.1, 1.9), -126.0, |x| x.acosh(), acosh;
    "atanh" (2.1, 2.0), -126.0, |x| x.atanh(), libm::atanh;
    "cube" (0.51, 1.0), -126.0, |x| x.pow(3.0), |x| x.powf(3.0);
    "inverse_root" (0.51, 1.0), -126.0, |x| x.pow(-0.5), |x| x.powf(-0.5);
    "seventeenth" (0.51, 1.0), -126.0, |x| x.pow(17.0), |x| x.powf(17.0);
    "exponential" (0.51, 1.0), -126.0, |x| Tensor::scalar(1.5).pow(x), |x| 1.5f64.powf(x);
}

fn logistic(x: f64) -> f64 {
    if x > 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The library's gives numbers for some large negative arguments.
fn acosh(x: f64) -> f64 {
    if x < 1.0 { f64::NAN } else { libm::acosh(x) }
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// How far `ours` is from the exact result, in units in the last place of an `f32` of its size, which is taken to be at
/// least 2^`lowest`; infinite where one is NaN or infinite alone, or where a zero has the wrong sign.
pub(crate) fn error_in_ulps(ours: f32, exact: f64, lowest: f64) -> f64 {
    let rounded = exact as f32;
    if exact.is_nan() || exact == 0.0 || exact.is_infinite() {
        return if ours.to_bits() == rounded.to_bits() || (ours.is_nan() && exact.is_nan()) {
            0.0
        } else {
            f64::INFINITY
        };
    }
    if !ours.is_finite() && rounded.is_finite() || ours.is_nan() {
        return f64::INFINITY;
    }
    // The power of two at or below it is what the digits leave when they are taken away.
    let size = f64::from_bits(exact.abs().to_bits() >> 52 << 52);
    let unit = size.clamp(f64::from_bits(((1023.0 + lowest) as u64) << 52), 2f64.powi(127)) / 8388608.0;
    // What is beyond the largest number counts as the next power of two, and so does infinity.
    let bound = |x: f64| x.clamp(-2f64.powi(128), 2f64.powi(128));
    (bound(ours.into()) - bound(exact)).abs() / unit
}
