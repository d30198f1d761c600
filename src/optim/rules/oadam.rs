//! OAdam.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// Optimistic Adam (Daskalakis et al., 2018): x ← x − 2d + d′, where d is [`Adam`](crate::optim::Adam)'s step and d′
/// the one before, for games, in which Adam circles around the equilibrium.
///
/// Defaults are those of Optimisers.jl. State: `[m, v, d′]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OAdam {
    /// The learning rate η; 0.001 by default.
    pub rate: f64,
    /// The decays β₁ and β₂ of the mean and the mean square; 0.5 and 0.9 by default.
    pub betas: (f64, f64),
    /// Added to the root, against division by zero; 1e-8 by default.
    pub epsilon: f64,
}

impl OAdam {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        OAdam { rate: positive("OAdam", "rate", rate), betas: (0.5, 0.9), epsilon: 1e-8 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        OAdam { betas: (decay("OAdam", "beta 1", first), decay("OAdam", "beta 2", second)), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        OAdam { epsilon: positive("OAdam", "epsilon", epsilon), ..self }
    }
}

impl Default for OAdam {
    fn default() -> Self {
        OAdam::new(0.001)
    }
}

impl Rule for OAdam {
    type State<T: Float> = [Tensor<T>; 3];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 3] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [m, v, previous]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let (b1, b2) = self.betas;
        let correction = |beta: f64| 1.0 - leaf.power(beta);

        let [rate, root] = [self.rate / correction(b1), 1.0 / correction(b2).sqrt()].map(T::from_f64);
        let [b1, b2, epsilon] = [b1, b2, self.epsilon].map(T::from_f64);
        for (((m, v), previous), dx) in m.iter_mut().zip(v).zip(previous).zip(dx) {
            *m = b1 * *m + (T::one() - b1) * *dx;
            *v = b2 * *v + (T::one() - b2) * *dx * *dx;
            let d = rate * *m / (v.sqrt() * root + epsilon);
            *dx = d + d - *previous;
            *previous = d;
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
