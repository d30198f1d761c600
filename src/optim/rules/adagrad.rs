//! AdaGrad.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, positive};
use crate::tensor::{Float, Tensor};

/// AdaGrad (Duchi, Hazan and Singer, 2011): v ← v + g²; x ← x − ηg / (√v + ε).
///
/// Defaults are PyTorch's. State: v.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaGrad {
    /// The learning rate η; 0.01 by default.
    pub rate: f64,
    /// Added to the root, against division by zero; 1e-10 by default.
    pub epsilon: f64,
    /// What v starts from; 0 by default.
    pub initial: f64,
}

impl AdaGrad {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        AdaGrad { rate: positive("AdaGrad", "rate", rate), epsilon: 1e-10, initial: 0.0 }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        AdaGrad { epsilon: positive("AdaGrad", "epsilon", epsilon), ..self }
    }

    /// Sets what v starts from, before [`setup`](crate::optim::setup).
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn initial(self, initial: f64) -> Self {
        AdaGrad { initial: positive("AdaGrad", "initial", initial), ..self }
    }
}

impl Default for AdaGrad {
    fn default() -> Self {
        AdaGrad::new(0.01)
    }
}

impl Rule for AdaGrad {
    type State<T: Float> = Tensor<T>;

    fn init<T: Float>(&self, x: &Tensor<T>) -> Tensor<T> {
        Tensor::full(x.shape(), T::from_f64(self.initial))
    }

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, v: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let [rate, epsilon] = [self.rate, self.epsilon].map(T::from_f64);
        for (v, dx) in v.iter_mut().zip(dx) {
            *v += *dx * *dx;
            *dx = rate * *dx / (v.sqrt() + epsilon);
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
