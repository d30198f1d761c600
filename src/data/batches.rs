//! [`Batches`] and [`TryBatches`]: an epoch as an iterator.

use std::sync::Arc;

use super::Dataset;
use super::prefetch::Prefetch;
use crate::error::{Error, Result};

/// An epoch's worker threads.
#[derive(Debug)]
pub(super) struct Workers<D: Dataset> {
    pub(super) count: usize,
    /// How many batches they may make ahead.
    pub(super) ahead: usize,
    pub(super) start: Start<D>,
}

/// Starts the workers for the batches from `first` on. Only where workers are asked for is it known that the data may go to
/// threads of their own, hence the pointer.
pub(super) type Start<D> = fn(Arc<Epoch<D>>, first: usize, workers: usize, ahead: usize) -> Making<D>;

/// Workers that make batches.
type Making<D> = Prefetch<Result<<D as Dataset>::Batch>>;

/// All that determines the batches of an epoch.
#[derive(Debug)]
pub(super) struct Epoch<D> {
    pub(super) data: Arc<D>,
    pub(super) number: u64,
    pub(super) order: Vec<usize>,
    pub(super) batch_size: usize,
    /// Batches.
    pub(super) len: usize,
}

impl<D: Dataset> Epoch<D> {
    pub(super) fn make(&self, batch: usize) -> Result<D::Batch> {
        let start = batch * self.batch_size;
        let end = (start + self.batch_size).min(self.order.len());
        let made = self.data.try_batch(self.number, &self.order[start..end]);
        made.map_err(|error| Error::Batch { epoch: self.number, batch, source: Box::new(error) })
    }
}

/// One epoch: an iterator over batches.
#[derive(Debug)]
pub struct Batches<D: Dataset>(pub(super) TryBatches<D>);

impl<D: Dataset> Iterator for Batches<D> {
    type Item = D::Batch;

    fn next(&mut self) -> Option<D::Batch> {
        self.nth(0)
    }

    fn nth(&mut self, skipped: usize) -> Option<D::Batch> {
        self.0.nth(skipped).map(|batch| batch.unwrap_or_else(|error| panic!("DataLoader: {error}")))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<D: Dataset> ExactSizeIterator for Batches<D> {}

/// One epoch: an iterator over batches, each of which may be an error; see
/// [`DataLoader::try_epoch`](super::DataLoader::try_epoch).
#[derive(Debug)]
pub struct TryBatches<D: Dataset> {
    pub(super) epoch: Arc<Epoch<D>>,
    pub(super) workers: Option<Workers<D>>,
    pub(super) next: usize,
    /// The workers, once the first batch was asked for.
    pub(super) prefetch: Option<Making<D>>,
}

impl<D: Dataset> TryBatches<D> {
    fn make(&mut self, batch: usize) -> Result<D::Batch> {
        let Some(workers) = &self.workers else { return self.epoch.make(batch) };
        let prefetch = self
            .prefetch
            .get_or_insert_with(|| (workers.start)(self.epoch.clone(), batch, workers.count, workers.ahead));
        prefetch.take(batch).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<&str>().copied();
            let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words");
            panic!("DataLoader: batch {batch} of epoch {}: a worker panicked: {words}", self.epoch.number)
        })
    }
}

impl<D: Dataset> Iterator for TryBatches<D> {
    type Item = Result<D::Batch>;

    fn next(&mut self) -> Option<Result<D::Batch>> {
        self.nth(0)
    }

    fn nth(&mut self, skipped: usize) -> Option<Result<D::Batch>> {
        let batch = self.next.saturating_add(skipped).min(self.epoch.len);
        self.next = (batch + 1).min(self.epoch.len);
        (batch < self.epoch.len).then(|| self.make(batch))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.epoch.len - self.next;
        (left, Some(left))
    }
}

impl<D: Dataset> ExactSizeIterator for TryBatches<D> {}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::prelude::*;

    /// Knows which observations were asked for, and fails at one of them.
    struct Recording {
        asked: Mutex<Vec<usize>>,
        broken: Option<usize>,
    }

    impl Dataset for Recording {
        type Batch = Vec<usize>;

        fn len(&self) -> usize {
            10
        }
        fn batch(&self, observations: &[usize]) -> Vec<usize> {
            self.try_batch(0, observations).unwrap()
        }
        fn try_batch(&self, _: u64, observations: &[usize]) -> Result<Vec<usize>> {
            self.asked.lock().unwrap().extend(observations);
            match observations.iter().find(|&&i| Some(i) == self.broken) {
                Some(&i) => Err(Error::observation(i, "broken")),
                None => Ok(observations.to_vec()),
            }
        }
    }

    fn recording(broken: Option<usize>) -> Recording {
        Recording { asked: Mutex::default(), broken }
    }

    #[test]
    fn batches_that_are_skipped_are_not_made() {
        let data = DataLoader::new(recording(None)).batch_size(2).shuffle(3);
        let all: Vec<_> = data.epoch(1).collect();
        data.dataset().asked.lock().unwrap().clear();

        assert_eq!(data.epoch(1).skip(3).collect::<Vec<_>>(), all[3..]);
        assert_eq!(*data.dataset().asked.lock().unwrap(), all[3..].concat());
        let mut epoch = data.epoch(1);
        assert_eq!((epoch.nth(1).as_ref(), epoch.len()), (Some(&all[1]), 3));
        assert_eq!((epoch.nth(2).as_ref(), epoch.len()), (Some(&all[4]), 0));
        assert_eq!((epoch.nth(usize::MAX), epoch.next(), epoch.len()), (None, None, 0));
        assert_eq!((data.epoch(0).nth(5), data.epoch(0).nth(usize::MAX)), (None, None));
    }

    #[test]
    fn a_batch_that_fails_is_an_error_among_the_others() {
        let tuple = (recording(Some(5)).subset(vec![7, 6, 5, 4]), vec!["a", "b", "c", "d"]);
        let data = DataLoader::new(Box::new(tuple.map(|(numbers, _)| numbers))).batch_size(2);
        let mut epoch = data.try_epoch(8);
        assert_eq!(epoch.next().unwrap().unwrap(), [7, 6]);
        assert_eq!(epoch.next().unwrap().unwrap_err().to_string(), "batch 1 of epoch 8: observation 5: broken");
        assert!(epoch.next().is_none());
        let data = DataLoader::new(recording(Some(0))).batch_size(5);
        assert_eq!(data.try_epoch(0).map(|batch| batch.is_ok()).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    #[should_panic(expected = "DataLoader: batch 1 of epoch 0: observation 5: broken")]
    fn plain_iteration_panics_with_the_errors_words() {
        for _ in &DataLoader::new(recording(Some(5))).batch_size(4) {}
    }

    #[test]
    fn batches_do_not_depend_on_the_workers() {
        let x = Tensor::<f32>::uniform((103, 7), -1.0..1.0, &mut StdRng::seed_from_u64(0));
        let data =
            || DataLoader::new((x.clone().map(|x| x.exp()), Tensor::<i64>::arange(103))).batch_size(4).shuffle(5);
        for (workers, prefetch) in [(1, 1), (2, 1), (2, 8), (5, 3)] {
            let (alone, helped) = (data(), data().prefetch(prefetch).workers(workers));
            for _epoch in 0..2 {
                assert_eq!(alone.iter().collect::<Vec<_>>(), helped.iter().collect::<Vec<_>>());
            }
            assert_eq!(alone.epoch(3).skip(20).collect::<Vec<_>>(), helped.epoch(3).skip(20).collect::<Vec<_>>());
            let mut epochs = (alone.epoch(4), helped.epoch(4));
            for skip in [0, 3, 0, 9, 1, 100] {
                assert_eq!((epochs.0.nth(skip), epochs.0.len()), (epochs.1.nth(skip), epochs.1.len()));
            }
        }
    }

    #[test]
    fn errors_of_workers_stay_in_their_places() {
        let data = DataLoader::new(recording(Some(4))).batch_size(2).workers(3);
        let words: Vec<_> = data.try_epoch(6).map(|batch| batch.map_err(|error| error.to_string())).collect();
        assert_eq!(words[2].as_ref().unwrap_err(), "batch 2 of epoch 6: observation 4: broken");
        assert_eq!(words.iter().filter(|batch| batch.is_ok()).count(), 4);
    }

    #[test]
    #[should_panic(expected = "DataLoader: batch 2 of epoch 0: a worker panicked: no square root of -1")]
    fn a_workers_panic_reaches_the_loop() {
        let roots = vec![4.0f32, 1.0, -1.0].map(|x: Vec<f32>| {
            assert!(x[0] >= 0.0, "no square root of {}", x[0]);
            x[0].sqrt()
        });
        for _ in &DataLoader::new(roots).workers(2) {}
    }

    #[test]
    fn a_loop_that_stops_early_stops_the_workers() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = made.clone();
        let numbers = Tensor::<i64>::arange(1000).map(move |x| {
            count.fetch_add(1, Ordering::SeqCst);
            x
        });
        let data = DataLoader::new(numbers).workers(2).prefetch(3);
        for x in &data {
            if x.to_vec() == [9] {
                break;
            }
        }
        // Ten were taken, three may have been made ahead; nothing is made any more.
        let after = made.load(Ordering::SeqCst);
        assert!((10..=13).contains(&after), "{after}");
        std::thread::sleep(std::time::Duration::from_millis(10));
        assert_eq!(made.load(Ordering::SeqCst), after);
    }
}
