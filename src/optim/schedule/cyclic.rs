//! What comes again: triangles, and cycles of any schedule.

use serde::{Deserialize, Serialize};

use super::{Schedule, count};
use crate::optim::rule::positive;

/// Up and down in straight lines, for ever (Smith, 2017: cyclical learning rates): ℓ + (h − ℓ) · a · r, where r rises from
/// 0 to 1 and falls again, and a is 1, or 2⁻ᵏ in the k-th cycle if [`halving`](Self::halving), or γᵗ if
/// [`shrinking`](Self::shrinking).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Triangle {
    low: f64,
    high: f64,
    rise: u64,
    fall: u64,
    by_cycle: f64,
    by_step: f64,
}

impl Triangle {
    /// From `low` at step 0 to `high` at step `half` and back to `low` at step 2 · `half`.
    ///
    /// # Panics
    /// Where a value is negative or not finite, or `half` is 0.
    #[track_caller]
    pub fn new(low: f64, high: f64, half: u64) -> Self {
        let (low, high) = (positive("Triangle", "low", low), positive("Triangle", "high", high));
        let half = count("Triangle", "half", half);
        Triangle { low, high, rise: half, fall: half, by_cycle: 1.0, by_step: 1.0 }
    }

    /// Falls in the given number of steps instead of as many as it rises in.
    ///
    /// # Panics
    /// Where it is 0.
    #[track_caller]
    pub fn fall(self, steps: u64) -> Self {
        Triangle { fall: count("Triangle", "fall", steps), ..self }
    }

    /// Halves the height with every cycle (PyTorch's `triangular2`).
    pub fn halving(self) -> Self {
        Triangle { by_cycle: 0.5, ..self }
    }

    /// Shrinks the height by a factor with every step (PyTorch's `exp_range`).
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn shrinking(self, factor: f64) -> Self {
        Triangle { by_step: positive("Triangle", "factor", factor), ..self }
    }
}

impl Schedule for Triangle {
    fn at(&self, step: u64) -> f64 {
        let period = self.rise + self.fall;
        let (cycle, within) = (step / period, step % period);
        let height = if within <= self.rise {
            within as f64 / self.rise as f64
        } else {
            (period - within) as f64 / self.fall as f64
        };
        let scale = self.by_cycle.powf(cycle as f64) * self.by_step.powf(step as f64);
        self.low + (self.high - self.low) * height * scale
    }
}

/// The first steps of a schedule, again and again: s(t mod n).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cyclic<S> {
    schedule: S,
    period: u64,
}

impl<S: Schedule> Cyclic<S> {
    /// Repeats the first `period` steps of a schedule.
    ///
    /// # Panics
    /// Where `period` is 0.
    #[track_caller]
    pub fn new(period: u64, schedule: S) -> Self {
        Cyclic { schedule, period: count("Cyclic", "period", period) }
    }
}

impl<S: Schedule> Schedule for Cyclic<S> {
    fn at(&self, step: u64) -> f64 {
        self.schedule.at(step % self.period)
    }
}
