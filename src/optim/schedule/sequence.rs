//! One schedule after another.

use serde::{Deserialize, Serialize};

use super::{Schedule, count};
use crate::optim::rule::positive;

/// A schedule for some steps, then another from its own step 0; see [`Schedule::then`].
///
/// ```
/// use sapwood::optim::schedule::{Constant, Cosine, Linear};
/// use sapwood::prelude::*;
///
/// let rate = Linear::new(0.0, 0.1, 10).then(10, Constant::new(0.1)).then(50, Cosine::new(0.1, 100));
/// assert_eq!([rate.at(0), rate.at(5), rate.at(30), rate.at(150)], [0.0, 0.05, 0.1, 0.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Then<A, B> {
    first: A,
    steps: u64,
    next: B,
}

impl<A: Schedule, B: Schedule> Then<A, B> {
    pub(super) fn new(first: A, steps: u64, next: B) -> Self {
        Then { first, steps, next }
    }
}

impl<A: Schedule, B: Schedule> Schedule for Then<A, B> {
    fn at(&self, step: u64) -> f64 {
        if step < self.steps { self.first.at(step) } else { self.next.at(step - self.steps) }
    }
}

/// A linear rise to a schedule's first value, then that schedule; see [`Schedule::warm_up`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WarmUp<S> {
    from: f64,
    steps: u64,
    next: S,
}

impl<S: Schedule> WarmUp<S> {
    #[track_caller]
    pub(super) fn new(steps: u64, next: S) -> Self {
        WarmUp { from: 0.0, steps: count("WarmUp", "steps", steps), next }
    }

    /// Rises from the given value instead of 0.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn from(self, from: f64) -> Self {
        WarmUp { from: positive("WarmUp", "from", from), ..self }
    }
}

impl<S: Schedule> Schedule for WarmUp<S> {
    fn at(&self, step: u64) -> f64 {
        match step.checked_sub(self.steps) {
            Some(step) => self.next.at(step),
            None => self.from + (self.next.at(0) - self.from) * step as f64 / self.steps as f64,
        }
    }
}
