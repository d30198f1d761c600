//! Half a cosine's wave, once or again and again.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{Schedule, count};
use crate::optim::rule::positive;

/// From `start` (`part` = 0) to `end` (`part` = 1) along half a wave.
pub(super) fn wave(start: f64, end: f64, part: f64) -> f64 {
    end + (start - end) * (1.0 + (PI * part).cos()) / 2.0
}

/// Half a wave, then its last value: e + (s − e)(1 + cos(π min(t / n, 1))) / 2 (Loshchilov and Hutter, 2017).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cosine {
    start: f64,
    end: f64,
    steps: u64,
}

impl Cosine {
    /// From `start` at step 0 to 0 at step `steps`.
    ///
    /// # Panics
    /// Where `start` is negative or not finite, or `steps` is 0.
    #[track_caller]
    pub fn new(start: f64, steps: u64) -> Self {
        Cosine { start: positive("Cosine", "start", start), end: 0.0, steps: count("Cosine", "steps", steps) }
    }

    /// Ends at the given value instead of 0.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn end(self, end: f64) -> Self {
        Cosine { end: positive("Cosine", "end", end), ..self }
    }
}

impl Schedule for Cosine {
    fn at(&self, step: u64) -> f64 {
        wave(self.start, self.end, step.min(self.steps) as f64 / self.steps as f64)
    }
}

/// A [`Cosine`] that starts again, each time `stretch` times as long (Loshchilov and Hutter, 2017: SGDR).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CosineRestarts {
    start: f64,
    end: f64,
    period: u64,
    stretch: u64,
}

impl CosineRestarts {
    /// Waves from `start` to 0 of `period` steps.
    ///
    /// # Panics
    /// Where `start` is negative or not finite, or `period` is 0.
    #[track_caller]
    pub fn new(start: f64, period: u64) -> Self {
        let start = positive("CosineRestarts", "start", start);
        CosineRestarts { start, end: 0.0, period: count("CosineRestarts", "period", period), stretch: 1 }
    }

    /// Ends waves at the given value instead of 0.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn end(self, end: f64) -> Self {
        CosineRestarts { end: positive("CosineRestarts", "end", end), ..self }
    }

    /// Makes each wave the given number of times as long as the one before; 1 by default.
    ///
    /// # Panics
    /// Where it is 0.
    #[track_caller]
    pub fn stretch(self, stretch: u64) -> Self {
        CosineRestarts { stretch: count("CosineRestarts", "stretch", stretch), ..self }
    }
}

impl Schedule for CosineRestarts {
    fn at(&self, step: u64) -> f64 {
        let (mut within, mut period) = (step % self.period, self.period);
        if self.stretch > 1 {
            within = step;
            while within >= period {
                within -= period;
                period = period.saturating_mul(self.stretch);
            }
        }
        wave(self.start, self.end, within as f64 / period as f64)
    }
}
