//! [`Dropout`].

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::Layer;
use crate::params::{Buffer, Mode, Params};
use crate::tensor::{Float, Tensor};

/// Sets elements to zero with probability p and scales the others by 1 / (1 − p) (Srivastava et al., 2014), in
/// training; elsewhere it does nothing.
///
/// It is in training while a gradient is being taken, unless [`train_mode`](Params::train_mode) or
/// [`test_mode`](Params::test_mode) say otherwise. The generator is a [`Buffer`]: it runs on from call to call,
/// checkpoints hold it, and a clone starts where the original stands.
///
/// ```
/// use sapwood::prelude::*;
///
/// let dropout = Dropout::new(0.5, 7);
/// let x: Tensor = Tensor::ones(1000);
/// assert_eq!(dropout.forward(&x), x);
/// let kept = gradient(|x| dropout.forward(x).sum(), &x);
/// assert!((450..550).contains(&kept.get().unwrap().to_vec().iter().filter(|&&g| g == 2.0).count()));
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dropout {
    probability: f64,
    per_channel: bool,
    mode: Mode,
    rng: Buffer<ChaCha8Rng>,
}

impl Dropout {
    /// Drops with probability `probability`, as a generator of the given seed says.
    ///
    /// # Panics
    /// Where the probability is not in [0, 1].
    #[track_caller]
    pub fn new(probability: f64, seed: u64) -> Self {
        assert!((0.0..=1.0).contains(&probability), "Dropout: the probability must lie in [0, 1], not {probability}");
        let rng = Buffer::new(ChaCha8Rng::seed_from_u64(seed));
        Dropout { probability, per_channel: false, mode: Mode::Auto, rng }
    }

    /// Drops whole channels of inputs `[batch, channels, …]` together (Tompson et al., 2015), as PyTorch's `Dropout1d`
    /// to `Dropout3d` do: neighbouring pixels are so alike that single ones would not be missed.
    pub fn per_channel(self) -> Self {
        Dropout { per_channel: true, ..self }
    }
}

impl<T: Float> Layer<Tensor<T>> for Dropout {
    type Output = Tensor<T>;

    /// The tensor with elements dropped, of the same shape.
    ///
    /// # Panics
    /// Where channels are to be dropped and the input has none: it has fewer than two axes.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let shape = x.shape();
        assert!(
            !self.per_channel || shape.len() >= 2,
            "Dropout: an input of shape {shape:?}, where [batch, channels, …] is needed to drop channels"
        );
        if !self.mode.is_training(x) {
            return x.clone();
        }
        self.rng.update(|rng| {
            if self.per_channel {
                let mut channels = vec![1; shape.len()];
                channels[..2].copy_from_slice(&shape[..2]);
                x * Tensor::ones(channels).dropout(self.probability, rng)
            } else {
                x.dropout(self.probability, rng)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn it_is_active_on_threads_that_the_loss_starts() {
        let (dropout, x) = (Dropout::new(0.5, 1), Tensor::<f32>::ones(100));
        let on_a_thread = |x: &Tensor| std::thread::scope(|s| s.spawn(|| dropout.forward(x)).join()).unwrap();
        let g = gradient(|x| on_a_thread(x).sum(), &x);
        assert!(g.get().unwrap().eq(0.0).any());
        assert_eq!(on_a_thread(&x), x);
    }

    #[test]
    fn channels_are_dropped_as_a_whole() {
        let mut dropout = Dropout::new(0.25, 1).per_channel();
        dropout.train_mode();
        let y = dropout.forward(&Tensor::<f64>::ones((40, 50, 3, 2)));
        let sums = y.sum_axis([2, 3]).to_vec();
        assert!(sums.iter().all(|&sum| sum == 0.0 || (sum - 8.0).abs() < 1e-12));
        // 2,000 draws of probability 1/4: a standard deviation of 19 about 500.
        let dropped = sums.iter().filter(|&&sum| sum == 0.0).count();
        assert!((420..580).contains(&dropped), "{dropped}");
    }

    #[test]
    #[should_panic(expected = "Dropout: an input of shape [3], where [batch, channels, …] is needed")]
    fn channels_need_two_axes() {
        let _ = Dropout::new(0.5, 1).per_channel().forward(&Tensor::<f32>::ones(3));
    }
}
