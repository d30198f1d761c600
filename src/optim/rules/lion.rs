//! Lion.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive, sign};
use crate::tensor::{Float, Tensor};

/// Lion (Chen et al., 2023): c = β₁m + (1−β₁)g; x ← x − η(sign(c) + λx); m ← β₂m + (1−β₂)g, where sign(0) = 0.
///
/// All steps are of the size η: take a third to a tenth of Adam's rate, and a larger decay λ to match. β as in the
/// paper, η and λ as in the authors' program. State: m.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lion {
    /// The learning rate η; 1e-4 by default.
    pub rate: f64,
    /// The decays β₁ of the step and β₂ of the mean; 0.9 and 0.99 by default.
    pub betas: (f64, f64),
    /// The decoupled weight decay λ; 0 by default.
    pub lambda: f64,
}

impl Lion {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        Lion { rate: positive("Lion", "rate", rate), betas: (0.9, 0.99), lambda: 0.0 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        Lion { betas: (decay("Lion", "beta 1", first), decay("Lion", "beta 2", second)), ..self }
    }

    /// Sets λ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn lambda(self, lambda: f64) -> Self {
        Lion { lambda: positive("Lion", "lambda", lambda), ..self }
    }
}

impl Default for Lion {
    fn default() -> Self {
        Lion::new(1e-4)
    }
}

impl Rule for Lion {
    type State<T: Float> = Tensor<T>;

    fn init<T: Float>(&self, x: &Tensor<T>) -> Tensor<T> {
        Tensor::zeros_like(x)
    }

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, m: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        let [rate, lambda, b1, b2] = [self.rate, self.lambda, self.betas.0, self.betas.1].map(T::from_f64);
        for ((m, &x), dx) in m.iter_mut().zip(x).zip(dx) {
            let c = b1 * *m + (T::one() - b1) * *dx;
            *m = b2 * *m + (T::one() - b2) * *dx;
            *dx = rate * (sign(c) + lambda * x);
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
