//! [`Concatenated`]: two datasets as one.

use super::{Collate, Dataset};
use crate::error::Result;

/// The observations of one dataset and then those of another; see [`Dataset::concatenate`].
#[derive(Clone, Debug)]
pub struct Concatenated<A, B> {
    first: A,
    second: B,
}

impl<A: Dataset, B: Dataset<Batch = A::Batch>> Concatenated<A, B>
where
    A::Batch: Collate,
{
    pub(super) fn new(first: A, second: B) -> Self {
        Concatenated { first, second }
    }
}

impl<A: Dataset, B: Dataset<Batch = A::Batch>> Dataset for Concatenated<A, B>
where
    A::Batch: Collate,
{
    type Batch = A::Batch;

    fn len(&self) -> usize {
        self.first.len() + self.second.len()
    }
    fn batch(&self, observations: &[usize]) -> A::Batch {
        self.try_batch(0, observations).unwrap_or_else(|error| panic!("{error}"))
    }
    /// Asks each part once, whatever the order, and puts its answers where they were asked for.
    fn try_batch(&self, epoch: u64, observations: &[usize]) -> Result<A::Batch> {
        let before = self.first.len();
        let (first, mut second): (Vec<_>, Vec<_>) = observations.iter().partition(|&&i| i < before);
        second.iter_mut().for_each(|i| *i -= before);
        if second.is_empty() {
            return self.first.try_batch(epoch, &first);
        }
        if first.is_empty() {
            return self.second.try_batch(epoch, &second);
        }
        let (mut of_first, mut of_second) = (0..first.len(), first.len()..observations.len());
        let place = |&i: &usize| if i < before { of_first.next() } else { of_second.next() };
        let places: Vec<usize> = observations.iter().filter_map(place).collect();
        let parts = vec![self.first.try_batch(epoch, &first)?, self.second.try_batch(epoch, &second)?];
        Ok(Collate::collate(parts).batch(&places))
    }
    fn fault(&self) -> Option<String> {
        self.first.fault().or_else(|| self.second.fault())
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn observations_stand_where_they_were_asked_for() {
        let whole = (Tensor::<i64>::arange(7), vec!["a", "b", "c", "d", "e", "f", "g"]);
        let parts = whole.clone().subset(vec![0, 1, 2]).concatenate(whole.clone().subset(vec![3, 4, 5, 6]));
        assert_eq!(parts.len(), 7);
        for order in [&[6, 0, 3, 2, 3, 1][..], &[1, 2], &[5], &[]] {
            assert_eq!(parts.batch(order), whole.batch(order));
            assert_eq!(parts.try_batch(4, order).unwrap(), whole.batch(order));
        }
    }

    #[test]
    #[should_panic(expected = "DataLoader: the parts have [2, 1] observations")]
    fn faults_of_the_parts_come_through() {
        let (good, bad) = ((vec![1], vec![2]), (vec![1, 2], vec![3]));
        DataLoader::new(good.concatenate(bad));
    }
}
