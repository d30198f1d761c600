//! RMSProp.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// RMSProp (Tieleman and Hinton, 2012): v ← ρv + (1−ρ)g²; x ← x − ηg / (√v + ε).
///
/// Centred (Graves, 2013): m ← ρm + (1−ρ)g; x ← x − ηg / (√(v − m²) + ε).
///
/// State: `(v, m)`, where m is `None` unless centred.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RMSProp {
    /// The learning rate η; 0.001 by default.
    pub rate: f64,
    /// The decay ρ of the mean square; 0.9 by default.
    pub rho: f64,
    /// Added to the root, against division by zero; 1e-8 by default.
    pub epsilon: f64,
    /// Whether to divide by the deviation from the mean; false by default. Chosen before
    /// [`setup`](crate::optim::setup).
    pub centred: bool,
}

impl RMSProp {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        RMSProp { rate: positive("RMSProp", "rate", rate), rho: 0.9, epsilon: 1e-8, centred: false }
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

    /// Divides by the deviation of the gradient from its mean.
    pub fn centred(self) -> Self {
        RMSProp { centred: true, ..self }
    }
}

impl Default for RMSProp {
    fn default() -> Self {
        RMSProp::new(0.001)
    }
}

impl Rule for RMSProp {
    type State<T: Float> = (Tensor<T>, Option<Tensor<T>>);

    fn init<T: Float>(&self, x: &Tensor<T>) -> Self::State<T> {
        (Tensor::zeros_like(x), self.centred.then(|| Tensor::zeros_like(x)))
    }

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, (v, m): Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let [rate, rho, epsilon] = [self.rate, self.rho, self.epsilon].map(T::from_f64);
        let average = |mean: T, x: T| rho * mean + (T::one() - rho) * x;
        match m {
            None => {
                for (v, dx) in v.iter_mut().zip(dx) {
                    *v = average(*v, *dx * *dx);
                    *dx = rate * *dx / (v.sqrt() + epsilon);
                }
            }
            Some(m) => {
                for ((v, m), dx) in v.iter_mut().zip(m).zip(dx) {
                    *v = average(*v, *dx * *dx);
                    *m = average(*m, *dx);
                    // Rounding may take a variance of zero below it; a NaN must stay one.
                    let variance = *v - *m * *m;
                    let variance = if variance < T::zero() { T::zero() } else { variance };
                    *dx = rate * *dx / (variance.sqrt() + epsilon);
                }
            }
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
