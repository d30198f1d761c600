//! AdaDelta.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// AdaDelta (Zeiler, 2012): v ← ρv + (1−ρ)g²; d = √(u + ε) / √(v + ε) · g; u ← ρu + (1−ρ)d²; x ← x − ηd.
///
/// Steps have the parameters' own unit, so that η may stay 1, as in the paper. Defaults are PyTorch's. State: `[v, u]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaDelta {
    /// The learning rate η; 1.0 by default.
    pub rate: f64,
    /// The decay ρ of both mean squares; 0.9 by default.
    pub rho: f64,
    /// Added below both roots; the first steps are of the size √ε; 1e-6 by default.
    pub epsilon: f64,
}

impl AdaDelta {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        AdaDelta { rate: positive("AdaDelta", "rate", rate), rho: 0.9, epsilon: 1e-6 }
    }

    /// Sets ρ.
    ///
    /// # Panics
    /// Where it is not in [0, 1).
    #[track_caller]
    pub fn rho(self, rho: f64) -> Self {
        AdaDelta { rho: decay("AdaDelta", "rho", rho), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        AdaDelta { epsilon: positive("AdaDelta", "epsilon", epsilon), ..self }
    }
}

impl Default for AdaDelta {
    fn default() -> Self {
        AdaDelta::new(1.0)
    }
}

impl Rule for AdaDelta {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, [v, u]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let [rate, rho, epsilon] = [self.rate, self.rho, self.epsilon].map(T::from_f64);
        for ((v, u), dx) in v.iter_mut().zip(u).zip(dx) {
            *v = rho * *v + (T::one() - rho) * *dx * *dx;
            let d = (*u + epsilon).sqrt() / (*v + epsilon).sqrt() * *dx;
            *u = rho * *u + (T::one() - rho) * d * d;
            *dx = rate * d;
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
