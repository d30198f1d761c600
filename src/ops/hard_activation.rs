//! Activation functions with corners, made of straight pieces.

use ndarray_rand::rand::Rng;

use super::pointwise::{fused_of_input, piecewise};
use crate::kernels::math;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// x from `min` to `max`, and the nearer bound beyond: [`clamp`](Self::clamp) but for the corners. Derivative: 1
    /// between the bounds, 0 beyond and at them, as PyTorch's.
    ///
    /// # Panics
    /// Unless `min` < `max`.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([-2.0, 0.5, 1.0]);
    /// assert_eq!(x.hard_tanh(-1.0, 1.0).to_vec(), [-1.0, 0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn hard_tanh(&self, min: T, max: T) -> Tensor<T> {
        assert!(min < max, "hard_tanh: the lower bound {min} is not below the upper one {max}");
        bounded(self, T::one(), T::zero(), min, max)
    }

    /// min(max(x, 0), 6) ([Krizhevsky 2010](https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf)). Derivative: 1
    /// between 0 and 6, else 0.
    #[track_caller]
    pub fn relu6(&self) -> Tensor<T> {
        bounded(self, T::one(), T::zero(), T::zero(), T::from_f64(6.0))
    }

    /// min(max(x / 6 + ½, 0), 1): straight pieces along [`sigmoid`](Self::sigmoid). Derivative: 1/6 where |x| < 3, else
    /// 0.
    #[track_caller]
    pub fn hard_sigmoid(&self) -> Tensor<T> {
        bounded(self, T::from_f64(1.0 / 6.0), T::from_f64(0.5), T::zero(), T::one())
    }

    /// x · [`hard_sigmoid`](Self::hard_sigmoid)(x) ([Howard et al. 2019](https://arxiv.org/abs/1905.02244)). Derivative:
    /// x / 3 + ½ where |x| < 3; 0 below and 1 above.
    #[track_caller]
    pub fn hard_swish(&self) -> Tensor<T> {
        let (half, sixth) = (T::from_f64(0.5), T::from_f64(1.0 / 6.0));
        let gate = move |x: T| math::bounded(x * sixth + half, T::zero(), T::one());
        let three = T::from_f64(3.0);
        let within = move |x: T| if x.abs() < three { sixth } else { T::zero() };
        fused_of_input(
            self,
            move |x| x * gate(x),
            move |x| gate(x) + x * within(x),
            move |x| x.hard_sigmoid() + x * x.map_elements(within),
        )
    }

    /// x where |x| > `lambda`, else 0. Derivative: 1 where |x| > `lambda`, else 0.
    ///
    /// # Panics
    /// Where `lambda` is negative.
    #[track_caller]
    pub fn hard_shrink(&self, lambda: T) -> Tensor<T> {
        assert!(lambda >= T::zero(), "hard_shrink: the threshold {lambda} is negative");
        let keeps = move |x: T| x > lambda || x < -lambda || x.is_nan();
        let slope = move |x| if keeps(x) { T::one() } else { T::zero() };
        piecewise(self, |x| if keeps(x) { x } else { T::zero() }, slope)
    }

    /// x drawn towards 0 by `lambda`, and 0 where |x| ≤ `lambda`. Derivative: 1 where |x| > `lambda`, else 0.
    ///
    /// # Panics
    /// Where `lambda` is negative.
    #[track_caller]
    pub fn soft_shrink(&self, lambda: T) -> Tensor<T> {
        assert!(lambda >= T::zero(), "soft_shrink: the threshold {lambda} is negative");
        let slope = move |x: T| if x.abs() <= lambda { T::zero() } else { T::one() };
        piecewise(self, |x| slope(x) * (x - if x < T::zero() { -lambda } else { lambda }), slope)
    }

    /// x where x > `theta`, else 0: the thresholded linear unit ([Konda et al. 2014](https://arxiv.org/abs/1402.3337)).
    /// Derivative: 1 where x > `theta`, else 0.
    #[track_caller]
    pub fn thresholded_relu(&self, theta: T) -> Tensor<T> {
        let slope = move |x| if x <= theta { T::zero() } else { T::one() };
        piecewise(self, |x| if x <= theta { T::zero() } else { x }, slope)
    }

    /// x where x > 0, else x times a slope drawn for each element, uniform from `lower` to `upper`: the randomised leaky
    /// linear unit ([Xu et al. 2015](https://arxiv.org/abs/1505.00853)). Derivative: 1 where x > 0, else the slope.
    ///
    /// # Panics
    /// Unless `lower` ≤ `upper`.
    #[track_caller]
    pub fn rrelu(&self, lower: f64, upper: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
        assert!(lower <= upper, "rrelu: the lower slope {lower} is above the upper one {upper}");
        let draw = |_| T::from_f64(lower + (upper - lower) * rng.random::<f64>());
        let slopes = Tensor::from_dense((0..self.len()).map(draw).collect(), self.shape());
        self * self.gt(T::zero()).where_(T::one(), slopes)
    }
}

/// min(max(slope · x + offset, low), high); NaN stays NaN. Derivative: the slope between the bounds, else 0.
#[track_caller]
fn bounded<T: Float>(x: &Tensor<T>, slope: T, offset: T, low: T, high: T) -> Tensor<T> {
    let line = move |x: T| slope * x + offset;
    piecewise(
        x,
        move |x| math::bounded(line(x), low, high),
        move |x| if line(x) <= low || line(x) >= high { T::zero() } else { slope },
    )
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    /// A function, five arguments, and its values and slopes there.
    type Known = (fn(&Tensor<f64>) -> Tensor<f64>, [f64; 5], [f64; 5], [f64; 5]);

    #[test]
    fn values_and_slopes_are_those_of_the_definitions() {
        // PyTorch's docs, corners included.
        let known: [Known; 7] = [
            (
                |x| x.hard_tanh(-1.0, 2.0),
                [-2.0, -1.0, 0.5, 2.0, 9.0],
                [-1.0, -1.0, 0.5, 2.0, 2.0],
                [0., 0., 1., 0., 0.],
            ),
            (|x| x.relu6(), [-2.0, 0.0, 3.0, 6.0, 7.0], [0.0, 0.0, 3.0, 6.0, 6.0], [0., 0., 1., 0., 0.]),
            (|x| x.hard_swish(), [-4.0, -3.0, 0.0, 1.5, 3.0], [0.0, 0.0, 0.0, 1.125, 3.0], [0., 0., 0.5, 1., 1.]),
            (|x| x.hard_shrink(0.5), [-2.0, -0.5, 0.2, 0.5, 3.0], [-2.0, 0.0, 0.0, 0.0, 3.0], [1., 0., 0., 0., 1.]),
            (|x| x.soft_shrink(0.5), [-2.0, -0.5, 0.2, 0.5, 3.0], [-1.5, 0.0, 0.0, 0.0, 2.5], [1., 0., 0., 0., 1.]),
            (|x| x.thresholded_relu(1.0), [-2.0, 0.5, 1.0, 1.5, 3.0], [0.0, 0.0, 0.0, 1.5, 3.0], [0., 0., 0., 1., 1.]),
            (
                |x| x.rrelu(0.25, 0.25, &mut StdRng::seed_from_u64(1)),
                [-2.0, -1.0, 0.0, 1.5, 3.0],
                [-0.5, -0.25, 0.0, 1.5, 3.0],
                [0.25, 0.25, 0.25, 1., 1.],
            ),
        ];
        for (i, (f, x, y, slope)) in known.into_iter().enumerate() {
            let x = Tensor::from(x);
            assert_eq!(f(&x).to_vec(), y, "values of {i}");
            assert_eq!(gradient(|x| f(x).sum(), &x).get().unwrap().to_vec(), slope, "slopes of {i}");
            assert!(f(&Tensor::scalar(f64::NAN)).item().is_nan(), "{i} loses NaN");
        }
        let x = Tensor::from([-3.0, -1.5, 0.0, 1.5, 3.0]);
        assert_eq!(x.hard_sigmoid().to_vec(), [0.0, 0.25, 0.5, 0.75, 1.0]);
        let slope = gradient(|x| x.hard_sigmoid().sum(), &x);
        assert_eq!(slope.get().unwrap().to_vec(), [0.0, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0, 0.0]);
    }

    #[test]
    fn random_slopes_fill_their_range() {
        let slopes = Tensor::full(10_000, -1.0f64).rrelu(0.125, 1.0 / 3.0, &mut StdRng::seed_from_u64(1)) * -1.0;
        // Uniform: the mean has a deviation of (1/3 − 1/8) / √12 / 100 = 0.0006.
        assert!(slopes.min().item() >= 0.125 && slopes.max().item() <= 1.0 / 3.0);
        assert!((slopes.mean().item() - 11.0 / 48.0).abs() < 0.002);
    }
}
