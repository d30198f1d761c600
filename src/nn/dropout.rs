//! [`Dropout`].

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::autodiff::is_active;
use crate::params::{Buffer, Params};
use crate::tensor::{Float, Tensor};

/// Sets elements to zero with probability p and scales the others by 1 / (1 − p) (Srivastava et al., 2014), while a
/// gradient is being taken; elsewhere it does nothing.
///
/// [`train_mode`](Self::train_mode) and [`test_mode`](Self::test_mode) switch it on and off whatever is being taken.
/// The generator is a [`Buffer`]: it runs on from call to call, checkpoints hold it, and a clone starts where the
/// original stands.
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
    active: Option<bool>,
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
        Dropout { probability, active: None, rng: Buffer::new(ChaCha8Rng::seed_from_u64(seed)) }
    }

    /// Active whether or not a gradient is being taken.
    pub fn train_mode(&mut self) {
        self.active = Some(true);
    }

    /// Never active.
    pub fn test_mode(&mut self) {
        self.active = Some(false);
    }

    /// Active while a gradient is being taken: the default.
    pub fn auto_mode(&mut self) {
        self.active = None;
    }

    /// The tensor with elements dropped, of the same shape.
    pub fn forward<T: Float>(&self, x: &Tensor<T>) -> Tensor<T> {
        if self.active.unwrap_or_else(|| is_active() || x.is_traced()) {
            self.rng.update(|rng| x.dropout(self.probability, rng))
        } else {
            x.clone()
        }
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
}
