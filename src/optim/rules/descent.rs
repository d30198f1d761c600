//! Gradient descent.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, positive};
use crate::tensor::{Float, Tensor};

/// Gradient descent: x ← x − ηg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Descent {
    /// The learning rate η; 0.1 by default.
    pub rate: f64,
}

impl Descent {
    /// Steps of the given learning rate.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        Descent { rate: positive("Descent", "rate", rate) }
    }
}

impl Default for Descent {
    fn default() -> Self {
        Descent::new(0.1)
    }
}

impl Rule for Descent {
    type State<T: Float> = ();

    fn init<T: Float>(&self, _: &Tensor<T>) {}

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, (): Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let rate = T::from_f64(self.rate);
        dx.iter_mut().for_each(|dx| *dx *= rate);
    }

    fn rate(&self, _: u64) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rate = rate;
        true
    }
}
