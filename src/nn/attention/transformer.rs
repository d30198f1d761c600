//! [`TransformerEncoderBlock`] and [`TransformerDecoderBlock`].

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::MultiHeadAttention;
use crate::nn::{Activation, Dense, Dropout, Layer, LayerNorm};
use crate::ops::AttentionMask;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// Self-attention, then two dense layers, each with a residual connection and normalised
/// ([Vaswani et al. 2017](https://arxiv.org/abs/1706.03762)).
///
/// x ← x + attention(norm(x)), x ← x + feed_forward(norm(x)): normalised before, which trains more steadily
/// ([Xiong et al. 2020](https://arxiv.org/abs/2002.04745)); [`post_norm`](Self::post_norm) normalises after the sum, as
/// the first paper and PyTorch's default do. [`causal`](Self::causal) makes it a block of a GPT.
///
/// Shapes: x `[batch, time, width]`, y as x. The dense layers go through a width four times as large, with the exact
/// gelu.
///
/// ```
/// use sapwood::nn::{Chain, TransformerEncoderBlock};
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let blocks: Vec<TransformerEncoderBlock> =
///     (0..2).map(|_| TransformerEncoderBlock::new(16, 4, &mut rng).causal()).collect();
/// assert_eq!(output_shape(&Chain { layers: blocks }, (2, 5, 16)), [2, 5, 16]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct TransformerEncoderBlock<T: Float = f32> {
    /// Of the input to itself.
    pub attention: MultiHeadAttention<T>,
    /// Beside the attention.
    pub attention_norm: LayerNorm<T>,
    /// The two dense layers.
    pub feed_forward: FeedForward<T>,
    /// Beside the dense layers.
    pub feed_forward_norm: LayerNorm<T>,
    dropout: Option<Dropout>,
    post_norm: bool,
}

/// Two dense layers with an activation between them.
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct FeedForward<T: Float = f32> {
    /// To the hidden width, with the activation.
    pub hidden: Dense<T>,
    /// Back to the width.
    pub out: Dense<T>,
}

impl<T: Float> FeedForward<T> {
    #[track_caller]
    fn new(width: usize, hidden: usize, activation: Activation, rng: &mut (impl Rng + ?Sized)) -> Self {
        FeedForward {
            hidden: Dense::new(width, hidden, rng).activation(activation),
            out: Dense::new(hidden, width, rng),
        }
    }
}

impl<T: Float> Layer<Tensor<T>> for FeedForward<T> {
    type Output = Tensor<T>;

    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.out.forward(&self.hidden.forward(x))
    }
}

/// x + f(norm(x)), or norm(x + f(x)); what f gives is dropped in part.
fn residual<T: Float>(
    x: &Tensor<T>,
    norm: &LayerNorm<T>,
    post_norm: bool,
    dropout: Option<&Dropout>,
    f: impl FnOnce(&Tensor<T>) -> Tensor<T>,
) -> Tensor<T> {
    let dropped = |y: Tensor<T>| dropout.map_or_else(|| y.clone(), |dropout| dropout.forward(&y));
    if post_norm { norm.forward(&(x + dropped(f(x)))) } else { x + dropped(f(&norm.forward(x))) }
}

impl<T: Float> TransformerEncoderBlock<T> {
    /// Normalised before, without mask and dropout.
    ///
    /// # Panics
    /// Where the heads do not divide the width.
    #[track_caller]
    pub fn new(width: usize, heads: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        TransformerEncoderBlock {
            attention: MultiHeadAttention::new(width, heads, rng),
            attention_norm: LayerNorm::new(width),
            feed_forward: FeedForward::new(width, 4 * width, Activation::Gelu, rng),
            feed_forward_norm: LayerNorm::new(width),
            dropout: None,
            post_norm: false,
        }
    }

    /// The same block with other dense layers.
    ///
    /// # Panics
    /// Where `hidden` is zero.
    #[track_caller]
    pub fn feed_forward(self, hidden: usize, activation: Activation, rng: &mut (impl Rng + ?Sized)) -> Self {
        let width = self.feed_forward.out.weight.shape()[1];
        TransformerEncoderBlock { feed_forward: FeedForward::new(width, hidden, activation, rng), ..self }
    }

    /// The same block; positions look at no later ones.
    pub fn causal(self) -> Self {
        TransformerEncoderBlock { attention: self.attention.causal(), ..self }
    }

    /// The same block, normalised after the residual sums.
    pub fn post_norm(self) -> Self {
        TransformerEncoderBlock { post_norm: true, ..self }
    }

    /// The same block; before each residual sum elements are dropped in training, as [`Dropout`] does.
    ///
    /// # Panics
    /// Where the probability is not in [0, 1].
    #[track_caller]
    pub fn dropout(self, probability: f64, seed: u64) -> Self {
        TransformerEncoderBlock { dropout: Some(Dropout::new(probability, seed)), ..self }
    }

    /// The block with a mask of its self-attention, as [`MultiHeadAttention::attend`] takes it.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    #[track_caller]
    pub fn forward_masked(&self, x: &Tensor<T>, mask: AttentionMask<'_, T>) -> Tensor<T> {
        self.apply(x, |x| self.attention.attend(x, x, x, mask))
    }

    #[track_caller]
    fn apply(&self, x: &Tensor<T>, attention: impl FnOnce(&Tensor<T>) -> Tensor<T>) -> Tensor<T> {
        let dropout = self.dropout.as_ref();
        let x = residual(x, &self.attention_norm, self.post_norm, dropout, attention);
        residual(&x, &self.feed_forward_norm, self.post_norm, dropout, |x| self.feed_forward.forward(x))
    }
}

impl<T: Float> Layer<Tensor<T>> for TransformerEncoderBlock<T> {
    type Output = Tensor<T>;

    /// The block with the mask that it was built with: none, or causal.
    ///
    /// # Panics
    /// Unless the input is `[batch, time, width]`.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.apply(x, |x| self.attention.forward(x))
    }
}

/// A [`TransformerEncoderBlock`] that is causal and, between its two parts, attends to a memory: what an encoder made.
///
/// Shapes: the input (x, memory), x `[batch, time, width]`, memory `[batch, any, width]`; y as x.
///
/// ```
/// use sapwood::nn::TransformerDecoderBlock;
/// use sapwood::prelude::*;
///
/// let block: TransformerDecoderBlock = TransformerDecoderBlock::new(16, 4, &mut StdRng::seed_from_u64(0));
/// let (x, memory) = (Tensor::ones((2, 5, 16)), Tensor::ones((2, 7, 16)));
/// assert_eq!(block.forward(&(x, memory)).shape(), [2, 5, 16]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct TransformerDecoderBlock<T: Float = f32> {
    /// Self-attention and dense layers.
    pub block: TransformerEncoderBlock<T>,
    /// Of the input to the memory.
    pub cross_attention: MultiHeadAttention<T>,
    /// Beside the attention to the memory.
    pub cross_norm: LayerNorm<T>,
}

impl<T: Float> TransformerDecoderBlock<T> {
    /// Normalised before, causal, without dropout.
    ///
    /// # Panics
    /// Where the heads do not divide the width.
    #[track_caller]
    pub fn new(width: usize, heads: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        TransformerDecoderBlock {
            block: TransformerEncoderBlock::new(width, heads, rng).causal(),
            cross_attention: MultiHeadAttention::new(width, heads, rng),
            cross_norm: LayerNorm::new(width),
        }
    }

    /// The same block with other dense layers.
    ///
    /// # Panics
    /// Where `hidden` is zero.
    #[track_caller]
    pub fn feed_forward(self, hidden: usize, activation: Activation, rng: &mut (impl Rng + ?Sized)) -> Self {
        TransformerDecoderBlock { block: self.block.feed_forward(hidden, activation, rng), ..self }
    }

    /// The same block, normalised after the residual sums.
    pub fn post_norm(self) -> Self {
        TransformerDecoderBlock { block: self.block.post_norm(), ..self }
    }

    /// The same block; before each residual sum elements are dropped in training.
    ///
    /// # Panics
    /// Where the probability is not in [0, 1].
    #[track_caller]
    pub fn dropout(self, probability: f64, seed: u64) -> Self {
        TransformerDecoderBlock { block: self.block.dropout(probability, seed), ..self }
    }

    /// The block with a mask of its attention to the memory, as [`MultiHeadAttention::attend`] takes it.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    #[track_caller]
    pub fn forward_masked(&self, x: &Tensor<T>, memory: &Tensor<T>, mask: AttentionMask<'_, T>) -> Tensor<T> {
        let TransformerEncoderBlock { attention, attention_norm, feed_forward, feed_forward_norm, dropout, post_norm } =
            &self.block;
        let dropout = dropout.as_ref();
        let x = residual(x, attention_norm, *post_norm, dropout, |x| attention.forward(x));
        let cross = |x: &Tensor<T>| self.cross_attention.attend(x, memory, memory, mask);
        let x = residual(&x, &self.cross_norm, *post_norm, dropout, cross);
        residual(&x, feed_forward_norm, *post_norm, dropout, |x| feed_forward.forward(x))
    }
}

impl<T: Float> Layer<(Tensor<T>, Tensor<T>)> for TransformerDecoderBlock<T> {
    type Output = Tensor<T>;

    /// The block without a mask of the memory.
    ///
    /// # Panics
    /// Unless both are `[batch, …, width]`.
    #[track_caller]
    fn forward(&self, (x, memory): &(Tensor<T>, Tensor<T>)) -> Tensor<T> {
        self.forward_masked(x, memory, AttentionMask::None)
    }
}
