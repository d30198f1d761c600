//! The hyperbolic tangent.

use super::exp::exp_moderate;
use super::real::{Real, number, polynomial};

/// tanh x = x + x³ q(x²) for |x| < 0.625, and 1 − 2 / (e^2x + 1) from there on (Cephes' `tanh.c`, Moshier, 1995).
#[inline(always)]
pub(crate) fn tanh<T: Real>(x: T) -> T {
    let a = x.abs();
    let z = a * a;
    let q = polynomial(
        z,
        &[-3.333333e-01, 1.3333206e-01, -5.3946763e-02, 2.1700703e-02, -8.1773984e-03, 2.1429619e-03],
        &[
            -0.33333333333332854,
            0.13333333333262093,
            -0.05396825393126816,
            0.021869487576103182,
            -0.008863221002721248,
            0.003591989174396017,
            -0.001454958880321306,
            0.000586316546215125,
            -0.00022856422003804532,
            7.714437398565614e-05,
            -1.6072572121452245e-05,
        ],
    );
    let near = a + a * z * q;
    // From 20 on it is 1 in either type.
    let most = if a > number(20.0) { number(20.0) } else { a };
    let far = T::one() - number::<T>(2.0) / (exp_moderate(most + most) + T::one());
    (if a < number(0.625) { near } else { far }).copysign(x)
}
