//! The error function.

use std::f64::consts::FRAC_2_SQRT_PI;

use super::pointwise::fused_of_input;
use crate::kernels::isa::inlined;
use crate::kernels::math;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// The error function, 2/√π ∫₀ˣ e^(−t²) dt, to 1.4 units in the last place. Derivative: 2/√π e^(−x²).
    #[track_caller]
    pub fn erf(&self) -> Tensor<T> {
        let factor = T::from_f64(FRAC_2_SQRT_PI);
        fused_of_input(
            self,
            inlined!(math::erf),
            #[inline(always)]
            move |x| math::exp(-x * x) * factor,
            move |x| (-x.square()).exp() * factor,
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn the_error_function_is_exact_to_a_unit_in_the_last_place() {
        // mpmath.erf with 40 digits.
        let known: [(f64, f64); 13] = [
            (-6.5, -1.0),
            (-2.0, -0.9953222650189527),
            (-0.84375, -0.7672256612323416),
            (-0.001, -0.0011283787909692365),
            (0.0, 0.0),
            (1e-20, 1.1283791670955125e-20),
            (0.25, 0.27632639016823696),
            (0.5, 0.5204998778130465),
            (1.0, 0.8427007929497149),
            (1.25, 0.9229001282564583),
            (2.5, 0.999593047982555),
            (4.0, 0.9999999845827421),
            (30.0, 1.0),
        ];
        for (x, y) in known {
            let ours = Tensor::scalar(x).erf().item();
            assert!((ours - y).abs() <= f64::EPSILON * y.abs(), "erf({x}) = {y}, not {ours}");
            assert_eq!(Tensor::scalar(x as f32).erf().item(), libm::erf((x as f32).into()) as f32);
        }
        assert!(Tensor::scalar(f64::NAN).erf().item().is_nan());
    }
}
