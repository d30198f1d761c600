//! What a pass over the data leaves behind.

use serde::{Deserialize, Serialize};

/// The losses of one pass, a number a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The loss of each batch before its update, in order.
    pub losses: Vec<f64>,
}

impl History {
    /// The mean of the losses, each batch counting the same; NaN where there was no batch.
    pub fn mean_loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }

    /// The loss of the last batch.
    pub fn last_loss(&self) -> Option<f64> {
        self.losses.last().copied()
    }
}
