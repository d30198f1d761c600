//! LARS.

use serde::{Deserialize, Serialize};

use super::norm::{norm, ratio};
use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// LARS (You, Gitman and Ginsburg, 2017), for large batches: momentum with gradients as long as the leaf itself:
/// v ← ρv + θ ‖x‖ / (‖g‖ + λ‖x‖) · (g + λx); x ← x − ηv, with norms of the whole leaf; the scale is 1, without θ,
/// where ‖x‖ or ‖g‖ + λ‖x‖ is 0.
///
/// The rate stands outside the velocity, so that a new rate acts at once. State: v.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LARS {
    /// The learning rate η; 0.1 by default.
    pub rate: f64,
    /// The velocity's decay ρ; 0.9 by default.
    pub rho: f64,
    /// The trust θ: the part of a leaf's length that a step may take; 0.001 by default, as in the paper.
    pub trust: f64,
    /// The weight decay λ; 0 by default.
    pub lambda: f64,
}

impl LARS {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        LARS { rate: positive("LARS", "rate", rate), rho: 0.9, trust: 0.001, lambda: 0.0 }
    }

    /// Sets ρ.
    ///
    /// # Panics
    /// Where it is not in [0, 1).
    #[track_caller]
    pub fn rho(self, rho: f64) -> Self {
        LARS { rho: decay("LARS", "rho", rho), ..self }
    }

    /// Sets θ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn trust(self, trust: f64) -> Self {
        LARS { trust: positive("LARS", "trust", trust), ..self }
    }

    /// Sets λ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn lambda(self, lambda: f64) -> Self {
        LARS { lambda: positive("LARS", "lambda", lambda), ..self }
    }
}

impl Default for LARS {
    fn default() -> Self {
        LARS::new(0.1)
    }
}

impl Rule for LARS {
    type State<T: Float> = Tensor<T>;

    fn whole_leaf(&self) -> bool {
        true
    }

    fn init<T: Float>(&self, x: &Tensor<T>) -> Tensor<T> {
        Tensor::zeros_like(x)
    }

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, v: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        let length = norm(x);
        let scale = ratio(self.trust * length, norm(dx) + self.lambda * length);
        let [rate, rho, scale, lambda] = [self.rate, self.rho, scale, self.lambda].map(T::from_f64);
        for ((v, &x), dx) in v.iter_mut().zip(x).zip(dx) {
            *v = rho * *v + scale * (*dx + lambda * x);
            *dx = rate * *v;
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
