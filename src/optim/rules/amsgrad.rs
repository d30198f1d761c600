//! AMSGrad.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// AMSGrad (Reddi, Kale and Kumar, 2018): [`Adam`](crate::optim::Adam) by the largest mean square so far, so that a
/// rare large gradient is not forgotten: w ← max(w, v); x ← x − η m̂ / (√ŵ + ε), where m̂ = m / (1−β₁ᵗ) and
/// ŵ = w / (1−β₂ᵗ).
///
/// Bias-corrected as PyTorch's `Adam(amsgrad=True)` is; the paper corrects nothing. Defaults are PyTorch's.
/// State: `[m, v, w]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AMSGrad {
    /// The learning rate η; 0.001 by default.
    pub rate: f64,
    /// The decays β₁ and β₂ of the mean and the mean square; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// Added to the root, against division by zero; 1e-8 by default.
    pub epsilon: f64,
}

impl AMSGrad {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        AMSGrad { rate: positive("AMSGrad", "rate", rate), betas: (0.9, 0.999), epsilon: 1e-8 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        AMSGrad { betas: (decay("AMSGrad", "beta 1", first), decay("AMSGrad", "beta 2", second)), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        AMSGrad { epsilon: positive("AMSGrad", "epsilon", epsilon), ..self }
    }
}

impl Default for AMSGrad {
    fn default() -> Self {
        AMSGrad::new(0.001)
    }
}

impl Rule for AMSGrad {
    type State<T: Float> = [Tensor<T>; 3];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 3] {
        [Tensor::zeros_like(x), Tensor::zeros_like(x), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [m, v, w]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let (b1, b2) = self.betas;
        let correction = |beta: f64| 1.0 - leaf.power(beta);

        let [rate, root] = [self.rate / correction(b1), 1.0 / correction(b2).sqrt()].map(T::from_f64);
        let [b1, b2, epsilon] = [b1, b2, self.epsilon].map(T::from_f64);
        for (((m, v), w), dx) in m.iter_mut().zip(v).zip(w).zip(dx) {
            *m = b1 * *m + (T::one() - b1) * *dx;
            *v = b2 * *v + (T::one() - b2) * *dx * *dx;
            *w = w.max(*v);
            *dx = rate * *m / (w.sqrt() * root + epsilon);
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
