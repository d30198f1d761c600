//! Reduction where a metric stands still.

use serde::{Deserialize, Serialize};

use crate::optim::rule::positive;

/// Reduces the rate when a metric has stood still for a while, as PyTorch's `ReduceLROnPlateau` does.
///
/// Unlike a [`Schedule`](super::Schedule) it has a state, which serialises: the best metric so far and how long ago that
/// was. A metric that is NaN counts as no better.
///
/// ```
/// use sapwood::optim::schedule::Plateau;
/// use sapwood::prelude::*;
///
/// let w = Tensor::from([1.0f32]);
/// let mut state = setup(Adam::default(), &w);
/// let mut plateau = Plateau::new(0.001).factor(0.5).patience(1);
/// for loss in [3.0, 2.0, 2.0, 2.0] {
///     state.adjust(plateau.observe(loss));
/// }
/// assert_eq!(plateau.rate(), 0.0005);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    rate: f64,
    factor: f64,
    patience: u64,
    threshold: f64,
    cooldown: u64,
    least: f64,
    rising: bool,
    best: Option<f64>,
    waited: u64,
    cooling: u64,
}

impl Plateau {
    /// Starts from the given rate, for a metric that is to fall: a factor of 0.1 after more than 10 observations that
    /// were not better by one part in 10,000.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        Plateau {
            rate: positive("Plateau", "rate", rate),
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            cooldown: 0,
            least: 0.0,
            rising: false,
            best: None,
            waited: 0,
            cooling: 0,
        }
    }

    /// Sets by what the rate is multiplied.
    ///
    /// # Panics
    /// Where it is not in [0, 1).
    #[track_caller]
    pub fn factor(self, factor: f64) -> Self {
        Plateau { factor: crate::optim::rule::decay("Plateau", "factor", factor), ..self }
    }

    /// Sets how many observations without a better metric are borne; the next one reduces the rate.
    pub fn patience(self, patience: u64) -> Self {
        Plateau { patience, ..self }
    }

    /// Sets by which part of the best metric another must be better.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn threshold(self, threshold: f64) -> Self {
        Plateau { threshold: positive("Plateau", "threshold", threshold), ..self }
    }

    /// Sets how many observations after a reduction do not count as waiting; none by default.
    pub fn cooldown(self, cooldown: u64) -> Self {
        Plateau { cooldown, ..self }
    }

    /// Sets the least rate; 0 by default.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn least(self, least: f64) -> Self {
        Plateau { least: positive("Plateau", "least rate", least), ..self }
    }

    /// Watches a metric that is to rise, such as an accuracy.
    pub fn rising(self) -> Self {
        Plateau { rising: true, ..self }
    }

    /// The rate as it stands.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Notes the metric of another epoch and returns the rate for the next.
    pub fn observe(&mut self, metric: f64) -> f64 {
        let better = !metric.is_nan()
            && self.best.is_none_or(|best| {
                if self.rising {
                    metric > best * (1.0 + self.threshold)
                } else {
                    metric < best * (1.0 - self.threshold)
                }
            });
        self.waited += 1;
        if better {
            (self.best, self.waited) = (Some(metric), 0);
        }
        if self.cooling > 0 {
            (self.cooling, self.waited) = (self.cooling - 1, 0);
        }
        if self.waited > self.patience {
            self.rate = (self.rate * self.factor).max(self.least);
            (self.cooling, self.waited) = (self.cooldown, 0);
        }
        self.rate
    }
}
