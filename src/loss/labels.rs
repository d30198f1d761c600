//! Cross-entropy with labels: one pass over the logits.

use crate::autodiff::unary;
use crate::kernels::reduce::{exp_below, shift};
use crate::kernels::{math, pool, threads};
use crate::ops::{Keep, softmax_row};
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

/// What an exponential costs, in additions.
const EXPONENTIAL: usize = 8;

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
    /// The loss of each row, Σ k (ln Σ e^z − z).
    fn losses(&self, z: &[T]) -> Vec<T> {
        let mut losses = pool::buffer(self.labels.len());
        threads::for_row_chunks(&mut losses, 1, EXPONENTIAL * self.classes, |first, losses| {
            let mut exponentials = pool::buffer(self.classes);
            for (row, loss) in (first..).zip(losses) {
                let z = &z[row * self.classes..][..self.classes];
                *loss = self.labels[row].map_or(T::zero(), |label| self.loss(z, label, &mut exponentials));
            }
            pool::recycle(exponentials);
        });
        losses
    }

    /// One row's; `exponentials` has room for as many as there are classes.
    fn loss(&self, z: &[T], label: usize, exponentials: &mut [T]) -> T {
        let top = z.iter().copied().fold(T::neg_infinity(), T::max);
        let shift = shift(top);
        let log_sum = math::ln(exp_below(z, shift, exponentials));
        let mut loss = self.on * self.weights[label] * (log_sum - (z[label] - shift));
        if self.off != T::zero() {
            let even = z.iter().zip(&self.weights).map(|(&z, &weight)| weight * (log_sum - (z - shift)));
            loss += self.off * even.sum::<T>();
        }
        loss
    }

    /// The rows z̄ = (softmax(z) · Σ k − k) · ȳ; zeros where the label is ignored, whatever stands there.
    fn pull(&self, z: &[T], g: &[T]) -> Vec<T> {
        let total = self.weights.iter().copied().sum::<T>();
        let mut out = pool::buffer(z.len());
        threads::for_row_chunks(&mut out, self.classes, EXPONENTIAL, |first, out| {
            for (row, out) in (first..).zip(out.chunks_exact_mut(self.classes)) {
                let z = &z[row * self.classes..][..self.classes];
                match self.labels[row] {
                    Some(label) => self.pull_row(z, label, total, g[row], out),
                    None => out.fill(T::zero()),
                }
            }
        });
        out
    }

    /// One row's, with all weights added up in `total`.
    fn pull_row(&self, z: &[T], label: usize, total: T, g: T, out: &mut [T]) {
        let (on, off) = (self.on * self.weights[label] * g, self.off * g);
        let all = on + off * total;
        softmax_row(z, out);
        out.iter_mut().for_each(|p| *p *= all);
        if off != T::zero() {
            out.iter_mut().zip(&self.weights).for_each(|(p, &weight)| *p -= off * weight);
        }
        out[label] -= on;
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
}

/// The loss of each row, Σ k (ln Σ e^z − z), with z shifted by its largest; z̄ = (softmax(z) · Σ k − k) · ȳ.
#[track_caller]
pub(super) fn of_labels<T: Float>(logits: &Tensor<T>, target: Labels<T>, shape: &[usize]) -> Tensor<T> {
    let forward = |z: &Tensor<T>| Tensor::from_dense(target.losses(z.contiguous().dense()), shape);
    unary(logits, forward, |z, _| {
        let (z, target) = (z.clone(), target.clone());
        move |g: Tensor<T>| {
            if !g.is_traced() && !z.is_traced() {
                let z = z.contiguous();
                return Tensor::from_dense(target.pull(z.dense(), g.contiguous().dense()), z.shape());
            }
            let rows = Tensor::from_dense(target.rows(), z.shape());
            let counted = Tensor::from_dense(target.labels.iter().map(Option::is_some).collect(), g.shape());
            let sums = rows.sum_axis(Keep(-1));
            let pulled = (z.softmax(-1) * sums - rows) * g.unsqueeze(-1);
            counted.unsqueeze(-1).where_(pulled, T::zero())
        }
    })
}
