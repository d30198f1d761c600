//! [`evaluate`], and what a metric is.

use crate::data::{DataLoader, Dataset};
use crate::error::Result;
use crate::tensor::{Element, Float, Tensor};

/// The mean of a loss or metric over a whole dataset: of its value on each batch, weighted by the batch's observations.
///
/// No gradient is taken, so dropout and its kin do nothing. The mean of means is the mean of all where the metric is
/// one; of what is not, such as [`auc`](crate::loss::auc()), ask with all data as one batch.
///
/// # Errors
/// Where a batch can't be made.
///
/// ```
/// use sapwood::prelude::*;
/// use sapwood::train::evaluate;
///
/// let model: Tensor = Tensor::scalar(2.0);
/// let data = DataLoader::new(Tensor::from([1.0, 2.0, 3.0])).batch_size(2);
/// let mean = evaluate(&model, &data, |m, x| (m * &x).mean())?;
/// assert_eq!(mean, 4.0);
/// # Ok::<(), sapwood::Error>(())
/// ```
pub fn evaluate<M, D, V>(model: &M, data: &DataLoader<D>, mut metric: impl FnMut(&M, D::Batch) -> V) -> Result<f64>
where
    D: Dataset,
    V: MetricValue,
{
    let mut mean = Mean::default();
    for_each_batch(data, &mut |batch, count| mean.add(metric(model, batch).value(), count))?;
    Ok(mean.value())
}

/// Calls a function with each batch and its number of observations.
pub(super) fn for_each_batch<D: Dataset>(data: &DataLoader<D>, each: &mut dyn FnMut(D::Batch, usize)) -> Result<()> {
    for (number, batch) in data.try_epoch(0).enumerate() {
        each(batch?, data.observations_in(number));
    }
    Ok(())
}

/// What a metric may return: a number, or a tensor of one element, such as a loss.
#[diagnostic::on_unimplemented(message = "a metric returns an `f64`, an `f32` or a scalar tensor, not `{Self}`")]
pub trait MetricValue {
    /// The number.
    ///
    /// # Panics
    /// Where a tensor has not exactly one element.
    fn value(self) -> f64;
}

impl MetricValue for f64 {
    fn value(self) -> f64 {
        self
    }
}

impl MetricValue for f32 {
    fn value(self) -> f64 {
        self.into()
    }
}

impl<T: Float> MetricValue for Tensor<T> {
    #[track_caller]
    fn value(self) -> f64 {
        Element::to_f64(self.item())
    }
}

/// A mean of numbers, each with its weight.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    pub(super) fn add(&mut self, value: f64, count: usize) {
        self.sum += value * count as f64;
        self.weight += count as f64;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.weight == 0.0
    }

    pub(super) fn value(&self) -> f64 {
        self.sum / self.weight
    }
}
