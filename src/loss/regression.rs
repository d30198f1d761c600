//! Losses for numbers.

use super::same_shape;
use crate::autodiff::binary;
use crate::kernels::reduce::fold_dense;
use crate::ops::broadcast::zip_elements;
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
    same_shape("mse", prediction, target);
    mean_error(prediction, target, |d| d * d, |d| d * T::from_f64(2.0))
}

/// The mean absolute error Σ|p − t| / n over all elements; its derivative where p = t is 0.
///
/// # Panics
/// Where the shapes differ.
#[track_caller]
pub fn mae<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    same_shape("mae", prediction, target);
    mean_error(prediction, target, T::abs, |d| d.sign())
}

/// The mean of Huber's loss over all elements: d²/2 where |d| = |p − t| ≤ δ, δ(|d| − δ/2) elsewhere (Huber, 1964).
/// PyTorch's and Flux's default for δ is 1.
///
/// # Panics
/// Where the shapes differ, or δ is not positive.
#[track_caller]
pub fn huber<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>, delta: T) -> Tensor<T> {
    same_shape("huber", prediction, target);
    assert!(delta > T::zero(), "huber: delta must be positive, not {delta}");
    let half = T::from_f64(0.5);
    let value = move |d: T| if d.abs() <= delta { half * d * d } else { delta * (d.abs() - half * delta) };
    mean_error(prediction, target, value, move |d| d.clamp(-delta, delta))
}

/// The mean of a function of p − t, given with its derivative: p̄ = derivative(p − t) · ȳ / n, t̄ = −p̄.
fn mean_error<T: Float>(
    prediction: &Tensor<T>,
    target: &Tensor<T>,
    value: impl Fn(T) -> T + Sync,
    derivative: impl Fn(Tensor<T>) -> Tensor<T> + Copy + Send + 'static,
) -> Tensor<T> {
    let count = T::from_f64(prediction.len() as f64);
    binary(
        prediction,
        target,
        |p, t| {
            let errors = zip_elements("loss", p, t, |p, t| value(p - t));
            Tensor::scalar(fold_dense(errors.dense(), &(T::zero(), |a, b| a + b)) / count)
        },
        |p, t, _| {
            let (p, t) = (p.clone(), t.clone());
            let slope = move |g: &Tensor<T>, p: &Tensor<T>, t: &Tensor<T>| derivative(p - t) * (g / count);
            let (p2, t2) = (p.clone(), t.clone());
            (move |g: &Tensor<T>| slope(g, &p, &t), move |g: &Tensor<T>| -slope(g, &p2, &t2))
        },
    )
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
        // MLX python/tests/test_losses.py: huber(1, 0) = .5; smooth L1 (beta 1) of four pairs.
        assert_eq!(huber(&Tensor::scalar(1.0), &Tensor::scalar(0.0), 1.0).item(), 0.5);
        let (p, t) = (Tensor::from([1.5, 2.5, 0.5, 3.5]), Tensor::from([1.0, 2.0, 0.5, 2.5]));
        assert_eq!(huber(&p, &t, 1.0).item(), (0.125 + 0.125 + 0.0 + 0.5) / 4.0);
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
    fn targets_get_gradients_too() {
        let model = (Tensor::from([0.3, -1.7, 2.0]), Tensor::from([0.1, 0.4, -0.8]));
        check_gradient(|(p, t)| mse(p, t), &model).assert_within(1e-8);
        check_gradient(|(p, t)| mae(p, t), &model).assert_within(1e-8);
        check_gradient(|(p, t)| huber(p, t, 1.0), &model).assert_within(1e-8);
    }

    #[test]
    #[should_panic(expected = "mse: the prediction has the shape [3, 1], the target [3]; they must be equal")]
    fn shapes_do_not_broadcast() {
        let _ = mse::<f32>(&Tensor::zeros((3, 1)), &Tensor::zeros(3));
    }
}
