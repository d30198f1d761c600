//! One cycle.

use serde::{Deserialize, Serialize};

use super::cosine::wave;
use super::{Schedule, count};
use crate::optim::rule::positive;

/// One rise and one long fall (Smith and Topin, 2018), along cosines, as PyTorch's `OneCycleLR`: from h / 25 up to h in
/// the first 30 % of the steps, then down to h / 250,000 at the last one, where it stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneCycle {
    high: f64,
    steps: u64,
    rise: f64,
    divisors: (f64, f64),
}

impl OneCycle {
    /// A cycle of `steps` updates up to `high`.
    ///
    /// # Panics
    /// Where `high` is negative or not finite, or `steps` is 0.
    #[track_caller]
    pub fn new(high: f64, steps: u64) -> Self {
        let high = positive("OneCycle", "high", high);
        OneCycle { high, steps: count("OneCycle", "steps", steps), rise: 0.3, divisors: (25.0, 1e4) }
    }

    /// Sets the part of the steps in which the value rises; 0.3 by default.
    ///
    /// # Panics
    /// Where it is not between 0 and 1.
    #[track_caller]
    pub fn rise(self, part: f64) -> Self {
        assert!((0.0..=1.0).contains(&part), "OneCycle: the rise must be a part between 0 and 1, not {part}");
        OneCycle { rise: part, ..self }
    }

    /// Starts from h / `first` and ends at h / (`first` · `last`); 25 and 10,000 by default.
    ///
    /// # Panics
    /// Where one is below 1 or not finite.
    #[track_caller]
    pub fn divisors(self, first: f64, last: f64) -> Self {
        let fit = |x: f64| x >= 1.0 && x.is_finite();
        assert!(fit(first) && fit(last), "OneCycle: divisors must be finite and at least 1, not {first} and {last}");
        OneCycle { divisors: (first, last), ..self }
    }
}

impl Schedule for OneCycle {
    fn at(&self, step: u64) -> f64 {
        let first = self.high / self.divisors.0;
        let last = first / self.divisors.1;
        let (step, end) = (step.min(self.steps - 1) as f64, (self.steps - 1) as f64);
        // The value peaks one step before the rise is over, so that the last update has the least.
        let peak = self.rise * self.steps as f64 - 1.0;
        if step < peak {
            wave(first, self.high, step / peak)
        } else if end > peak {
            wave(self.high, last, (step - peak) / (end - peak))
        } else {
            self.high
        }
    }
}
