//! Logarithms.

use super::real::{Real, number, polynomial};

/// ln x = k ln 2 + ln(1 + f) where x = 2ᵏ (1 + f) (fdlibm's `e_log.c`, Sun Microsystems, 1993).
#[inline(always)]
pub(crate) fn ln<T: Real>(x: T) -> T {
    let (m, k) = normal_split(x);
    of_positive(x, sum(k, m - T::one(), T::zero()))
}

/// ln(1 + x), exact for small x too: the part of x that 1 + x has lost is put back (fdlibm's `s_log1p.c`).
#[inline(always)]
pub(crate) fn ln_1p<T: Real>(x: T) -> T {
    let one = T::one();
    let u = one + x;
    let (m, k) = u.split();
    let lost = (if k > one { one - (u - x) } else { x - (u - one) }) / u;
    let whole = k == T::zero();
    let (f, lost) = if whole { (x, T::zero()) } else { (m - one, lost) };
    let y = of_positive(u, sum(k, f, lost));
    // For the sign of zero.
    if x == T::zero() { x } else { y }
}

/// The logarithm to base 2; exact for powers of two.
#[inline(always)]
pub(crate) fn log2<T: Real>(x: T) -> T {
    to_base(
        x,
        (T::one(), T::zero()),
        (T::pick(1.4423828125, 1.4426950216293335), T::pick(3.122283961e-04, 1.9259629911266175e-08)),
    )
}

/// The logarithm to base 10.
#[inline(always)]
pub(crate) fn log10<T: Real>(x: T) -> T {
    to_base(
        x,
        (T::pick(0.301025390625, 0.30102999566361177), T::pick(4.605039067e-06, 3.694239077158931e-13)),
        (T::pick(0.4342041015625, 0.4342944771051407), T::pick(9.038033750e-05, 4.798111141615973e-09)),
    )
}

/// log x = k log 2 + ln(1 + f) / ln b, with both constants in two parts (FreeBSD's `e_log2.c`, 2011).
#[inline(always)]
fn to_base<T: Real>(x: T, log_2: (T, T), log_e: (T, T)) -> T {
    let (m, k) = normal_split(x);
    let f = m - T::one();
    let (half_square, rest) = parts(f);
    let high = (f - half_square).high();
    let low = (f - high) - half_square + rest;
    let y = k * log_2.0;
    let more = high * log_e.0;
    let sum = y + more;
    let less = k * log_2.1 + (low + high) * log_e.1 + low * log_e.0;
    of_positive(x, sum + (less + ((y - sum) + more)))
}

/// m and k with x = 2ᵏ m, for subnormal numbers too.
#[inline(always)]
fn normal_split<T: Real>(x: T) -> (T, T) {
    let tiny = x < T::min_positive_value();
    let (m, k) = (if tiny { x * T::pick((1u32 << 25) as f32, (1u64 << 54) as f64) } else { x }).split();
    (m, if tiny { k - T::pick(25.0, 54.0) } else { k })
}

/// k ln 2 + ln(1 + f) + lost.
#[inline(always)]
fn sum<T: Real>(k: T, f: T, lost: T) -> T {
    let (half_square, rest) = parts(f);
    let low = k * T::pick(3.194618330e-05, 7.371002565167799e-13) + lost;
    k * T::pick(0.693115234375, 0.6931471805592082) - ((half_square - (rest + low)) - f)
}

/// f²/2 and the rest of ln(1 + f) = f − f²/2 + rest, by the series ln(1 + f) = 2s + s R(s²) of s = f / (2 + f).
#[inline(always)]
fn parts<T: Real>(f: T) -> (T, T) {
    let s = f / (f + number(2.0));
    let z = s * s;
    let r = z * polynomial(
        z,
        &[6.6666777e-01, 3.9977496e-01, 2.9873073e-01],
        &[
            0.6666666666666735,
            0.3999999999941109,
            0.28571428743262667,
            0.2222219847598598,
            0.1818356973989061,
            0.15313903243175295,
            0.1479750775414228,
        ],
    );
    let half_square = f * f * number(0.5);
    (half_square, s * (half_square + r))
}

/// ln x in two parts, for an x that is not negative: k ln 2 + ⅔ s (3 + z + z² q(z)) of s = f / (2 + f) and z = s² (fdlibm's
/// `e_pow.c`).
#[inline(always)]
pub(super) fn ln_in_two(x: f64) -> (f64, f64) {
    let (m, k) = normal_split(x);
    let f = m - 1.0;
    // s and what its upper half has lost. Products of upper halves are exact.
    let d = f + 2.0;
    let s = f / d;
    let (s_high, d_high) = (s.high(), d.high());
    let d_low = f - (d_high - 2.0);
    let s_low = ((f - s_high * d_high) - s_high * d_low) / d;
    let z = s * s;
    let q = polynomial(
        z,
        &[],
        &[
            0.6000000000000341,
            0.4285714285513784,
            0.3333333378203025,
            0.27272676355655573,
            0.23080145292176057,
            0.1988500339649281,
            0.19796623821191087,
        ],
    );
    let z_high = s_high * s_high;
    let rest = z * z * q + s_low * (s_high + s);
    let sum = (3.0 + z_high + rest).high();
    let sum_low = rest - ((sum - 3.0) - z_high);
    let (product, more) = (s_high * sum, s_low * sum + sum_low * s);
    let high = (product + more).high();
    let low = more - (high - product);
    let (two_thirds, two_thirds_rest) = (0.6666666567325592, 9.934107462565104e-09);
    let (whole, part) = (k * 0.6931471805592082, two_thirds * high);
    let l = whole + part;
    let lost = (whole - l) + part;
    let rest = lost + (k * 7.371002565167799e-13 + (two_thirds_rest * high + 2.0 / 3.0 * low));
    let finite = (x > 0.0) & (x < f64::INFINITY);
    (of_positive(x, l), if finite { rest } else { 0.0 })
}

/// y, the logarithm of a positive finite x, or what the logarithm of another x is.
#[inline(always)]
fn of_positive<T: Real>(x: T, y: T) -> T {
    let y = if x < T::infinity() { y } else { x };
    let at_most_zero = if x == T::zero() { T::neg_infinity() } else { T::nan() };
    if x > T::zero() { y } else { at_most_zero }
}
