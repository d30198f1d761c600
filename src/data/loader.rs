//! [`DataLoader`]: batches, shuffled afresh each epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::Dataset;
use super::batches::{Batches, Epoch, Start, TryBatches, Workers};
use super::prefetch::Prefetch;

/// Cuts a [`Dataset`] into batches.
///
/// Iterate over `&loader` as often as wanted: each iteration is an epoch. With [`shuffle`](Self::shuffle) each epoch
/// has a fresh order, which the seed and the epoch's number alone determine.
///
/// ```
/// use sapwood::prelude::*;
///
/// let images: Tensor = Tensor::zeros((100, 784));
/// let labels: Tensor<u8> = Tensor::zeros(100);
/// let data = DataLoader::new((images, labels)).batch_size(32).shuffle(7);
/// assert_eq!(data.len(), 4);
/// for (x, y) in &data {
///     assert_eq!((x.shape()[0], x.shape()[1]), (y.len(), 784));
/// }
/// ```
#[derive(Debug)]
pub struct DataLoader<D: Dataset> {
    data: Arc<D>,
    batch_size: usize,
    seed: Option<u64>,
    drop_last: bool,
    /// How many threads make batches, and how they are started.
    workers: Option<(usize, Start<D>)>,
    /// How many batches they may make ahead, where the user says it.
    prefetch: Option<usize>,
    /// Number of the next epoch.
    epoch: AtomicU64,
}

impl<D: Dataset> DataLoader<D> {
    /// Batches of one observation, in order.
    ///
    /// # Panics
    /// Where there are no observations, where parts of a tuple have different lengths, or on a scalar.
    #[track_caller]
    pub fn new(data: D) -> Self {
        if let Some(fault) = data.fault() {
            panic!("DataLoader: {fault}");
        }
        assert!(!data.is_empty(), "DataLoader: the dataset is empty");
        DataLoader {
            data: Arc::new(data),
            batch_size: 1,
            seed: None,
            drop_last: false,
            workers: None,
            prefetch: None,
            epoch: AtomicU64::new(0),
        }
    }

    /// Sets the number of observations to a batch; the last batch may have fewer.
    ///
    /// # Panics
    /// Where it is zero.
    #[track_caller]
    pub fn batch_size(self, batch_size: usize) -> Self {
        assert!(batch_size > 0, "DataLoader: the batch size must be at least 1");
        DataLoader { batch_size, ..self }
    }

    /// Draws each epoch's observations in a fresh random order. The same seed gives the same orders, on every machine.
    pub fn shuffle(self, seed: u64) -> Self {
        DataLoader { seed: Some(seed), ..self }
    }

    /// Leaves out the last batch where it has fewer observations than the others.
    pub fn drop_last(self) -> Self {
        DataLoader { drop_last: true, ..self }
    }

    /// Makes batches on so many threads of their own, ahead of the loop that takes them; with 0, which is the default,
    /// each is made when the loop asks for it, on the loop's own thread.
    ///
    /// Order and bits of the batches do not depend on it. The threads are started at an epoch's first batch and have
    /// ended when the iterator is dropped, wherever it was. What a worker panics with, the loop panics with, and the words
    /// name the batch. It pays where making a batch is more than copying it: reading, decoding, augmenting.
    ///
    /// ```
    /// use sapwood::prelude::*;
    ///
    /// let data = DataLoader::new(Tensor::<f32>::ones((100, 3)).map(|x| x.exp())).batch_size(10).workers(2);
    /// assert_eq!(data.iter().count(), 10);
    /// ```
    pub fn workers(self, workers: usize) -> Self
    where
        D: Send + Sync + 'static,
        D::Batch: Send,
    {
        let start: Start<D> = |epoch, first, workers, ahead| {
            Prefetch::start((first, epoch.len), (workers, ahead), move |batch| epoch.make(batch))
        };
        DataLoader { workers: (workers > 0).then_some((workers, start)), ..self }
    }

    /// Sets how many batches the [`workers`](Self::workers) make ahead at most; without it, two for each worker.
    ///
    /// # Panics
    /// Where it is zero.
    #[track_caller]
    pub fn prefetch(self, batches: usize) -> Self {
        assert!(batches > 0, "DataLoader: workers must be allowed to make at least 1 batch ahead");
        DataLoader { prefetch: Some(batches), ..self }
    }

    /// Batches to an epoch.
    pub fn len(&self) -> usize {
        let observations = self.data.len();
        if self.drop_last { observations / self.batch_size } else { observations.div_ceil(self.batch_size) }
    }

    /// Whether an epoch has no batch: all were dropped as too small.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Observations in the dataset.
    pub fn observations(&self) -> usize {
        self.data.len()
    }

    /// Observations in the batch of the given number.
    pub(crate) fn observations_in(&self, batch: usize) -> usize {
        self.data.len().saturating_sub(batch * self.batch_size).min(self.batch_size)
    }

    /// What determines the batches of an epoch, besides the data themselves: in words, to be stored and compared.
    pub(crate) fn description(&self) -> String {
        let order = match self.seed {
            Some(seed) => format!("shuffled with the seed {seed}"),
            None => "in order".to_owned(),
        };
        format!("{} observations in {} batches of {}, {order}", self.data.len(), self.len(), self.batch_size)
    }

    /// The dataset.
    pub fn dataset(&self) -> &D {
        &self.data
    }

    /// The next epoch; its number is one more than that of the one before.
    ///
    /// # Panics
    /// As [`epoch`](Self::epoch).
    #[track_caller]
    pub fn iter(&self) -> Batches<D> {
        self.epoch(self.epoch.fetch_add(1, Ordering::Relaxed))
    }

    /// The epoch of the given number, counted from 0; [`iter`](Self::iter) goes on where it was.
    ///
    /// Batches that are skipped are not made: a run that goes on in the middle of an epoch takes
    /// `data.epoch(e).skip(k)`.
    ///
    /// # Panics
    /// Where it has no batch ([`is_empty`](Self::is_empty)): training with it would do nothing, and nobody would notice.
    /// The iterator panics where a batch cannot be made, such as for a broken file;
    /// [`try_epoch`](Self::try_epoch) gives the error.
    #[track_caller]
    pub fn epoch(&self, number: u64) -> Batches<D> {
        Batches(self.try_epoch(number))
    }

    /// The epoch of the given number as [`epoch`](Self::epoch), with an [`Error::Batch`](crate::Error::Batch) in the place
    /// of each batch that cannot be made. Whoever does not stop there gets the other batches.
    ///
    /// # Panics
    /// Where it has no batch.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// # let data = DataLoader::new(Tensor::<f32>::zeros(3));
    /// for batch in data.try_epoch(0) {
    ///     let x = batch?;
    /// }
    /// # Ok::<(), sapwood::Error>(())
    /// ```
    #[track_caller]
    pub fn try_epoch(&self, number: u64) -> TryBatches<D> {
        assert!(
            !self.is_empty(),
            "DataLoader: {} observations do not fill one batch of {}, and drop_last leaves out what is smaller",
            self.data.len(),
            self.batch_size
        );
        let mut order: Vec<usize> = (0..self.data.len()).collect();
        if let Some(seed) = self.seed {
            // ChaCha is the same everywhere and for ever; an epoch is a stream of its own.
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(number);
            order.shuffle(&mut rng);
        }
        let epoch = Epoch { data: self.data.clone(), number, order, batch_size: self.batch_size, len: self.len() };
        let workers =
            self.workers.map(|(count, start)| Workers { count, ahead: self.prefetch.unwrap_or(2 * count), start });
        TryBatches { epoch: Arc::new(epoch), workers, next: 0, prefetch: None }
    }
}

impl<D: Dataset> IntoIterator for &DataLoader<D> {
    type Item = D::Batch;
    type IntoIter = Batches<D>;

    #[track_caller]
    fn into_iter(self) -> Batches<D> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use ndarray::{Array2, array};

    fn rows() -> Tensor {
        Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0]])
    }

    #[test]
    fn batches_cover_the_data_in_order() {
        // MLUtils test/dataloader.jl: five observations of 1..10 in batches of two.
        let data = DataLoader::new(rows()).batch_size(2);
        let batches: Vec<_> = data.iter().map(|x| x.to_vec()).collect();
        assert_eq!(batches, [vec![1.0, 2.0, 3.0, 4.0], vec![5.0, 6.0, 7.0, 8.0], vec![9.0, 10.0]]);
        assert_eq!((data.len(), data.iter().len(), data.observations()), (3, 3, 5));
        // partial=false
        let data = DataLoader::new(rows()).batch_size(2).drop_last();
        assert_eq!((data.len(), data.iter().count()), (2, 2));
        let data = DataLoader::new(Tensor::<i64>::arange(12)).batch_size(5).drop_last();
        let batches: Vec<_> = data.iter().map(|x| x.to_vec()).collect();
        assert_eq!(batches, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]);
    }

    #[test]
    fn parts_of_a_tuple_stay_together_and_may_be_of_any_type() {
        let labels = array![0u8, 1, 2, 3, 4];
        let data = DataLoader::new((rows(), labels, Array2::<bool>::default((5, 3)))).batch_size(2).shuffle(1);
        for (x, y, z) in &data {
            assert_eq!(
                x.slice(s![.., 0]).to_vec(),
                y.to_vec().iter().map(|&y| 2.0 * f32::from(y) + 1.0).collect::<Vec<_>>()
            );
            assert_eq!(z.shape(), [y.len(), 3]);
        }
    }

    #[test]
    fn every_epoch_is_a_fresh_permutation_that_the_seed_determines() {
        let epochs = |seed| {
            let data = DataLoader::new(Tensor::<i64>::arange(100)).batch_size(7).shuffle(seed);
            let epoch = || data.iter().flat_map(|x| x.to_vec()).collect::<Vec<_>>();
            [epoch(), epoch()]
        };
        let [first, second] = epochs(7);
        for epoch in [&first, &second] {
            let mut sorted = epoch.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        }
        assert_ne!(first, second);
        assert_eq!(epochs(7), [first.clone(), second.clone()]);
        assert_ne!(epochs(8)[0], first);
        let data = DataLoader::new(Tensor::<i64>::arange(100)).shuffle(7);
        assert_eq!(data.epoch(1).flat_map(|x| x.to_vec()).collect::<Vec<_>>(), second);
    }

    #[test]
    fn layouts_of_arrays_do_not_matter() {
        let fortran = Array2::from_shape_fn((2, 5), |(i, j)| (2 * j + i + 1) as f32).reversed_axes();
        fn batches(data: impl Dataset<Batch = Tensor>) -> Vec<Vec<f32>> {
            DataLoader::new(data).batch_size(2).iter().map(|x| x.to_vec()).collect()
        }
        let expected = batches(fortran.as_standard_layout().into_owned());
        assert_eq!(batches(fortran.clone()), expected);
        assert_eq!(batches(Tensor::from(fortran)), expected);
    }

    #[test]
    #[should_panic(expected = "DataLoader: the parts have [5, 3] observations; their first axes must be of one length")]
    fn lengths_must_agree() {
        DataLoader::new((rows(), Tensor::<f32>::zeros(3)));
    }

    #[test]
    #[should_panic(expected = "DataLoader: the batch size must be at least 1")]
    fn a_batch_size_of_zero_is_refused() {
        let _ = DataLoader::new(rows()).batch_size(0);
    }

    #[test]
    fn vectors_of_anything_are_data() {
        let data = DataLoader::new((vec!["a", "b", "c"], Tensor::from([0u8, 1, 2]))).batch_size(2);
        let batches: Vec<_> = data.iter().map(|(names, labels)| (names, labels.to_vec())).collect();
        assert_eq!(batches, [(vec!["a", "b"], vec![0, 1]), (vec!["c"], vec![2])]);
    }

    #[test]
    #[should_panic(expected = "DataLoader: 5 observations do not fill one batch of 6, and drop_last leaves out")]
    fn an_epoch_without_a_batch_is_refused() {
        DataLoader::new(rows()).batch_size(6).drop_last().iter();
    }

    #[test]
    #[should_panic(expected = "DataLoader: the dataset is empty")]
    fn empty_data_is_refused() {
        DataLoader::new(Tensor::<f32>::zeros((0, 3)));
    }
}
