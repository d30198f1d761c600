//! RAdam.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// RAdam (Liu et al., 2020): [`Adam`](crate::optim::Adam) that waits until the mean square can be trusted:
/// x ← x − η r m̂ / (√v̂ + ε) where ρ > 5, x ← x − η m̂ before, with
/// ρ∞ = 2 / (1−β₂) − 1, ρ = ρ∞ − 2tβ₂ᵗ / (1−β₂ᵗ), r = √((ρ−4)(ρ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρ)).
///
/// The threshold 5 is that of PyTorch, optax and the authors' program; the paper has 4. ε stands as in Adam (PyTorch
/// adds it to √v). Defaults are PyTorch's. State: `[m, v]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RAdam {
    /// The learning rate η; 0.001 by default.
    pub rate: f64,
    /// The decays β₁ and β₂ of the mean and the mean square; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// Added to the root, against division by zero; 1e-8 by default.
    pub epsilon: f64,
}

impl RAdam {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        RAdam { rate: positive("RAdam", "rate", rate), betas: (0.9, 0.999), epsilon: 1e-8 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        RAdam { betas: (decay("RAdam", "beta 1", first), decay("RAdam", "beta 2", second)), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        RAdam { epsilon: positive("RAdam", "epsilon", epsilon), ..self }
    }
}

impl Default for RAdam {
    fn default() -> Self {
        RAdam::new(0.001)
    }
}

impl Rule for RAdam {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [m, v]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let (b1, b2) = self.betas;
        let t = leaf.step as f64;
        let (c1, c2) = (1.0 - leaf.power(b1), 1.0 - leaf.power(b2));
        let longest = 2.0 / (1.0 - b2) - 1.0;
        let length = longest - 2.0 * t * leaf.power(b2) / c2;
        let rectified = length > 5.0;
        let r = ((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length)).sqrt();
        let rate = T::from_f64(if rectified { self.rate * r / c1 } else { self.rate / c1 });
        let [root, b1, b2, epsilon] = [1.0 / c2.sqrt(), b1, b2, self.epsilon].map(T::from_f64);
        for ((m, v), dx) in m.iter_mut().zip(v).zip(dx) {
            *m = b1 * *m + (T::one() - b1) * *dx;
            *v = b2 * *v + (T::one() - b2) * *dx * *dx;
            *dx = if rectified { rate * *m / (v.sqrt() * root + epsilon) } else { rate * *m };
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
