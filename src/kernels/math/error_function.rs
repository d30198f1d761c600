//! The error function, and what it has in common with the normal distribution function.
//!
//! A number in two parts is their sum, which would have to be rounded.

use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

use super::exp::{Scaled, exp_sum};
use super::real::{Real, bounded, number, polynomial};

/// erf x = 2/√π x + x r(x²) for |x| < 1, and 1 − erfc x from there on.
#[inline(always)]
pub(crate) fn erf<T: Real>(x: T) -> T {
    // Beyond the bound it is 1.
    let a = bounded(x.abs(), T::zero(), number(6.0));
    let near = a + a * (number::<T>(FRAC_2_SQRT_PI - 1.0) + slope_change(a * a));
    let root = number(SQRT_2);
    let ratio = tail_ratio(a * root).0 * root / a;
    let far = T::one() - ratio * gaussian(a, T::one()).value();
    (if a < T::one() { near } else { far }).copysign(x)
}

/// a + b in two parts, with a part of b that is not yet in it; |a| ≥ |b|.
#[inline(always)]
pub(super) fn in_two<T: Real>(a: T, b: T, rest: T) -> (T, T) {
    let sum = a + b;
    (sum, (a - sum) + b + rest)
}

/// erf(x) / x − 2/√π of z = x² < 1.
#[inline(always)]
pub(super) fn slope_change<T: Real>(z: T) -> T {
    z * polynomial(
        z,
        &[-3.7612632e-01, 1.1283651e-01, -2.6856674e-02, 5.1941135e-03, -8.064855e-04, 8.0487225e-05],
        &[
            -0.37612638903183754,
            0.1128379167095512,
            -0.026866170645129927,
            0.00522397762542391,
            -0.000854832702196036,
            0.0001205533290351968,
            -1.4925647575661426e-05,
            1.6462045447831385e-06,
            -1.6364640562747996e-07,
            1.4792373913306252e-08,
            -1.2164335722124328e-09,
            8.70808730115861e-11,
            -4.229241483728695e-12,
        ],
    )
}

/// e^(−c a²), where c is a power of two: the rounding error of a², which the exponential would blow up, is kept.
#[inline(always)]
pub(super) fn gaussian<T: Real>(a: T, c: T) -> Scaled<T> {
    let high = a.high();
    exp_sum(-c * (high * high), -c * ((a - high) * (a + high)))
}

/// a Φ(−a) e^(a²/2) for an a ≥ 1 within the bound beyond which e^(−a²/2) is 0: what it is at a = c, and a polynomial of
/// t = (a − c) / (a + c), which maps all a to [−1, 1] (after Shepherd and Laframboise, 1981).
#[inline(always)]
pub(super) fn tail_ratio<T: Real>(a: T) -> (T, T) {
    let (c, there) = (T::pick(2.0, 5.0), T::pick(0.336204, 0.3845965248750315));
    let t = (a - c) / (a + c);
    let change = polynomial(
        t,
        &[
            1.1342511e-08,
            1.7050181e-01,
            -1.5130378e-01,
            3.275606e-02,
            1.8133372e-02,
            -3.573884e-03,
            -4.4597655e-03,
            -6.0755222e-04,
            1.3560185e-03,
            -5.3611817e-05,
        ],
        &[
            -6.913491160361448e-18,
            0.05190527343000304,
            -0.08503844346004048,
            0.09088622964934599,
            -0.07425639525043327,
            0.04795086373168578,
            -0.02416178595400867,
            0.008900845020393401,
            -0.001895623072619058,
            -0.00012648521854025248,
            0.00024276156729913004,
            -5.45689844840441e-05,
            -1.6540274377218703e-05,
            1.0330039469699693e-05,
            6.040963439741987e-07,
            -1.5505937620476831e-06,
            5.179837322594474e-08,
            2.3427582412779432e-07,
            -1.6212470390215407e-08,
            -3.468264979961894e-08,
            2.114484481079863e-09,
            3.5123980352300584e-09,
        ],
    );
    in_two(there, change, T::zero())
}
