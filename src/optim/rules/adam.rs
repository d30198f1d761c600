//! Adam.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// Adam (Kingma and Ba, 2015), bias-corrected, with ε outside the root, as PyTorch has it:
/// m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; x ← x − η m̂ / (√v̂ + ε), where m̂ = m / (1−β₁ᵗ) and v̂ = v / (1−β₂ᵗ).
///
/// State: `[m, v]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// The learning rate η; 0.001 by default.
    pub rate: f64,
    /// The decays β₁ and β₂ of the mean and the mean square; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// Added to the root, against division by zero; 1e-8 by default.
    pub epsilon: f64,
}

impl Adam {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        Adam { rate: positive("Adam", "rate", rate), betas: (0.9, 0.999), epsilon: 1e-8 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        Adam { betas: (decay("Adam", "beta 1", first), decay("Adam", "beta 2", second)), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Adam { epsilon: positive("Adam", "epsilon", epsilon), ..self }
    }
}

impl Default for Adam {
    fn default() -> Self {
        Adam::new(0.001)
    }
}

impl Rule for Adam {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [m, v]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let (b1, b2) = self.betas;
        let correction = |beta: f64| 1.0 - leaf.power(beta);
        // η m̂ / (√v̂ + ε), with what does not depend on the element taken out.
        let [rate, root] = [self.rate / correction(b1), 1.0 / correction(b2).sqrt()].map(T::from_f64);
        let [b1, b2, epsilon] = [b1, b2, self.epsilon].map(T::from_f64);
        let (c1, c2) = (T::one() - b1, T::one() - b2);
        for ((m, v), dx) in m.iter_mut().zip(v).zip(dx) {
            *m = b1 * *m + c1 * *dx;
            *v = b2 * *v + c2 * *dx * *dx;
            *dx = rate * *m / (v.sqrt() * root + epsilon);
        }
    }

    fn rate(&self, _: u64) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rate = rate;
        true
    }
}
