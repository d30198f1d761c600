//! What can be computed with tensors: a file a family, each operation with its formula, its pullback and its tests.

mod activation;
mod arithmetic;
pub(crate) mod axes;
pub(crate) mod broadcast;
mod cast;
mod compare;
mod conv;
mod dropout;
mod error_function;
mod exp;
mod extrema;
mod index;
mod join;
mod matmul;
mod norm;
mod per_axis;
mod pointwise;
mod pool;
mod power;
mod reduce;
mod resample;
mod scan;
mod shape;
mod slice;
mod softmax;
mod sort;
mod trigonometry;

pub use axes::{Axes, IntoAxes, IntoAxis, Keep};
pub use compare::Operand;
pub use conv::ConvOptions;
pub use per_axis::PerAxis;
pub use pool::Window;
pub use resample::Interpolation;
