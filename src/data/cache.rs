//! [`Cache`]: each observation made once.

use std::sync::{Mutex, PoisonError};

use super::{Collate, Dataset};
use crate::error::Result;

/// A dataset that keeps in memory what it has made; see [`Dataset::cache`].
#[derive(Debug)]
pub struct Cache<D: Dataset> {
    data: D,
    /// A batch of one for each observation that was asked for. Each has a lock of its own, so that threads wait for one
    /// another only where they want the same one, and none is made twice.
    made: Vec<Mutex<Option<D::Batch>>>,
}

impl<D: Dataset> Cache<D> {
    pub(super) fn new(data: D) -> Self {
        let made = (0..data.len()).map(|_| Mutex::default()).collect();
        Cache { data, made }
    }
}

impl<D: Dataset> Dataset for Cache<D>
where
    D::Batch: Collate,
{
    type Batch = D::Batch;

    fn len(&self) -> usize {
        self.data.len()
    }
    fn batch(&self, observations: &[usize]) -> D::Batch {
        self.try_batch(0, observations).unwrap_or_else(|error| panic!("{error}"))
    }
    fn try_batch(&self, _: u64, observations: &[usize]) -> Result<D::Batch> {
        if observations.is_empty() {
            return self.data.try_batch(0, observations);
        }
        let one = |&i: &usize| {
            // Where making it panicked, it is still to be made.
            let mut made = self.made[i].lock().unwrap_or_else(PoisonError::into_inner);
            match &*made {
                Some(one) => Ok(one.clone()),
                None => Ok(made.insert(self.data.try_batch(0, &[i])?).clone()),
            }
        };
        Ok(Collate::collate(observations.iter().map(one).collect::<Result<Vec<_>>>()?))
    }
    fn fault(&self) -> Option<String> {
        self.data.fault()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::Error;
    use crate::prelude::*;

    /// Counts how often each observation is made; observation 4 fails the first time.
    struct Slow([AtomicUsize; 6]);

    impl Dataset for Slow {
        type Batch = (Tensor, Vec<usize>);

        fn len(&self) -> usize {
            self.0.len()
        }
        fn batch(&self, observations: &[usize]) -> Self::Batch {
            self.try_batch(0, observations).unwrap()
        }
        fn try_batch(&self, epoch: u64, observations: &[usize]) -> Result<Self::Batch> {
            for &i in observations {
                if self.0[i].fetch_add(1, Ordering::SeqCst) == 0 && i == 4 {
                    return Err(Error::observation(i, "not yet"));
                }
            }
            let x: Vec<f32> = observations.iter().map(|&i| (i as f32 + epoch as f32).sin()).collect();
            Ok((x.into(), observations.to_vec()))
        }
    }

    #[test]
    fn each_observation_is_made_once_and_errors_are_not_kept() {
        let data = DataLoader::new(Slow(Default::default()).cache()).batch_size(2).shuffle(1).workers(3);
        let errors = data.try_epoch(5).filter(Result::is_err).count();
        assert_eq!(errors, 1);
        let epochs = || -> Vec<_> { (0..3).flat_map(|epoch| data.epoch(epoch)).collect() };
        let first = epochs();
        let made: Vec<usize> = data.dataset().data.0.iter().map(|made| made.load(Ordering::SeqCst)).collect();
        assert_eq!(made, [1, 1, 1, 1, 2, 1]);
        assert_eq!(epochs(), first);
        for (x, i) in first {
            assert_eq!(x.to_vec(), i.iter().map(|&i| (i as f32).sin()).collect::<Vec<_>>());
        }
        assert_eq!(data.dataset().batch(&[]).1, [0; 0]);
    }
}
