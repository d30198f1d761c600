//! Layers. A case's inputs are the layer's input and its parameters, in PyTorch's layouts.

use sapwood::nn::{
    Activation, Affine, BatchNorm, Bilinear, Embedding, EmbeddingBag, GroupNorm, InstanceNorm, LayerNorm, Pooling,
    RmsNorm, SpectralNorm, WeightNorm,
};
use sapwood::params::Buffer;
use sapwood::prelude::*;

use crate::cases::check;
use crate::sequences;

#[test]
fn layers_are_pytorchs() {
    check(include_str!("layers.json"), layer, layer);
}

/// What the layer that a case names makes of its inputs.
fn layer<T: Float>(name: &str, inputs: &[Tensor<T>]) -> Tensor<T> {
    let (kind, options) = name.split_once(' ').unwrap_or((name, ""));
    activation(name)
        .map(|activation| activation.forward(&inputs[0]))
        .or_else(|| linear(kind, options, inputs))
        .or_else(|| tokens(kind, options, &inputs[0]))
        .or_else(|| norm(kind, options, inputs))
        .or_else(|| sequences::recurrent(kind, options, inputs))
        .or_else(|| sequences::attention(kind, options, inputs))
        .unwrap_or_else(|| panic!("no layer is called {name}"))
}

fn activation(name: &str) -> Option<Activation> {
    Some(match name {
        "Relu" => Activation::Relu,
        "Relu6" => Activation::Relu6,
        "LeakyRelu" => Activation::LeakyRelu(0.01),
        "ThresholdedRelu" => Activation::ThresholdedRelu(1.0),
        "Elu" => Activation::Elu(0.7),
        "Celu" => Activation::Celu(0.5),
        "Selu" => Activation::Selu,
        "Gelu" => Activation::Gelu,
        "GeluTanh" => Activation::GeluTanh,
        "Silu" => Activation::Silu,
        "Mish" => Activation::Mish,
        "HardSwish" => Activation::HardSwish,
        "Sigmoid" => Activation::Sigmoid,
        "LogSigmoid" => Activation::LogSigmoid,
        "HardSigmoid" => Activation::HardSigmoid,
        "Tanh" => Activation::Tanh,
        "HardTanh" => Activation::HardTanh,
        "TanhShrink" => Activation::TanhShrink,
        "SoftShrink" => Activation::SoftShrink(0.5),
        "HardShrink" => Activation::HardShrink(0.5),
        "Softplus" => Activation::Softplus,
        "Softsign" => Activation::Softsign,
        _ => return None,
    })
}

fn linear<T: Float>(kind: &str, options: &str, inputs: &[Tensor<T>]) -> Option<Tensor<T>> {
    let rng = &mut StdRng::seed_from_u64(0);
    let optional = |i: usize| inputs.get(i).cloned();
    match kind {
        "Dense" => {
            let activation = if options == "tanh" { Activation::Tanh } else { Activation::Identity };
            let layer = Dense::from_weights(inputs[1].t(), optional(2)).activation(activation);
            Some(layer.forward(&inputs[0]))
        }
        "Bilinear" => {
            let layer = Bilinear { weight: inputs[2].clone(), bias: optional(3), ..Bilinear::new(1, 1, 1, rng) };
            Some(layer.forward(&(inputs[0].clone(), inputs[1].clone())))
        }
        _ => None,
    }
}

fn tokens<T: Float>(kind: &str, options: &str, weight: &Tensor<T>) -> Option<Tensor<T>> {
    let tokens = Tensor::from([[1u8, 0, 3], [3, 3, 2]]);
    let rng = &mut StdRng::seed_from_u64(0);
    let padded = options.ends_with("padding 3");
    match kind {
        "Embedding" => {
            let layer = Embedding::new(4, 5, rng);
            let mut layer = if padded { layer.padding(3) } else { layer };
            layer.weight = weight.clone();
            Some(layer.forward(&tokens))
        }
        "EmbeddingBag" => {
            let pooling = match options.split(' ').next() {
                Some("sum") => Pooling::Sum,
                Some("mean") => Pooling::Mean,
                _ => Pooling::Max,
            };
            let layer = EmbeddingBag::new(4, 5, rng).pooling(pooling);
            let mut layer = if padded { layer.padding(3) } else { layer };
            layer.weight = weight.clone();
            Some(layer.forward(&tokens))
        }
        _ => None,
    }
}

fn norm<T: Float>(kind: &str, options: &str, inputs: &[Tensor<T>]) -> Option<Tensor<T>> {
    let x = &inputs[0];
    let rng = &mut StdRng::seed_from_u64(0);
    match kind {
        "BatchNorm" => Some(batch_norm(options, inputs)),
        "GroupNorm" => {
            let mut layer = GroupNorm::new(options.parse().ok()?, 6);
            layer.affine = Some(affine(inputs));
            Some(layer.forward(x))
        }
        "InstanceNorm" if options.is_empty() => Some(InstanceNorm::new(6).forward(x)),
        "InstanceNorm" => {
            let mut layer = InstanceNorm::new(6).with_affine();
            layer.affine = Some(affine(inputs));
            Some(layer.forward(x))
        }
        "LayerNorm" if options == "without affine" => Some(LayerNorm::new(5).without_affine().epsilon(1e-3).forward(x)),
        "LayerNorm" => {
            let mut layer = LayerNorm::new(inputs[1].shape());
            layer.affine = Some(affine(inputs));
            Some(layer.forward(x))
        }
        "RmsNorm" => {
            let mut layer = RmsNorm::new(5);
            layer.scale = inputs[1].clone();
            Some(layer.forward(x))
        }
        "WeightNorm" => {
            let dense = Dense::from_weights(inputs[1].t(), Some(inputs[3].clone()));
            Some(WeightNorm { magnitude: inputs[2].unsqueeze(0), ..WeightNorm::new(dense) }.forward(x))
        }
        "SpectralNorm" => {
            let dense = Dense::from_weights(inputs[1].t(), Some(inputs[2].clone()));
            let mut layer = SpectralNorm::new(dense, rng);
            layer.test_mode();
            Some(layer.forward(x))
        }
        _ => None,
    }
}

/// γ and β, which stand after the layer's input.
fn affine<T: Float>(inputs: &[Tensor<T>]) -> Affine<T> {
    Affine { scale: inputs[1].clone(), bias: inputs.get(2).cloned() }
}

fn batch_norm<T: Float>(options: &str, inputs: &[Tensor<T>]) -> Tensor<T> {
    let mut layer = BatchNorm::new(6);
    layer.affine = Some(affine(inputs));
    let x = &inputs[0];
    match options.split_once(' ') {
        Some((wanted, momentum)) => {
            layer = layer.momentum(momentum.parse().unwrap());
            layer.train_mode();
            let y = layer.forward(x);
            match wanted {
                "mean" => layer.mean.get(),
                "variance" => layer.variance.get(),
                _ => y,
            }
        }
        None => {
            layer.mean = Buffer::new(inputs[3].stop_gradient());
            layer.variance = Buffer::new(inputs[4].stop_gradient());
            layer.test_mode();
            layer.forward(x)
        }
    }
}
