//! What training leaves behind.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The losses of a pass or a whole run and, from a [`Trainer`](super::Trainer), a record of each epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The loss of each step before its update, in order.
    pub losses: Vec<f64>,
    /// What each epoch that came to its end gave, in order; [`train`](super::train()) leaves it empty.
    pub epochs: Vec<EpochRecord>,
    /// What ended a [`Trainer`](super::Trainer)'s run before all its epochs were over.
    pub stopped: Option<Stopped>,
}

/// What an epoch of training gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch's number, counted from 0.
    pub epoch: u64,
    /// How many steps the run had taken when the epoch was over.
    pub step: u64,
    /// The mean of the losses of the epoch's steps.
    pub loss: f64,
    /// The loss on the validation data after the epoch, where there are any.
    pub validation_loss: Option<f64>,
    /// The metrics on the validation data, by name, in the order in which they were asked for.
    pub metrics: Vec<(String, f64)>,
    /// The learning rate of the last step, where the rule has one.
    pub rate: Option<f64>,
    /// How long the epoch took, validation included.
    pub seconds: f64,
}

/// What ended a run before all its epochs were over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stopped {
    /// It had the number of steps that it was given.
    Steps,
    /// The time was up.
    TimeLimit,
    /// Validation no longer improved.
    EarlyStopping,
    /// What an epoch gave was good enough.
    Condition,
    /// A hook said so.
    Hook,
}

impl History {
    /// The mean of the losses, each step counting the same; NaN where there was none.
    pub fn mean_loss(&self) -> f64 {
        mean(&self.losses)
    }

    /// The loss of the last step.
    pub fn last_loss(&self) -> Option<f64> {
        self.losses.last().copied()
    }

    /// The epoch with the lowest validation loss, the first of equal ones.
    pub fn best(&self) -> Option<&EpochRecord> {
        let validated = self.epochs.iter().filter(|epoch| epoch.validation_loss.is_some_and(|loss| !loss.is_nan()));
        validated.min_by(|a, b| a.validation_loss.partial_cmp(&b.validation_loss).unwrap_or(std::cmp::Ordering::Equal))
    }
}

impl EpochRecord {
    /// The metric of the given name.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(metric, _)| metric == name).map(|&(_, value)| value)
    }
}

/// One line: `epoch  3  loss 0.1234  validation 0.2345  accuracy 0.9700  rate 1e-3  0.5 s`.
impl fmt::Display for EpochRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {:2}  loss {:.4}", self.epoch, self.loss)?;
        if let Some(loss) = self.validation_loss {
            write!(f, "  validation {loss:.4}")?;
        }
        for (name, value) in &self.metrics {
            write!(f, "  {name} {value:.4}")?;
        }
        if let Some(rate) = self.rate {
            write!(f, "  rate {rate:.3e}")?;
        }
        write!(f, "  {:.1} s", self.seconds)
    }
}

/// The mean of some losses; NaN where there are none.
pub(super) fn mean(losses: &[f64]) -> f64 {
    losses.iter().sum::<f64>() / losses.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: u64, validation_loss: Option<f64>) -> EpochRecord {
        EpochRecord { epoch, loss: 0.5, validation_loss, ..EpochRecord::default() }
    }

    #[test]
    fn the_best_epoch_is_the_first_of_the_lowest_validation_loss() {
        let losses = [None, Some(f64::NAN), Some(2.0), Some(1.0), Some(1.0), Some(3.0)];
        let epochs = (0..).zip(losses).map(|(epoch, loss)| record(epoch, loss)).collect();
        let history = History { epochs, ..History::default() };
        assert_eq!(history.best().map(|record| record.epoch), Some(3));
        assert!(History::default().best().is_none() && History::default().mean_loss().is_nan());
    }

    #[test]
    fn a_record_is_a_line() {
        assert_eq!(record(3, None).to_string(), "epoch  3  loss 0.5000  0.0 s");
        let metrics = vec![("accuracy".to_owned(), 0.97)];
        let full = EpochRecord { metrics, rate: Some(0.0015), seconds: 0.52, ..record(12, Some(0.25)) };
        let line = "epoch 12  loss 0.5000  validation 0.2500  accuracy 0.9700  rate 1.500e-3  0.5 s";
        assert_eq!(full.to_string(), line);
        assert_eq!((full.metric("accuracy"), full.metric("f1")), (Some(0.97), None));
    }
}
