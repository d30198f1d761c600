//! Normalisation to mean 0 and variance 1, and to unit mean square.

use std::sync::Arc;

use super::axes::{Axes, IntoAxes, Keep, Reduction};
use super::channels::affine_channels;
use crate::autodiff::fused;
use crate::kernels::normalise::{Moments, Rows};
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
            Some(rows) => standardise_groups(self, rows, T::from_f64(epsilon), false).0,
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

/// The rows, each of one group, where the axes that stay stand side by side and enough elements come after them.
pub(super) fn grouped(shape: &[usize], keep: &[bool]) -> Option<Rows> {
    let first = keep.iter().position(|&keep| keep).unwrap_or(0);
    let end = keep.iter().rposition(|&keep| keep).map_or(0, |last| last + 1);
    let (groups, width) = (shape[first..end].iter().product(), shape[end..].iter().product());
    let is_one_block = keep[first..end].iter().all(|&keep| keep);
    let is_empty = shape.contains(&0);
    let rows = Rows { width, together: 1, groups, channels: 1 };
    (is_one_block && end < shape.len() && width >= SHORTEST_ROW && !is_empty).then_some(rows)
}

/// (x − μ) / √(σ² + ε) with the moments of each group, which are returned too; where `rectified`, max(0, that).
#[inline(never)]
#[track_caller]
pub(super) fn standardise_groups<T: Float>(
    x: &Tensor<T>,
    rows: Rows,
    epsilon: T,
    rectified: bool,
) -> (Tensor<T>, Arc<Vec<Moments<T>>>) {
    let (one, zero) = (Tensor::ones(1), Tensor::zeros(1));
    normalise_groups([x, &one, &zero], Rows { channels: 1, ..rows }, epsilon, rectified)
}

/// γ (x − μ) / √(σ² + ε) + β with the moments of each group and the γ and β of each channel; where `rectified`, max(0, that): in
/// two passes over the elements, of which one writes, and back in as many. Also returns the moments.
///
/// Derivatives, with x̂ = (x − μ) / √(σ² + ε) and h = γ ȳ: x̄ = (h − mean(h) − x̂ mean(h x̂)) / √(σ² + ε), γ̄ = Σ ȳ x̂, β̄ = Σ ȳ,
/// where ȳ counts only where y is above 0 if it is rectified.
#[inline(never)]
#[track_caller]
pub(super) fn normalise_groups<T: Float>(
    inputs: [&Tensor<T>; 3],
    rows: Rows,
    epsilon: T,
    rectified: bool,
) -> (Tensor<T>, Arc<Vec<Moments<T>>>) {
    let forward = |inputs: [&Tensor<T>; 3]| {
        let [x, scale, shift] = inputs.map(Tensor::contiguous);
        let moments = rows.moments(x.dense(), epsilon);
        let y = rows.normalise(x.dense(), &moments, [scale.dense(), shift.dense()], rectified);
        (Tensor::from_dense(y, x.shape()), moments)
    };
    let pull = move |inputs: [&Tensor<T>; 3], moments: Arc<Vec<Moments<T>>>, mut g: Tensor<T>, watched: [bool; 3]| {
        let [x, scale, shift] = inputs.map(Tensor::contiguous);
        let sums = rows.backward(g.as_mut_slice(), x.dense(), &moments, [scale.dense(), shift.dense()], rectified);
        let [scale, shift] = sums.map(|sums| Tensor::from_dense(sums, scale.shape()));
        [watched[0].then_some(g), watched[1].then_some(scale), watched[2].then_some(shift)]
    };
    fused(inputs, forward, pull, move |inputs| {
        let y = composed(inputs, rows, epsilon);
        if rectified { y.relu() } else { y }
    })
}

/// The same made of operations.
#[track_caller]
fn composed<T: Float>([x, scale, shift]: [&Tensor<T>; 3], rows: Rows, epsilon: T) -> Tensor<T> {
    let Rows { width, together, groups, channels } = rows;
    let grouped = x.reshape((x.len() / (groups * together * width), groups, together * width));
    let standard = standardise_composed(&grouped, Keep(&[0, 2]).into_axes(), epsilon);
    let standard = standard.reshape((x.len() / (channels * width), channels, width));
    affine_channels(&standard, scale, shift).reshape(x.shape())
}

#[track_caller]
pub(super) fn standardise_composed<T: Float>(x: &Tensor<T>, axes: Axes, epsilon: T) -> Tensor<T> {
    let centred = x - x.mean_axis(axes.clone());
    let variance = centred.square().mean_axis(axes);
    centred * (variance + epsilon).rsqrt()
}

#[cfg(test)]
mod tests {
    use super::{grouped, standardise_composed};
    use crate::kernels::normalise::Rows;
    use crate::ops::{IntoAxes, Keep};
    use crate::prelude::*;

    #[test]
    fn channels_and_rows_are_blocks() {
        let rows = |groups, width| Some(Rows { width, together: 1, groups, channels: 1 });
        assert_eq!(grouped(&[4, 3, 5, 2], &[false, true, false, false]), rows(3, 10));
        assert_eq!(grouped(&[4, 3, 8], &[true, true, false]), rows(12, 8));
        assert_eq!(grouped(&[4, 8], &[false, false]), rows(1, 32));
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
