//! Making rare labels frequent and frequent ones rare; drawing by weight.

use ndarray_rand::rand::distr::Distribution;
use ndarray_rand::rand::distr::weighted::WeightedIndex;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::split::by_label;

/// All observations, and those of rare labels again until each label has `fraction` times as many as the most frequent
/// one. Repeated are the first ones of a label, in turn; [`Dataset::subset`](super::Dataset::subset) takes the result.
///
/// # Panics
/// Where `fraction` is not in [0, 1].
///
/// ```
/// use sapwood::data::oversample;
///
/// assert_eq!(oversample(&["a", "c", "c", "a", "b"], 1.0), [0, 1, 2, 3, 4, 4]);
/// ```
#[track_caller]
pub fn oversample<L: Ord>(labels: &[L], fraction: f64) -> Vec<usize> {
    assert!((0.0..=1.0).contains(&fraction), "oversample: the fraction must lie in [0, 1], not {fraction}");
    let mut all: Vec<usize> = (0..labels.len()).collect();
    let classes = by_label(labels, &all);
    let most = classes.iter().map(Vec::len).max().unwrap_or(0);
    let wanted = (fraction * most as f64).round() as usize;
    for class in classes {
        all.extend(class.iter().cycle().take(wanted.saturating_sub(class.len())));
    }
    all
}

/// As many observations of each label as the rarest one has: the first ones, in rising order.
///
/// ```
/// use sapwood::data::undersample;
///
/// assert_eq!(undersample(&["a", "c", "c", "a", "b"]), [0, 1, 4]);
/// ```
pub fn undersample<L: Ord>(labels: &[L]) -> Vec<usize> {
    let classes = by_label(labels, &(0..labels.len()).collect::<Vec<_>>());
    let least = classes.iter().map(Vec::len).min().unwrap_or(0);
    let mut some: Vec<usize> = classes.iter().flat_map(|class| &class[..least]).copied().collect();
    some.sort_unstable();
    some
}

/// `count` observations drawn with replacement, each as often as its weight says.
///
/// # Panics
/// Where there are no weights, one is negative or not finite, or all are zero.
///
/// ```
/// use sapwood::data::weighted_sample;
///
/// assert_eq!(weighted_sample(&[0.0, 1.0, 0.0], 3, 7), [1, 1, 1]);
/// ```
#[track_caller]
pub fn weighted_sample(weights: &[f64], count: usize, seed: u64) -> Vec<usize> {
    let weighted = match WeightedIndex::new(weights) {
        Ok(weighted) if weights.iter().all(|weight| weight.is_finite()) => weighted,
        Ok(_) => panic!("weighted_sample: the weights must be finite"),
        Err(error) => panic!("weighted_sample: {error}"),
    };
    weighted.sample_iter(ChaCha8Rng::seed_from_u64(seed)).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_mlutils() {
        // MLUtils, test/resample.jl.
        assert_eq!(oversample(&["c", "c", "c", "a", "b"], 1.0).len(), 9);
        assert_eq!(oversample(&["c", "c", "c", "a", "b"], 0.0).len(), 5);
        assert_eq!(undersample(&["c", "c", "c", "a", "b"]), [0, 3, 4]);
        assert!(oversample::<u8>(&[], 1.0).is_empty() && undersample::<u8>(&[]).is_empty());
    }

    #[test]
    fn draws_follow_their_weights() {
        let drawn = weighted_sample(&[1.0, 0.0, 3.0], 10_000, 1);
        let last = drawn.iter().filter(|&&i| i == 2).count();
        // 10,000 draws of probability 3/4: a standard deviation of 43.
        assert!(!drawn.contains(&1) && (7_300..7_700).contains(&last), "{last}");
    }
}
