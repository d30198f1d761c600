//! AdaBelief.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// AdaBelief (Zhuang et al., 2020): [`Adam`](crate::optim::Adam) by the variance of the gradient around its mean:
/// m ← β₁m + (1−β₁)g; s ← β₂s + (1−β₂)(g−m)² + ε; x ← x − η m̂ / (√ŝ + ε), where m̂ = m / (1−β₁ᵗ) and ŝ = s / (1−β₂ᵗ).
///
/// Defaults are those of optax and the authors' program. State: `[m, s]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaBelief {
    /// The learning rate η; 0.001 by default.
    pub rate: f64,
    /// The decays β₁ and β₂ of the mean and the variance; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// Added to the variance in each step, and to its root; 1e-16 by default.
    pub epsilon: f64,
}

impl AdaBelief {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        AdaBelief { rate: positive("AdaBelief", "rate", rate), betas: (0.9, 0.999), epsilon: 1e-16 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        AdaBelief { betas: (decay("AdaBelief", "beta 1", first), decay("AdaBelief", "beta 2", second)), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        AdaBelief { epsilon: positive("AdaBelief", "epsilon", epsilon), ..self }
    }
}

impl Default for AdaBelief {
    fn default() -> Self {
        AdaBelief::new(0.001)
    }
}

impl Rule for AdaBelief {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [m, s]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let (b1, b2) = self.betas;
        let correction = |beta: f64| 1.0 - leaf.power(beta);

        let [rate, root] = [self.rate / correction(b1), 1.0 / correction(b2).sqrt()].map(T::from_f64);
        let [b1, b2, epsilon] = [b1, b2, self.epsilon].map(T::from_f64);
        for ((m, s), dx) in m.iter_mut().zip(s).zip(dx) {
            *m = b1 * *m + (T::one() - b1) * *dx;
            let surprise = *dx - *m;
            *s = b2 * *s + (T::one() - b2) * surprise * surprise + epsilon;
            *dx = rate * *m / (s.sqrt() * root + epsilon);
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
