//! [`BatchNorm`].

use serde::{Deserialize, Serialize};

use super::affine::Affine;
use super::group_norm::check_channels;
use super::{Activation, Layer};
use crate::ops::channels::{affine_channels, normalise_channels};
use crate::params::{Buffer, Mode, Params};
use crate::tensor::{Float, Tensor};

/// Each channel to mean 0 and variance 1 over the batch, then scaled and shifted: y = f(γ (x − μ) / √(σ² + ε) + β), with the
/// activation f ([Ioffe and Szegedy 2015](https://arxiv.org/abs/1502.03167)).
///
/// Shapes: x `[batch, channels, …]`, y as x, γ and β `[channels]`.
///
/// In training μ and σ² are those of the batch, and running means of them are kept (of the variance over n − 1):
/// running ← (1 − m) running + m batch, with the momentum m = 0.1. Otherwise μ and σ² are the running ones. ε is 1e-5.
/// These are PyTorch's and Flux's defaults; all axes but the second are reduced, so there is one layer for any number
/// of dimensions.
///
/// It is in training while a gradient is being taken, unless [`train_mode`](Params::train_mode) or
/// [`test_mode`](Params::test_mode) say otherwise. The running statistics are [`Buffer`]s: checkpoints hold them. A relu is made
/// along the way: `BatchNorm::new(8).activation(Activation::Relu)` takes less time and memory than a layer of its own.
///
/// ```
/// use sapwood::nn::BatchNorm;
/// use sapwood::prelude::*;
///
/// let layer: BatchNorm = BatchNorm::new(2);
/// let x = Tensor::from([[1.0, 10.0], [3.0, 30.0]]);
/// let _ = gradient(|m| m.forward(&x).square().sum(), &layer);
/// assert_eq!(layer.mean.get().to_vec(), [0.2, 2.0]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct BatchNorm<T: Float = f32> {
    /// γ and β; `None` for a layer that only normalises.
    pub affine: Option<Affine<T>>,
    /// The running mean, `[channels]`.
    pub mean: Buffer<Tensor<T>>,
    /// The running variance, `[channels]`.
    pub variance: Buffer<Tensor<T>>,
    /// f.
    pub activation: Activation,
    momentum: f64,
    epsilon: f64,
    mode: Mode,
}

impl<T: Float> BatchNorm<T> {
    /// Running means start as zeros, running variances as ones; no activation.
    ///
    /// # Panics
    /// Where there are no channels.
    #[track_caller]
    pub fn new(channels: usize) -> Self {
        assert!(channels > 0, "BatchNorm: there must be at least one channel");
        BatchNorm {
            affine: Some(Affine::new(&[channels])),
            mean: Buffer::new(Tensor::zeros(channels)),
            variance: Buffer::new(Tensor::ones(channels)),
            activation: Activation::Identity,
            momentum: 0.1,
            epsilon: 1e-5,
            mode: Mode::Auto,
        }
    }

    /// The same layer without γ and β.
    pub fn without_affine(self) -> Self {
        BatchNorm { affine: None, ..self }
    }

    /// The same layer with an activation.
    pub fn activation(self, activation: Activation) -> Self {
        BatchNorm { activation, ..self }
    }

    /// The same layer with another momentum: the weight of the newest batch.
    ///
    /// # Panics
    /// Where it is not in [0, 1].
    #[track_caller]
    pub fn momentum(self, momentum: f64) -> Self {
        assert!((0.0..=1.0).contains(&momentum), "BatchNorm: the momentum must lie in [0, 1], not {momentum}");
        BatchNorm { momentum, ..self }
    }

    /// The same layer with another ε.
    ///
    /// # Panics
    /// Where it is negative.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        assert!(epsilon >= 0.0, "BatchNorm: the epsilon must be at least 0, not {epsilon}");
        BatchNorm { epsilon, ..self }
    }

    /// Takes the statistics of a batch of `count` elements a channel into the running ones.
    fn track(&self, mean: Tensor<T>, variance: Tensor<T>, count: usize) {
        let newest = |running: &mut Tensor<T>, batch: Tensor<T>| {
            *running = &*running * T::from_f64(1.0 - self.momentum) + batch * T::from_f64(self.momentum);
        };
        let unbiased = T::from_f64(count as f64 / (count as f64 - 1.0));
        self.mean.update(|running| newest(running, mean));
        self.variance.update(|running| newest(running, variance * unbiased));
    }
}

impl<T: Float> Layer<Tensor<T>> for BatchNorm<T> {
    type Output = Tensor<T>;

    /// y = f(γ (x − μ) / √(σ² + ε) + β).
    ///
    /// # Panics
    /// Where the second axis of `x` has not `channels` elements, γ or β has another number of them, or, in training, where a
    /// channel has only one element in the batch: it has no variance.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let channels = self.mean.update(|mean| mean.len());
        check_channels("BatchNorm", x.shape(), channels, self.affine.as_ref());
        let affine = self.affine.as_ref().map(Affine::tensors);
        if self.mode.is_training(x) {
            assert!(
                x.len() != channels,
                "BatchNorm: an input of shape {:?} has one element a channel, which has no variance to train with",
                x.shape()
            );
            let (rectified, rest) = self.activation.split_relu();
            let (y, mean, variance) = normalise_channels(x, affine, self.epsilon, rectified);
            self.track(mean, variance, x.len() / channels);
            return rest.forward(&y);
        }
        let rsqrt = (self.variance.get() + T::from_f64(self.epsilon)).rsqrt();
        let (scale, shift) = match affine {
            Some([scale, shift]) => (rsqrt * scale, shift),
            None => (rsqrt, Tensor::zeros(channels)),
        };
        let shift = shift - self.mean.get() * &scale;
        self.activation.forward(&affine_channels(x, &scale, &shift))
    }
}

#[cfg(test)]
mod tests {
    use super::BatchNorm;
    use crate::prelude::*;

    #[test]
    fn a_step_of_training_is_that_of_flux() {
        // Flux, test/layers/normalisation.jl: a batch [[1, 3, 5], [2, 4, 6]] of two channels.
        let layer: BatchNorm<f64> = BatchNorm::new(2);
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let mut y = Tensor::default();
        let _ = gradient(
            |m| {
                let out = m.forward(&x);
                y = out.stop_gradient();
                out.square().sum()
            },
            &layer,
        );
        for (y, expected) in y.to_vec().into_iter().zip([-1.22474, -1.22474, 0.0, 0.0, 1.22474, 1.22474]) {
            assert!((y - expected).abs() < 1e-5);
        }
        // 0.1 · 3 and 0.1 · 4; 0.1 · 8/3 · 3/2 + 0.9.
        assert!((layer.mean.get() - Tensor::from([0.3, 0.4])).abs().max().item() < 1e-12);
        assert!((layer.variance.get() - Tensor::from([1.3, 1.3])).abs().max().item() < 1e-12);
        // And in testing: (1 − 0.3) / √(1.3 + 1e-5).
        let y = layer.forward(&x)[[0, 0]];
        assert!((y - 0.7 / 1.30001f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    #[should_panic(expected = "BatchNorm: factors of shape [1] and offsets of shape [3] are not for 3 channels")]
    fn factors_are_as_many_as_channels() {
        let mut layer: BatchNorm = BatchNorm::new(3);
        layer.affine.as_mut().unwrap().scale = Tensor::ones(1);
        let _ = layer.forward(&Tensor::zeros((2, 3)));
    }

    #[test]
    #[should_panic(expected = "BatchNorm: an input of shape [1, 2] has one element a channel")]
    fn one_observation_has_no_variance() {
        let mut layer: BatchNorm = BatchNorm::new(2);
        layer.train_mode();
        let _ = layer.forward(&Tensor::ones((1, 2)));
    }

    #[test]
    #[should_panic(expected = "BatchNorm: an input of shape [4, 3], where [batch, 2, …] is needed")]
    fn the_channels_stand_second() {
        let layer: BatchNorm = BatchNorm::new(2);
        let _ = layer.forward(&Tensor::ones((4, 3)));
    }
}
