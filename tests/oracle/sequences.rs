//! Layers of sequences, from PyTorch's parameters: recurrent ones and attention.

use sapwood::nn::{
    Activation, Cell, Directions, FeedForward, Gru, GruCell, LayerNorm, Lstm, LstmCell, MultiHeadAttention, Recurrent,
    Rnn, RnnCell, TransformerDecoderBlock, TransformerEncoderBlock,
};
use sapwood::ops::AttentionMask;
use sapwood::prelude::*;

/// The outputs of a recurrent layer; `options` are the layers and whether they go both ways.
pub(crate) fn recurrent<T: Float>(kind: &str, options: &str, inputs: &[Tensor<T>]) -> Option<Tensor<T>> {
    let (x, parameters) = inputs.split_first()?;
    let both = options.ends_with("both");
    let activation = if options.ends_with("relu") { Activation::Relu } else { Activation::Tanh };
    Some(match kind {
        "Rnn" => {
            let cell = |p: &[Tensor<T>]| RnnCell {
                input_weight: p[0].t(),
                hidden_weight: p[1].t(),
                bias: &p[2] + &p[3],
                activation,
            };
            let model: Rnn<T> = layers(parameters, both, cell);
            model.forward(x)
        }
        "Lstm" => {
            let cell =
                |p: &[Tensor<T>]| LstmCell { input_weight: p[0].t(), hidden_weight: p[1].t(), bias: &p[2] + &p[3] };
            let model: Lstm<T> = layers(parameters, both, cell);
            model.forward(x)
        }
        "Gru" => {
            let model: Gru<T> = layers(parameters, both, gru);
            model.forward(x)
        }
        _ => return None,
    })
}

/// PyTorch's second bias counts for itself only in the last gate.
fn gru<T: Float>(p: &[Tensor<T>]) -> GruCell<T> {
    let two = p[2].len() / 3 * 2;
    let first = p[2].slice(s![..two]) + p[3].slice(s![..two]);
    GruCell {
        input_weight: p[0].t(),
        hidden_weight: p[1].t(),
        bias: Tensor::concat(&[first, p[2].slice(s![two..])], 0),
        hidden_bias: p[3].slice(s![two..]),
    }
}

/// Four parameters a cell, forward and backward by turns.
fn layers<T: Float, C: Cell<Scalar = T>>(
    parameters: &[Tensor<T>],
    both: bool,
    cell: impl Fn(&[Tensor<T>]) -> C,
) -> Recurrent<C> {
    let mut cells = parameters.chunks(4).map(cell);
    let mut layers = vec![];
    while let Some(forward) = cells.next() {
        layers.push(Directions { forward, backward: if both { cells.next() } else { None } });
    }
    Recurrent { layers }
}

pub(crate) fn attention<T: Float>(kind: &str, options: &str, inputs: &[Tensor<T>]) -> Option<Tensor<T>> {
    let keep = Tensor::from_vec((0..15).map(|i| i * 7 % 4 > 0).collect(), (3, 5));
    Some(match (kind, inputs) {
        ("attention", [q, k, v]) => match options {
            "causal" | "causal long" => q.attention(k, v, AttentionMask::Causal),
            "keep" => q.attention(k, v, AttentionMask::Keep(&keep)),
            "grouped" => {
                let (k, v) = (k.repeat_interleave(2, 1), v.repeat_interleave(2, 1));
                q.attention(&k, &v, AttentionMask::None)
            }
            _ => q.attention(k, v, AttentionMask::None),
        },
        ("attention", [q, k, v, bias]) => q.attention(k, v, AttentionMask::Add(bias)),
        ("MultiHeadAttention", [q, k, v, parameters @ ..]) => {
            multi_head(6, parameters).attend(q, k, v, AttentionMask::None)
        }
        ("TransformerEncoderBlock", [x, parameters @ ..]) => {
            let (own, norms) = parameters.split_at(8);
            encoder(options, own, norms).forward(x)
        }
        ("TransformerDecoderBlock", [x, memory, p @ ..]) => {
            let own = [&p[..4], &p[8..12]].concat();
            let norms = [&p[12..14], &p[16..18]].concat();
            let mut block = TransformerDecoderBlock::new(4, 2, &mut StdRng::seed_from_u64(0));
            block.block = encoder(options, &own, &norms).causal();
            block.cross_attention = multi_head(4, &p[4..8]);
            block.cross_norm = norm(&p[14..16]);
            block.forward(&(x.clone(), memory.clone()))
        }
        _ => return None,
    })
}

fn dense<T: Float>(weight: &Tensor<T>, bias: &Tensor<T>) -> Dense<T> {
    Dense::from_weights(weight.t(), Some(bias.clone()))
}

/// From PyTorch's packed projections, their biases, and the projection out.
fn multi_head<T: Float>(width: usize, p: &[Tensor<T>]) -> MultiHeadAttention<T> {
    let mut layer = MultiHeadAttention::new(width, 2, &mut StdRng::seed_from_u64(0));
    let part = |i: usize| dense(&p[0].chunk(3, 0)[i], &p[1].chunk(3, 0)[i]);
    (layer.query, layer.key, layer.value) = (part(0), part(1), part(2));
    layer.out = dense(&p[2], &p[3]);
    layer
}

fn encoder<T: Float>(which: &str, own: &[Tensor<T>], norms: &[Tensor<T>]) -> TransformerEncoderBlock<T> {
    let block = TransformerEncoderBlock::new(4, 2, &mut StdRng::seed_from_u64(0));
    let mut block = if which == "post" { block.post_norm() } else { block };
    block.attention = multi_head(4, own);
    block.feed_forward =
        FeedForward { hidden: dense(&own[4], &own[5]).activation(Activation::Gelu), out: dense(&own[6], &own[7]) };
    (block.attention_norm, block.feed_forward_norm) = (norm(&norms[..2]), norm(&norms[2..]));
    block
}

fn norm<T: Float>(p: &[Tensor<T>]) -> LayerNorm<T> {
    let mut norm = LayerNorm::new(p[0].len());
    norm.affine = Some(sapwood::nn::Affine { scale: p[0].clone(), bias: Some(p[1].clone()) });
    norm
}
