//! Layers, one a file: a constructor, docs with shapes, a forward of a few lines.

mod dense;
mod dropout;

pub use dense::Dense;
pub use dropout::Dropout;
