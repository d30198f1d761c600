//! Decay step by step: geometric, polynomial, by the inverse square root.

use serde::{Deserialize, Serialize};

use super::{Schedule, count};
use crate::optim::rule::positive;

/// Geometric decay: s · γᵗ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exponential {
    start: f64,
    factor: f64,
}

impl Exponential {
    /// From `start` at step 0, times `factor` each step.
    ///
    /// # Panics
    /// Where one is negative or not finite.
    #[track_caller]
    pub fn new(start: f64, factor: f64) -> Self {
        Exponential {
            start: positive("Exponential", "start", start),
            factor: positive("Exponential", "factor", factor),
        }
    }
}

impl Schedule for Exponential {
    fn at(&self, step: u64) -> f64 {
        self.start * self.factor.powf(step as f64)
    }
}

/// A power of the steps that remain: (s − e)(1 − min(t / n, 1))ᵖ + e.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Polynomial {
    start: f64,
    end: f64,
    power: f64,
    steps: u64,
}

impl Polynomial {
    /// From `start` at step 0 to 0 at step `steps`, with the power p.
    ///
    /// # Panics
    /// Where `start` or `power` is negative or not finite, or `steps` is 0.
    #[track_caller]
    pub fn new(start: f64, power: f64, steps: u64) -> Self {
        let (start, power) = (positive("Polynomial", "start", start), positive("Polynomial", "power", power));
        Polynomial { start, end: 0.0, power, steps: count("Polynomial", "steps", steps) }
    }

    /// Ends at the given value instead of 0.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn end(self, end: f64) -> Self {
        Polynomial { end: positive("Polynomial", "end", end), ..self }
    }
}

impl Schedule for Polynomial {
    fn at(&self, step: u64) -> f64 {
        let remains = 1.0 - step.min(self.steps) as f64 / self.steps as f64;
        (self.start - self.end) * remains.powf(self.power) + self.end
    }
}

/// Decay by the inverse square root: s · √(n / (n + t)).
///
/// Behind a warm-up of n steps it is the schedule of Vaswani et al. (2017): `InverseSqrt::new(peak, n).warm_up(n)`
/// gives peak · min(t / n, √(n / t)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InverseSqrt {
    start: f64,
    scale: u64,
}

impl InverseSqrt {
    /// From `start` at step 0 to its half at step 3 · `scale`.
    ///
    /// # Panics
    /// Where `start` is negative or not finite, or `scale` is 0.
    #[track_caller]
    pub fn new(start: f64, scale: u64) -> Self {
        InverseSqrt { start: positive("InverseSqrt", "start", start), scale: count("InverseSqrt", "scale", scale) }
    }
}

impl Schedule for InverseSqrt {
    fn at(&self, step: u64) -> f64 {
        let n = self.scale as f64;
        self.start * (n / (n + step as f64)).sqrt()
    }
}
