//! Attention: [`MultiHeadAttention`], transformer blocks, positions.

mod multi_head;
mod positions;
mod transformer;

pub use multi_head::{KeyValueCache, MultiHeadAttention};
pub use positions::{LearnedPositions, SinusoidalPositions};
pub use transformer::{FeedForward, TransformerDecoderBlock, TransformerEncoderBlock};
