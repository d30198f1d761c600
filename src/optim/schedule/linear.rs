//! Constants and straight lines.

use serde::{Deserialize, Serialize};

use super::{Schedule, count};
use crate::optim::rule::positive;

/// One value for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constant {
    value: f64,
}

impl Constant {
    /// The given value at every step.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn new(value: f64) -> Self {
        Constant { value: positive("Constant", "value", value) }
    }
}

impl Schedule for Constant {
    fn at(&self, _: u64) -> f64 {
        self.value
    }
}

/// A straight line, then its last value: s + (e − s) · min(t / n, 1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    start: f64,
    end: f64,
    steps: u64,
}

impl Linear {
    /// From `start` at step 0 to `end` at step `steps`.
    ///
    /// # Panics
    /// Where a value is negative or not finite, or `steps` is 0.
    #[track_caller]
    pub fn new(start: f64, end: f64, steps: u64) -> Self {
        let (start, end) = (positive("Linear", "start", start), positive("Linear", "end", end));
        Linear { start, end, steps: count("Linear", "steps", steps) }
    }
}

impl Schedule for Linear {
    fn at(&self, step: u64) -> f64 {
        let part = step.min(self.steps) as f64 / self.steps as f64;
        self.start + (self.end - self.start) * part
    }
}
