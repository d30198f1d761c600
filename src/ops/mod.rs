//! What can be computed with tensors: a file a family, each operation with its formula, its pullback and its tests.

mod activation;
mod arithmetic;
pub(crate) mod axes;
pub(crate) mod broadcast;
mod extrema;
mod index;
mod matmul;
mod norm;
mod pointwise;
mod power;
mod reduce;
mod scan;
mod shape;
mod slice;
mod softmax;
mod sort;

pub use axes::{Axes, IntoAxes, IntoAxis, Keep};
