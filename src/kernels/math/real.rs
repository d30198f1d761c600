//! What the functions need to know of their type.

use super::{normal, pow, trigonometric};

/// `f32` or `f64`, with their representation in bits.
pub trait Real: num_traits::Float + 'static {
    /// 1.5 · 2^p, for p digits after the leading one: what is added to it is rounded to an integer.
    const ROUND: Self;

    /// The number for this type.
    fn pick(single: f32, double: f64) -> Self;

    /// The list for this type.
    fn list(single: &'static [f32], double: &'static [f64]) -> &'static [Self];

    /// 2ⁿ for an integer n that [`ROUND`](Self::ROUND) was added to, where 2ⁿ is a normal number; nonsense elsewhere.
    fn power_of_two(n: Self) -> Self;

    /// m and k with x = m · 2ᵏ and √½ ≤ m < √2, for a positive normal number; nonsense elsewhere.
    fn split(self) -> (Self, Self);

    /// The upper half of the digits, so few that their square is exact.
    fn high(self) -> Self;

    /// See [`sin`](super::sin).
    fn sin_of(self, near: bool) -> Self;

    /// See [`cos`](super::cos).
    fn cos_of(self, near: bool) -> Self;

    /// See [`tan`](super::tan).
    fn tan_of(self, near: bool) -> Self;

    /// See [`normal_cdf`](super::normal_cdf).
    fn normal_cdf_of(self) -> Self;

    /// See [`gelu`](super::gelu).
    fn gelu_of(self) -> Self;

    /// See [`gelu_slope`](super::gelu_slope).
    fn gelu_slope_of(self) -> Self;

    /// See [`pow`](super::pow).
    fn pow_of(self, exponent: Self) -> Self;
}

macro_rules! real {
    ($t:ident $bits:ident, $digits:literal $half:literal, |$single:ident, $double:ident| $pick:ident, $module:ident, $pow:path) => {
        impl Real for $t {
            const ROUND: $t = 1.5 * (1u64 << $digits) as $t;

            #[inline(always)]
            fn pick($single: f32, $double: f64) -> $t {
                $pick
            }

            #[inline(always)]
            fn list($single: &'static [f32], $double: &'static [f64]) -> &'static [$t] {
                $pick
            }

            #[inline(always)]
            fn power_of_two(n: $t) -> $t {
                // The sum has the integer n + bias as its lowest digits, and the exponent's place is just above them.
                const BIAS: $t = ($t::MAX_EXP - 1) as $t;
                $t::from_bits((n + BIAS).to_bits() << $digits)
            }

            #[inline(always)]
            fn split(self) -> ($t, $t) {
                const ONE: $bits = (1.0 as $t).to_bits();
                const ROOT_HALF: $bits = (std::f64::consts::FRAC_1_SQRT_2 as $t).to_bits();
                const MANTISSA: $bits = (1 << $digits) - 1;
                /// An integer as the lowest digits of this number is added to it.
                const WHOLE: $t = (1u64 << $digits) as $t;
                let shifted = self.to_bits().wrapping_add(ONE - ROOT_HALF);
                let m = $t::from_bits((shifted & MANTISSA) + ROOT_HALF);
                let biased = $t::from_bits((shifted >> $digits) | WHOLE.to_bits());
                (m, biased - (WHOLE + ($t::MAX_EXP - 1) as $t))
            }

            #[inline(always)]
            fn high(self) -> $t {
                $t::from_bits(self.to_bits() & !((1 << $half) - 1))
            }

            #[inline(always)]
            fn sin_of(self, near: bool) -> $t {
                trigonometric::$module::sin(self, near)
            }

            #[inline(always)]
            fn cos_of(self, near: bool) -> $t {
                trigonometric::$module::cos(self, near)
            }

            #[inline(always)]
            fn tan_of(self, near: bool) -> $t {
                trigonometric::$module::tan(self, near)
            }

            #[inline(always)]
            fn normal_cdf_of(self) -> $t {
                normal::$module::normal_cdf(self)
            }

            #[inline(always)]
            fn gelu_of(self) -> $t {
                normal::$module::gelu(self)
            }

            #[inline(always)]
            fn gelu_slope_of(self) -> $t {
                normal::$module::gelu_slope(self)
            }

            #[inline(always)]
            fn pow_of(self, exponent: $t) -> $t {
                $pow(self, exponent)
            }
        }
    };
}

real!(f32 u32, 23 12, |single, _double| single, single, pow::pow_single);
real!(f64 u64, 52 27, |_single, double| double, double, pow::pow_double);

/// Terms from which a polynomial is four chains.
const LONG: usize = 8;

/// c₀ + c₁x + c₂x² + …, by Horner's rule. A long polynomial is c₀ + x (p(x²) + x q(x²)), and p and q likewise: the processor works
/// at four chains at once, where it would wait for each step of a single one.
#[inline(always)]
pub(super) fn polynomial<T: Real>(x: T, single: &'static [f32], double: &'static [f64]) -> T {
    let coefficients = T::list(single, double);
    if coefficients.len() < LONG {
        return horner(x, coefficients.iter());
    }
    let (first, others) = (coefficients[0], &coefficients[1..]);
    let square = x * x;
    let fourth = square * square;
    let chain = |i: usize| horner(fourth, others[i..].iter().step_by(4));
    first + x * ((chain(0) + square * chain(2)) + x * (chain(1) + square * chain(3)))
}

/// The sum of the coefficients times 1, x, x², … by Horner's rule.
#[inline(always)]
fn horner<'a, T: Real>(x: T, coefficients: impl DoubleEndedIterator<Item = &'a T>) -> T {
    let mut coefficients = coefficients.rev();
    let Some(&last) = coefficients.next() else { unreachable!("a polynomial has a term") };
    coefficients.fold(
        last,
        #[inline(always)]
        |sum, &c| sum * x + c,
    )
}

/// A number that both types hold, such as 0.5.
#[inline(always)]
pub(super) fn number<T: Real>(x: f64) -> T {
    T::pick(x as f32, x)
}

/// The nearest integer; only where |x| is far below 2^p.
#[inline(always)]
pub(super) fn round<T: Real>(x: T) -> T {
    (x + T::ROUND) - T::ROUND
}

/// x, within bounds; NaN stays NaN.
#[inline(always)]
pub(crate) fn bounded<T: Real>(x: T, low: T, high: T) -> T {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}
