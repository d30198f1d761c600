//! Layers, one a file: a constructor, docs with shapes, a forward of a few lines.
//!
//! | for | what |
//! | --- | --- |
//! | linear maps | [`Dense`], [`Bilinear`], [`Scale`] |
//! | images and signals | [`Conv`], [`ConvTranspose`], [`MaxPool`], [`MeanPool`], [`LpPool`], [`AdaptiveMaxPool`], [`AdaptiveMeanPool`], [`GlobalMaxPool`], [`GlobalMeanPool`], [`Upsample`], [`PixelShuffle`] |
//! | tokens | [`Embedding`], [`EmbeddingBag`] |
//! | functions | [`Activation`], [`Function`] |
//! | joining layers | [`Chain`] and [`chain!`](crate::chain), [`Parallel`], [`SkipConnection`], [`Maxout`] |
//! | shapes | [`Flatten`], [`Reshape`] |
//! | normalising | [`BatchNorm`], [`LayerNorm`], [`RmsNorm`], [`GroupNorm`], [`InstanceNorm`], [`WeightNorm`], [`SpectralNorm`] |
//! | sequences | [`Rnn`], [`Lstm`], [`Gru`], cells of your own in [`Recurrent`] |
//! | attention | [`MultiHeadAttention`], [`TransformerEncoderBlock`], [`TransformerDecoderBlock`], [`SinusoidalPositions`], [`LearnedPositions`] |
//! | noise | [`Dropout`], [`AlphaDropout`] |
//!
//! All are [`Layer`]s; [`Init`] says how their weights start, and [`outline()`] shows them with their shapes.

mod activation;
mod adaptive_pool;
mod affine;
mod alpha_dropout;
mod attention;
mod batch_norm;
mod bilinear;
mod chain;
mod conv;
mod conv_transpose;
mod dense;
mod dropout;
mod embedding;
mod embedding_bag;
mod flatten;
mod function;
mod group_norm;
mod init;
mod layer;
mod layer_norm;
mod maxout;
mod mode;
mod outline;
mod parallel;
mod pool;
mod recurrent;
mod rms_norm;
mod scale;
mod skip_connection;
mod upsample;
mod weight_norm;

pub use activation::Activation;
pub use adaptive_pool::{AdaptiveMaxPool, AdaptiveMeanPool, GlobalMaxPool, GlobalMeanPool};
pub use affine::Affine;
pub use alpha_dropout::AlphaDropout;
pub use attention::{
    FeedForward, KeyValueCache, LearnedPositions, MultiHeadAttention, SinusoidalPositions, TransformerDecoderBlock,
    TransformerEncoderBlock,
};
pub use batch_norm::BatchNorm;
pub use bilinear::Bilinear;
pub use chain::Chain;
pub use conv::{Conv, Conv1d, Conv2d, Conv3d, Padding, Same};
pub use conv_transpose::{ConvTranspose, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
pub use dense::Dense;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use embedding_bag::{EmbeddingBag, Pooling};
pub use flatten::{Flatten, Reshape};
pub use function::Function;
pub use group_norm::{GroupNorm, InstanceNorm};
pub use init::Init;
pub use layer::{Layer, output_shape};
pub use layer_norm::LayerNorm;
pub use maxout::Maxout;
pub use outline::{Outline, OutlineRow, outline};
pub use parallel::Parallel;
pub use pool::{LpPool, MaxPool, MeanPool};
pub use recurrent::{Cell, CellState, Directions, Gru, GruCell, Lstm, LstmCell, Recurrent, Rnn, RnnCell};
pub use rms_norm::RmsNorm;
pub use scale::Scale;
pub use skip_connection::{SkipConnection, Sum};
pub use upsample::{PixelShuffle, Upsample};
pub use weight_norm::{SpectralNorm, WeightNorm, Weighted};

/// What `chain!` writes.
#[doc(hidden)]
pub mod __chain {
    pub use super::chain::{Piece, WrapFunction};
}
