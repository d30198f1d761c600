//! [`AlphaDropout`].

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::Layer;
use crate::params::{Buffer, Mode, Params};
use crate::tensor::{Float, Tensor};

/// −λα of [`Tensor::selu`]: its value far below 0.
const SATURATED: f64 = -1.7580993408473766;

/// Dropout for networks of [`selu`](Tensor::selu): elements become the function's lowest value instead of zero, then
/// all are scaled and shifted so that mean 0 and variance 1 stay
/// ([Klambauer et al. 2017](https://arxiv.org/abs/1706.02515)).
///
/// y = a (x d + s (1 − d)) + b, where d is 0 with probability p and else 1, s = −λα, a = ((1 − p)(1 + p s²))^−½ and
/// b = −a p s. In training only; mode and generator are as [`Dropout`](super::Dropout)'s.
///
/// ```
/// use sapwood::nn::AlphaDropout;
/// use sapwood::prelude::*;
///
/// let mut dropout = AlphaDropout::new(0.2, 7);
/// dropout.train_mode();
/// let x = Tensor::<f64>::normal(10_000, 0.0, 1.0, &mut StdRng::seed_from_u64(0));
/// let y = dropout.forward(&x);
/// assert!(y.mean().item().abs() < 0.05 && (y.var(0).item() - 1.0).abs() < 0.05);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlphaDropout {
    probability: f64,
    mode: Mode,
    rng: Buffer<ChaCha8Rng>,
}

impl AlphaDropout {
    /// Drops with probability `probability`, as a generator of the given seed says.
    ///
    /// # Panics
    /// Where the probability is not in [0, 1).
    #[track_caller]
    pub fn new(probability: f64, seed: u64) -> Self {
        assert!(
            (0.0..1.0).contains(&probability),
            "AlphaDropout: the probability must lie in [0, 1), not {probability}"
        );
        AlphaDropout { probability, mode: Mode::Auto, rng: Buffer::new(ChaCha8Rng::seed_from_u64(seed)) }
    }
}

impl<T: Float> Layer<Tensor<T>> for AlphaDropout {
    type Output = Tensor<T>;

    /// The tensor with elements dropped, of the same shape.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let p = self.probability;
        if p == 0.0 || !self.mode.is_training(x) {
            return x.clone();
        }
        let a = ((1.0 - p) * (1.0 + p * SATURATED * SATURATED)).sqrt().recip();
        let b = -a * p * SATURATED;
        // Dropout of ones gives d / (1 − p).
        let kept = self.rng.update(|rng| Tensor::ones_like(x).dropout(p, rng)) * T::from_f64(1.0 - p);
        let rest = (&kept - T::one()) * T::from_f64(-a * SATURATED) + T::from_f64(b);
        x * kept * T::from_f64(a) + rest
    }
}

#[cfg(test)]
mod tests {
    use super::AlphaDropout;
    use crate::prelude::*;

    fn in_training(probability: f64) -> AlphaDropout {
        let mut dropout = AlphaDropout::new(probability, 1);
        dropout.train_mode();
        dropout
    }

    #[test]
    fn mean_and_variance_of_normal_numbers_stay() {
        let x = Tensor::<f64>::normal(100_000, 0.0, 1.0, &mut StdRng::seed_from_u64(2));
        for probability in [0.05, 0.2, 0.5, 0.8] {
            let y = in_training(probability).forward(&x);
            // Standard deviations: of the mean 0.0032, of the variance at most 0.0045.
            let (mean, variance) = (y.mean().item(), y.var(0).item());
            assert!(mean.abs() < 0.015 && (variance - 1.0).abs() < 0.02, "{probability}: {mean}, {variance}");
        }
    }

    #[test]
    fn the_noise_has_two_values() {
        // torch.nn.functional.alpha_dropout of zeros and of ones, in f64.
        let cases = [
            (0.1, [-1.457738730518132, 0.16197097005757022, 1.0832554862072818]),
            (0.25, [-1.1435441882094726, 0.3811813960698242, 1.2484393199277575]),
            (0.5, [-0.7791939305180315, 0.7791939305180315, 1.6655988251839635]),
        ];
        for (probability, [dropped, zero, one]) in cases {
            let n = 10_000;
            for (x, kept) in [(0.0, zero), (1.0, one)] {
                let y = in_training(probability).forward(&Tensor::<f64>::full(n, x)).to_vec();
                let near = |value: f64| y.iter().filter(|&&y| (y - value).abs() < 1e-14).count();
                assert_eq!(near(dropped) + near(kept), n);
                // The standard deviation is at most 50.
                let expected = probability * n as f64;
                assert!((near(dropped) as f64 - expected).abs() < 200.0, "{probability}: {}", near(dropped));
            }
        }
    }
}
