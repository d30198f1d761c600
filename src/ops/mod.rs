//! What can be computed with tensors: a file a family, each operation with its formula, its pullback and its tests.

mod activation;
mod arithmetic;
pub(crate) mod broadcast;
mod cast;
mod compare;
mod dropout;
mod error_function;
mod exp;
mod join;
mod matmul;
mod pointwise;
mod power;
mod shape;
mod slice;
mod trigonometry;

pub use compare::Operand;
