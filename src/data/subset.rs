//! Datasets made of datasets: [`Subset`], [`Map`].

use super::Dataset;
use crate::error::Result;

/// Some observations of a dataset, in an order of its own; see [`Dataset::subset`].
#[derive(Clone, Debug)]
pub struct Subset<D> {
    data: D,
    observations: Vec<usize>,
}

impl<D> Subset<D> {
    #[track_caller]
    pub(super) fn new(data: D, observations: Vec<usize>) -> Self
    where
        D: Dataset,
    {
        let len = data.len();
        if let Some(beyond) = observations.iter().find(|&&observation| observation >= len) {
            panic!("subset: there is no observation {beyond} among {len}");
        }
        Subset { data, observations }
    }

    /// The numbers that its observations have in the whole dataset.
    pub fn observations(&self) -> &[usize] {
        &self.observations
    }

    fn chosen(&self, observations: &[usize]) -> Vec<usize> {
        observations.iter().map(|&i| self.observations[i]).collect()
    }
}

impl<D: Dataset> Subset<D> {
    /// All observations as one batch.
    pub fn all(&self) -> D::Batch {
        self.data.batch(&self.observations)
    }
}

impl<D: Dataset> Dataset for Subset<D> {
    type Batch = D::Batch;

    fn len(&self) -> usize {
        self.observations.len()
    }
    fn batch(&self, observations: &[usize]) -> D::Batch {
        self.data.batch(&self.chosen(observations))
    }
    fn try_batch(&self, epoch: u64, observations: &[usize]) -> Result<D::Batch> {
        self.data.try_batch(epoch, &self.chosen(observations))
    }
    fn fault(&self) -> Option<String> {
        self.data.fault()
    }
}

/// A dataset with a function applied to each batch; see [`Dataset::map`].
#[derive(Clone, Debug)]
pub struct Map<D, F> {
    data: D,
    f: F,
}

impl<D, F> Map<D, F> {
    pub(super) fn new(data: D, f: F) -> Self {
        Map { data, f }
    }
}

impl<D: Dataset, B, F: Fn(D::Batch) -> B> Dataset for Map<D, F> {
    type Batch = B;

    fn len(&self) -> usize {
        self.data.len()
    }
    fn batch(&self, observations: &[usize]) -> B {
        (self.f)(self.data.batch(observations))
    }
    fn try_batch(&self, epoch: u64, observations: &[usize]) -> Result<B> {
        Ok((self.f)(self.data.try_batch(epoch, observations)?))
    }
    fn fault(&self) -> Option<String> {
        self.data.fault()
    }
}
