//! Normalisation to mean 0 and variance 1, and to unit mean square.

use std::cell::OnceCell;
use std::sync::Arc;

use super::axes::{Axes, IntoAxes, Keep, Reduction};
use crate::autodiff::unary;
use crate::kernels::normalise::{self, Grouped, Moments};
use crate::tensor::{Float, Tensor};

/// Shorter rows are faster by whole tensors.
pub(super) const SHORTEST_ROW: usize = 8;

impl<T: Float> Tensor<T> {
    /// (x − μ) / √(σ² + ε), with the mean μ and the variance σ² (of n, not n − 1) along some axes together: the heart of
    /// batch, layer, instance and group normalisation.
    ///
    /// Derivative: x̄ = (ȳ − mean(ȳ) − y mean(ȳ y)) / √(σ² + ε).
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice, or `epsilon` is negative.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 3.0], [2.0, 2.0]]);
    /// assert_eq!(x.standardise(1, 0.0).slice(s![0, ..]).to_vec(), [-1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn standardise(&self, axes: impl IntoAxes, epsilon: f64) -> Tensor<T> {
        assert!(epsilon >= 0.0, "standardise: the epsilon {epsilon} is negative");
        let axes = Keep(axes).into_axes();
        let reduction = Reduction::over("standardise", self.shape(), axes.clone());
        match grouped(self.shape(), &reduction.keep) {
            Some(layout) => standardise_groups(self, layout, axes, T::from_f64(epsilon)).0,
            None => standardise_composed(self, axes, T::from_f64(epsilon)),
        }
    }

    /// x / √(mean x² + ε), with the mean along some axes together
    /// ([Zhang and Sennrich 2019](https://arxiv.org/abs/1910.07467)).
    ///
    /// Derivative: x̄ = (ȳ − y mean(ȳ y)) / √(mean x² + ε).
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice, or `epsilon` is negative.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, -7.0]);
    /// assert_eq!(x.rms_normalise(0, 0.0).to_vec(), [0.2, -1.4]);
    /// ```
    #[track_caller]
    pub fn rms_normalise(&self, axes: impl IntoAxes, epsilon: f64) -> Tensor<T> {
        assert!(epsilon >= 0.0, "rms_normalise: the epsilon {epsilon} is negative");
        let square = self.square().mean_axis(Keep(axes));
        self * (square + T::from_f64(epsilon)).rsqrt()
    }
}

/// The axes as `[outer, groups, inner]`, where those that stay stand side by side and enough elements come after them.
pub(super) fn grouped(shape: &[usize], keep: &[bool]) -> Option<Grouped> {
    let first = keep.iter().position(|&keep| keep).unwrap_or(0);
    let end = keep.iter().rposition(|&keep| keep).map_or(0, |last| last + 1);
    let product = |shape: &[usize]| shape.iter().product::<usize>();
    let inner = product(&shape[end..]);
    let is_one_block = keep[first..end].iter().all(|&keep| keep);
    let layout = Grouped { outer: product(&shape[..first]), groups: product(&shape[first..end]), inner };
    (is_one_block && end < shape.len() && inner >= SHORTEST_ROW && layout.count() * layout.groups > 0).then_some(layout)
}

/// In two passes over the elements, and back in two.
#[track_caller]
pub(super) fn standardise_groups<T: Float>(
    x: &Tensor<T>,
    layout: Grouped,
    axes: Axes,
    epsilon: T,
) -> (Tensor<T>, Arc<Vec<Moments<T>>>) {
    // Of the tapes that record, each gets the numbers that the one computation found.
    let found = OnceCell::new();
    let forward = |x: &Tensor<T>| {
        let x = x.contiguous();
        let moments = normalise::moments(x.dense(), layout, epsilon);
        let y = Tensor::from_dense(normalise::standardise(x.dense(), layout, &moments), x.shape());
        let _ = found.set(Arc::new(moments));
        y
    };
    let y = unary(x, forward, |x, y| {
        let (x, y, moments, axes) = (x.clone(), y.clone(), found.get().cloned().unwrap_or_default(), axes.clone());
        move |mut g| {
            if !(g.is_traced() || x.is_traced() || y.is_traced()) {
                normalise::pull_standardise(g.as_mut_slice(), y.dense(), layout, &moments);
                return g;
            }
            let centred = &x - x.mean_axis(axes.clone());
            let scale = (centred.square().mean_axis(axes.clone()) + epsilon).rsqrt();
            let product = (&g * &y).mean_axis(axes.clone());
            let mean = g.mean_axis(axes);
            (g - mean - y * product) * scale
        }
    });
    (y, found.into_inner().unwrap_or_default())
}

pub(super) fn standardise_composed<T: Float>(x: &Tensor<T>, axes: Axes, epsilon: T) -> Tensor<T> {
    let centred = x - x.mean_axis(axes.clone());
    let variance = centred.square().mean_axis(axes);
    centred * (variance + epsilon).rsqrt()
}

#[cfg(test)]
mod tests {
    use super::{grouped, standardise_composed};
    use crate::kernels::normalise::Grouped;
    use crate::ops::{IntoAxes, Keep};
    use crate::prelude::*;

    #[test]
    fn channels_and_rows_are_blocks() {
        let layout = |outer, groups, inner| Some(Grouped { outer, groups, inner });
        assert_eq!(grouped(&[4, 3, 5, 2], &[false, true, false, false]), layout(4, 3, 10));
        assert_eq!(grouped(&[4, 3, 8], &[true, true, false]), layout(1, 12, 8));
        assert_eq!(grouped(&[4, 8], &[false, false]), layout(1, 1, 32));
        // Rows too short, or groups that lie apart.
        assert_eq!(grouped(&[4, 3], &[false, true]), None);
        assert_eq!(grouped(&[4, 8, 2, 8], &[true, false, true, false]), None);
    }

    #[test]
    fn the_fused_operation_equals_the_composed_one() {
        let x = Tensor::<f64>::normal((4, 3, 35), 1.0, 2.0, &mut StdRng::seed_from_u64(1));
        let w = Tensor::<f64>::normal((4, 3, 35), 0.0, 1.0, &mut StdRng::seed_from_u64(2));
        for axes in [&[0, 2][..], &[2], &[1, 2]] {
            let fused = |x: &Tensor<f64>| (x.standardise(axes, 0.1) * &w).square().sum();
            let composed = |x: &Tensor<f64>| (standardise_composed(x, Keep(axes).into_axes(), 0.1) * &w).square().sum();
            let close = |a: Tensor<f64>, b: Tensor<f64>| assert!((a - b).abs().max().item() < 1e-11, "{axes:?}");
            let of = |f: &dyn Fn(&Tensor<f64>) -> Tensor<f64>| {
                let first = gradient(f, &x).get().unwrap().clone();
                let second = gradient(|x: &Tensor<f64>| gradient(f, x).get().unwrap().square().sum(), &x);
                (f(&x), first, second.get().unwrap().clone())
            };
            let (a, b) = (of(&fused), of(&composed));
            close(a.0, b.0);
            close(a.1, b.1);
            assert!(((a.2 - &b.2).norm() / b.2.norm()).item() < 1e-11);
        }
    }
}
