//! Losses for numbers: functions of the error p − t.

use crate::tensor::{Float, Tensor};

/// The mean squared error Σ(p − t)² / n over all elements.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::prelude::*;
/// // Flux's docs: mse([0.9, 0.1, 0.1, 0.9], [1, 1, 0, 0])
/// let loss = mse(&Tensor::from([0.9f32, 0.1, 0.1, 0.9]), &Tensor::from([1.0, 1.0, 0.0, 0.0]));
/// assert!((loss.item() - 0.41).abs() < 1e-6);
/// ```
#[track_caller]
pub fn mse<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::squares(prediction, target, true)
}

/// The mean absolute error Σ|p − t| / n over all elements; its derivative where p = t is 0.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::prelude::*;
/// let loss = mae(&Tensor::from([1.0f32, 2.0]), &Tensor::from([1.5, 4.0]));
/// assert_eq!(loss.item(), 1.25);
/// ```
#[track_caller]
pub fn mae<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::mae(prediction, target).mean()
}

/// The mean squared logarithmic error Σ(ln p − ln t)² / n over all elements, which must be positive.
///
/// This is Flux's (without its ε). Keras and scikit-learn add 1 to both: `msle(&(p + 1.0), &(t + 1.0))`.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::loss::msle;
/// # use sapwood::prelude::*;
/// // Flux test/losses.jl
/// let loss = msle(&Tensor::from([345.0f64, 332.0, 789.0]), &Tensor::from([123.0, 456.0, 789.0]));
/// assert!((loss.item() - 0.38813985859136585).abs() < 1e-12);
/// ```
#[track_caller]
pub fn msle<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::msle(prediction, target).mean()
}

/// The mean of Huber's loss over all elements: d²/2 where |d| = |p − t| ≤ δ, δ(|d| − δ/2) elsewhere (Huber, 1964).
/// PyTorch's and Flux's default for δ is 1.
///
/// # Panics
/// Where the shapes differ, or δ is not positive.
///
/// ```
/// # use sapwood::prelude::*;
/// let loss = huber(&Tensor::from([0.5f32, 3.0]), &Tensor::from([0.0, 0.0]), 1.0);
/// assert_eq!(loss.item(), (0.125 + 2.5) / 2.0);
/// ```
#[track_caller]
pub fn huber<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>, delta: T) -> Tensor<T> {
    each::huber(prediction, target, delta).mean()
}

/// The mean of the smooth L1 loss over all elements: d²/2β where |d| = |p − t| ≤ β, |d| − β/2 elsewhere
/// (Girshick, 2015, with β = 1). It is [`huber`] with δ = β, divided by β: its slope far out is 1 whatever β.
///
/// # Panics
/// Where the shapes differ, or β is not positive ([`mae`] is the limit for β = 0).
///
/// ```
/// # use sapwood::loss::smooth_l1;
/// # use sapwood::prelude::*;
/// // MLX python/tests/test_losses.py: .125, .125, 0, .5
/// let loss = smooth_l1(&Tensor::from([1.5f32, 2.5, 0.5, 3.5]), &Tensor::from([1.0, 2.0, 0.5, 2.5]), 1.0);
/// assert_eq!(loss.item(), 0.75 / 4.0);
/// ```
#[track_caller]
pub fn smooth_l1<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>, beta: T) -> Tensor<T> {
    each::smooth_l1(prediction, target, beta).mean()
}

/// The mean of ln cosh(p − t) over all elements: like d²/2 near 0, like |d| − ln 2 far out, where it does not overflow.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::loss::log_cosh;
/// # use sapwood::prelude::*;
/// // optax losses/_regression_test.py
/// let loss = log_cosh(&Tensor::from([500.0, 1.0f64]), &Tensor::from([-200.0, 0.0]));
/// assert!((loss.item() - (699.3068528194400 + 0.4337808304830271) / 2.0).abs() < 1e-12);
/// ```
#[track_caller]
pub fn log_cosh<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::log_cosh(prediction, target).mean()
}

/// The mean of the quantile (pinball) loss over all elements: q(t − p) where p < t, (1 − q)(p − t) elsewhere
/// (Koenker and Bassett, 1978). The prediction that makes it smallest is the target's q-quantile. Its derivative where
/// p = t is 0.
///
/// # Panics
/// Where the shapes differ, or q is not between 0 and 1.
///
/// ```
/// # use sapwood::loss::quantile;
/// # use sapwood::prelude::*;
/// // mithril primitives test_quantile: an error of 1 at q = 0.1
/// assert_eq!(quantile(&Tensor::from([1.0f32]), &Tensor::from([0.0]), 0.1).item(), 0.9);
/// ```
#[track_caller]
pub fn quantile<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>, q: T) -> Tensor<T> {
    each::quantile(prediction, target, q).mean()
}

pub(super) mod each {
    use crate::autodiff::op;
    use crate::loss::same_shape;
    use crate::ops::broadcast::zip_over;
    use crate::tensor::{Float, Tensor};

    /// [`mse`](crate::loss::mse) of each pair of elements.
    #[track_caller]
    pub fn mse<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        squares(prediction, target, false)
    }

    /// d² of each pair, or its mean: as one operation, since small models spend their time on operations.
    #[track_caller]
    pub(super) fn squares<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>, mean: bool) -> Tensor<T> {
        of_error("mse", prediction, target, mean, |d| d * d, |d| d * T::from_f64(2.0))
    }

    /// [`mae`](crate::loss::mae) of each pair of elements.
    #[track_caller]
    pub fn mae<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        of_error("mae", prediction, target, false, T::abs, |d| d.sign())
    }

    /// [`msle`](crate::loss::msle) of each pair of elements.
    #[track_caller]
    pub fn msle<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        same_shape("msle", prediction, target);
        mse(&prediction.ln(), &target.ln())
    }

    /// [`huber`](crate::loss::huber) of each pair of elements.
    #[track_caller]
    pub fn huber<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>, delta: T) -> Tensor<T> {
        assert!(delta > T::zero(), "huber: delta must be positive, not {delta}");
        let half = T::from_f64(0.5);
        let value = move |d: T| if d.abs() <= delta { half * d * d } else { delta * (d.abs() - half * delta) };
        of_error("huber", prediction, target, false, value, move |d| d.clamp(-delta, delta))
    }

    /// [`smooth_l1`](crate::loss::smooth_l1) of each pair of elements.
    #[track_caller]
    pub fn smooth_l1<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>, beta: T) -> Tensor<T> {
        assert!(beta > T::zero(), "smooth_l1: beta must be positive, not {beta}");
        let half = T::from_f64(0.5);
        let value = move |d: T| if d.abs() <= beta { half * d * d / beta } else { d.abs() - half * beta };
        of_error("smooth_l1", prediction, target, false, value, move |d| d.clamp(-beta, beta) / beta)
    }

    /// [`log_cosh`](crate::loss::log_cosh) of each pair of elements.
    #[track_caller]
    pub fn log_cosh<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        same_shape("log_cosh", prediction, target);
        (prediction - target).log_cosh()
    }

    /// [`quantile`](crate::loss::quantile) of each pair of elements.
    #[track_caller]
    pub fn quantile<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>, q: T) -> Tensor<T> {
        let (zero, one) = (T::zero(), T::one());
        assert!(q > zero && q < one, "quantile: q must lie between 0 and 1, not {q}");
        let slope = move |d: &Tensor<T>| d.gt(zero).where_(one - q, d.lt(zero).where_(-q, zero));
        let value = move |d: T| if d < zero { -q * d } else { (one - q) * d };
        of_error("quantile", prediction, target, false, value, move |d| slope(&d))
    }

    /// A function of the errors d = p − t, given with its derivative, or its mean over all n: p̄ = ȳ · derivative(d), over
    /// n for the mean, t̄ = −p̄.
    #[inline(never)]
    #[track_caller]
    fn of_error<T: Float>(
        loss: &str,
        prediction: &Tensor<T>,
        target: &Tensor<T>,
        mean: bool,
        value: impl Fn(T) -> T + Sync,
        derivative: impl Fn(Tensor<T>) -> Tensor<T> + Copy + Send + 'static,
    ) -> Tensor<T> {
        same_shape(loss, prediction, target);
        let count = T::from_f64(if mean { prediction.len() as f64 } else { 1.0 });
        let forward = |[p, t]: [&Tensor<T>; 2]| {
            let errors = zip_over(p.shape(), p, t, |p, t| value(p - t));
            if mean { errors.sum() / count } else { errors }
        };
        op([prediction, target], forward, &|[p, t]: [&Tensor<T>; 2], _: &Tensor<T>| {
            let (p, t) = (p.clone(), t.clone());
            move |g: Tensor<T>, watched: [bool; 2]| {
                let g = if mean { g / count } else { g };
                let slope = derivative(p - &t) * &g;
                let of_target = watched[1].then(|| -&slope);
                [watched[0].then_some(slope), of_target]
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn values_are_fluxes() {
        // Flux test/losses.jl, y = [1, 1, 0, 0], ŷ = [.9, .1, .1, .9].
        let (p, t) = (Tensor::from([0.9, 0.1, 0.1, 0.9]), Tensor::from([1.0, 1.0, 0.0, 0.0]));
        assert!((mse(&p, &t).item() - 0.41f64).abs() < 1e-12);
        assert!((mae(&p, &t).item() - 0.5).abs() < 1e-12);
        assert!((huber(&p, &t, 1.0).item() - 0.205).abs() < 1e-12);
        // MLX python/tests/test_losses.py: huber(1, 0) = .5.
        assert_eq!(huber(&Tensor::scalar(1.0), &Tensor::scalar(0.0), 1.0).item(), 0.5);
    }

    #[test]
    fn gradients_of_the_line_are_mlxs() {
        // MLX docs/src/usage/function_transforms.rst: w = 1, x = [.5, −.5], y = [1.5, −1.5].
        let model = (Tensor::scalar(1.0), Tensor::from([0.5, -0.5]), Tensor::scalar(0.0));
        let y = Tensor::from([1.5, -1.5]);
        let (loss, (dw, dx, db)) = with_gradient(|(w, x, b)| mse(&(w * x + b), &y), &model);
        assert_eq!((loss, dw.get().unwrap().item(), db.get().unwrap().item()), (1.0, -1.0, 0.0));
        assert_eq!(dx.get().unwrap().to_vec(), [-1.0, 1.0]);
    }

    #[test]
    fn the_logarithm_of_cosh_is_exact_near_zero_and_finite_far_out() {
        // d²/2 − d⁴/12 near 0; |d| − ln 2 far out.
        let each = loss::each::log_cosh(&Tensor::from([1e-6f64, 1e20, -1e20]), &Tensor::zeros(3)).to_vec();
        assert!((each[0] / 5e-13 - 1.0).abs() < 1e-12);
        assert_eq!(each[1..], [1e20, 1e20]);
    }

    #[test]
    #[should_panic(expected = "mse: the prediction has the shape [3, 1], the target [3]; they must be equal")]
    fn shapes_do_not_broadcast() {
        let _ = mse::<f32>(&Tensor::zeros((3, 1)), &Tensor::zeros(3));
    }

    #[test]
    #[should_panic(expected = "quantile: q must lie between 0 and 1, not 1.5")]
    fn a_quantile_beyond_one_is_refused() {
        let _ = loss::quantile(&Tensor::zeros(3), &Tensor::zeros(3), 1.5f32);
    }
}
