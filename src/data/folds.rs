//! Cross-validation: which observations train and which validate, several times over.

use super::split::{by_label, shuffled};

/// Numbers of observations to train on and to validate with; [`Dataset::subset`](super::Dataset::subset) takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// To train on.
    pub train: Vec<usize>,
    /// To validate with.
    pub validation: Vec<usize>,
}

/// `k` folds of `observations`: each observation validates in one of them.
///
/// # Panics
/// Where `k` is below 2 or above the number of observations.
///
/// ```
/// use sapwood::data::k_fold;
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::arange(15);
/// for fold in k_fold(15, 5) {
///     let (train, validation) = (x.clone().subset(fold.train), x.clone().subset(fold.validation));
///     assert_eq!((train.len(), validation.len()), (12, 3));
/// }
/// ```
#[track_caller]
pub fn k_fold(observations: usize, k: usize) -> Vec<Fold> {
    folds_of((0..observations).collect(), k)
}

/// [`k_fold`] of the observations in a random order.
///
/// # Panics
/// As [`k_fold`].
#[track_caller]
pub fn random_k_fold(observations: usize, k: usize, seed: u64) -> Vec<Fold> {
    folds_of(shuffled(observations, seed), k)
}

/// [`k_fold`] in which each label is as frequent in every fold as in the whole.
///
/// # Panics
/// Where `k` is below 2 or a label has fewer than `k` observations.
#[track_caller]
pub fn stratified_k_fold<L: Ord>(labels: &[L], k: usize) -> Vec<Fold> {
    assert!(k >= 2, "stratified_k_fold: {k} folds; there must be at least 2");
    let mut validations = vec![vec![]; k];
    for class in by_label(labels, &(0..labels.len()).collect::<Vec<_>>()) {
        assert!(class.len() >= k, "stratified_k_fold: a label has {} observations, too few for {k} folds", class.len());
        for (i, validation) in validations.iter_mut().enumerate() {
            validation.extend(part(&class, i, k));
        }
    }
    validations
        .into_iter()
        .map(|mut validation| {
            validation.sort_unstable();
            let train = (0..labels.len()).filter(|i| validation.binary_search(i).is_err()).collect();
            Fold { train, validation }
        })
        .collect()
}

/// Folds that each validate with `p` neighbouring observations (the last one with what is left).
///
/// # Panics
/// Where `p` is zero, or leaves nothing to train on.
#[track_caller]
pub fn leave_p_out(observations: usize, p: usize) -> Vec<Fold> {
    assert!(
        p > 0 && p < observations,
        "leave_p_out: {p} of {observations} observations; at least one must be left out and one stay"
    );
    let range = |start: usize| start..(start + p).min(observations);
    (0..observations)
        .step_by(p)
        .map(|start| Fold {
            train: (0..start).chain(range(start).end..observations).collect(),
            validation: range(start).collect(),
        })
        .collect()
}

/// Folds of a time series: each trains on what comes before what it validates with.
///
/// The observations are cut into `k` + 1 blocks (the first takes what does not divide); fold i validates with block
/// i + 1. `gap` observations before the validation are left out, and no more than `longest` are trained on.
///
/// # Panics
/// Where `k` is zero, there are too few observations, or the gap leaves nothing to train on.
///
/// ```
/// use sapwood::data::time_series_folds;
///
/// let folds = time_series_folds(10, 3, 0, None);
/// assert_eq!((&folds[0].train[..], &folds[0].validation[..]), (&[0, 1, 2, 3][..], &[4, 5][..]));
/// ```
#[track_caller]
pub fn time_series_folds(observations: usize, k: usize, gap: usize, longest: Option<usize>) -> Vec<Fold> {
    let block = observations / (k + 1);
    assert!(k > 0 && block > 0, "time_series_folds: {observations} observations can't make {k} folds");
    (0..k)
        .map(|i| {
            let start = observations - block * (k - i);
            assert!(
                start > gap,
                "time_series_folds: a gap of {gap} leaves nothing of {start} observations to train on"
            );
            let end = start - gap;
            let first = longest.map_or(0, |longest| end.saturating_sub(longest));
            Fold { train: (first..end).collect(), validation: (start..start + block).collect() }
        })
        .collect()
}

#[track_caller]
fn folds_of(order: Vec<usize>, k: usize) -> Vec<Fold> {
    let observations = order.len();
    assert!(
        (2..=observations).contains(&k),
        "k_fold: {k} folds of {observations} observations; there must be at least 2, and an observation for each"
    );
    let fold = |i| {
        let validation = part(&order, i, k);
        let at = i * observations / k;
        let train = order[..at].iter().chain(&order[at + validation.len()..]).copied().collect();
        Fold { train, validation: validation.to_vec() }
    };
    (0..k).map(fold).collect()
}

/// Part i of k, of lengths that differ by one at most.
fn part<X>(all: &[X], i: usize, k: usize) -> &[X] {
    &all[i * all.len() / k..(i + 1) * all.len() / k]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(folds: &[Fold]) -> Vec<[usize; 4]> {
        let ends = |part: &[usize]| [part[0], part[part.len() - 1] + 1];
        folds.iter().map(|fold| [ends(&fold.train), ends(&fold.validation)].concat().try_into().unwrap()).collect()
    }

    #[test]
    fn folds_are_those_of_mlutils() {
        // MLUtils, test/folds.jl; its numbers start at 1 and include the last one.
        let folds = k_fold(15, 5);
        let mut all: Vec<usize> = folds.iter().flat_map(|fold| fold.validation.clone()).collect();
        assert!(folds.iter().all(|fold| fold.train.len() == 12 && fold.validation.len() == 3));
        all.sort_unstable();
        assert_eq!(all, (0..15).collect::<Vec<_>>());
        assert_eq!(leave_p_out(15, 1), k_fold(15, 15));
        assert_eq!(random_k_fold(15, 5, 3), random_k_fold(15, 5, 3));
        assert_ne!(random_k_fold(15, 5, 3), folds);
    }

    #[test]
    fn strata_are_in_every_fold() {
        // MLUtils, test/folds.jl: 10 zeros and 20 ones in five folds validate with 2 and 4 each.
        let labels = [[0u8; 10].as_slice(), &[1; 20]].concat();
        for fold in stratified_k_fold(&labels, 5) {
            let ones = fold.validation.iter().filter(|&&i| labels[i] == 1).count();
            assert_eq!((fold.validation.len(), ones, fold.train.len()), (6, 4, 24));
        }
    }

    #[test]
    fn a_time_series_is_validated_with_its_future() {
        // MLUtils, timeseries_kfolds(10; k = 3), with a gap of 1, with at most 2.
        let expected = [[0, 4, 4, 6], [0, 6, 6, 8], [0, 8, 8, 10]];
        assert_eq!(ranges(&time_series_folds(10, 3, 0, None)), expected);
        assert_eq!(ranges(&time_series_folds(10, 3, 1, None)), [[0, 3, 4, 6], [0, 5, 6, 8], [0, 7, 8, 10]]);
        assert_eq!(ranges(&time_series_folds(10, 3, 0, Some(2))), [[2, 4, 4, 6], [4, 6, 6, 8], [6, 8, 8, 10]]);
    }

    #[test]
    #[should_panic(expected = "stratified_k_fold: a label has 1 observations, too few for 2 folds")]
    fn each_label_reaches_each_fold() {
        stratified_k_fold(&["a", "a", "b"], 2);
    }
}
