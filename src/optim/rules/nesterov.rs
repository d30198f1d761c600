//! Nesterov's momentum.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// Gradient descent with Nesterov's momentum: v ← ρv + g; x ← x − η(g + ρv) (PyTorch's `SGD(nesterov=True)`;
/// Sutskever et al., 2013, looking ahead from the new velocity).
///
/// The rate stands outside the velocity, so that a new rate acts at once. State: v.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nesterov {
    /// The learning rate η; 0.01 by default.
    pub rate: f64,
    /// The velocity's decay ρ; 0.9 by default.
    pub rho: f64,
}

impl Nesterov {
    /// The given learning rate η, and ρ = 0.9.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        Nesterov { rate: positive("Nesterov", "rate", rate), rho: 0.9 }
    }

    /// Sets ρ.
    ///
    /// # Panics
    /// Where it is not in [0, 1).
    #[track_caller]
    pub fn rho(self, rho: f64) -> Self {
        Nesterov { rho: decay("Nesterov", "rho", rho), ..self }
    }
}

impl Default for Nesterov {
    fn default() -> Self {
        Nesterov::new(0.01)
    }
}

impl Rule for Nesterov {
    type State<T: Float> = Tensor<T>;

    fn init<T: Float>(&self, x: &Tensor<T>) -> Tensor<T> {
        Tensor::zeros_like(x)
    }

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, v: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let (rate, rho) = (T::from_f64(self.rate), T::from_f64(self.rho));
        for (v, dx) in v.iter_mut().zip(dx) {
            *v = rho * *v + *dx;
            *dx = rate * (*dx + rho * *v);
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
