//! LAMB.

use serde::{Deserialize, Serialize};

use super::norm::{norm, ratio};
use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// LAMB (You et al., 2020), for large batches: [`Adam`](crate::optim::Adam)'s step as long as the leaf itself:
/// r = m̂ / (√v̂ + ε) + λx; x ← x − η ‖x‖ / ‖r‖ · r, with norms of the whole leaf, their ratio 1 where one is 0.
///
/// m̂ and v̂ are Adam's, bias-corrected. Defaults are optax'. State: `[m, v]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LAMB {
    /// The learning rate η; 0.001 by default.
    pub rate: f64,
    /// The decays β₁ and β₂ of the mean and the mean square; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// Added to the root, against division by zero; 1e-6 by default.
    pub epsilon: f64,
    /// The weight decay λ; 0 by default.
    pub lambda: f64,
}

impl LAMB {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        LAMB { rate: positive("LAMB", "rate", rate), betas: (0.9, 0.999), epsilon: 1e-6, lambda: 0.0 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        LAMB { betas: (decay("LAMB", "beta 1", first), decay("LAMB", "beta 2", second)), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        LAMB { epsilon: positive("LAMB", "epsilon", epsilon), ..self }
    }

    /// Sets λ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn lambda(self, lambda: f64) -> Self {
        LAMB { lambda: positive("LAMB", "lambda", lambda), ..self }
    }
}

impl Default for LAMB {
    fn default() -> Self {
        LAMB::new(0.001)
    }
}

impl Rule for LAMB {
    type State<T: Float> = [Tensor<T>; 2];

    fn whole_leaf(&self) -> bool {
        true
    }

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [m, v]: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        let (b1, b2) = self.betas;
        let correction = |beta: f64| 1.0 - leaf.power(beta);
        let [mean, root] = [1.0 / correction(b1), 1.0 / correction(b2).sqrt()].map(T::from_f64);
        let [b1, b2, epsilon, lambda] = [b1, b2, self.epsilon, self.lambda].map(T::from_f64);
        for (((m, v), &x), dx) in m.iter_mut().zip(v).zip(x).zip(&mut *dx) {
            *m = b1 * *m + (T::one() - b1) * *dx;
            *v = b2 * *v + (T::one() - b2) * *dx * *dx;
            *dx = mean * *m / (v.sqrt() * root + epsilon) + lambda * x;
        }
        let scale = T::from_f64(self.rate * ratio(norm(x), norm(dx)));
        dx.iter_mut().for_each(|dx| *dx *= scale);
    }

    fn rate(&self, _: u64) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rate = rate;
        true
    }
}
