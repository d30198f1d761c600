//! Exponentials.

use std::f64::consts::{LN_2, LOG2_E};

use super::real::{Real, bounded, number, polynomial};

/// eˣ = 2ⁿ eʳ, where n is the integer nearest to x / ln 2 and r = x − n ln 2 is at most ½ ln 2
/// ([Tang 1989](https://doi.org/10.1145/63522.214389), without his table).
#[inline(always)]
pub(crate) fn exp<T: Real>(x: T) -> T {
    let x = within(x);
    let (n, high, low) = parts(x, x);
    scaled(n, high, low)
}

/// x within the bounds beyond which eˣ is 0 and ∞.
#[inline(always)]
fn within<T: Real>(x: T) -> T {
    bounded(x, T::pick(-104.0, -746.0), T::pick(89.0, 710.0))
}

/// The n of a number about x, with [`ROUND`](Real::ROUND) added to it, and the parts of x − n ln 2.
#[inline(always)]
fn parts<T: Real>(x: T, about: T) -> (T, T, T) {
    let n = about * number(LOG2_E) + T::ROUND;
    let (high, low) = reduce(x, n - T::ROUND);
    (n, high, low)
}

/// 2ˣ = 2ⁿ e^((x − n) ln 2).
#[inline(always)]
pub(crate) fn exp2<T: Real>(x: T) -> T {
    let x = bounded(x, T::pick(-151.0, -1076.0), T::pick(129.0, 1025.0));
    let n = x + T::ROUND;
    scaled(n, (x - (n - T::ROUND)) * number(LN_2), T::zero())
}

/// The parts of r = high − low with x = n ln 2 + r (Cody and Waite, 1980): n times the first part of ln 2 is exact.
#[inline(always)]
pub(super) fn reduce<T: Real>(x: T, n: T) -> (T, T) {
    (x - n * T::pick(0.693115234375, 0.6931471805592082), n * T::pick(3.194618330e-05, 7.371002565167799e-13))
}

/// ½ eˣ for an x that is not negative.
#[inline(always)]
pub(super) fn half_exp<T: Real>(x: T) -> T {
    let most = T::pick(90.0, 711.0);
    let x = if x > most { most } else { x };
    let (n, high, low) = parts(x, x);
    scaled(n - T::one(), high, low)
}

/// eˣ for an x from −87 to 88 (`f32`) or −708 to 709 (`f64`), whose 2ⁿ is a normal number; nonsense elsewhere, but NaN of NaN.
#[inline(always)]
pub(crate) fn exp_moderate<T: Real>(x: T) -> T {
    let (n, high, low) = parts(x, x);
    (T::one() + exp_less_one(high, low)) * T::power_of_two(n)
}

/// eˣ for an x that is not positive, and what its last digit has lost.
#[inline(always)]
pub(super) fn exp_in_two<T: Real>(x: T) -> (T, T) {
    let least = T::pick(-104.0, -746.0);
    let x = if x < least { least } else { x };
    let (n, high, low) = parts(x, x);
    let (y, lost) = one_and(exp_less_one(high, low));
    // As `times_power_of_two` does where n is negative.
    let (power, factor) = (T::power_of_two(n + T::pick(64.0, 512.0)), T::pick(TINY, DOWN));
    (y * power * factor, lost * power * factor)
}

/// A number and what its last digit has lost, times 2ⁿ; `n` has [`ROUND`](Real::ROUND) added to it.
pub(super) struct Scaled<T> {
    pub(super) number: (T, T),
    pub(super) n: T,
}

impl<T: Real> Scaled<T> {
    #[inline(always)]
    pub(super) fn value(&self) -> T {
        times_power_of_two(self.number.0, self.n)
    }
}

/// e^(x + y) for an x above −131 (`f32`) or −1063 (`f64`) whose exponential does not overflow, and a y that is small beside
/// it: their sum, which may not be a number of the type, is not rounded.
#[inline(always)]
pub(super) fn exp_sum<T: Real>(x: T, y: T) -> Scaled<T> {
    let (n, high, low) = parts(x, x + y);
    Scaled { number: one_and(exp_less_one(high, low - y)), n }
}

/// 1 + x, and what that has lost.
#[inline(always)]
fn one_and<T: Real>(x: T) -> (T, T) {
    let y = T::one() + x;
    (y, x - (y - T::one()))
}

/// 2ⁿ eʳ for r = high − low; `n` has [`ROUND`](Real::ROUND) added to it.
#[inline(always)]
fn scaled<T: Real>(n: T, high: T, low: T) -> T {
    times_power_of_two(T::one() + exp_less_one(high, low), n)
}

/// eʳ − 1 = r + r² q(r) for r = high − low.
#[inline(always)]
fn exp_less_one<T: Real>(high: T, low: T) -> T {
    let r = high - low;
    let q = polynomial(
        r,
        &[4.9999993e-01, 1.6666509e-01, 4.1668528e-02, 8.370135e-03, 1.3811662e-03],
        &[
            0.5000000000000013,
            0.16666666666666358,
            0.041666666666507264,
            0.008333333333521936,
            0.001388888895040728,
            0.0001984126946451483,
            2.480148545665653e-05,
            2.7557608419240148e-06,
            2.763315475869173e-07,
            2.4997908404752077e-08,
        ],
    );
    high + (r * r * q - low)
}

/// x 2ⁿ; `n` has [`ROUND`](Real::ROUND) added to it.
#[inline(always)]
pub(super) fn times_power_of_two<T: Real>(x: T, n: T) -> T {
    // In two factors, as 2ⁿ may not be a normal number; only the second product is ever rounded.
    let down = n < T::ROUND;
    let less = if down { T::pick(64.0, 512.0) } else { -T::one() };
    let factor = if down { T::pick(TINY, DOWN) } else { number(2.0) };
    x * T::power_of_two(n + less) * factor
}

/// 2⁻⁶⁴.
const TINY: f32 = 1.0 / (1u128 << 64) as f32;

/// 2⁻⁵¹².
const DOWN: f64 = f64::from_bits((1023 - 512) << 52);
