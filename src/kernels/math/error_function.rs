//! The error function, the normal distribution function and what is made of it.
//!
//! A number in two parts is their sum, which would have to be rounded.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

use super::exp::{Scaled, exp_sum, times_power_of_two};
use super::real::{Real, bounded, number, polynomial};

/// 1 / √(2π), the normal density at 0.
pub(crate) const DENSITY: f64 = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

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

/// Φ(x), the distribution function of the normal distribution, exact far below 0 too.
#[inline(always)]
pub(crate) fn normal_cdf<T: Real>(x: T) -> T {
    Normal::at(x).cdf()
}

/// x Φ(x), the Gaussian error linear unit.
#[inline(always)]
pub(crate) fn gelu<T: Real>(x: T) -> T {
    let normal = Normal::at(x);
    // NaN at −∞, as x Φ(x) is; −0 at −0.
    let all = if x < T::zero() { x * T::zero() } else { x };
    if normal.near { normal.times().copysign(x) } else { all - normal.times() }
}

/// The derivative of [`gelu`], Φ(x) + x φ(x).
#[inline(always)]
pub(crate) fn gelu_slope<T: Real>(x: T) -> T {
    let normal = Normal::at(x);
    normal.cdf() + x * normal.gaussian.value() * number(DENSITY)
}

/// The normal distribution at x and below −|x|; numbers are in two parts.
struct Normal<T> {
    x: T,
    /// |x| < 1.
    near: bool,
    /// Φ(x) where x is near 0, |x| Φ(−|x|) e^(x²/2) elsewhere.
    factor: (T, T),
    /// e^(−x²/2).
    gaussian: Scaled<T>,
}

impl<T: Real> Normal<T> {
    #[inline(always)]
    fn at(x: T) -> Self {
        let a = within(x.abs());
        let near = a < T::one();
        let factor = if near { cdf_near(x) } else { tail_ratio(a) };
        Normal { x, near, factor, gaussian: gaussian(a, number(0.5)) }
    }

    /// Φ(x).
    #[inline(always)]
    fn cdf(&self) -> T {
        let tail = self.times() / self.x.abs();
        let far = if self.x < T::zero() { tail } else { T::one() - tail };
        if self.near { self.factor.0 + self.factor.1 } else { far }
    }

    /// x Φ(x) where x is near 0, |x| Φ(−|x|) elsewhere.
    #[inline(always)]
    fn times(&self) -> T {
        let (factor, factor_lost) = self.factor;
        let (other, other_lost) = if self.near { (self.x, T::zero()) } else { self.gaussian.number };
        let product = factor * other + (factor * other_lost + factor_lost * other);
        if self.near { product } else { times_power_of_two(product, self.gaussian.n) }
    }
}

/// Φ(x) = ½ + x (φ(0) + …) for |x| < 1.
#[inline(always)]
fn cdf_near<T: Real>(x: T) -> (T, T) {
    let half = number::<T>(0.5);
    // φ(0): the upper half of its digits, and the rest.
    let (density, rest) = (T::pick(0.39892578125, 0.3989422768354416), T::pick(1.649915e-05, 3.5659910885844774e-09));
    let high = x.high();
    let more = (x - high) * density + x * (rest + slope_change(half * x * x) * number(0.5 * FRAC_1_SQRT_2));
    in_two(half, high * density, more)
}

/// a + b in two parts, with a part of b that is not yet in it; |a| ≥ |b|.
#[inline(always)]
fn in_two<T: Real>(a: T, b: T, rest: T) -> (T, T) {
    let sum = a + b;
    (sum, (a - sum) + b + rest)
}

/// erf(x) / x − 2/√π of z = x² < 1.
#[inline(always)]
fn slope_change<T: Real>(z: T) -> T {
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
fn gaussian<T: Real>(a: T, c: T) -> Scaled<T> {
    let high = a.high();
    exp_sum(-c * (high * high), -c * ((a - high) * (a + high)))
}

/// A number a ≥ 0 within the bound beyond which e^(−a²/2) is 0.
#[inline(always)]
fn within<T: Real>(a: T) -> T {
    bounded(a, T::zero(), T::pick(14.5, 39.0))
}

/// a Φ(−a) e^(a²/2) for an a ≥ 1 [`within`] the bound: what it is at a = c, and a polynomial of t = (a − c) / (a + c), which maps all a to [−1, 1]
/// (after Shepherd and Laframboise, 1981).
#[inline(always)]
fn tail_ratio<T: Real>(a: T) -> (T, T) {
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
