//! Decay in stairs.

use serde::{Deserialize, Serialize};

use super::{Schedule, count};
use crate::optim::rule::positive;

/// Stairs of one length: s · γ^⌊t / n⌋.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepDecay {
    start: f64,
    factor: f64,
    period: u64,
}

impl StepDecay {
    /// From `start`, times `factor` every `period` steps.
    ///
    /// # Panics
    /// Where `start` or `factor` is negative or not finite, or `period` is 0.
    #[track_caller]
    pub fn new(start: f64, factor: f64, period: u64) -> Self {
        let (start, factor) = (positive("StepDecay", "start", start), positive("StepDecay", "factor", factor));
        StepDecay { start, factor, period: count("StepDecay", "period", period) }
    }
}

impl Schedule for StepDecay {
    fn at(&self, step: u64) -> f64 {
        self.start * self.factor.powf((step / self.period) as f64)
    }
}

/// Stairs at given steps: s · γᵏ, where k is how many milestones t has reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiStep {
    start: f64,
    factor: f64,
    milestones: Vec<u64>,
}

impl MultiStep {
    /// From `start`, times `factor` at each of the milestones.
    ///
    /// # Panics
    /// Where `start` or `factor` is negative or not finite, or the milestones do not ascend.
    #[track_caller]
    pub fn new(start: f64, factor: f64, milestones: impl Into<Vec<u64>>) -> Self {
        let milestones = milestones.into();
        assert!(milestones.is_sorted(), "MultiStep: milestones must ascend, not {milestones:?}");
        MultiStep {
            start: positive("MultiStep", "start", start),
            factor: positive("MultiStep", "factor", factor),
            milestones,
        }
    }
}

impl Schedule for MultiStep {
    fn at(&self, step: u64) -> f64 {
        let reached = self.milestones.partition_point(|&milestone| milestone <= step);
        self.start * self.factor.powf(reached as f64)
    }
}
