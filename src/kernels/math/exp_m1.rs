//! eˣ − 1.

use std::f64::consts::LOG2_E;

use super::exp::reduce;
use super::real::{Real, bounded, number, polynomial};

/// eˣ − 1 = 2ⁿ (eʳ − 1) + (2ⁿ − 1), with n and r as for [`exp`](super::exp()) and eʳ − 1 = r + r²/2 + r³ q(r).
#[inline(always)]
pub(crate) fn exp_m1<T: Real>(x: T) -> T {
    // Beyond these the result is −1 and ∞.
    let within = bounded(x, T::pick(-20.0, -40.0), T::pick(89.0, 710.0));
    let n = within * number(LOG2_E) + T::ROUND;
    let (high, low) = reduce(within, n - T::ROUND);
    let r = high - low;
    // What the difference has lost.
    let lost = (high - r) - low;
    let q = polynomial(
        r,
        &[1.6666666e-01, 4.1666468e-02, 8.333427e-03, 1.39350366e-03, 1.9823443e-04],
        &[
            0.16666666666666677,
            0.04166666666666656,
            0.008333333333320264,
            0.001388888888895185,
            0.00019841269890397728,
            2.480158718522167e-05,
            2.7557239252424064e-06,
            2.7557392643057864e-07,
            2.5110955219125267e-08,
            2.0878984807352263e-09,
        ],
    );
    let square = r * r;
    // e^lost ≈ 1 + lost, so eʳ − 1 grows by eʳ lost.
    let p = r + (number::<T>(0.5) * square + (square * r * q + (lost + lost * r)));
    // With half of 2ⁿ, which is never too large.
    let half = T::power_of_two(n - T::one());
    let y = (half * p + (half - number(0.5))) * number(2.0);
    // For the sign of zero, and the last digit of subnormal numbers, which half of them has lost.
    if x.abs() < T::pick(1e-37, 1e-307) { x } else { y }
}
