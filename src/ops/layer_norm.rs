//! Rows normalised, scaled and shifted in one pass: layer normalisation, and that by root mean squares.

use std::sync::Arc;

use crate::autodiff::fused;
use crate::kernels::block::Block;
use crate::kernels::layer_norm::{LONGEST, LayerNorm};
use crate::tensor::{Float, Tensor};

/// γ (x − μ) / √(σ² + ε) + β along the last axes, those of γ and β, with the mean μ and the variance σ² over them.
///
/// Derivatives, with x̂ = (x − μ) / √(σ² + ε) and h = γ ȳ: x̄ = (h − mean(h) − x̂ mean(h x̂)) / √(σ² + ε), γ̄ = Σ ȳ x̂,
/// β̄ = Σ ȳ.
#[track_caller]
pub(crate) fn layer_norm<T: Float>(x: &Tensor<T>, scale: &Tensor<T>, shift: &Tensor<T>, epsilon: f64) -> Tensor<T> {
    normalise([x, scale, shift], Norm { layer: "LayerNorm", centred: true, epsilon })
}

/// γ x / √(mean x² + ε) along the last axes, those of γ.
///
/// Derivatives, with x̂ = x / √(mean x² + ε) and h = γ ȳ: x̄ = (h − x̂ mean(h x̂)) / √(mean x² + ε), γ̄ = Σ ȳ x̂.
#[track_caller]
pub(crate) fn rms_norm<T: Float>(x: &Tensor<T>, scale: &Tensor<T>, epsilon: f64) -> Tensor<T> {
    normalise([x, scale, &Tensor::zeros_like(scale)], Norm { layer: "RmsNorm", centred: false, epsilon })
}

/// The layer, whether the mean is taken away first, and ε.
#[derive(Clone, Copy)]
struct Norm {
    layer: &'static str,
    centred: bool,
    epsilon: f64,
}

#[inline(never)]
#[track_caller]
fn normalise<T: Float>(inputs: [&Tensor<T>; 3], norm: Norm) -> Tensor<T> {
    let [x, scale, shift] = inputs.map(Tensor::shape);
    assert!(
        x.ends_with(scale) && shift == scale,
        "{}: factors of shape {scale:?} and offsets of shape {shift:?} are not for the last axes of an input of shape {x:?}",
        norm.layer
    );
    let width = inputs[1].len();
    if width > LONGEST {
        return composed(inputs, norm);
    }
    let rows = LayerNorm { width, centred: norm.centred, epsilon: T::from_f64(norm.epsilon) };
    let forward = |inputs: [&Tensor<T>; 3]| {
        let [x, scale, shift] = inputs.map(Tensor::contiguous);
        let (y, moments) = rows.forward(x.dense(), scale.dense(), shift.dense());
        (Tensor::from_dense(y, x.shape()), moments)
    };
    let pull = move |inputs: [&Tensor<T>; 3], moments: Arc<Block<T>>, mut g: Tensor<T>, watched: [bool; 3]| {
        let [x, scale, _] = inputs.map(Tensor::contiguous);
        let sums = rows.backward(g.as_mut_slice(), x.dense(), &moments, scale.dense());
        let [scale, shift] = sums.map(|sums| Tensor::from_dense(sums, scale.shape()));
        [watched[0].then_some(g), watched[1].then_some(scale), watched[2].then_some(shift)]
    };
    fused(inputs, forward, pull, move |inputs| composed(inputs, norm)).0
}

/// The same made of operations.
#[track_caller]
fn composed<T: Float>([x, scale, shift]: [&Tensor<T>; 3], norm: Norm) -> Tensor<T> {
    let axes: Vec<isize> = (1..=scale.rank() as isize).map(|i| -i).collect();
    let standard = match norm.centred {
        true => x.standardise(&axes[..], norm.epsilon),
        false => x.rms_normalise(&axes[..], norm.epsilon),
    };
    standard * scale + shift
}

#[cfg(test)]
mod tests {
    use super::{Norm, composed, normalise};
    use crate::kernels::layer_norm::LONGEST;
    use crate::nn::LayerNorm;
    use crate::ops::Keep;
    use crate::ops::channels::tests::agree;
    use crate::prelude::*;

    fn random(shape: &[usize], seed: u64) -> Tensor<f64> {
        Tensor::normal(shape, 1.0, 2.0, &mut StdRng::seed_from_u64(seed))
    }

    /// Rows shorter and longer than vectors, and more of them than fit into a piece of work.
    #[test]
    fn fused_and_composed_agree_to_the_second_derivative() {
        for (x, row) in [(&[3, 2][..], &[2][..]), (&[2, 5], &[5]), (&[5, 3, 7, 20], &[7, 20]), (&[400, 33], &[33])] {
            let model = [random(x, 1), random(row, 2), random(row, 3)];
            for centred in [true, false] {
                let norm = Norm { layer: "", centred, epsilon: 0.1 };
                let of = |f: fn([&Tensor<f64>; 3], Norm) -> Tensor<f64>| {
                    move |model: &[Tensor<f64>; 3]| f(model.each_ref(), norm).powi(3).sum()
                };
                agree(&model, of(normalise), of(composed));
            }
        }
    }

    #[test]
    fn rows_that_are_too_long_come_out_the_same() {
        let norm = Norm { layer: "", centred: true, epsilon: 1e-5 };
        let [x, scale, shift] = [random(&[3, LONGEST + 1], 1), random(&[LONGEST + 1], 2), random(&[LONGEST + 1], 3)];
        let whole = normalise([&x, &scale, &shift], norm);
        let mean = x.mean_axis(Keep(1));
        let variance = x.var_axis(Keep(1), 0);
        let expected = (x - mean) / (variance + 1e-5).sqrt() * scale + shift;
        assert!((whole - expected).abs().max().item() < 1e-12);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let model = [random(&[700, 129], 1), random(&[129], 2), random(&[129], 3)].map(|x| x.cast::<f32>());
        let bits = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let norm = Norm { layer: "", centred: true, epsilon: 1e-5 };
            let loss = |model: &[Tensor; 3]| normalise(model.each_ref(), norm).square().sum();
            let grads = pool.install(|| gradient(loss, &model));
            grads.iter().flat_map(|grad| grad.get().unwrap().to_vec()).map(f32::to_bits).collect::<Vec<_>>()
        };
        assert!([2, 3, 8].into_iter().all(|threads| bits(threads) == bits(1)));
    }
    #[test]
    #[should_panic(expected = "LayerNorm: factors of shape [3] and offsets of shape [4] are not for the last axes")]
    fn factors_that_do_not_fit() {
        let mut layer: LayerNorm = LayerNorm::new(4);
        layer.affine.as_mut().unwrap().scale = Tensor::ones(3);
        let _ = layer.forward(&Tensor::zeros((2, 4)));
    }
}
