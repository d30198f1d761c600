//! What is compiled with this crate for `f32`, and not anew with every program that trains a model.
//!
//! Generic functions are compiled in the crates that use them, except those that are never inlined: of these a crate takes what
//! another has compiled (Rust 1.85 and later). So the functions under which most programs' large loops lie are marked
//! `#[inline(never)]`, and used here. Nothing calls what is here: to be compiled is enough.

use ndarray::s;
use ndarray_rand::rand::rngs::StdRng;

use crate::autodiff::{GradientTree, Grads};
use crate::loss::{binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, huber, mae, mse};
use crate::nn::{
    Activation, BatchNorm, Conv2d, ConvTranspose2d, Dense, Dropout, Embedding, Layer, LayerNorm, MaxPool, MeanPool,
    MultiHeadAttention,
};
use crate::optim::{Adam, AdamW, Descent, Momentum, Nesterov, RMSProp, Rule, State, update};
use crate::tensor::Tensor;

pub type Convolutional = (Conv2d, ConvTranspose2d, BatchNorm);
pub type Sequential = (Embedding, MultiHeadAttention, LayerNorm);

pub fn convolutional(x: &Tensor, layers: &Convolutional) -> [Tensor; 5] {
    let (conv, transposed, batch_norm) = layers;
    [
        conv.forward(x),
        transposed.forward(x),
        batch_norm.forward(x),
        MaxPool::new(2).forward(x),
        MeanPool::new(2).forward(x),
    ]
}

pub fn sequential(x: &Tensor, tokens: &Tensor<i64>, layers: &Sequential) -> [Tensor; 3] {
    let (embedding, attention, layer_norm) = layers;
    [embedding.forward(tokens), attention.forward(x), layer_norm.forward(x)]
}

pub fn dense(x: &Tensor, labels: &Tensor<i64>, (layer, dropout): &(Dense, Dropout)) -> [Tensor; 9] {
    [
        layer.forward(x),
        dropout.forward(x),
        Activation::Relu.forward(x),
        cross_entropy(x, labels),
        binary_cross_entropy(x, x),
        binary_cross_entropy_with_logits(x, x),
        mse(x, x),
        mae(x, x),
        huber(x, x, 1.0),
    ]
}

pub fn operators(x: &Tensor) -> [Tensor; 20] {
    let owned = || x.clone();
    [
        -x,
        -owned(),
        1.0 - x,
        1.0 / x,
        owned() + x,
        owned() - x,
        owned() * x,
        owned() / x,
        x + owned(),
        x - owned(),
        x * owned(),
        x / owned(),
        owned() + owned(),
        owned() - owned(),
        owned() * owned(),
        owned() / owned(),
        owned() + 1.0,
        owned() - 1.0,
        owned() * 2.0,
        owned() / 2.0,
    ]
}

pub fn operations(x: &Tensor) -> [Tensor; 17] {
    [
        x.exp(),
        x.ln(),
        x.sqrt(),
        x.square(),
        x.abs(),
        x.powi(3),
        x.maximum(x),
        x.minimum(x),
        x.gt(x).where_(x, 0.0),
        x.lt(0.0).where_(x, 0.0),
        x.softmax(1),
        x.log_softmax(1),
        x.max_axis(1),
        x.argmax_axis(1).cast(),
        x.var_axis(1, 0),
        x.slice(s![1..]),
        Tensor::concat(&[x], 0),
    ]
}

pub fn random(rng: &mut StdRng) -> [Tensor; 2] {
    [Tensor::uniform(1, 0.0..1.0, rng), Tensor::normal(1, 0.0, 1.0, rng)]
}

pub type States<M> =
    (State<Adam, M>, State<AdamW, M>, State<Descent, M>, State<Momentum, M>, State<Nesterov, M>, State<RMSProp, M>);

pub fn rules(states: &mut States<Tensor>, x: &mut Tensor, grads: &Grads<Tensor>) {
    fn step<R: Rule>(state: &mut State<R, Tensor>, x: &mut Tensor, grads: &Grads<Tensor>) {
        update(state, x, grads);
    }
    let (adam, adamw, descent, momentum, nesterov, rmsprop) = states;
    let clipped = grads.clone().clip_norm(1.0);
    step(adam, x, &clipped);
    step(adamw, x, grads);
    step(descent, x, grads);
    step(momentum, x, grads);
    step(nesterov, x, grads);
    step(rmsprop, x, grads);
}
