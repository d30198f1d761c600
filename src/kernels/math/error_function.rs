//! The error function and the normal distribution function.

use std::f64::consts::FRAC_1_SQRT_2;

use super::exp::exp_sum;
use super::real::{Real, bounded, number, polynomial};

/// erf x = x + x q(x²) for |x| < 1, and 1 − erfc x from there on.
#[inline(always)]
pub(crate) fn erf<T: Real>(x: T) -> T {
    let a = x.abs();
    let near = a + a * slope_less_one(a * a);
    let far = T::one() - gaussian(a, T::one()) * scaled_complement(a);
    (if a < T::one() { near } else { far }).copysign(x)
}

/// Φ(x), the distribution function of the normal distribution: ½ + ½ erf(x/√2) for |x| < 1, and ½ erfc(−x/√2) beyond,
/// which is exact far below 0 too.
#[inline(always)]
pub(crate) fn normal_cdf<T: Real>(x: T) -> T {
    normal_cdf_times(x, T::one())
}

/// x Φ(x), the Gaussian error linear unit.
#[inline(always)]
pub(crate) fn gelu<T: Real>(x: T) -> T {
    normal_cdf_times(x, x)
}

/// Φ(x) y. The Gaussian is multiplied last: where it underflows, it has lost digits.
#[inline(always)]
fn normal_cdf_times<T: Real>(x: T, y: T) -> T {
    let half = number::<T>(0.5);
    let a = x.abs();
    let part = x * number(0.5 * FRAC_1_SQRT_2);
    let near = half + (part + part * slope_less_one(half * x * x));
    let ratio = half * scaled_complement(a * number(FRAC_1_SQRT_2));
    let gaussian = gaussian(a, half);
    let above = if a < T::one() { near } else { T::one() - ratio * gaussian };
    if x > -T::one() { above * y } else { ratio * y * gaussian }
}

/// erf(x) / x − 1 of z = x² < 1.
#[inline(always)]
fn slope_less_one<T: Real>(z: T) -> T {
    polynomial(
        z,
        &[0.128379166, -3.7612626e-01, 1.12835851e-01, -2.6853812e-02, 5.1883277e-03, -8.0101936e-04, 7.8538613e-05],
        &[
            0.12837916709551256,
            -0.37612638903183754,
            0.11283791670955119,
            -0.026866170645129733,
            0.005223977625422085,
            -0.0008548327021853137,
            0.00012055332899355103,
            -1.4925647465033124e-05,
            1.6462043406081418e-06,
            -1.6364614397889755e-07,
            1.4792145534627352e-08,
            -1.2163040622763881e-09,
            8.70378538282117e-11,
            -4.2228894058459076e-12,
        ],
    )
}

/// e^(−c a²), where c is a power of two: the rounding error of a², which the exponential would blow up, is kept.
#[inline(always)]
fn gaussian<T: Real>(a: T, c: T) -> T {
    // Beyond it the result is 0; ∞ − ∞ is NaN.
    let a = bounded(a, T::zero(), number(64.0));
    let high = a.high();
    exp_sum(-c * (high * high), -c * ((a - high) * (a + high)))
}

/// e^(a²) erfc a for a ≥ 0.49: q(t) / (1 + 2a) of t = (a − c) / (a + c), which maps all a to [−1, 1]
/// (Shepherd and Laframboise, 1981).
#[inline(always)]
fn scaled_complement<T: Real>(a: T) -> T {
    // Where the bound takes hold, e^(−a²) is 0.
    let a = bounded(a, T::zero(), T::pick(10.1, 27.5));
    let c = T::pick(2.0, 4.0);
    let t = (a - c) / (a + c);
    let q = polynomial(
        t,
        &[
            1.2769784e+00,
            -9.276377e-02,
            -1.6603085e-01,
            1.64048887e-01,
            -5.4210774e-02,
            -8.0073237e-03,
            8.656729e-03,
            1.1532176e-03,
            -1.26179372e-03,
            -2.3454256e-04,
        ],
        &[
            1.2329951186255526,
            -0.1396211168405625,
            0.015379652102618964,
            0.06809705425469059,
            -0.10103906603624961,
            0.09373283499843955,
            -0.06633036581371012,
            0.03716751553567035,
            -0.016197734036993004,
            0.0050319699985408185,
            -0.0007577734575478653,
            -0.0001992568388865661,
            0.00015062253221095683,
            -2.43985537575556e-05,
            -1.1224827036292426e-05,
            5.707712092207067e-06,
            2.997027676916249e-07,
            -8.213251147115985e-07,
            6.690309824034533e-08,
            1.0476437976886815e-07,
            -1.2181151254860385e-08,
            -1.0185697842515026e-08,
        ],
    );
    q / (T::one() + (a + a))
}
