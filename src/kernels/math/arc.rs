//! The inverses of the trigonometric functions.

use super::real::{Real, number, polynomial};

/// arcsin x = x + x³ q(x²) for |x| ≤ ½, and π/2 − 2 arcsin √((1 − |x|) / 2) from there on.
#[inline(always)]
pub(crate) fn asin<T: Real>(x: T) -> T {
    let Arcsine { far, s, more } = Arcsine::of(x);
    // Half of π/2 less 2s, which is exact where the result is small, and the other half.
    let (half, rest) = eighths(T::one());
    let beyond = half + ((half - (s + s)) - ((more + more) - (rest + rest)));
    (if far { beyond } else { s + more }).copysign(x)
}

/// arccos x: π/2 − arcsin x for |x| ≤ ½; from there on 2 arcsin √((1 − |x|) / 2), or what that leaves of π.
#[inline(always)]
pub(crate) fn acos<T: Real>(x: T) -> T {
    let Arcsine { far, s, more } = Arcsine::of(x);
    let ((right, rest), (half_turn, half_rest)) = (eighths(number::<T>(2.0)), eighths(number::<T>(4.0)));
    let sign = T::one().copysign(x);
    let near = right - (s * sign - (rest - more * sign));
    let (double, double_more) = (s + s, more + more);
    let below = half_turn - (double - (half_rest - double_more));
    let beyond = if x < T::zero() { below } else { double + double_more };
    if far { beyond } else { near }
}

/// The arcsine of s, which is |x| near 0, and √((1 − |x|) / 2) where |x| > ½, as s + more.
struct Arcsine<T> {
    far: bool,
    s: T,
    more: T,
}

impl<T: Real> Arcsine<T> {
    #[inline(always)]
    fn of(x: T) -> Self {
        let (a, half) = (x.abs(), number::<T>(0.5));
        let far = a > half;
        let z = if far { (T::one() - a) * half } else { a * a };
        let s = if far { z.sqrt() } else { a };
        let q = polynomial(
            z,
            &[1.6666752e-01, 7.4952976e-02, 4.5470376e-02, 2.4179515e-02, 4.2166309e-02],
            &[
                0.16666666666665408,
                0.07500000000337004,
                0.04464285682833604,
                0.030381959136668767,
                0.022371758057259203,
                0.017359704663452998,
                0.013885236439393746,
                0.01216920527008043,
                0.006528002755843443,
                0.019528190490337986,
                -0.0162241369206452,
                0.031912191629628064,
            ],
        );
        Arcsine { far, s, more: s * z * q }
    }
}

/// arctan x.
#[inline(always)]
pub(crate) fn atan<T: Real>(x: T) -> T {
    atan2(x, T::one())
}

/// The angle of the point (x, y): the arctangent of n / d, the smaller coordinate over the larger, or where n > 0.6 d that of
/// (n − d) / (n + d) and π/4 more; mirrored into the octant of the point.
#[inline(always)]
pub(crate) fn atan2<T: Real>(y: T, x: T) -> T {
    let (up, along) = (y.abs(), x.abs());
    let steep = up > along;
    let (n, d) = if steep { (along, up) } else { (up, along) };
    // So that n + d does not overflow and what is subnormal has all its digits, two infinite coordinates are as good as equal
    // ones, and the origin lies at angle 0.
    let scale = number(if d > T::pick(1e15, 1e150) { 0.25 } else { (1u64 << 60) as f64 });
    let both = (n == T::infinity()) & (d == n);
    let (n, d) = (if both { T::one() } else { n * scale }, if both { T::one() } else { d * scale });
    let d = if d == T::zero() { T::one() } else { d };
    let wide = n > d * number(0.6);
    let t = (if wide { n - d } else { n }) / (if wide { n + d } else { d });
    let z = t * t;
    let more = t * z * arctangent_change(z);
    // Eighths of a turn from which the angle is counted, backwards in every other octant.
    let behind = x.is_sign_negative();
    let sign = if steep == behind { T::one() } else { -T::one() };
    let (two, four) = (number::<T>(2.0), number::<T>(4.0));
    let from = if steep {
        two
    } else if behind {
        four
    } else {
        T::zero()
    };
    let (high, low) = eighths(from + if wide { sign } else { T::zero() });
    (high + (t * sign + (more * sign + low))).copysign(y)
}

/// (arctan t − t) / t³ of z = t², for |t| ≤ 0.6.
#[inline(always)]
fn arctangent_change<T: Real>(z: T) -> T {
    polynomial(
        z,
        &[-3.333329e-01, 1.9997616e-01, -1.4240886e-01, 1.0714917e-01, -7.240135e-02, 2.9594618e-02],
        &[
            -0.33333333333333226,
            0.19999999999972465,
            -0.1428571428324165,
            0.11111110998616061,
            -0.0909090604681016,
            0.07692254151730467,
            -0.06666020543567684,
            0.058768177256558064,
            -0.05228790705042007,
            0.04605549028405969,
            -0.03824787010284886,
            0.027158474930596848,
            -0.013943698852514015,
            0.003698273865814294,
        ],
    )
}

/// So many π/4 in two parts, the first of which is exact for a small integer.
#[inline(always)]
fn eighths<T: Real>(count: T) -> (T, T) {
    let high = T::pick(0.785369873046875, 0.7853981633974456);
    let low = T::pick(2.82903511e-05, 2.6951514290790595e-15);
    (count * high, count * low)
}
