//! Layers, one a file: a constructor, docs with shapes, a forward of a few lines.
//!
//! | for | what |
//! | --- | --- |
//! | linear maps | [`Dense`], [`Bilinear`], [`Scale`] |
//! | tokens | [`Embedding`], [`EmbeddingBag`] |
//! | functions | [`Activation`], [`Function`] |
//! | joining layers | [`Chain`] and [`chain!`](crate::chain), [`Parallel`], [`SkipConnection`], [`Maxout`] |
//! | shapes | [`Flatten`], [`Reshape`] |
//! | noise | [`Dropout`], [`AlphaDropout`] |
//!
//! All are [`Layer`]s; [`Init`] says how their weights start.

mod activation;
mod alpha_dropout;
mod bilinear;
mod chain;
mod dense;
mod dropout;
mod embedding;
mod embedding_bag;
mod flatten;
mod function;
mod init;
mod layer;
mod maxout;
mod mode;
mod parallel;
mod scale;
mod skip_connection;

pub use activation::Activation;
pub use alpha_dropout::AlphaDropout;
pub use bilinear::Bilinear;
pub use chain::Chain;
pub use dense::Dense;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use embedding_bag::{EmbeddingBag, Pooling};
pub use flatten::{Flatten, Reshape};
pub use function::Function;
pub use init::Init;
pub use layer::{Layer, output_shape};
pub use maxout::Maxout;
pub use parallel::Parallel;
pub use scale::Scale;
pub use skip_connection::{SkipConnection, Sum};

/// What `chain!` writes.
#[doc(hidden)]
pub mod __chain {
    pub use super::chain::{Piece, WrapFunction};
}
