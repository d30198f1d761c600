//! Every layer, by its parameters and its input.

use sapwood::nn::*;
use sapwood::ops::{AttentionMask, Interpolation};
use sapwood::params::{MapModel, Walk};
use sapwood::prelude::*;

use crate::harness::{check_model, random};

const X: std::ops::Range<f64> = -2.0..2.0;

/// Checks a layer on an input of the given shape.
fn check<L: Layer<Tensor<f64>, Output = Tensor<f64>> + Params>(name: &str, layer: L, shape: &[usize]) {
    check_by(name, layer, random(shape, X, 1), L::forward);
}

/// Checks what is made of a layer and its input.
fn check_by<L: Params, I: Params>(name: &str, layer: L, input: I, forward: impl Fn(&L, &I) -> Tensor<f64>) {
    check_model(name, &(filled(layer), input), |(layer, input)| forward(layer, input));
}

/// The layer with random numbers for all its parameters: zeros and ones would hide mistakes.
fn filled<L: Params>(layer: L) -> L {
    struct Fill(u64);
    impl MapModel for Fill {
        fn leaf<T: Float>(&mut self, _: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
            self.0 += 1;
            random(tensor.shape(), -1.0..1.0, self.0).cast()
        }
    }
    layer.map_model(&mut Walk::new(), &mut Fill(10))
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(0)
}

#[test]
fn activations() {
    let all = [
        Activation::Identity,
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu(0.1),
        Activation::ThresholdedRelu(0.5),
        Activation::Elu(0.7),
        Activation::Celu(0.7),
        Activation::Selu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Silu,
        Activation::Mish,
        Activation::HardSwish,
        Activation::Sigmoid,
        Activation::LogSigmoid,
        Activation::HardSigmoid,
        Activation::Tanh,
        Activation::HardTanh,
        Activation::TanhShrink,
        Activation::SoftShrink(0.5),
        Activation::HardShrink(0.5),
        Activation::Softplus,
        Activation::Softsign,
        Activation::Lisht,
        Activation::LogCosh,
    ];
    for activation in all {
        let layer = Dense::new(3, 2, &mut rng()).activation(activation);
        check(&format!("Dense with {activation:?}"), layer, &[3, 3]);
    }
}

#[test]
fn linear_maps() {
    check("Dense", Dense::new(3, 2, &mut rng()), &[2, 2, 3]);
    check("Dense without bias", Dense::new(3, 2, &mut rng()).without_bias(), &[3]);
    let inputs = (random(&[3, 2], X, 1), random(&[3, 4], X, 2));
    check_by("Bilinear", Bilinear::new(2, 4, 3, &mut rng()), inputs, Bilinear::forward);
    check("Scale", Scale::new((2, 3)).activation(Activation::Tanh), &[2, 2, 3]);
}

#[test]
fn convolutions() {
    let rng = &mut rng();
    check("Conv1d", Conv1d::new(2, 3, 2, rng).stride(2).padding((1, 0)), &[2, 2, 4]);
    check("Conv2d", Conv2d::new(2, 2, [2, 3], rng).padding(Same).activation(Activation::Tanh), &[1, 2, 3, 3]);
    check("Conv2d in groups", Conv2d::new(2, 4, 2, rng).groups(2).dilation([1, 2]), &[1, 2, 2, 4]);
    check("Conv3d", Conv3d::new(1, 2, 2, rng), &[1, 1, 2, 3, 2]);
    check("ConvTranspose1d", ConvTranspose1d::new(2, 3, 3, rng).stride(2).output_padding(1), &[2, 2, 2]);
    check("ConvTranspose2d", ConvTranspose2d::new(2, 2, 2, rng).groups(2).padding((0, 1)), &[1, 2, 2, 3]);
    check("ConvTranspose3d", ConvTranspose3d::new(1, 2, 2, rng).dilation(2), &[1, 1, 1, 2, 2]);
}

#[test]
fn pools() {
    check("MaxPool", MaxPool::new(2).stride(1), &[1, 2, 3, 3]);
    check("MeanPool", MeanPool::new([2, 3]).padding(1).without_padding(), &[1, 2, 3, 3]);
    check("LpPool", LpPool::new(2.0, 2), &[2, 2, 4]);
    check("AdaptiveMaxPool", AdaptiveMaxPool::new(2), &[1, 2, 3, 5]);
    check("AdaptiveMeanPool", AdaptiveMeanPool::new([2, 3]), &[1, 2, 3, 5]);
    check("GlobalMaxPool", GlobalMaxPool, &[2, 2, 3, 2]);
    check("GlobalMeanPool", GlobalMeanPool, &[2, 2, 3, 2]);
}

#[test]
fn resolutions_and_shapes() {
    check("Upsample", Upsample::new(2, Interpolation::Linear { align_corners: false }), &[1, 2, 2, 3]);
    check("PixelShuffle", PixelShuffle::new(2), &[1, 4, 2, 3]);
    check("Flatten", Flatten, &[2, 2, 3]);
    check("Reshape", Reshape::new((3, 2)), &[2, 6]);
}

#[test]
fn tokens() {
    let tokens = Tensor::from([[1u8, 0, 3], [3, 3, 2]]);
    let embed = |layer: &Embedding<f64>, _: &()| layer.forward(&tokens);
    check_by("Embedding", Embedding::new(4, 2, &mut rng()), (), embed);
    check_by("Embedding with padding", Embedding::new(4, 2, &mut rng()).padding(3), (), embed);
    let embed = |layer: &EmbeddingBag<f64>, _: &()| layer.forward(&tokens);
    for pooling in [Pooling::Sum, Pooling::Mean, Pooling::Max] {
        let layer = EmbeddingBag::new(4, 2, &mut rng()).pooling(pooling);
        check_by(&format!("EmbeddingBag {pooling:?}"), layer.clone(), (), embed);
        check_by(&format!("EmbeddingBag {pooling:?} with padding"), layer.padding(3), (), embed);
    }
}

#[test]
fn normalisations() {
    let mut batch_norm = BatchNorm::new(2);
    check("BatchNorm in training", batch_norm.clone(), &[3, 2, 2]);
    let _ = gradient(|x| batch_norm.forward(x).sum(), &random(&[4, 2], X, 3));
    batch_norm.test_mode();
    check("BatchNorm in testing", batch_norm, &[3, 2, 2]);
    check("LayerNorm", LayerNorm::new((2, 3)), &[2, 2, 3]);
    check("RmsNorm", RmsNorm::new(3), &[2, 2, 3]);
    check("GroupNorm", GroupNorm::new(2, 4), &[2, 4, 2]);
    check("InstanceNorm", InstanceNorm::new(2).with_affine(), &[2, 2, 4]);
    check("WeightNorm", WeightNorm::new(Dense::new(3, 2, &mut rng())), &[3, 3]);
    check("WeightNorm of Conv1d", WeightNorm::new(Conv1d::new(2, 2, 2, &mut rng())), &[1, 2, 3]);
}

/// Its singular vectors are constants for the gradient: first derivatives are those of the singular value, second ones
/// leave out how the vectors turn. In training they change from call to call.
#[test]
fn spectral_normalisation_at_first_order() {
    let mut layer: SpectralNorm<Dense<f64>, f64> = SpectralNorm::new(Dense::new(3, 2, &mut rng()), &mut rng());
    layer.test_mode();
    let model = (layer, random(&[3, 3], X, 1));
    check_gradient(|(layer, x)| layer.forward(x).square().sum(), &model).assert_within(1e-8);
}

#[test]
fn noise_of_a_fixed_seed() {
    // The clone's generator starts anew with every call.
    check_by("Dropout", Dropout::new(0.4, 1), random(&[3, 4], X, 1), |layer, x| layer.clone().forward(x));
    let channels = Dropout::new(0.4, 1).per_channel();
    check_by("Dropout of channels", channels, random(&[2, 3, 2], X, 1), |layer, x| layer.clone().forward(x));
    check_by("AlphaDropout", AlphaDropout::new(0.4, 1), random(&[3, 4], X, 1), |layer, x| layer.clone().forward(x));
}

#[test]
fn joined_layers() {
    let rng = &mut rng();
    let dense = |rng: &mut StdRng| Dense::<f64>::new(2, 2, rng).activation(Activation::Tanh);
    check("Chain of a tuple", chain![dense(rng), Tensor::softplus, Frozen::new(dense(rng))], &[3, 2]);
    check("Chain of a list", Chain { layers: vec![dense(rng), dense(rng)] }, &[3, 2]);
    let tied = Tied::new(dense(rng));
    check("Chain of tied layers", Chain { layers: [tied.clone(), tied] }, &[3, 2]);
    let product = |(a, b): (Tensor<f64>, Tensor<f64>)| a * b;
    check("Parallel", Parallel::new((dense(rng), dense(rng)), product), &[3, 2]);
    check("SkipConnection", SkipConnection::residual(dense(rng)), &[3, 2]);
    let product = |y: Tensor<f64>, x: &Tensor<f64>| y * x;
    check("SkipConnection by a function", SkipConnection::new(dense(rng), product), &[3, 2]);
    check("Maxout", Maxout::new([dense(rng), dense(rng), dense(rng)]), &[3, 2]);
    check("Function", Function::new(|x: &Tensor<f64>| x.sin()), &[3, 2]);
}

#[test]
fn recurrent_layers() {
    let rng = &mut rng();
    check("Rnn", Rnn::new(2, 2, rng), &[2, 3, 2]);
    check("Lstm", Lstm::new(2, 2, rng), &[2, 3, 2]);
    check("Gru", Gru::new(2, 2, rng), &[2, 3, 2]);
    check("Rnn in layers and both directions", Rnn::bidirectional(1, 2, 2, rng), &[1, 3, 1]);
    check("Lstm in both directions", Lstm::bidirectional(1, 2, 1, rng), &[1, 3, 1]);
    check("Gru in layers", Gru::stacked(1, 2, 2, rng), &[1, 3, 1]);
}

#[test]
fn recurrent_cells() {
    let rng = &mut rng();
    let (x, h, c) = (random(&[2, 3], X, 1), random(&[2, 2], X, 2), random(&[2, 2], X, 3));
    check_by("RnnCell", RnnCell::new(3, 2, rng), (x.clone(), h.clone()), |cell, (x, h)| cell.step(x, h));
    check_by("GruCell", GruCell::new(3, 2, rng), (x.clone(), h.clone()), |cell, (x, h)| cell.step(x, h));
    check_by("LstmCell", LstmCell::new(3, 2, rng), (x, (h, c)), |cell, (x, state)| {
        let (h, c) = cell.step(x, state);
        Tensor::concat(&[h, c], 1)
    });
}

#[test]
fn recurrent_layers_from_states_and_masked() {
    let rng = &mut rng();
    let mask = Tensor::from([[true, true, true], [true, false, false]]);
    let (x, h, c) = (random(&[2, 3, 1], X, 1), random(&[2, 2], X, 2), random(&[2, 2], X, 3));
    check_by("Lstm from a state", Lstm::new(1, 2, rng), (x.clone(), (h.clone(), c)), |layer, (x, state)| {
        let (y, end) = layer.run(x, Some(std::slice::from_ref(state)), Some(&mask));
        Tensor::concat(&[y.reshape((2, 6)), end[0].0.clone(), end[0].1.clone()], 1)
    });
    check_by("Gru from a state", Gru::new(1, 2, rng), (x, h), |layer, (x, state)| {
        let (y, end) = layer.run(x, Some(std::slice::from_ref(state)), Some(&mask));
        Tensor::concat(&[y.reshape((2, 6)), end[0].clone()], 1)
    });
}

#[test]
fn attention() {
    let rng = &mut rng();
    check("MultiHeadAttention", MultiHeadAttention::new(4, 2, rng).causal().rotary(100.0), &[1, 3, 4]);
    let (x, memory) = (random(&[1, 2, 4], X, 1), random(&[1, 3, 4], X, 2));
    let keep = Tensor::from([[true, true, false], [false, true, true]]);
    let grouped = MultiHeadAttention::grouped(4, 2, 1, rng).without_bias();
    check_by("MultiHeadAttention in groups", grouped.clone(), (x.clone(), memory.clone()), |layer, (x, memory)| {
        layer.attend(x, memory, memory, AttentionMask::Keep(&keep))
    });
    check_by("MultiHeadAttention step by step", grouped, x.clone(), |layer, x| {
        let mut cache = KeyValueCache::new();
        Tensor::concat(&[0, 1].map(|t| layer.generate(&x.slice(s![.., t..t + 1, ..]), &mut cache)), 1)
    });
    check("SinusoidalPositions", SinusoidalPositions, &[1, 3, 4]);
    check("LearnedPositions", LearnedPositions::new(4, 2, rng), &[2, 3, 2]);
}

#[test]
fn transformers() {
    let rng = &mut rng();
    let encoder = TransformerEncoderBlock::new(4, 2, rng).feed_forward(3, Activation::Gelu, rng);
    check("TransformerEncoderBlock", encoder.clone().causal(), &[1, 2, 4]);
    check("TransformerEncoderBlock with post_norm", encoder.post_norm(), &[1, 2, 4]);
    let decoder = TransformerDecoderBlock::new(4, 2, rng).feed_forward(3, Activation::Silu, rng);
    let inputs = (random(&[1, 2, 4], X, 1), random(&[1, 3, 4], X, 2));
    check_by("TransformerDecoderBlock", decoder, inputs, TransformerDecoderBlock::forward);
}
