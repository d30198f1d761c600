//! NAdam.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// NAdam (Dozat, 2016): [`Adam`](crate::optim::Adam) with Nesterov's momentum: x ← x − η m̂ / (√v̂ + ε), where
/// m̂ = β₁m / (1−β₁ᵗ⁺¹) + (1−β₁)g / (1−β₁ᵗ) and v̂ = β₂v / (1−β₂ᵗ), with m and v as Adam has them.
///
/// The paper's algorithm with a constant β₁. PyTorch lets β₁ rise over the steps and leaves the β₂ of v̂ out, optax
/// leaves out that β₂. State: `[m, v]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NAdam {
    /// The learning rate η; 0.001 by default.
    pub rate: f64,
    /// The decays β₁ and β₂ of the mean and the mean square; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// Added to the root, against division by zero; 1e-8 by default.
    pub epsilon: f64,
}

impl NAdam {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        NAdam { rate: positive("NAdam", "rate", rate), betas: (0.9, 0.999), epsilon: 1e-8 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        NAdam { betas: (decay("NAdam", "beta 1", first), decay("NAdam", "beta 2", second)), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        NAdam { epsilon: positive("NAdam", "epsilon", epsilon), ..self }
    }
}

impl Default for NAdam {
    fn default() -> Self {
        NAdam::new(0.001)
    }
}

impl Rule for NAdam {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [m, v]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let (b1, b2) = self.betas;
        let correction = |beta: f64, leaf: LeafInfo| 1.0 - leaf.power(beta);
        let [ahead, now, root] = [
            self.rate * b1 / correction(b1, leaf.at_step(leaf.step + 1)),
            self.rate * (1.0 - b1) / correction(b1, leaf),
            (b2 / correction(b2, leaf)).sqrt(),
        ]
        .map(T::from_f64);
        let [b1, b2, epsilon] = [b1, b2, self.epsilon].map(T::from_f64);
        for ((m, v), dx) in m.iter_mut().zip(v).zip(dx) {
            *m = b1 * *m + (T::one() - b1) * *dx;
            *v = b2 * *v + (T::one() - b2) * *dx * *dx;
            *dx = (ahead * *m + now * *dx) / (v.sqrt() * root + epsilon);
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
