//! Cross-entropy with labels: one pass over the logits.

use crate::autodiff::unary;
use crate::kernels::reduce::map_rows;
use crate::ops::Keep;
use crate::tensor::{Element, Float, Index, Tensor};

/// How many classes the last axis counts.
pub(super) fn classes<T: Float>(logits: &Tensor<T>) -> usize {
    logits.shape().last().copied().unwrap_or(0)
}

/// The labels as indices, checked against the logits; `None` for those that are ignored.
#[track_caller]
pub(super) fn labels<T: Float, I: Index>(
    operation: &str,
    labels: &Tensor<I>,
    logits: &Tensor<T>,
    ignored: Option<i64>,
) -> Vec<Option<usize>> {
    let classes = classes(logits);
    let rows = &logits.shape()[..logits.rank().saturating_sub(1)];
    assert!(
        labels.shape() == rows,
        "{operation}: logits of shape {:?} need labels of shape {rows:?}, not {:?}",
        logits.shape(),
        labels.shape()
    );
    let ignored = ignored.map(|label| label as f64);
    let mut indices = Vec::with_capacity(labels.len());
    for (row, label) in labels.to_vec().into_iter().enumerate() {
        match label.to_index().filter(|&label| label < classes) {
            _ if ignored == Some(Element::to_f64(label)) => indices.push(None),
            Some(label) => indices.push(Some(label)),
            None => panic!("{operation}: label {label} of row {row} is not one of {classes} classes (0..{classes})"),
        }
    }
    indices
}

/// Labels as rows k of weighted probabilities: `off` · w, and `on` · w more at the label; nothing where it is ignored.
#[derive(Clone)]
pub(super) struct Labels<T> {
    pub(super) labels: Vec<Option<usize>>,
    pub(super) classes: usize,
    pub(super) on: T,
    pub(super) off: T,
    pub(super) weights: Vec<T>,
}

impl<T: Float> Labels<T> {
    /// Σ k (ln Σ e^z − z).
    fn loss(&self, z: &[T], label: Option<usize>) -> T {
        let Some(label) = label else { return T::zero() };
        let top = z.iter().copied().fold(T::neg_infinity(), T::max);
        // Where the largest is infinite, or none is a number, the differences would be NaN for the wrong reason.
        let shift = if top.is_finite() { top } else { T::zero() };
        let log_sum = z.iter().map(|&z| (z - shift).exp()).sum::<T>().ln();
        let mut loss = self.on * self.weights[label] * (log_sum - (z[label] - shift));
        if self.off != T::zero() {
            let even = z.iter().zip(&self.weights).map(|(&z, &weight)| weight * (log_sum - (z - shift)));
            loss += self.off * even.sum::<T>();
        }
        loss
    }

    /// All rows k.
    fn rows(&self) -> Vec<T> {
        let mut rows = Vec::with_capacity(self.labels.len() * self.classes);
        for label in &self.labels {
            let even = if label.is_some() { self.off } else { T::zero() };
            let start = rows.len();
            rows.extend(self.weights.iter().map(|&weight| even * weight));
            if let &Some(label) = label {
                rows[start + label] += self.on * self.weights[label];
            }
        }
        rows
    }

    /// Whether every Σ k is 1.
    fn is_plain(&self) -> bool {
        self.weights.iter().all(|weight| weight.is_one()) && self.labels.iter().all(Option::is_some)
    }
}

/// The loss of each row, Σ k (ln Σ e^z − z), with z shifted by its largest; z̄ = (softmax(z) · Σ k − k) · ȳ.
#[track_caller]
pub(super) fn of_labels<T: Float>(logits: &Tensor<T>, target: Labels<T>, shape: &[usize]) -> Tensor<T> {
    let classes = target.classes;
    let forward = |z: &Tensor<T>| {
        let z = z.contiguous();
        let mut losses: Vec<(Option<usize>, T)> = target.labels.iter().map(|&label| (label, T::zero())).collect();
        map_rows(z.dense(), classes, &mut losses, 1, 16, |z, loss| loss[0].1 = target.loss(z, loss[0].0));
        Tensor::from_dense(losses.into_iter().map(|(_, loss)| loss).collect(), shape)
    };
    unary(logits, forward, |z, _| {
        let (z, target) = (z.clone(), target.clone());
        move |g| {
            let rows = Tensor::from_dense(target.rows(), z.shape());
            let g = g.unsqueeze(-1);
            if target.is_plain() {
                return (z.softmax(-1) - rows) * g;
            }
            let counted = Tensor::from_dense(target.labels.iter().map(Option::is_some).collect(), g.shape());
            let sums = rows.sum_axis(Keep(-1));
            // Whatever stands in an ignored row, NaN too, does no harm.
            counted.where_((z.softmax(-1) * sums - rows) * g, T::zero())
        }
    })
}
