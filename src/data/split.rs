//! Cutting a dataset into parts: for training, validation, testing.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use ndarray_rand::rand::seq::SliceRandom;

use super::{Dataset, Subset};

/// How large `N` parts are: fractions that sum to 1, or counts that sum to the number of observations.
pub trait Parts<const N: usize> {
    /// The numbers of observations, or what is wrong.
    fn counts(self, observations: usize) -> Result<[usize; N], String>;
}

impl<const N: usize> Parts<N> for [f64; N] {
    /// Ends are rounded, so that no part is more than one observation off.
    fn counts(self, observations: usize) -> Result<[usize; N], String> {
        let total: f64 = self.iter().sum();
        if self.iter().any(|fraction| !(0.0..=1.0).contains(fraction)) || (total - 1.0).abs() > 1e-6 {
            return Err(format!("the fractions {self:?} must lie in [0, 1] and sum to 1"));
        }
        let (mut sum, mut start) = (0.0, 0);
        Ok(self.map(|fraction| {
            sum += fraction / total;
            let end = (sum * observations as f64).round() as usize;
            end - std::mem::replace(&mut start, end)
        }))
    }
}

impl<const N: usize> Parts<N> for [usize; N] {
    fn counts(self, observations: usize) -> Result<[usize; N], String> {
        let total: usize = self.iter().sum();
        if total == observations { Ok(self) } else { Err(format!("{self:?} must sum to {observations} observations")) }
    }
}

/// Consecutive parts of a dataset, of the given fractions or counts.
///
/// # Panics
/// Where the fractions do not sum to 1, or the counts not to the number of observations.
///
/// ```
/// use sapwood::data::split;
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::arange(10);
/// let [train, test] = split(&x, [0.7, 0.3]);
/// assert_eq!((train.len(), test.all().to_vec()), (7, vec![7.0, 8.0, 9.0]));
/// let batches = DataLoader::new(train).batch_size(2);
/// ```
#[track_caller]
pub fn split<D: Dataset + Clone, const N: usize>(data: &D, parts: impl Parts<N>) -> [Subset<D>; N] {
    cut("split", data, (0..data.len()).collect(), parts)
}

/// Random parts of a dataset, of the given fractions or counts. The same seed gives the same parts.
///
/// # Panics
/// As [`split`].
///
/// ```
/// use sapwood::data::random_split;
/// use sapwood::prelude::*;
///
/// let data = (Tensor::<f32>::zeros((150, 4)), Tensor::<u8>::zeros(150));
/// let [train, test] = random_split(&data, [120, 30], 7);
/// assert_eq!((train.len(), test.len()), (120, 30));
/// ```
#[track_caller]
pub fn random_split<D: Dataset + Clone, const N: usize>(data: &D, parts: impl Parts<N>, seed: u64) -> [Subset<D>; N] {
    cut("random_split", data, shuffled(data.len(), seed), parts)
}

/// Random parts in which each label is as frequent as in the whole; there is a label for each observation.
///
/// # Panics
/// Where the fractions do not sum to 1, or there are more or fewer labels than observations.
///
/// ```
/// use sapwood::data::stratified_split;
/// use sapwood::prelude::*;
///
/// let labels = Tensor::from([0u8, 1, 0, 0, 1, 0]);
/// let [train, test] = stratified_split(&labels, &labels.to_vec(), [0.5, 0.5], 7);
/// assert_eq!(train.all().cast::<f32>().sum(), test.all().cast::<f32>().sum());
/// ```
#[track_caller]
pub fn stratified_split<D: Dataset + Clone, L: Ord, const N: usize>(
    data: &D,
    labels: &[L],
    fractions: [f64; N],
    seed: u64,
) -> [Subset<D>; N] {
    let len = data.len();
    assert!(labels.len() == len, "stratified_split: {} labels for {len} observations", labels.len());
    let mut parts = [const { vec![] }; N];
    for class in by_label(labels, &shuffled(len, seed)) {
        let counts = fractions.counts(class.len()).unwrap_or_else(|fault| panic!("stratified_split: {fault}"));
        let mut class = class.into_iter();
        for (part, count) in parts.iter_mut().zip(counts) {
            part.extend(class.by_ref().take(count));
        }
    }
    // Not class by class: whoever does not shuffle would train on one class after the other.
    parts.map(|mut part: Vec<usize>| {
        part.sort_unstable();
        Subset::new(data.clone(), part)
    })
}

#[track_caller]
fn cut<D: Dataset + Clone, const N: usize>(
    function: &str,
    data: &D,
    order: Vec<usize>,
    parts: impl Parts<N>,
) -> [Subset<D>; N] {
    let counts = parts.counts(data.len()).unwrap_or_else(|fault| panic!("{function}: {fault}"));
    let mut order = order.into_iter();
    counts.map(|count| Subset::new(data.clone(), order.by_ref().take(count).collect()))
}

/// The numbers below `len` in the order that a seed gives.
pub(super) fn shuffled(len: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}

/// The observations of each label, labels in rising order, observations as in `order`.
pub(super) fn by_label<L: Ord>(labels: &[L], order: &[usize]) -> Vec<Vec<usize>> {
    let mut sorted = order.to_vec();
    sorted.sort_by_key(|&observation| &labels[observation]);
    sorted.chunk_by(|&a, &b| labels[a] == labels[b]).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::{Parts, random_split, split, stratified_split};
    use crate::prelude::*;

    #[test]
    fn ends_are_rounded_as_mlutils_does() {
        // MLUtils, test/splitobs.jl: 10 at 0.7; at (0.5, 0.3); 150 at (0.1, 0.2, 0.3).
        assert_eq!([0.7, 0.3].counts(10), Ok([7, 3]));
        assert_eq!([0.5, 0.3, 0.2].counts(10), Ok([5, 3, 2]));
        assert_eq!([0.1, 0.2, 0.3, 0.4].counts(150), Ok([15, 30, 45, 60]));
        assert_eq!([0.3; 3].map(|f| f / 0.9).counts(11).map(|counts| counts.iter().sum()), Ok(11));
    }

    #[test]
    fn parts_hold_each_observation_once() {
        let x = Tensor::<i64>::arange(100);
        let [a, b, c] = random_split(&x, [50, 30, 20], 3);
        let mut all = [a.observations(), b.observations(), c.observations()].concat();
        assert_ne!(all, split(&x, [100])[0].observations());
        assert_eq!(random_split(&x, [50, 50], 3)[0].observations(), a.observations());
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn strata_keep_their_shares() {
        let labels: Vec<u8> = (0..150).map(|i| u8::from(i % 3 == 0)).collect();
        let [train, test] = stratified_split(&labels, &labels, [0.8, 0.2], 1);
        let ones = |part: Vec<u8>| part.iter().filter(|&&label| label == 1).count();
        assert_eq!((train.len(), test.len()), (120, 30));
        assert_eq!((ones(train.all()), ones(test.all())), (40, 10));
    }

    #[test]
    #[should_panic(expected = "split: the fractions [0.7, 0.2] must lie in [0, 1] and sum to 1")]
    fn fractions_leave_nothing_out() {
        let _ = split(&Tensor::<f32>::zeros(10), [0.7, 0.2]);
    }
}
