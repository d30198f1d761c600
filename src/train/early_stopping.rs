//! [`EarlyStopping`].

use serde::{Deserialize, Serialize};

use crate::optim::positive;

/// Stops where a number that is observed again and again, such as the validation loss of each epoch, has not improved
/// for a while. As Keras' `EarlyStopping` and Flux's `early_stopping`.
///
/// A [`Trainer`](super::Trainer) takes one, and gives the model back as it was at the best observation. By hand:
///
/// ```
/// use sapwood::train::EarlyStopping;
///
/// let mut stopping = EarlyStopping::new(2);
/// let mut kept = None;
/// for (epoch, loss) in [3.0, 2.0, 2.5, 2.1, 1.0].into_iter().enumerate() {
///     let stop = stopping.observe(loss);
///     if stopping.is_best() {
///         kept = Some(epoch);
///     }
///     if stop {
///         break;
///     }
/// }
/// assert_eq!((kept, stopping.best()), (Some(1), Some(2.0)));
/// ```
///
/// An observation counts as better where it is better than the best so far, by at least the smallest change that was
/// asked for. Only such a one becomes the best; with Flux every one that is no worse does, so that a crawl in steps
/// below the smallest change stops there and goes on here until it stands. NaN is never better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyStopping {
    patience: u64,
    min_change: f64,
    rising: bool,
    metric: Option<String>,
    restores: bool,
    best: Option<f64>,
    waited: u64,
}

impl EarlyStopping {
    /// Stops at the `patience`th observation in a row that is no better, of a number that is to fall.
    ///
    /// # Panics
    /// Where the patience is 0.
    #[track_caller]
    pub fn new(patience: u64) -> Self {
        assert!(patience > 0, "EarlyStopping: the patience must be at least 1, not 0");
        EarlyStopping { patience, min_change: 0.0, rising: false, metric: None, restores: true, best: None, waited: 0 }
    }

    /// Sets by how much an observation must be better to count; by anything above 0 by default.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn min_change(self, min_change: f64) -> Self {
        EarlyStopping { min_change: positive("EarlyStopping", "min_change", min_change), ..self }
    }

    /// Watches a number that is to rise, such as an accuracy.
    pub fn rising(self) -> Self {
        EarlyStopping { rising: true, ..self }
    }

    /// Lets a [`Trainer`](super::Trainer) watch the metric of the given name, and not the validation loss.
    pub fn metric(self, name: impl Into<String>) -> Self {
        EarlyStopping { metric: Some(name.into()), ..self }
    }

    /// Lets a [`Trainer`](super::Trainer) leave the model as it is at the end, and not restore the best.
    pub fn keep_last(self) -> Self {
        EarlyStopping { restores: false, ..self }
    }

    /// Takes another observation; whether it is time to stop.
    pub fn observe(&mut self, value: f64) -> bool {
        let better = self.best.map_or(!value.is_nan(), |best| {
            let gain = if self.rising { value - best } else { best - value };
            gain > 0.0 && gain >= self.min_change
        });
        if better {
            (self.best, self.waited) = (Some(value), 0);
        } else {
            self.waited += 1;
        }
        self.is_over()
    }

    /// Whether the last observation is the best so far.
    pub fn is_best(&self) -> bool {
        self.best.is_some() && self.waited == 0
    }

    /// Whether it is time to stop.
    pub fn is_over(&self) -> bool {
        self.waited >= self.patience
    }

    /// The best observation so far.
    pub fn best(&self) -> Option<f64> {
        self.best
    }

    /// One that never stops and only knows the best.
    pub(super) fn never() -> Self {
        EarlyStopping::new(u64::MAX).keep_last()
    }

    pub(super) fn watched(&self) -> Option<&str> {
        self.metric.as_deref()
    }

    pub(super) fn restores(&self) -> bool {
        self.restores
    }

    /// Goes on from where another one stood, with the options of this one.
    pub(super) fn go_on_from(&mut self, other: &EarlyStopping) {
        (self.best, self.waited) = (other.best, other.waited);
    }
}

#[cfg(test)]
mod tests {
    use super::EarlyStopping;

    /// At which observation, counted from 1, it stops.
    fn stops(mut stopping: EarlyStopping, values: &[f64]) -> Option<usize> {
        values.iter().position(|&value| stopping.observe(value)).map(|index| index + 1)
    }

    #[test]
    fn it_waits_for_what_is_better() {
        assert_eq!(stops(EarlyStopping::new(2), &[3.0, 3.0, 2.0, 2.0, 1.0]), None);
        assert_eq!(stops(EarlyStopping::new(2), &[3.0, 2.0, 2.0, 2.5, 1.0]), Some(4));
        assert_eq!(stops(EarlyStopping::new(1).rising(), &[0.1, 0.2, 0.2]), Some(3));
        // From 3 to 2.6 is too little, to 2.5 it is not.
        assert_eq!(stops(EarlyStopping::new(2).min_change(0.5), &[3.0, 2.6, 2.5, 2.1, 2.0]), None);
        assert_eq!(stops(EarlyStopping::new(2).min_change(0.5), &[3.0, 2.6, 2.51]), Some(3));
    }

    #[test]
    fn what_is_not_a_number_is_never_better() {
        let mut stopping = EarlyStopping::new(3);
        assert!(!stopping.observe(f64::NAN) && !stopping.is_best());
        assert!(!stopping.observe(1.0) && stopping.is_best());
        assert!(!stopping.observe(f64::NAN) && !stopping.is_best());
        assert_eq!(stopping.best(), Some(1.0));
    }
}
