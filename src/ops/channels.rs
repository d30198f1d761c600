//! Channels, the second axis: numbers of their own for each, and normalisation of channels and groups of them.

use super::axes::{IntoAxes, Keep};
use super::normalise::{SHORTEST_ROW, grouped, normalise_groups, standardise_composed, standardise_groups};
use crate::autodiff::{binary, op};
use crate::kernels::normalise::{Moments, Rows};
use crate::tensor::{Float, Tensor};

/// γ (x − μ) / √(σ² + ε) + β for each channel, with the channel's mean μ and variance σ² over all other axes; γ = 1 and
/// β = 0 without `affine`; where `rectified`, max(0, that). Also returns the means and variances, as constants.
#[inline(never)]
#[track_caller]
pub(crate) fn normalise_channels<T: Float>(
    x: &Tensor<T>,
    affine: Option<[Tensor<T>; 2]>,
    epsilon: f64,
    rectified: bool,
) -> (Tensor<T>, Tensor<T>, Tensor<T>) {
    let keep: Vec<bool> = (0..x.rank()).map(|axis| axis == 1).collect();
    let (axes, epsilon) = (other_axes(x), T::from_f64(epsilon));
    let Some(rows) = grouped(x.shape(), &keep) else {
        let constant = x.stop_gradient();
        let (mean, variance) = (constant.mean_axis(&axes[..]), constant.var_axis(&axes[..], 0));
        let standard = standardise_composed(x, Keep(&axes[..]).into_axes(), epsilon);
        return (finished(standard, affine, rectified), mean, variance);
    };
    let (y, moments) = match affine {
        Some([scale, shift]) => {
            normalise_groups([x, &scale, &shift], Rows { channels: rows.groups, ..rows }, epsilon, rectified)
        }
        None => standardise_groups(x, rows, epsilon, rectified),
    };
    let of = |f: fn(&Moments<T>) -> T| Tensor::from_dense(moments.iter().map(f).collect(), &[rows.groups]);
    (y, of(|moments| moments.mean), of(|moments| moments.variance))
}

/// The same with the mean and the variance of each group of neighbouring channels of each observation.
#[inline(never)]
#[track_caller]
pub(crate) fn normalise_channel_groups<T: Float>(
    x: &Tensor<T>,
    groups: usize,
    affine: Option<[Tensor<T>; 2]>,
    epsilon: f64,
    rectified: bool,
) -> Tensor<T> {
    let (rows, batch) = (channels(x), x.shape()[0]);
    match affine {
        Some([scale, shift]) if rows.width >= SHORTEST_ROW && !x.is_empty() => {
            let rows = Rows { together: rows.channels / groups, groups: batch * groups, ..rows };
            normalise_groups([x, &scale, &shift], rows, T::from_f64(epsilon), rectified).0
        }
        _ => {
            let grouped = x.reshape((batch, groups, rows.channels / groups * rows.width));
            finished(grouped.standardise(-1, epsilon).reshape(x.shape()), affine, rectified)
        }
    }
}

/// γ x + β; where `rectified`, max(0, that).
#[track_caller]
fn finished<T: Float>(x: Tensor<T>, affine: Option<[Tensor<T>; 2]>, rectified: bool) -> Tensor<T> {
    let y = match affine {
        Some([scale, shift]) => affine_channels(&x, &scale, &shift),
        None => x,
    };
    if rectified { y.relu() } else { y }
}

/// γ x + β for each channel, the second axis. Derivatives: x̄ = γ ȳ, γ̄ = Σ ȳ x, β̄ = Σ ȳ.
#[inline(never)]
#[track_caller]
pub(crate) fn affine_channels<T: Float>(x: &Tensor<T>, scale: &Tensor<T>, shift: &Tensor<T>) -> Tensor<T> {
    let rows = channels(x);
    if rows.width < SHORTEST_ROW {
        return x * per_channel(scale, x.rank()) + per_channel(shift, x.rank());
    }
    let forward = |[x, scale, shift]: [&Tensor<T>; 3]| {
        let (x, scale, shift) = (x.contiguous(), scale.contiguous(), shift.contiguous());
        Tensor::from_dense(rows.affine(x.dense(), scale.dense(), shift.dense()), x.shape())
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
            let sums = rows.sums(g.contiguous().dense(), x.contiguous().dense());
            let [products, sums] = sums.map(|sums| Tensor::from_dense(sums, scale.shape()));
            [back, Some(products), watched[2].then_some(sums)]
        }
    })
}

/// x + β for each channel, the second axis. Derivatives: x̄ = ȳ, β̄ = Σ ȳ.
#[inline(never)]
#[track_caller]
pub(crate) fn shift_channels<T: Float>(x: &Tensor<T>, shift: &Tensor<T>) -> Tensor<T> {
    let rows = channels(x);
    if rows.width < SHORTEST_ROW {
        return x + per_channel(shift, x.rank());
    }
    let forward = |x: &Tensor<T>, shift: &Tensor<T>| {
        let (x, shift) = (x.contiguous(), shift.contiguous());
        Tensor::from_dense(rows.shift(x.dense(), shift.dense()), x.shape())
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

fn channels<T: Float>(x: &Tensor<T>) -> Rows {
    Rows::of_channels(x.shape()[1], x.shape()[2..].iter().product())
}

/// Σ over all axes but the second.
pub(super) fn over_channels<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    x.sum_axis(&other_axes(x)[..])
}

/// All axes but the second.
fn other_axes<T: Float>(x: &Tensor<T>) -> Vec<usize> {
    (0..x.rank()).filter(|&axis| axis != 1).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::{affine_channels, normalise_channel_groups, normalise_channels, per_channel, shift_channels};
    use crate::ops::Keep;
    use crate::prelude::*;

    type Model = [Tensor<f64>; 3];

    fn model(channels: usize) -> Model {
        let mut rng = StdRng::seed_from_u64(1);
        [
            Tensor::normal((2, channels, 11), 1.0, 2.0, &mut rng),
            Tensor::normal(channels, 0.0, 1.0, &mut rng),
            Tensor::normal(channels, 0.0, 1.0, &mut rng),
        ]
    }

    /// Compares values, gradients, and the gradients of the gradients' squares.
    pub(in crate::ops) fn agree(model: &Model, a: impl Fn(&Model) -> Tensor<f64>, b: impl Fn(&Model) -> Tensor<f64>) {
        let close = |a: Tensor<f64>, b: Tensor<f64>| assert!(((a - &b).norm() / b.norm()).item() < 1e-12);
        close(a(model), b(model));
        let first = |f: &dyn Fn(&Model) -> Tensor<f64>, model: &Model| gradient(f, model);
        let second = |f: &dyn Fn(&Model) -> Tensor<f64>| {
            let square = |m: &Model| {
                let g = first(f, m);
                g.dot(&g)
            };
            gradient(square, model)
        };
        for (a, b) in [(first(&a, model), first(&b, model)), (second(&a), second(&b))] {
            for (a, b) in a.iter().zip(&b) {
                close(a.get().unwrap().clone(), b.get().unwrap().clone());
            }
        }
    }

    #[test]
    fn channels_are_scaled_and_shifted_as_by_broadcasting() {
        agree(
            &model(3),
            |[x, s, b]| (affine_channels(x, s, b) + shift_channels(x, b)).powi(3).sum(),
            |[x, s, b]| {
                let (s, b) = (per_channel(s, 3), per_channel(b, 3));
                (x * s + &b + (x + b)).powi(3).sum()
            },
        );
    }

    #[test]
    fn channels_are_normalised_as_step_by_step() {
        agree(
            &model(3),
            |[x, s, b]| normalise_channels(x, Some([s.clone(), b.clone()]), 0.1, false).0.powi(3).sum(),
            |[x, s, b]| {
                let centred = x - x.mean_axis(Keep([0, 2]));
                let standard = &centred / (centred.square().mean_axis(Keep([0, 2])) + 0.1).sqrt();
                (standard * per_channel(s, 3) + per_channel(b, 3)).powi(3).sum()
            },
        );
        let [x, s, b] = model(3);
        let (_, mean, variance) = normalise_channels(&x, Some([s, b]), 0.1, false);
        assert!((mean - x.mean_axis([0, 2])).abs().max().item() < 1e-14);
        assert!((variance - x.var_axis([0, 2], 0)).abs().max().item() < 1e-14);
    }

    #[test]
    fn groups_of_channels_are_normalised_as_step_by_step() {
        for groups in [1, 2, 3, 6] {
            agree(
                &model(6),
                |[x, s, b]| normalise_channel_groups(x, groups, Some([s.clone(), b.clone()]), 0.1, false).powi(3).sum(),
                |[x, s, b]| {
                    let x = x.reshape((2, groups, 66 / groups));
                    let centred = &x - x.mean_axis(Keep(2));
                    let standard = &centred / (centred.square().mean_axis(Keep(2)) + 0.1).sqrt();
                    (standard.reshape((2, 6, 11)) * per_channel(s, 3) + per_channel(b, 3)).powi(3).sum()
                },
            );
        }
    }

    #[test]
    fn a_rectified_norm_is_the_norm_and_then_relu() {
        // Rows of eleven elements are one operation, those of one are several. Where y is 0, its cotangent is not.
        let [x, s, b] = model(6);
        let short = [x.slice(s![.., .., 0]), s.clone(), b.clone()];
        for model in [[x, s, b], short] {
            let affine = |s: &Tensor<f64>, b: &Tensor<f64>| Some([s.clone(), b.clone()]);
            agree(
                &model,
                |[x, s, b]| (normalise_channels(x, affine(s, b), 0.1, true).0 + 1.0).powi(3).sum(),
                |[x, s, b]| (normalise_channels(x, affine(s, b), 0.1, false).0.relu() + 1.0).powi(3).sum(),
            );
            agree(
                &model,
                |[x, s, b]| (normalise_channel_groups(x, 2, affine(s, b), 0.1, true) + 1.0).powi(3).sum(),
                |[x, s, b]| (normalise_channel_groups(x, 2, affine(s, b), 0.1, false).relu() + 1.0).powi(3).sum(),
            );
        }
    }

    #[test]
    fn a_rectified_norm_shows_what_is_no_number() {
        let x = Tensor::from([f64::NAN; 16]).reshape((1, 2, 8));
        assert!(normalise_channels(&x, None, 0.1, true).0.to_vec().iter().all(|y| y.is_nan()));
    }

    /// Rows enough for several threads.
    #[test]
    fn the_number_of_threads_changes_no_bit() {
        type Normalise = fn(&Tensor, [Tensor; 2]) -> Tensor;
        let mut rng = StdRng::seed_from_u64(1);
        let x: Tensor = Tensor::normal((16, 6, 33, 41), 1.0, 2.0, &mut rng);
        let [scale, shift] = [0, 1].map(|_| Tensor::normal(6, 0.0, 1.0, &mut rng));
        let ways: [Normalise; 2] = [
            |x, affine| normalise_channels(x, Some(affine), 1e-5, true).0,
            |x, affine| normalise_channel_groups(x, 2, Some(affine), 1e-5, false),
        ];
        for way in ways {
            let bits = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let loss = |[x, scale, shift]: &[Tensor; 3]| way(x, [scale.clone(), shift.clone()]).powi(3).sum();
                let grads = pool.install(|| gradient(loss, &[x.clone(), scale.clone(), shift.clone()]));
                grads.iter().flat_map(|grad| grad.get().unwrap().to_vec()).map(f32::to_bits).collect::<Vec<_>>()
            };
            assert!([2, 3, 8].into_iter().all(|threads| bits(threads) == bits(1)));
        }
    }

    /// A variance far smaller than the mean's square, of f32: by the squares' mean it would be noise.
    #[test]
    fn small_variances_survive_large_means() {
        let noise = Tensor::<f32>::normal((8, 2, 64), 0.0, 1.0, &mut StdRng::seed_from_u64(1));
        let (_, _, variance) = normalise_channels(&(&noise + 4096.0), None, 0.0, false);
        let exact = (&noise + 4096.0).cast::<f64>().var_axis([0, 2], 0);
        assert!((variance.cast::<f64>() / exact - 1.0).abs().max().item() < 1e-4);
    }
}
