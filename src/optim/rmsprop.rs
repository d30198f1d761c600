//! RMSProp.

use serde::{Deserialize, Serialize};

use super::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// RMSProp (Tieleman and Hinton, 2012): v ← ρv + (1−ρ)g²; x ← x − ηg / (√v + ε).
///
/// State: v.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RMSProp {
    /// The learning rate η; 0.001 by default.
    pub rate: f64,
    /// The decay ρ of the mean square; 0.9 by default.
    pub rho: f64,
    /// Added to the root, against division by zero; 1e-8 by default.
    pub epsilon: f64,
}

impl RMSProp {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        RMSProp { rate: positive("RMSProp", "rate", rate), rho: 0.9, epsilon: 1e-8 }
    }

    /// Sets ρ.
    ///
    /// # Panics
    /// Where it is not in [0, 1).
    #[track_caller]
    pub fn rho(self, rho: f64) -> Self {
        RMSProp { rho: decay("RMSProp", "rho", rho), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        RMSProp { epsilon: positive("RMSProp", "epsilon", epsilon), ..self }
    }
}

impl Default for RMSProp {
    fn default() -> Self {
        RMSProp::new(0.001)
    }
}

impl Rule for RMSProp {
    type State<T: Float> = Tensor<T>;

    fn init<T: Float>(&self, x: &Tensor<T>) -> Tensor<T> {
        Tensor::zeros_like(x)
    }

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, v: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let [rate, rho, epsilon] = [self.rate, self.rho, self.epsilon].map(T::from_f64);
        for (v, dx) in v.iter_mut().zip(dx) {
            *v = rho * *v + (T::one() - rho) * *dx * *dx;
            *dx = rate * *dx / (v.sqrt() + epsilon);
        }
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rate = rate;
        true
    }
}
