//! Losses that are negative log-likelihoods, or compare distributions.

use crate::tensor::{Float, Tensor};

/// The mean over all rows of the Kullback–Leibler divergence Σ t (ln t − ln p) of the prediction p, given as its
/// logarithm, from the target t. Where t = 0 a class costs nothing.
///
/// Shapes: both `[…, C]`, the rows distributions over C classes: `x.log_softmax(-1)` and probabilities. PyTorch's
/// `kl_div` with `reduction="batchmean"`.
///
/// # Panics
/// Where the shapes differ, or are those of scalars.
///
/// ```
/// # use sapwood::loss::kl_divergence;
/// # use sapwood::prelude::*;
/// // MLX python/tests/test_losses.py: 0 and 0.831777
/// let p = Tensor::from([[0.5f32, 0.5], [0.8, 0.2]]);
/// let loss = kl_divergence(&p.ln(), &Tensor::from([[0.5, 0.5], [0.2, 0.8]]));
/// assert!((loss.item() - 0.831777 / 2.0).abs() < 1e-6);
/// ```
#[track_caller]
pub fn kl_divergence<T: Float>(log_prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::kl_divergence(log_prediction, target).mean()
}

/// The mean negative log-likelihood e^r − t·r of counts t under Poisson distributions of the rates e^r, over all
/// elements, without the term ln t! that only depends on the target. The prediction is r, the logarithm of the rate.
///
/// PyTorch's default; Flux's `poisson_loss` takes the rate itself.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::loss::poisson_nll;
/// # use sapwood::prelude::*;
/// // Flux's docs, for the rates 0.4, 0.5, 0.6
/// let loss = poisson_nll(&Tensor::from([0.4f64, 0.5, 0.6]).ln(), &Tensor::from([0.1, 0.2, 0.3]));
/// assert!((loss.item() - 0.6278353988097339).abs() < 1e-12);
/// ```
#[track_caller]
pub fn poisson_nll<T: Float>(log_rate: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::poisson_nll(log_rate, target).mean()
}

/// The mean negative log-likelihood ½(ln σ² + (μ − t)²/σ²) of targets t under normal distributions, over all elements,
/// without the constant ½ ln 2π. Variances must be positive; PyTorch's default bounds them from below at 1e-6.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::loss::gaussian_nll;
/// # use sapwood::prelude::*;
/// // MLX python/tests/test_losses.py: −1.101293, −0.779719
/// let loss = gaussian_nll(&Tensor::from([0.1f32, 0.2]), &Tensor::from([0.1, 0.2]), &Tensor::from([0.2, 0.1]));
/// assert!((loss.item() + (1.101293 + 0.779719) / 2.0).abs() < 1e-6);
/// ```
#[track_caller]
pub fn gaussian_nll<T: Float>(mean: &Tensor<T>, variance: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::gaussian_nll(mean, variance, target).mean()
}

pub(super) mod each {
    use crate::loss::{same_rows, same_shape};
    use crate::tensor::{Float, Tensor};

    /// [`kl_divergence`](crate::loss::kl_divergence) of each row; shape `[…]`.
    #[track_caller]
    pub fn kl_divergence<T: Float>(log_prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        same_rows("kl_divergence", log_prediction, target);
        // Where t = 0 neither ln 0 nor the logarithm of an impossible class may be met, not even in the derivative.
        let unwanted = target.eq(T::zero());
        let logs = unwanted.where_(T::one(), target).ln() - unwanted.where_(T::zero(), log_prediction);
        (target * logs).sum_axis(-1)
    }

    /// [`poisson_nll`](crate::loss::poisson_nll) of each element.
    #[track_caller]
    pub fn poisson_nll<T: Float>(log_rate: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        same_shape("poisson_nll", log_rate, target);
        log_rate.exp() - target * log_rate
    }

    /// [`gaussian_nll`](crate::loss::gaussian_nll) of each element.
    #[track_caller]
    pub fn gaussian_nll<T: Float>(mean: &Tensor<T>, variance: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        same_shape("gaussian_nll", mean, target);
        same_shape("gaussian_nll (variance)", variance, target);
        (variance.ln() + (mean - target).square() / variance) * T::from_f64(0.5)
    }
}

#[cfg(test)]
mod tests {
    use crate::loss::{each, gaussian_nll, kl_divergence, poisson_nll};
    use crate::prelude::*;

    #[test]
    fn divergences_and_their_gradients_are_mithrils() {
        // mithril primitives test_kl_div_1, by element: .138629436, 0, −.183258146, .554517744; by p: −t/p.
        let p = Tensor::from([[0.1f64, 0.5, 0.5, 0.1]]);
        let t = Tensor::from([[0.2, 0.5, 0.2, 0.4]]);
        let (loss, g) = with_gradient(|p| kl_divergence(&p.ln(), &t), &p);
        assert!((loss - (0.138629436f64 - 0.183258146 + 0.554517744)).abs() < 1e-8);
        let expected = [-2.0, -1.0, -0.4, -4.0];
        assert!(g.get().unwrap().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14));
        // Flux test/losses.jl: kldivergence([4 5 6], [1 2 3]), three observations of one class.
        let (p, t) = (Tensor::from([[4.0], [5.0], [6.0]]), Tensor::from([[1.0], [2.0], [3.0]]));
        assert!((kl_divergence(&p.ln(), &t).item() + 1.7661057888493457f64).abs() < 1e-14);
        assert_eq!(kl_divergence(&t.ln(), &t).item(), 0.0);
    }

    #[test]
    fn impossible_classes_cost_nothing_unless_they_are_wanted() {
        let z = Tensor::from([[0.0, f64::NEG_INFINITY]]);
        let of = |t: [f64; 2]| with_gradient(|z| kl_divergence(&z.log_softmax(-1), &Tensor::from([t])), &z);
        let (loss, g) = of([1.0, 0.0]);
        assert!(loss == 0.0 && g.is_finite());
        assert_eq!(of([0.5, 0.5]).0, f64::INFINITY);
    }

    #[test]
    fn likelihoods_are_mlxs_and_fluxes() {
        // MLX python/tests/test_losses.py, gaussian_nll_loss; with the constant .918939 more.
        let (mean, target) = (Tensor::from([[0.1f64, 0.2], [0.3, 0.4]]), Tensor::from([[0.2, 0.1], [0.1, 0.2]]));
        let each = each::gaussian_nll(&mean, &mean, &target).to_vec();
        let expected = [-1.101293f64, -0.779719, -0.535320, -0.408145];
        assert!(each.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{each:?}");
        assert!((gaussian_nll(&mean, &mean, &target).item() - expected.iter().sum::<f64>() / 4.0).abs() < 1e-6);
        // Flux test/losses.jl: poisson_loss(y, y).
        let y = Tensor::from([0.1, 0.2, 0.3f64]);
        assert!((poisson_nll(&y.ln(), &y).item() - 0.5044459776946685).abs() < 1e-14);
    }
}
