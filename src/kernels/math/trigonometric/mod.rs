//! Sine, cosine and tangent.

pub(super) mod double;
pub(super) mod single;

use super::real::{Real, polynomial};

/// Below it in size, [`sin_near`], [`cos_near`] and [`tan_near`] give what [`sin`], [`cos`] and [`tan`] do, and become vector
/// instructions.
pub(crate) const NEAR: f64 = 16777216.0;

/// sin x. Of an `f64` beyond [`NEAR`] it is the system's.
#[inline(always)]
pub(crate) fn sin<T: Real>(x: T) -> T {
    x.sin_of(false)
}

/// cos x; as [`sin`].
#[inline(always)]
pub(crate) fn cos<T: Real>(x: T) -> T {
    x.cos_of(false)
}

/// tan x; as [`sin`].
#[inline(always)]
pub(crate) fn tan<T: Real>(x: T) -> T {
    x.tan_of(false)
}

/// sin x for |x| < [`NEAR`].
#[inline(always)]
pub(crate) fn sin_near<T: Real>(x: T) -> T {
    x.sin_of(true)
}

/// cos x for |x| < [`NEAR`].
#[inline(always)]
pub(crate) fn cos_near<T: Real>(x: T) -> T {
    x.cos_of(true)
}

/// tan x for |x| < [`NEAR`].
#[inline(always)]
pub(crate) fn tan_near<T: Real>(x: T) -> T {
    x.tan_of(true)
}

/// Sine and cosine of r with x = n π/2 + r and |r| ≤ π/4.
struct Turned {
    sin: f64,
    cos: f64,
    /// n, with [`ROUND`](Real::ROUND) added to it: its lowest digits say how often it turns.
    rounded: f64,
}

impl Turned {
    #[inline(always)]
    fn sin(&self) -> f64 {
        self.ahead(0.0)
    }

    #[inline(always)]
    fn cos(&self) -> f64 {
        self.ahead(1.0)
    }

    /// sin (x + ahead π/2).
    #[inline(always)]
    fn ahead(&self, ahead: f64) -> f64 {
        let quadrant = (self.rounded + ahead).to_bits();
        let y = if quadrant & 1 == 0 { self.sin } else { self.cos };
        // The sign of every other half turn.
        f64::from_bits(y.to_bits() ^ (quadrant << 62 & 1 << 63))
    }

    #[inline(always)]
    fn tan(&self) -> f64 {
        let even = self.rounded.to_bits() & 1 == 0;
        let (y, x) = if even { (self.sin, self.cos) } else { (-self.cos, self.sin) };
        y / x
    }
}
