//! What is compiled with this crate for `f32`, and not anew with every program that trains a model.
//!
//! Generic functions are compiled in the crates that use them, except those that are never inlined: of these a crate takes what
//! another has compiled (Rust 1.85 and later). So the functions under which most programs' large loops lie are marked
//! `#[inline(never)]`, and used here.

use crate::loss::cross_entropy;
use crate::nn::{Activation, BatchNorm, Conv2d, Dense, Embedding, Layer, LayerNorm, MaxPool, MultiHeadAttention};
use crate::tensor::Tensor;

type Layers = (Dense, Conv2d, BatchNorm, Embedding, MultiHeadAttention, LayerNorm);

/// Never called: to be compiled is enough.
pub fn compiled(x: &Tensor, labels: &Tensor<i64>, layers: &Layers) -> [Tensor; 9] {
    let (dense, conv, batch_norm, embedding, attention, layer_norm) = layers;
    [
        dense.forward(x),
        conv.forward(x),
        batch_norm.forward(x),
        embedding.forward(labels),
        attention.forward(x),
        layer_norm.forward(x),
        MaxPool::new(2).forward(x),
        Activation::Relu.forward(x),
        cross_entropy(x, labels),
    ]
}
