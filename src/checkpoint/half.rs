//! Numbers of 16 bits, which are only read and written.

/// A binary format of IEEE 754's kind in 16 bits: a sign, an exponent plus a bias, and the digits after the leading one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half {
    digits: i32,
    bias: i32,
}

/// IEEE 754's half precision.
pub(super) const F16: Half = Half { digits: 10, bias: 15 };

/// The upper half of an `f32`.
pub(super) const BF16: Half = Half { digits: 7, bias: 127 };

const SIGN: u16 = 1 << 15;

impl Half {
    /// The nearest number, the even one of two that are as near; infinity beyond half a step past the largest.
    pub(super) fn bits(self, x: f64) -> u16 {
        let sign = if x.is_sign_negative() { SIGN } else { 0 };
        if x.is_nan() {
            return sign | self.infinity() | 1 << (self.digits - 1);
        }
        if x.is_infinite() {
            return sign | self.infinity();
        }
        // That of the smallest normal number at least: those below it have its steps.
        let exponent = ((x.to_bits() >> 52 & 0x7ff) as i32 - 1023).max(1 - self.bias);
        let significand = (x.abs() * power_of_two(self.digits - exponent)).round_ties_even() as i32;
        // Its leading one adds one to the exponent, and what was rounded up to two adds another.
        let bits = ((exponent + self.bias - 1) << self.digits) + significand;
        sign | bits.min(self.infinity().into()) as u16
    }

    /// The number of these bits.
    pub(super) fn number(self, bits: u16) -> f64 {
        let magnitude = bits & !SIGN;
        let (exponent, digits) = (i32::from(magnitude >> self.digits), magnitude & ((1 << self.digits) - 1));
        let leading = if exponent > 0 { 1 << self.digits } else { 0 };
        let x = match magnitude.cmp(&self.infinity()) {
            std::cmp::Ordering::Less => {
                f64::from(digits + leading) * power_of_two(exponent.max(1) - self.bias - self.digits)
            }
            std::cmp::Ordering::Equal => f64::INFINITY,
            std::cmp::Ordering::Greater => f64::NAN,
        };
        if bits & SIGN == 0 { x } else { -x }
    }

    fn infinity(self) -> u16 {
        ((2 * self.bias + 1) << self.digits) as u16
    }
}

/// 2ⁿ, a normal number.
fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((n + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::{BF16, F16, Half};

    #[test]
    fn half_precision_has_ieees_numbers() {
        // IEEE 754's binary16; the examples of https://en.wikipedia.org/wiki/Half-precision_floating-point_format.
        let examples = [
            (0x0000, 0.0),
            (0x0001, 2f64.powi(-24)),
            (0x03ff, 1023.0 * 2f64.powi(-24)),
            (0x0400, 2f64.powi(-14)),
            (0x3555, 0.333251953125),
            (0x3bff, 0.99951171875),
            (0x3c00, 1.0),
            (0x3c01, 1.0009765625),
            (0x7bff, 65504.0),
            (0x7c00, f64::INFINITY),
            (0xc000, -2.0),
            (0xfc00, f64::NEG_INFINITY),
        ];
        for (bits, x) in examples {
            assert_eq!((F16.number(bits), F16.bits(x)), (x, bits));
        }
        assert!(F16.number(0x8000).is_sign_negative() && F16.bits(-0.0) == 0x8000);
    }

    #[test]
    fn the_short_format_has_the_numbers_of_f32() {
        for bits in 0..=u16::MAX {
            let (x, single) = (BF16.number(bits), f64::from(f32::from_bits(u32::from(bits) << 16)));
            assert!(x.to_bits() == single.to_bits() || x.is_nan() && single.is_nan(), "{bits:#06x}: {x}");
        }
    }

    /// Every number comes back, and all between two go to the nearer one.
    fn rounds_to_nearest(format: Half) {
        for bits in 0..=u16::MAX {
            let x = format.number(bits);
            if x.is_nan() {
                assert!(format.number(format.bits(x)).is_nan());
                continue;
            }
            assert_eq!(format.bits(x), bits, "{x}");
            let next = format.number(bits + 1);
            if !next.is_finite() {
                continue;
            }
            let (between, even) = (x.midpoint(next), bits + bits % 2);
            let (nearer, farther) = if x.is_sign_negative() {
                (between.next_up(), between.next_down())
            } else {
                (between.next_down(), between.next_up())
            };
            assert_eq!([nearer, between, farther].map(|x| format.bits(x)), [bits, even, bits + 1], "{x}");
        }
    }

    #[test]
    fn what_lies_between_goes_to_the_nearer() {
        rounds_to_nearest(F16);
        rounds_to_nearest(BF16);
        let infinity = [(F16, 65520.0), (BF16, 2f64.powi(128) - 2f64.powi(119))];
        for (format, from) in infinity {
            assert!(format.number(format.bits(from)).is_infinite() && format.number(format.bits(-1e300)) < f64::MIN);
            assert!(format.number(format.bits(f64::next_down(from))).is_finite());
        }
        for tiny in [5e-324, f64::MIN_POSITIVE, 2f64.powi(-25)] {
            assert_eq!([F16.bits(tiny), F16.bits(-tiny)], [0, 0x8000]);
        }
    }
}
