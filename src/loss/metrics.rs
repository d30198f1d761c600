//! What is measured of predicted classes and not trained by.

use super::labels::labels as indices;
use crate::tensor::{Float, Index, Tensor};

/// The share of rows whose largest logit is that of their label, the first of several being the largest; NaN where
/// there is no row. A row with a NaN in it is wrong, whatever its label.
///
/// Shapes: logits `[…, C]`, labels `[…]`.
///
/// # Panics
/// Where the shapes do not fit, or a label is not in 0..C.
///
/// ```
/// # use sapwood::prelude::*;
/// let logits: Tensor = Tensor::from([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]);
/// assert_eq!(accuracy(&logits, &Tensor::from([1u8, 0, 0, 0])), 0.75);
/// ```
#[track_caller]
pub fn accuracy<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>) -> f64 {
    let pairs = predictions("accuracy", logits, labels);
    pairs.iter().filter(|&&(label, predicted)| predicted == Some(label)).count() as f64 / pairs.len() as f64
}

/// The share of rows whose label is among the k largest logits, of equal ones the first; NaN where there is no row. A
/// row with a NaN in it is wrong, whatever its label.
///
/// Shapes: logits `[…, C]`, labels `[…]`.
///
/// # Panics
/// Where the shapes do not fit, a label is not in 0..C, or k > C.
///
/// ```
/// # use sapwood::loss::top_k_accuracy;
/// # use sapwood::prelude::*;
/// // scikit-learn's docs of top_k_accuracy_score
/// let logits = Tensor::from([[0.5f32, 0.2, 0.2], [0.3, 0.4, 0.2], [0.2, 0.4, 0.3], [0.7, 0.2, 0.1]]);
/// assert_eq!(top_k_accuracy(&logits, &Tensor::from([0u8, 1, 2, 2]), 2), 0.75);
/// ```
#[track_caller]
pub fn top_k_accuracy<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>, k: usize) -> f64 {
    let pairs = predictions("top_k_accuracy", logits, labels);
    let places = logits.topk(k, -1, true).1.to_vec();
    let hits = pairs
        .iter()
        .enumerate()
        .filter(|&(row, &(label, predicted))| predicted.is_some() && places[row * k..][..k].contains(&label));
    hits.count() as f64 / pairs.len() as f64
}

/// How many rows of each class were taken for each class: entry `[i, j]` counts rows with the label i whose largest
/// logit is that of class j. Shape `[C, C]`.
///
/// Shapes: logits `[…, C]`, labels `[…]`.
///
/// # Panics
/// Where the shapes do not fit, a label is not in 0..C, or a row has a NaN in it.
///
/// ```
/// # use sapwood::loss::confusion_matrix;
/// # use sapwood::prelude::*;
/// // scikit-learn's docs of confusion_matrix; the logits are those of certain predictions.
/// let predicted = Tensor::from([0u8, 0, 2, 2, 0, 2]).one_hot::<f32>(3);
/// let matrix = confusion_matrix(&predicted, &Tensor::from([2u8, 0, 2, 2, 0, 1]));
/// assert_eq!(matrix, Tensor::from([[2usize, 0, 0], [0, 0, 1], [1, 0, 2]]));
/// ```
#[track_caller]
pub fn confusion_matrix<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>) -> Tensor<usize> {
    let pairs = predictions("confusion_matrix", logits, labels);
    let classes = logits.shape()[logits.rank() - 1];
    let mut counts = vec![0; classes * classes];
    for (row, (label, predicted)) in pairs.into_iter().enumerate() {
        match predicted {
            Some(predicted) => counts[label * classes + predicted] += 1,
            None => panic!("confusion_matrix: row {row} of the logits has a NaN in it, so no class is the largest"),
        }
    }
    Tensor::from_vec(counts, (classes, classes))
}

/// For each class, the share of rows taken for it that are of it; NaN where none was taken for it. Shape `[C]`; its
/// `mean()` is the macro average. A row with a NaN in it is taken for none.
///
/// Shapes: logits `[…, C]`, labels `[…]`.
///
/// # Panics
/// Where the shapes do not fit, or a label is not in 0..C.
///
/// ```
/// # use sapwood::loss::precision;
/// # use sapwood::prelude::*;
/// // scikit-learn's docs of precision_score
/// let predicted = Tensor::from([0u8, 2, 1, 0, 0, 1]).one_hot::<f32>(3);
/// assert_eq!(precision(&predicted, &Tensor::from([0u8, 1, 2, 0, 1, 2])).to_vec(), [2.0 / 3.0, 0.0, 0.0]);
/// ```
#[track_caller]
pub fn precision<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>) -> Tensor<f64> {
    Counts::of("precision", logits, labels).ratios(|hits, predicted, _| hits / predicted)
}

/// For each class, the share of rows of it that were taken for it; NaN where there is none of it. Shape `[C]`; its
/// `mean()` is the macro average.
///
/// Shapes: logits `[…, C]`, labels `[…]`.
///
/// # Panics
/// Where the shapes do not fit, or a label is not in 0..C.
///
/// ```
/// # use sapwood::loss::recall;
/// # use sapwood::prelude::*;
/// let predicted = Tensor::from([0u8, 1, 1, 0]).one_hot::<f32>(2);
/// assert_eq!(recall(&predicted, &Tensor::from([0u8, 1, 1, 1])).to_vec(), [1.0, 2.0 / 3.0]);
/// ```
#[track_caller]
pub fn recall<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>) -> Tensor<f64> {
    Counts::of("recall", logits, labels).ratios(|hits, _, there| hits / there)
}

/// For each class, the harmonic mean of [`precision`] and [`recall`]: 2TP / (2TP + FP + FN); NaN where a class is neither
/// there nor predicted. Shape `[C]`; its `mean()` is the macro average.
///
/// Shapes: logits `[…, C]`, labels `[…]`.
///
/// # Panics
/// Where the shapes do not fit, or a label is not in 0..C.
///
/// ```
/// # use sapwood::loss::f1;
/// # use sapwood::prelude::*;
/// // scikit-learn's docs of f1_score
/// let predicted = Tensor::from([0u8, 2, 1, 0, 0, 1]).one_hot::<f32>(3);
/// assert_eq!(f1(&predicted, &Tensor::from([0u8, 1, 2, 0, 1, 2])).to_vec(), [0.8, 0.0, 0.0]);
/// ```
#[track_caller]
pub fn f1<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>) -> Tensor<f64> {
    Counts::of("f1", logits, labels).ratios(|hits, predicted, there| 2.0 * hits / (predicted + there))
}

/// Each row's label, and its prediction unless a NaN stands in the row.
#[track_caller]
fn predictions<T: Float, I: Index>(
    metric: &str,
    logits: &Tensor<T>,
    labels: &Tensor<I>,
) -> Vec<(usize, Option<usize>)> {
    assert!(logits.rank() > 0, "{metric}: the logits are a scalar; their last axis must count the classes");
    let labels = indices(metric, labels, logits, None).into_iter().flatten();
    let (predicted, largest) = (logits.argmax_axis(-1).to_vec(), logits.max_axis(-1).to_vec());
    let predicted = predicted.into_iter().zip(largest).map(|(class, largest)| (!largest.is_nan()).then_some(class));
    labels.zip(predicted).collect()
}

/// For each class, how many rows were taken for it rightly, how many in all, and how many are of it.
struct Counts(Vec<[f64; 3]>);

impl Counts {
    #[track_caller]
    fn of<T: Float, I: Index>(metric: &str, logits: &Tensor<T>, labels: &Tensor<I>) -> Self {
        let pairs = predictions(metric, logits, labels);
        let mut counts = vec![[0.0; 3]; logits.shape()[logits.rank() - 1]];
        for (label, predicted) in pairs {
            counts[label][2] += 1.0;
            if let Some(predicted) = predicted {
                counts[predicted][1] += 1.0;
                counts[label][0] += if predicted == label { 1.0 } else { 0.0 };
            }
        }
        Counts(counts)
    }

    fn ratios(self, ratio: impl Fn(f64, f64, f64) -> f64) -> Tensor<f64> {
        self.0.into_iter().map(|[hits, predicted, there]| ratio(hits, predicted, there)).collect::<Vec<_>>().into()
    }
}

#[cfg(test)]
mod tests {
    use crate::loss::{confusion_matrix, f1, precision, recall, top_k_accuracy};
    use crate::prelude::*;

    #[test]
    fn a_model_that_has_diverged_is_not_right_about_the_first_class() {
        let logits = Tensor::from([[f32::NAN, 0.0], [1.0, 0.0], [f32::INFINITY, 0.0]]);
        let labels = Tensor::from([0u8, 0, 0]);
        assert_eq!(accuracy(&logits, &labels), 2.0 / 3.0);
        assert_eq!(top_k_accuracy(&logits, &labels, 2), 2.0 / 3.0);
        assert_eq!((recall(&logits, &labels).to_vec()[0], precision(&logits, &labels).to_vec()[0]), (2.0 / 3.0, 1.0));
    }

    #[test]
    fn what_was_never_asked_has_no_ratio() {
        let predicted: Tensor = Tensor::from([0u8, 0]).one_hot(3);
        let labels = Tensor::from([0u8, 1]);
        let which = |ratios: Tensor<f64>| ratios.is_nan().to_vec();
        assert_eq!(which(precision(&predicted, &labels)), [false, true, true]);
        assert_eq!(which(recall(&predicted, &labels)), [false, false, true]);
        assert_eq!(which(f1(&predicted, &labels)), [false, false, true]);
        assert!(accuracy(&Tensor::<f32>::zeros((0, 3)), &Tensor::<u8>::zeros(0)).is_nan());
    }

    #[test]
    #[should_panic(expected = "confusion_matrix: row 1 of the logits has a NaN in it")]
    fn a_row_without_a_largest_logit_has_no_place() {
        let _ = confusion_matrix(&Tensor::from([[1.0f32, 0.0], [f32::NAN, 0.0]]), &Tensor::from([0u8, 1]));
    }
}
