//! AdaMax.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// AdaMax (Kingma and Ba, 2015, section 7.1): [`Adam`](crate::optim::Adam) by the largest gradient instead of the mean
/// square: m ← β₁m + (1−β₁)g; u ← max(β₂u, |g| + ε); x ← x − η / (1−β₁ᵗ) · m / u.
///
/// ε stands where PyTorch has it; defaults are PyTorch's, which are the paper's but for ε. State: `[m, u]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaMax {
    /// The learning rate η; 0.002 by default.
    pub rate: f64,
    /// The decays β₁ and β₂ of the mean and the maximum; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// Added to the gradient's absolute value, against division by zero; 1e-8 by default.
    pub epsilon: f64,
}

impl AdaMax {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        AdaMax { rate: positive("AdaMax", "rate", rate), betas: (0.9, 0.999), epsilon: 1e-8 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        AdaMax { betas: (decay("AdaMax", "beta 1", first), decay("AdaMax", "beta 2", second)), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        AdaMax { epsilon: positive("AdaMax", "epsilon", epsilon), ..self }
    }
}

impl Default for AdaMax {
    fn default() -> Self {
        AdaMax::new(0.002)
    }
}

impl Rule for AdaMax {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [m, u]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let (b1, b2) = self.betas;
        let rate = T::from_f64(self.rate / (1.0 - leaf.power(b1)));
        let [b1, b2, epsilon] = [b1, b2, self.epsilon].map(T::from_f64);
        for ((m, u), dx) in m.iter_mut().zip(u).zip(dx) {
            *m = b1 * *m + (T::one() - b1) * *dx;
            *u = (b2 * *u).max(dx.abs() + epsilon);
            *dx = rate * *m / *u;
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
