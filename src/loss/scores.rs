//! What is measured of predicted numbers and not trained by.

use super::{cross_entropy, same_shape};
use crate::tensor::{Element, Float, Index, Tensor};

/// The area under the receiver operating characteristic: the probability that a random observation of class 1 has a
/// larger score than one of class 0, equal scores counting half. NaN where a class is missing or a score is NaN.
///
/// Shapes: both the same; labels are 0 and 1.
///
/// # Panics
/// Where the shapes differ, or a label is neither 0 nor 1.
///
/// ```
/// # use sapwood::loss::auc;
/// # use sapwood::prelude::*;
/// // scikit-learn's docs of roc_auc_score
/// assert_eq!(auc(&Tensor::from([0.1f32, 0.4, 0.35, 0.8]), &Tensor::from([0u8, 0, 1, 1])), 0.75);
/// ```
#[track_caller]
pub fn auc<T: Float, I: Index>(scores: &Tensor<T>, labels: &Tensor<I>) -> f64 {
    let (s, l) = (scores.shape(), labels.shape());
    assert!(s == l, "auc: the scores have the shape {s:?}, the labels {l:?}; they must be equal");
    let label = |label: I| match label.to_index() {
        Some(label @ (0 | 1)) => label == 1,
        _ => panic!("auc: label {label} is neither 0 nor 1"),
    };
    let mut pairs: Vec<(T, bool)> = scores.to_vec().into_iter().zip(labels.to_vec().into_iter().map(label)).collect();
    if pairs.iter().any(|(score, _)| score.is_nan()) {
        return f64::NAN;
    }
    pairs.sort_by(|(a, _), (b, _)| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    // Pairs of one of class 1 above one of class 0, group by group of equal scores.
    let (mut below, mut ones, mut wins) = (0.0, 0.0, 0.0);
    for group in pairs.chunk_by(|(a, _), (b, _)| a == b) {
        let positive = group.iter().filter(|(_, positive)| *positive).count() as f64;
        let negative = group.len() as f64 - positive;
        wins += positive * (below + 0.5 * negative);
        below += negative;
        ones += positive;
    }
    wins / (below * ones)
}

/// The coefficient of determination 1 − Σ(p − t)² / Σ(t − t̂)², with t̂ the mean target: 1 for a perfect prediction, 0 for
/// the mean. Where all targets are equal it is −∞, or NaN if the prediction is perfect.
///
/// Shapes: both the same; all elements count together.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::loss::r2;
/// # use sapwood::prelude::*;
/// // scikit-learn's docs of r2_score
/// let r = r2(&Tensor::from([2.5f64, 0.0, 2.0, 8.0]), &Tensor::from([3.0, -0.5, 2.0, 7.0]));
/// assert!((r - 0.9486081370449679).abs() < 1e-15);
/// ```
#[track_caller]
pub fn r2<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> f64 {
    same_shape("r2", prediction, target);
    let numbers = |x: &Tensor<T>| x.cast::<f64>();
    let (prediction, target) = (numbers(prediction), numbers(target));
    let residual = (prediction - &target).square().sum().item();
    1.0 - residual / (&target - target.mean()).square().sum().item()
}

/// exp of the mean [`cross_entropy`] of labels: how many classes, all equally likely, would be as hard to guess among.
///
/// Shapes: logits `[…, C]`, labels `[…]`.
///
/// # Panics
/// Where the shapes do not fit, or a label is not in 0..C.
///
/// ```
/// # use sapwood::loss::perplexity;
/// # use sapwood::prelude::*;
/// let p = perplexity(&Tensor::<f64>::zeros((2, 7)), &Tensor::from([3u8, 5]));
/// assert!((p - 7.0).abs() < 1e-12);
/// ```
#[track_caller]
pub fn perplexity<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>) -> f64
where
    Tensor<I>: super::ClassTarget<T>,
{
    Element::to_f64(cross_entropy(logits, labels).item()).exp()
}

#[cfg(test)]
mod tests {
    use crate::loss::{auc, r2};
    use crate::prelude::*;

    #[test]
    fn equal_scores_count_half() {
        // Of the four pairs: .5 over .5 half, .5 over .2, .9 over both.
        let scores = Tensor::from([0.5f32, 0.2, 0.5, 0.9]);
        assert_eq!(auc(&scores, &Tensor::from([0i64, 0, 1, 1])), 3.5 / 4.0);
        assert_eq!(auc(&scores, &Tensor::from([1i64, 1, 0, 0])), 0.5 / 4.0);
        assert_eq!(auc(&Tensor::<f32>::zeros(4), &Tensor::from([0i64, 1, 1, 1])), 0.5);
    }

    #[test]
    fn what_can_not_be_measured_is_nan() {
        assert!(auc(&Tensor::from([0.1f32, 0.2]), &Tensor::from([1u8, 1])).is_nan());
        assert!(auc(&Tensor::from([f32::NAN, 0.2]), &Tensor::from([0u8, 1])).is_nan());
        let constant = Tensor::<f32>::ones(3);
        assert!(r2(&constant, &constant).is_nan());
        assert_eq!(r2(&Tensor::zeros(3), &constant), f64::NEG_INFINITY);
    }

    #[test]
    #[should_panic(expected = "auc: label 2 is neither 0 nor 1")]
    fn a_third_class_is_refused() {
        let _ = auc(&Tensor::<f32>::zeros(2), &Tensor::from([0u8, 2]));
    }
}
