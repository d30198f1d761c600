//! The hyperbolic sine and cosine.

use super::exp::half_exp;
use super::real::{Real, number, polynomial};

/// cosh x = h + 1 / 4h with h = ½ e^|x|.
#[inline(always)]
pub(crate) fn cosh<T: Real>(x: T) -> T {
    let h = half_exp(x.abs());
    h + number::<T>(0.25) / h
}

/// sinh x = x + x³ q(x²) for |x| < 1, and h − 1 / 4h with h = ½ e^|x| from there on.
#[inline(always)]
pub(crate) fn sinh<T: Real>(x: T) -> T {
    let a = x.abs();
    let z = a * a;
    let q = polynomial(
        z,
        &[1.66666665e-01, 8.33335e-03, 1.983616e-04, 2.816951e-06],
        &[
            0.16666666666666669,
            0.008333333333333148,
            0.00019841269841431873,
            2.755731915707189e-06,
            2.5052123136721958e-08,
            1.6057259768758446e-10,
            7.758748800880345e-13,
        ],
    );
    let h = half_exp(a);
    let far = h - number::<T>(0.25) / h;
    (if a < T::one() { a + a * z * q } else { far }).copysign(x)
}
