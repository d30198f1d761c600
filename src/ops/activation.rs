//! Activation functions; `tanh` is with the hyperbolic functions.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::pointwise::{fused_of_input, fused_of_output, fused_with_slope, piecewise};
use crate::kernels::isa::inlined;
use crate::kernels::math;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// max(x, 0), the rectified linear unit; NaN stays NaN. Derivative: 1 where x > 0, else 0, at 0 too.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([-2.0, 0.0, 3.0]);
    /// assert_eq!(x.relu().to_vec(), [0.0, 0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn relu(&self) -> Tensor<T> {
        // 1 where y > 0: so x need not be kept, and the next layer has y.
        let slope = |y: T| if y <= T::zero() { T::zero() } else { T::one() };
        fused_of_output(self, |x| if x <= T::zero() { T::zero() } else { x }, slope, move |y| y.map_elements(slope))
    }

    /// x where x > 0, else `slope` · x. Derivative: 1 where x > 0, else `slope`, at 0 too.
    #[track_caller]
    pub fn leaky_relu(&self, slope: T) -> Tensor<T> {
        let one = T::one();
        piecewise(
            self,
            move |x| if x > T::zero() { x } else { slope * x },
            move |x| if x > T::zero() { one } else { slope },
        )
    }

    /// x where x > 0, else α (eˣ − 1): the exponential linear unit. Derivative: 1 where x > 0, else α eˣ.
    #[track_caller]
    pub fn elu(&self, alpha: T) -> Tensor<T> {
        scaled_elu(self, T::one(), alpha)
    }

    /// λ · elu(x, α) with the two numbers of [Klambauer et al. 2017](https://arxiv.org/abs/1706.02515), under which
    /// layers keep mean 0 and variance 1. Derivative: λ where x > 0, else λα eˣ.
    #[track_caller]
    pub fn selu(&self) -> Tensor<T> {
        scaled_elu(self, T::from_f64(1.0507009873554805), T::from_f64(1.6732632423543772))
    }

    /// x Φ(x), where Φ is the normal distribution function: the Gaussian error linear unit. Derivative: Φ(x) + x φ(x).
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([-1.0, 0.0]);
    /// assert!((x.gelu().to_vec()[0] + 0.158655).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn gelu(&self) -> Tensor<T> {
        fused_with_slope(
            self,
            #[inline(always)]
            |x| (math::gelu(x), math::gelu_slope(x)),
            |x| fused_of_input(x, inlined!(math::normal_cdf), inlined!(normal_density), density) + x * density(x),
        )
    }

    /// ½x (1 + tanh u) = x σ(2u) with u = √(2/π) (x + 0.044715 x³): the approximation of [`gelu`](Self::gelu) that many
    /// published models were trained with. Derivative: s (1 + x (1 − s) 2u′) with s = σ(2u).
    #[track_caller]
    pub fn gelu_tanh(&self) -> Tensor<T> {
        // 2u = a x + b x³
        let a = T::from_f64(2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2);
        let b = a * T::from_f64(0.044715);
        let b3 = b * T::from_f64(3.0);
        fused_with_slope(
            self,
            #[inline(always)]
            move |x| {
                let square = x * x;
                let s = math::sigmoid_of_rounded(x * (a + b * square));
                (x * s, s * (T::one() + x * (T::one() - s) * (a + b3 * square)))
            },
            move |x| {
                let square = x.square();
                let s = (x * (&square * b + a)).sigmoid();
                &s * (x * (-&s + T::one()) * (square * b3 + a) + T::one())
            },
        )
    }

    /// x σ(x), also known as swish. Derivative: σ(x) (1 + x (1 − σ(x))).
    #[track_caller]
    pub fn silu(&self) -> Tensor<T> {
        fused_with_slope(
            self,
            #[inline(always)]
            |x| {
                let s = math::sigmoid(x);
                (x * s, s * (T::one() + x * (T::one() - s)))
            },
            |x| {
                let s = x.sigmoid();
                &s * (x * (-&s + T::one()) + T::one())
            },
        )
    }

    /// y = σ(x) = 1 / (1 + e⁻ˣ), the logistic function. Derivative: y (1 − y).
    #[track_caller]
    pub fn sigmoid(&self) -> Tensor<T> {
        fused_of_output(self, inlined!(math::sigmoid), |y| y * (T::one() - y), |y| y * (-y + T::one()))
    }

    /// ln(1 + eˣ), for large x too. Derivative: σ(x).
    #[track_caller]
    pub fn softplus(&self) -> Tensor<T> {
        fused_with_slope(
            self,
            #[inline(always)]
            |x| (math::softplus(x), math::sigmoid(x)),
            |x| x.sigmoid(),
        )
    }

    /// x tanh(softplus(x)). Derivative: t + x (1 − t²) σ(x) with t = tanh(softplus(x)).
    #[track_caller]
    pub fn mish(&self) -> Tensor<T> {
        fused_with_slope(
            self,
            #[inline(always)]
            |x| {
                let t = math::tanh_softplus(x);
                (x * t, t + x * (T::one() - t * t) * math::sigmoid(x))
            },
            |x| {
                let t = x.softplus().tanh();
                &t + x * (-t.square() + T::one()) * x.sigmoid()
            },
        )
    }
}

/// `scale` · elu(x, α).
#[track_caller]
fn scaled_elu<T: Float>(x: &Tensor<T>, scale: T, alpha: T) -> Tensor<T> {
    let (zero, steep) = (T::zero(), scale * alpha);
    fused_of_input(
        x,
        #[inline(always)]
        move |x| {
            let below = steep * math::exp_m1(x);
            if x > zero { scale * x } else { below }
        },
        #[inline(always)]
        move |x| {
            let below = steep * math::exp(x);
            if x > zero { scale } else { below }
        },
        // The bound keeps eˣ finite where it is not taken: 0 · ∞ in its pullback would be NaN.
        move |x| {
            let positive = x.gt(zero);
            positive.where_(scale, positive.where_(zero, x).exp() * steep)
        },
    )
}

/// φ(x) = e^(−x²/2) / √(2π).
#[inline(always)]
fn normal_density<T: Float>(x: T) -> T {
    math::exp(T::from_f64(-0.5) * x * x) * T::from_f64(math::DENSITY)
}

/// [`normal_density`] of a tensor. Derivative: −x φ(x).
fn density<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    fused_of_input(
        x,
        inlined!(normal_density),
        #[inline(always)]
        |x| -x * normal_density(x),
        |x| -(x * density(x)),
    )
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use crate::prelude::*;

    type Function = fn(&Tensor<f64>) -> Tensor<f64>;

    fn slope(f: Function, x: f64) -> f64 {
        gradient(f, &Tensor::scalar(x)).get().unwrap().item()
    }

    /// The slope as the outer of two gradients takes it: by tensor operations instead of the fused pass.
    fn watched_slope(f: Function, x: f64) -> f64 {
        let mut slope = f64::NAN;
        let inner = |x: &Tensor<f64>| {
            let g = gradient(f, x).get().unwrap().clone();
            slope = g.item();
            g + x
        };
        let _ = gradient(inner, &Tensor::scalar(x));
        slope
    }

    #[test]
    fn values_and_slopes_are_the_closed_forms() {
        // mpmath, 30 digits: the function and its derivative at −2, −0.5 and 1.
        let known: [(Function, [(f64, f64); 3]); 9] = [
            (|x| x.leaky_relu(0.1), [(-0.2, 0.1), (-0.05, 0.1), (1.0, 1.0)]),
            (
                |x| x.elu(0.7),
                [(-0.6052653017343711, 0.09473469826562889), (-0.2754285382011566, 0.4245714617988434), (1.0, 1.0)],
            ),
            (
                |x| x.selu(),
                [
                    (-1.520166468595695, 0.23793287225168183),
                    (-0.6917581878028713, 1.0663411530445055),
                    (1.0507009873554805, 1.0507009873554805),
                ],
            ),
            (
                |x| x.gelu(),
                [
                    (-0.04550026389635842, -0.0852318010781969),
                    (-0.15426876936299344, 0.13250487534383715),
                    (0.8413447460685429, 1.0833154705876864),
                ],
            ),
            (
                |x| x.gelu_tanh(),
                [
                    (-0.04540230591222498, -0.08609925662361838),
                    (-0.15428599017485609, 0.1326300964653577),
                    (0.8411919906082767, 1.0829640838457826),
                ],
            ),
            (
                |x| x.silu(),
                [
                    (-0.23840584404423512, -0.09078424878489548),
                    (-0.18877033439907273, 0.2600388126973482),
                    (0.7310585786300049, 0.9276705118714867),
                ],
            ),
            (
                |x| x.sigmoid(),
                [
                    (0.11920292202211756, 0.10499358540350652),
                    (0.37754066879814546, 0.2350037122015945),
                    (0.7310585786300049, 0.19661193324148185),
                ],
            ),
            (
                |x| x.softplus(),
                [
                    (0.1269280110429725, 0.11920292202211756),
                    (0.4740769841801067, 0.37754066879814546),
                    (1.3132616875182228, 0.7310585786300049),
                ],
            ),
            (
                |x| x.mish(),
                [
                    (-0.2525014826957089, -0.10835509242039394),
                    (-0.22074377465173, 0.2895106779135122),
                    (0.8650983882673103, 1.0490362200997922),
                ],
            ),
        ];
        for (i, (f, values)) in known.into_iter().enumerate() {
            for (x, (y, dy)) in [-2.0, -0.5, 1.0].into_iter().zip(values) {
                assert_relative_eq!(f(&Tensor::scalar(x)).item(), y, max_relative = 1e-14);
                assert_relative_eq!(slope(f, x), dy, max_relative = 2e-14);
                assert_relative_eq!(watched_slope(f, x), dy, max_relative = 2e-14);
                let single = |x: &Tensor<f64>| f(&x.cast::<f32>().cast::<f64>());
                assert_relative_eq!(single(&Tensor::scalar(x)).item(), y, max_relative = 1e-6);
            }
            assert!(f(&Tensor::scalar(f64::NAN)).item().is_nan(), "function {i} loses NaN");
        }
    }

    #[test]
    fn the_gaussian_unit_has_the_known_gradients() {
        // mithril, gelu (exact): 1 → 0.8413447460685429, −2 → −0.0455002638963584 and their gradients.
        assert_relative_eq!(slope(|x| x.gelu(), 1.0), 1.0833154705876864, max_relative = 1e-14);
        assert_relative_eq!(slope(|x| x.gelu(), -2.0), -0.0852318010781970, max_relative = 1e-13);
    }

    #[test]
    fn kinks_have_the_slopes_of_pytorch() {
        // torch: relu'(0) = 0, leaky_relu(0.2)'(0) = 0.2, elu'(0) = α.
        assert_eq!(slope(|x| x.relu(), 0.0), 0.0);
        assert_eq!(slope(|x| x.leaky_relu(0.2), 0.0), 0.2);
        assert_eq!(slope(|x| x.elu(0.7), 0.0), 0.7);
    }

    #[test]
    fn large_arguments_stay_finite() {
        let x = Tensor::from([-1e4f32, 1e4]);
        assert_eq!(x.sigmoid().to_vec(), [0.0, 1.0]);
        assert_eq!(x.softplus().to_vec(), [0.0, 1e4]);
        assert_eq!(x.gelu().to_vec(), [0.0, 1e4]);
        let functions: [fn(&Tensor) -> Tensor; 8] = [
            |x| x.elu(1.0),
            |x| x.selu(),
            |x| x.gelu(),
            |x| x.gelu_tanh(),
            |x| x.silu(),
            |x| x.sigmoid(),
            |x| x.softplus(),
            |x| x.mish(),
        ];
        for f in functions {
            let slope = |x: &Tensor| gradient(|x| f(x).sum(), x).get().unwrap().clone();
            assert!(f(&x).is_finite().all() && slope(&x).is_finite().all());
            assert!(gradient(|x| slope(x).sum(), &x).get().unwrap().is_finite().all());
        }
    }
}
