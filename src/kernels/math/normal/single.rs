//! Of `f32`, computed in `f64`: Φ(−a) = e^(−a²/2) p(t) / (a + c) for all a ≥ 0, where t = (a − c) / (a + c) (after Shepherd
//! and Laframboise, 1981).

use std::f64::consts::{LN_2, LOG2_E};

use super::DENSITY;
use crate::kernels::math::real::{Real, bounded, polynomial, round};

/// Even the largest number times Φ from there down is 0.
const BOUND: f64 = 37.0;

#[inline(always)]
pub(in crate::kernels::math) fn normal_cdf(x: f32) -> f32 {
    Normal::at(x).cdf() as f32
}

#[inline(always)]
pub(in crate::kernels::math) fn gelu(x: f32) -> f32 {
    let Normal { a, tail, .. } = Normal::at(x);
    // −0 at −0.
    let x = f64::from(x);
    let all = if x < 0.0 { x * 0.0 } else { x };
    (all - a * tail) as f32
}

#[inline(always)]
pub(in crate::kernels::math) fn gelu_slope(x: f32) -> f32 {
    let normal = Normal::at(x);
    (normal.cdf() + f64::from(x) * normal.gaussian * DENSITY) as f32
}

struct Normal {
    x: f32,
    /// |x|, within the bound.
    a: f64,
    /// e^(−a²/2).
    gaussian: f64,
    /// Φ(−a).
    tail: f64,
}

impl Normal {
    #[inline(always)]
    fn at(x: f32) -> Self {
        let a = bounded(f64::from(x).abs(), 0.0, BOUND);
        let gaussian = if a < BOUND { exp(-0.5 * a * a) } else { 0.0 };
        let inverse = 1.0 / (a + 3.5);
        let t = (a - 3.5) * inverse;
        let p = polynomial(
            t,
            &[],
            &[
                0.7444160741398596,
                -0.5655617451034143,
                0.31542504875557187,
                -0.11605304077163364,
                0.01740637803444258,
                0.006493115688255577,
                -0.0031753092670698774,
                -0.0004949427028992868,
                0.00042189603517147717,
                0.00011068799680916767,
            ],
        );
        Normal { x, a, gaussian, tail: gaussian * p * inverse }
    }

    /// Φ(x).
    #[inline(always)]
    fn cdf(&self) -> f64 {
        if self.x < 0.0 { self.tail } else { 1.0 - self.tail }
    }
}

/// eˣ to 30 binary digits, for an x from −708 to 0.
#[inline(always)]
fn exp(x: f64) -> f64 {
    let turns = x * LOG2_E;
    let n = round(turns);
    let r = (turns - n) * LN_2;
    let square = r * r;
    let q = (0.49999992629462375 + 0.16666508716858894 * r)
        + square * ((0.041668528294037416 + 0.00837013482185396 * r) + 0.0013811661507287317 * square);
    (1.0 + (r + square * q)) * f64::power_of_two(n + f64::ROUND)
}
