//! AdamW.

use serde::{Deserialize, Serialize};

use crate::optim::Adam;
use crate::optim::rule::{Chunk, LeafInfo, Rule, positive};
use crate::tensor::{Float, Tensor};

/// AdamW (Loshchilov and Hutter, 2019): [`Adam`] with decoupled weight decay, x ← x − η(d + λx), where ηd is Adam's
/// step.
///
/// State: `[m, v]`, as Adam's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamW {
    /// Rate, decays and ε, with Adam's defaults.
    pub adam: Adam,
    /// The weight decay λ; 0.01 by default.
    pub lambda: f64,
}

impl AdamW {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        AdamW { adam: Adam::new(rate), lambda: 0.01 }
    }

    /// Sets λ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn lambda(self, lambda: f64) -> Self {
        AdamW { lambda: positive("AdamW", "lambda", lambda), ..self }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        AdamW { adam: self.adam.betas(first, second), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        AdamW { adam: self.adam.epsilon(epsilon), ..self }
    }
}

impl Default for AdamW {
    fn default() -> Self {
        AdamW::new(0.001)
    }
}

impl Rule for AdamW {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        self.adam.init(x)
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, state: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        self.adam.apply(leaf, state, x, dx);
        let decay = T::from_f64(self.adam.rate * self.lambda);
        dx.iter_mut().zip(x).for_each(|(dx, &x)| *dx += decay * x);
    }

    fn rate(&self, step: u64) -> Option<f64> {
        self.adam.rate(step)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.adam.set_rate(rate)
    }
}
