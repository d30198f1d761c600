//! Wrong options of layers panic where the layer is built, not where it runs, and name the option and its value.

use sapwood::nn::*;
use sapwood::ops::Interpolation;
use sapwood::prelude::*;

fn rng() -> StdRng {
    StdRng::seed_from_u64(0)
}

fn dense() -> Dense {
    Dense::new(4, 3, &mut rng())
}

fn conv() -> Conv2d {
    Conv2d::new(4, 6, 3, &mut rng())
}

fn transposed() -> ConvTranspose2d {
    ConvTranspose2d::new(4, 6, 3, &mut rng())
}

fn attention(width: usize, heads: usize, kv_heads: usize) -> MultiHeadAttention {
    MultiHeadAttention::grouped(width, heads, kv_heads, &mut rng())
}

#[test]
fn wrong_options_panic_where_the_layer_is_built() {
    let message = |build: fn()| match std::panic::catch_unwind(build).expect_err("no panic").downcast::<String>() {
        Ok(message) => *message,
        Err(message) => (*message.downcast::<&str>().unwrap()).to_owned(),
    };
    let checks: [(fn(), &str); 40] = [
        (|| _ = Dense::<f32>::new(0, 3, &mut rng()), "Dense: 0 inputs and 3 outputs; there must be at least one each"),
        (|| _ = dense().init(Init::Uniform(1.0, -1.0), &mut rng()), "uniform: 1..-1 is not a range of finite numbers"),
        (|| _ = dense().init(Init::TruncatedNormal(-1.0), &mut rng()), "Init: -1 is no standard deviation"),
        (
            || _ = Bilinear::<f32>::new(2, 0, 3, &mut rng()),
            "Bilinear: 2 and 0 inputs and 3 outputs; there must be at least one each",
        ),
        (|| _ = Embedding::<f32>::new(5, 0, &mut rng()), "Embedding: 5 tokens of width 0; both must be at least 1"),
        (
            || _ = EmbeddingBag::<f32>::new(5, 2, &mut rng()).padding(5),
            "EmbeddingBag: the padding token 5 is not one of the 5 tokens",
        ),
        (
            || _ = Conv1d::<f32>::new(4, 0, 3, &mut rng()),
            "Conv: 4 inputs, 0 outputs and a kernel of [3]; none may be zero",
        ),
        (|| _ = conv().groups(3), "Conv: 3 groups do not divide 4 inputs and 6 outputs"),
        (|| _ = conv().stride([1, 0]), "convolution: the stride [1, 0] must not be zero"),
        (|| _ = conv().dilation(0), "convolution: the dilation [0] must not be zero"),
        (|| _ = conv().padding([1, 1, 1]), "Conv: the padding is given for 3 axes, but there are 2 spatial axes"),
        (|| _ = conv().padding(Same).stride(2), "Conv: padding that keeps the lengths needs a stride of 1, not [2]"),
        (|| _ = transposed().groups(0), "ConvTranspose: 0 groups do not divide 4 inputs and 6 outputs"),
        (
            || _ = transposed().stride(2).output_padding([0, 2]),
            "ConvTranspose: the output padding 2 must be less than the stride 2 or the dilation 1",
        ),
        (|| _ = MaxPool::new([2, 0]), "pooling: the size [2, 0] must not be zero"),
        (|| _ = MeanPool::new(2).stride(0), "pooling: the stride [0] must not be zero"),
        (|| _ = MaxPool::new(3).padding(2), "pooling: the padding 2 must be at most half of the window's extent, 3"),
        (
            || _ = MaxPool::new([2, 3]).stride([1, 1, 1]),
            "pooling: the size is given for 2 axes, but there are 3 spatial axes",
        ),
        (|| _ = LpPool::new(0.5, 2), "LpPool: the power 0.5 must be finite and at least 1"),
        (|| _ = AdaptiveMeanPool::new([3, 0]), "AdaptiveMeanPool: the lengths of the output, [3, 0], must not be zero"),
        (|| _ = Upsample::new(0, Interpolation::Nearest), "Upsample: the factor [0] must not be zero"),
        (|| _ = PixelShuffle::new(0), "PixelShuffle: the factor must not be zero"),
        (|| _ = BatchNorm::<f32>::new(0), "BatchNorm: there must be at least one channel"),
        (|| _ = BatchNorm::<f32>::new(2).momentum(1.5), "BatchNorm: the momentum must lie in [0, 1], not 1.5"),
        (|| _ = BatchNorm::<f32>::new(2).epsilon(-1.0), "BatchNorm: the epsilon must be at least 0, not -1"),
        (
            || _ = LayerNorm::<f32>::new((2, 0)),
            "LayerNorm: the shape [2, 0] must have at least one axis, and none that is empty",
        ),
        (|| _ = RmsNorm::<f32>::new(0), "RmsNorm: the width must be at least 1"),
        (|| _ = GroupNorm::<f32>::new(4, 6), "GroupNorm: 4 groups do not divide 6 channels"),
        (|| _ = InstanceNorm::<f32>::new(2).epsilon(f64::NAN), "InstanceNorm: the epsilon must be at least 0, not NaN"),
        (|| _ = Dropout::new(1.5, 0), "Dropout: the probability must lie in [0, 1], not 1.5"),
        (|| _ = AlphaDropout::new(1.0, 0), "AlphaDropout: the probability must lie in [0, 1), not 1"),
        (|| _ = Lstm::<f32>::stacked(2, 3, 0, &mut rng()), "Recurrent: there must be at least one layer"),
        (
            || _ = Gru::<f32>::new(2, 0, &mut rng()),
            "Recurrent: weights of shape [2, 0] for a state of width 0; no width may be zero",
        ),
        (|| _ = attention(6, 4, 4), "MultiHeadAttention: 4 heads do not divide the width 6"),
        (|| _ = attention(8, 4, 3), "MultiHeadAttention: 3 heads of keys and values do not divide 4 heads"),
        (|| _ = attention(6, 2, 2).rotary(1e4), "MultiHeadAttention: heads of the odd width 3 can't be rotated"),
        (|| _ = attention(8, 2, 2).dropout(-0.1, 0), "Dropout: the probability must lie in [0, 1], not -0.1"),
        (
            || _ = TransformerEncoderBlock::<f32>::new(6, 4, &mut rng()),
            "MultiHeadAttention: 4 heads do not divide the width 6",
        ),
        (|| _ = LearnedPositions::<f32>::new(0, 4, &mut rng()), "LearnedPositions: 0 positions of width 4"),
        (|| _ = Maxout::<Dense>::new([]), "Maxout: there must be at least one layer"),
    ];
    let wrong: Vec<_> = checks
        .into_iter()
        .map(|(build, expected)| (message(build), expected))
        .filter(|(found, expected)| found != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
