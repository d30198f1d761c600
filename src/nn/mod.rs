//! Layers, one a file: a constructor, docs with shapes, a forward of a few lines.

mod chain;
mod dense;
mod dropout;
mod function;
mod layer;
mod mode;

pub use chain::Chain;
pub use dense::Dense;
pub use dropout::Dropout;
pub use function::Function;
pub use layer::{Layer, output_shape};

/// What `chain!` writes.
#[doc(hidden)]
pub mod __chain {
    pub use super::chain::{Piece, WrapFunction};
}
