//! Cross-entropy with labels: one pass over the logits.

use std::sync::Arc;

use crate::autodiff::keeping;
use crate::kernels::block::Block;
use crate::kernels::isa::vectorized;
use crate::kernels::{math, pool, softmax, threads};
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
    for (row, &label) in labels.contiguous().dense().iter().enumerate() {
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
    /// The loss of each row, Σ k (ln Σ e^z − z), given what its softmax is made of.
    fn losses(&self, z: &[T], softmax: &[T]) -> Block<T> {
        let (mut losses, pairs) = (pool::buffer(self.labels.len()), softmax.as_chunks::<2>().0);
        let cost = if self.off == T::zero() { 1 } else { self.classes };
        threads::for_row_chunks(&mut losses, 1, cost, |first, losses| {
            // First their logarithms, which vectors find together.
            vectorized!(|| losses.iter_mut().zip(&pairs[first..]).for_each(|(log, &[_, sum])| *log = math::ln(sum)));
            for (row, loss) in (first..).zip(losses) {
                let z = &z[row * self.classes..][..self.classes];
                *loss = self.labels[row].map_or(T::zero(), |label| self.loss(z, label, pairs[row][0], *loss));
            }
        });
        losses
    }

    /// One row's; `log_sum` is ln Σ e^(z − shift).
    fn loss(&self, z: &[T], label: usize, shift: T, log_sum: T) -> T {
        let mut loss = self.on * self.weights[label] * (log_sum - (z[label] - shift));
        if self.off != T::zero() {
            let even = z.iter().zip(&self.weights).map(|(&z, &weight)| weight * (log_sum - (z - shift)));
            loss += self.off * even.sum::<T>();
        }
        loss
    }

    /// The rows of exponentials e^(z − shift) become z̄ = (softmax(z) · Σ k − k) · ȳ; zeros where the label is ignored,
    /// whatever stands there.
    fn pull(&self, exponentials: &mut [T], softmax: &[T], g: &[T]) {
        let (total, pairs) = (self.weights.iter().copied().sum::<T>(), softmax.as_chunks::<2>().0);
        threads::for_row_chunks(exponentials, self.classes, 1, |first, rows| {
            for (row, e) in (first..).zip(rows.chunks_exact_mut(self.classes)) {
                match self.labels[row] {
                    Some(label) => self.pull_row(label, total, g[row], pairs[row][1], e),
                    None => e.fill(T::zero()),
                }
            }
        });
    }

    /// One row's, of its exponentials and their sum, with all weights added up in `total`.
    fn pull_row(&self, label: usize, total: T, g: T, sum: T, e: &mut [T]) {
        let (on, off) = (self.on * self.weights[label] * g, self.off * g);
        let all = (on + off * total) / sum;
        e.iter_mut().for_each(|e| *e *= all);
        if off != T::zero() {
            e.iter_mut().zip(&self.weights).for_each(|(p, &weight)| *p -= off * weight);
        }
        e[label] -= on;
    }

    /// All rows k.
    fn rows(&self) -> Block<T> {
        let mut rows = pool::filled(self.labels.len() * self.classes, T::zero());
        for (row, label) in rows.chunks_exact_mut(self.classes).zip(&self.labels) {
            if let &Some(label) = label {
                row.iter_mut().zip(&self.weights).for_each(|(k, &weight)| *k = self.off * weight);
                row[label] += self.on * self.weights[label];
            }
        }
        rows
    }
}

/// The loss of each row, Σ k (ln Σ e^z − z), with z shifted by its largest; z̄ = (softmax(z) · Σ k − k) · ȳ.
#[inline(never)]
#[track_caller]
pub(super) fn cross_entropy_of_labels<T: Float>(logits: &Tensor<T>, target: Labels<T>, shape: &[usize]) -> Tensor<T> {
    let (classes, watched) = (target.classes.max(1), logits.is_traced());
    let forward = |[z]: [&Tensor<T>; 1]| {
        let z = z.contiguous();
        let (exponentials, softmax) = if watched {
            let (exponentials, softmax) = softmax::exponentials(z.dense(), classes);
            (Some(Tensor::from_dense(exponentials, z.shape())), softmax)
        } else {
            (None, softmax::sums(z.dense(), classes))
        };
        let losses = target.losses(z.dense(), &softmax);
        (Tensor::from_dense(losses, shape), exponentials.map(|exponentials| (exponentials, Arc::new(softmax))))
    };
    keeping([logits], forward, &|[z]: [&Tensor<T>; 1], _: &Tensor<T>, kept: &Option<(Tensor<T>, Arc<Block<T>>)>| {
        let (z, target, kept) = (z.clone(), target.clone(), kept.clone());
        move |g: Tensor<T>, _| {
            if let Some((mut exponentials, softmax)) = kept
                && !g.is_traced()
                && !z.is_traced()
            {
                target.pull(exponentials.as_mut_slice(), &softmax, g.contiguous().dense());
                return [Some(exponentials)];
            }
            let rows = Tensor::from_dense(target.rows(), z.shape());
            let counted = Tensor::from_dense(target.labels.iter().map(Option::is_some).collect(), g.shape());
            let sums = rows.sum_axis(Keep(-1));
            let pulled = (z.softmax(-1) * sums - rows) * g.unsqueeze(-1);
            [Some(counted.unsqueeze(-1).where_(pulled, T::zero()))]
        }
    })
    .0
}
