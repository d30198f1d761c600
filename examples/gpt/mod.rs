//! A small GPT, which `shakespeare` trains and `steps` times.

use sapwood::nn::{Embedding, LayerNorm, LearnedPositions, TransformerEncoderBlock};
use sapwood::prelude::*;

/// A model that says of each token which may be the next: learned positions, blocks normalised before, a head of its own.
#[derive(Params, Clone, Debug)]
pub(crate) struct Gpt {
    tokens: Embedding,
    positions: LearnedPositions,
    blocks: Vec<TransformerEncoderBlock>,
    norm: LayerNorm,
    head: Dense,
}

impl Gpt {
    /// Four blocks of four heads, 128 wide, for texts of at most `context` tokens. The tokens' vectors begin as small as the
    /// positions', as GPT-2's: of deviation 1 they would drown them, and the first thousand steps would go into that.
    pub(crate) fn new(vocabulary: usize, context: usize, rng: &mut StdRng) -> Self {
        const WIDTH: usize = 128;
        let block = |rng: &mut StdRng| {
            TransformerEncoderBlock::new(WIDTH, 4, rng).causal().feed_forward(4 * WIDTH, Activation::GeluTanh, rng)
        };
        let mut tokens = Embedding::new(vocabulary, WIDTH, rng);
        tokens.weight *= 0.02;
        Gpt {
            tokens,
            positions: LearnedPositions::new(context, WIDTH, rng),
            blocks: (0..4).map(|_| block(rng)).collect(),
            norm: LayerNorm::new(WIDTH),
            head: Dense::new(WIDTH, vocabulary, rng).without_bias(),
        }
    }

    /// Tokens `[batch, time]` → logits `[batch, time, vocabulary]`.
    pub(crate) fn forward(&self, tokens: &Tensor<i64>) -> Tensor {
        let x = self.positions.forward(&self.tokens.forward(tokens));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(&x));
        self.head.forward(&self.norm.forward(&x))
    }
}
