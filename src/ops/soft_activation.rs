//! Smooth activation functions beyond the common ones.

use std::f64::consts::LN_2;

use super::pointwise::fused_of_input;
use crate::kernels::isa::inlined;
use crate::kernels::math;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// x where x > 0, else α (e^(x/α) − 1): an [`elu`](Self::elu) whose slope is 1 at 0 for every α
    /// ([Barron 2017](https://arxiv.org/abs/1704.07483)). Derivative: 1 where x > 0, else e^(x/α).
    ///
    /// # Panics
    /// Unless `alpha` is positive.
    #[track_caller]
    pub fn celu(&self, alpha: T) -> Tensor<T> {
        assert!(alpha > T::zero(), "celu: alpha is {alpha}; it must be positive");
        let below = move |x: &Tensor<T>| x.clamp(T::neg_infinity(), T::zero()) / alpha;
        fused_of_input(
            self,
            #[inline(always)]
            move |x| {
                let below = alpha * math::exp_m1(x / alpha);
                if x > T::zero() { x } else { below }
            },
            #[inline(always)]
            move |x| {
                let below = math::exp(x / alpha);
                if x > T::zero() { T::one() } else { below }
            },
            move |x| x.gt(T::zero()).where_(T::one(), below(x).exp()),
        )
    }

    /// ln σ(x) = −softplus(−x). Derivative: σ(−x).
    #[track_caller]
    pub fn log_sigmoid(&self) -> Tensor<T> {
        -(-self).softplus()
    }

    /// x / (1 + |x|). Derivative: 1 / (1 + |x|)².
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([-3.0, 0.0, 1.0]);
    /// assert_eq!(x.softsign().to_vec(), [-0.75, 0.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn softsign(&self) -> Tensor<T> {
        let share = |x: T| T::one() / (T::one() + x.abs());
        fused_of_input(
            self,
            |x| if x.is_infinite() { x.signum() } else { x * share(x) },
            move |x| share(x) * share(x),
            |x| (x.abs() + T::one()).recip().square(),
        )
    }

    /// x − tanh x. Derivative: tanh² x.
    #[track_caller]
    pub fn tanh_shrink(&self) -> Tensor<T> {
        self - self.tanh()
    }

    /// x tanh x ([Roy et al. 2019](https://arxiv.org/abs/1901.05894)). Derivative: tanh x + x (1 − tanh² x).
    #[track_caller]
    pub fn lisht(&self) -> Tensor<T> {
        self * self.tanh()
    }

    /// ln cosh x, for large x too. Derivative: tanh x.
    #[track_caller]
    pub fn log_cosh(&self) -> Tensor<T> {
        fused_of_input(self, inlined!(log_cosh), inlined!(math::tanh), |x| x.tanh())
    }
}

/// Near 0, where the sum below would cancel, as ½ ln(1 + sinh² x), with sinh x = ½ (m + m / (m + 1)) of m = eˣ − 1.
#[inline(always)]
fn log_cosh<T: Float>(x: T) -> T {
    let (x, half, one) = (x.abs(), T::from_f64(0.5), T::one());
    let m = math::exp_m1(if x < one { x } else { one });
    let sinh = half * (m + m / (m + one));
    let near = half * math::ln_1p(sinh * sinh);
    let far = x + math::ln_1p(math::exp(T::from_f64(-2.0) * x)) - T::from_f64(LN_2);
    if x < one { near } else { far }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use crate::prelude::*;

    #[test]
    fn values_and_slopes_are_the_closed_forms() {
        type Function = fn(&Tensor<f64>) -> Tensor<f64>;
        let e = std::f64::consts::E;
        let t = 0.5f64.tanh();
        // At −½, from the definitions; σ(½) = 1 / (1 + e^−½).
        let known: [(Function, f64, f64); 6] = [
            (|x| x.celu(2.0), 2.0 * (e.powf(-0.25) - 1.0), e.powf(-0.25)),
            (|x| x.log_sigmoid(), -(1.0 + e.powf(0.5)).ln(), 1.0 / (1.0 + e.powf(-0.5))),
            (|x| x.softsign(), -1.0 / 3.0, 4.0 / 9.0),
            (|x| x.tanh_shrink(), t - 0.5, t * t),
            (|x| x.lisht(), 0.5 * t, -t - 0.5 * (1.0 - t * t)),
            (|x| x.log_cosh(), 0.5f64.cosh().ln(), -t),
        ];
        for (f, y, slope) in known {
            let x = Tensor::scalar(-0.5);
            assert_relative_eq!(f(&x).item(), y, max_relative = 1e-14);
            assert_relative_eq!(gradient(f, &x).get().unwrap().item(), slope, max_relative = 1e-14);
            assert!(f(&Tensor::scalar(f64::NAN)).item().is_nan());
        }
    }

    #[test]
    fn small_and_large_arguments_keep_their_digits() {
        // mpmath, 30 digits.
        for (x, y) in
            [(1.0, 0.4337808304830272), (-0.5, 0.12011450695827752), (700.0, 699.3068528194401), (1e-10, 5e-21)]
        {
            assert_relative_eq!(Tensor::scalar(x).log_cosh().item(), y, max_relative = 1e-14);
        }
        let huge = Tensor::from([-f64::INFINITY, -1e300, 1e300, f64::INFINITY]);
        assert_eq!(huge.softsign().to_vec(), [-1.0, -1.0, 1.0, 1.0]);
        assert_eq!(huge.log_cosh().to_vec(), [f64::INFINITY, 1e300, 1e300, f64::INFINITY]);
        assert_eq!(huge.celu(1.0).to_vec(), [-1.0, -1.0, 1e300, f64::INFINITY]);
    }
}
