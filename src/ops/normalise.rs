//! Normalisation to mean 0 and variance 1, and to unit mean square.

use std::cell::OnceCell;
use std::sync::Arc;

use super::axes::{Axes, IntoAxes, Keep, Reduction};
use crate::autodiff::{binary, op, unary};
use crate::kernels::normalise::{self, Grouped, Moments};
use crate::tensor::{Float, Tensor};

/// Shorter rows are faster by whole tensors.
const SHORTEST_ROW: usize = 8;

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
fn grouped(shape: &[usize], keep: &[bool]) -> Option<Grouped> {
    let first = keep.iter().position(|&keep| keep).unwrap_or(0);
    let end = keep.iter().rposition(|&keep| keep).map_or(0, |last| last + 1);
    let product = |shape: &[usize]| shape.iter().product::<usize>();
    let inner = product(&shape[end..]);
    let is_one_block = keep[first..end].iter().all(|&keep| keep);
    let layout = Grouped { outer: product(&shape[..first]), groups: product(&shape[first..end]), inner };
    (is_one_block && end < shape.len() && inner >= SHORTEST_ROW && layout.count() * layout.groups > 0).then_some(layout)
}

/// [`standardise`](Tensor::standardise) of each channel, the second axis, with the channels' means and variances.
#[track_caller]
pub(crate) fn standardise_channels<T: Float>(x: &Tensor<T>, epsilon: f64) -> (Tensor<T>, Tensor<T>, Tensor<T>) {
    let axes: Vec<usize> = (0..x.rank()).filter(|&axis| axis != 1).collect();
    let keep: Vec<bool> = (0..x.rank()).map(|axis| axis == 1).collect();
    let (kept, epsilon) = (Keep(&axes[..]).into_axes(), T::from_f64(epsilon));
    let Some(layout) = grouped(x.shape(), &keep) else {
        let constant = x.stop_gradient();
        let (mean, variance) = (constant.mean_axis(&axes[..]), constant.var_axis(&axes[..], 0));
        return (standardise_composed(x, kept, epsilon), mean, variance);
    };
    let (y, moments) = standardise_groups(x, layout, kept, epsilon);
    let of = |f: fn(&Moments<T>) -> T| Tensor::from_dense(moments.iter().map(f).collect(), &[layout.groups]);
    (y, of(|moments| moments.mean), of(|moments| moments.variance))
}

/// γ x + β for each channel, the second axis. Derivatives: x̄ = γ ȳ, γ̄ = Σ ȳ x, β̄ = Σ ȳ.
#[track_caller]
pub(crate) fn affine_channels<T: Float>(x: &Tensor<T>, scale: &Tensor<T>, shift: &Tensor<T>) -> Tensor<T> {
    let layout = channels(x);
    if layout.inner < SHORTEST_ROW {
        return x * per_channel(scale, x.rank()) + per_channel(shift, x.rank());
    }
    let forward = |[x, scale, shift]: [&Tensor<T>; 3]| {
        let (x, scale, shift) = (x.contiguous(), scale.contiguous(), shift.contiguous());
        Tensor::from_dense(normalise::affine(x.dense(), layout, scale.dense(), shift.dense()), x.shape())
    };
    op([x, scale, shift], forward, &|[x, scale, shift]: [&Tensor<T>; 3], _: &Tensor<T>| {
        let (x, scale, zeros) = (x.clone(), scale.clone(), Tensor::zeros_like(shift));
        move |g: Tensor<T>, watched: [bool; 3]| {
            let back = watched[0].then(|| affine_channels(&g, &scale, &zeros));
            if !watched[1] {
                return [back, None, watched[2].then(|| over_channels(&g))];
            }
            if g.is_traced() || x.is_traced() {
                return [back, Some(over_channels(&(&g * x))), watched[2].then(|| over_channels(&g))];
            }
            let sums = normalise::sums(g.contiguous().dense(), x.contiguous().dense(), layout);
            let of = |f: fn(&(T, T)) -> T| Tensor::from_dense(sums.iter().map(f).collect(), &[layout.groups]);
            [back, Some(of(|sums| sums.1)), watched[2].then(|| of(|sums| sums.0))]
        }
    })
}

/// x + β for each channel, the second axis. Derivatives: x̄ = ȳ, β̄ = Σ ȳ.
#[track_caller]
pub(crate) fn shift_channels<T: Float>(x: &Tensor<T>, shift: &Tensor<T>) -> Tensor<T> {
    let layout = channels(x);
    if layout.inner < SHORTEST_ROW {
        return x + per_channel(shift, x.rank());
    }
    let forward = |x: &Tensor<T>, shift: &Tensor<T>| {
        let (x, shift) = (x.contiguous(), shift.contiguous());
        Tensor::from_dense(normalise::shift(x.dense(), layout, shift.dense()), x.shape())
    };
    binary(x, shift, forward, |_, _, _| (Tensor::clone, over_channels))
}

/// `[channels]` as `[channels, 1, …]`, to stand against `[batch, channels, …]`.
#[track_caller]
pub(crate) fn per_channel<T: Float>(x: &Tensor<T>, rank: usize) -> Tensor<T> {
    let mut shape = vec![1; rank - 1];
    shape[0] = x.len();
    x.reshape(shape)
}

fn channels<T: Float>(x: &Tensor<T>) -> Grouped {
    let shape = x.shape();
    Grouped { outer: shape[0], groups: shape[1], inner: shape[2..].iter().product() }
}

/// Σ over all axes but the second.
fn over_channels<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    let axes: Vec<usize> = (0..x.rank()).filter(|&axis| axis != 1).collect();
    x.sum_axis(&axes[..])
}

/// In two passes over the elements, and back in two.
#[track_caller]
fn standardise_groups<T: Float>(
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

fn standardise_composed<T: Float>(x: &Tensor<T>, axes: Axes, epsilon: T) -> Tensor<T> {
    let centred = x - x.mean_axis(axes.clone());
    let variance = centred.square().mean_axis(axes);
    centred * (variance + epsilon).rsqrt()
}

#[cfg(test)]
mod tests {
    use super::{affine_channels, grouped, per_channel, shift_channels, standardise_composed};
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
    fn channels_are_scaled_and_shifted_as_by_broadcasting() {
        let mut rng = StdRng::seed_from_u64(1);
        let model = (
            Tensor::<f64>::normal((2, 3, 11), 0.0, 1.0, &mut rng),
            (Tensor::normal(3, 0.0, 1.0, &mut rng), Tensor::normal(3, 0.0, 1.0, &mut rng)),
        );
        type Model = (Tensor<f64>, (Tensor<f64>, Tensor<f64>));
        let fused = |(x, (s, b)): &Model| (affine_channels(x, s, b) + shift_channels(x, b)).powi(3).sum();
        let plain = |(x, (s, b)): &Model| {
            let (s, b) = (per_channel(s, 3), per_channel(b, 3));
            (x * s + &b + (x + b)).powi(3).sum()
        };
        let close = |a: Tensor<f64>, b: Tensor<f64>| assert!(((a - &b).norm() / b.norm()).item() < 1e-12);
        close(fused(&model), plain(&model));
        let first = |f: &dyn Fn(&Model) -> Tensor<f64>, model: &Model| gradient(f, model);
        let second = |f: &dyn Fn(&Model) -> Tensor<f64>| {
            let square = |m: &Model| {
                let g = first(f, m);
                g.dot(&g)
            };
            gradient(square, &model)
        };
        for (a, b) in [(first(&fused, &model), first(&plain, &model)), (second(&fused), second(&plain))] {
            close(a.0.get().unwrap().clone(), b.0.get().unwrap().clone());
            close(a.1.0.get().unwrap().clone(), b.1.0.get().unwrap().clone());
            close(a.1.1.get().unwrap().clone(), b.1.1.get().unwrap().clone());
        }
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
