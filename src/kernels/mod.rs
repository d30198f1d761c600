//! Numeric inner loops over slices: no tensors, no differentiation, and all of the crate's `unsafe`.
//!
//! Results never depend on the number of threads: work is cut at fixed places, and partial results are combined in order.

pub(crate) mod attention;
pub(crate) mod block;
pub(crate) mod conv;
pub(crate) mod copy;
pub(crate) mod dot;
pub(crate) mod elementwise;
pub(crate) mod gather;
pub(crate) mod isa;
pub(crate) mod layer_norm;
#[cfg(feature = "files")]
pub(crate) mod mapping;
pub(crate) mod math;
pub(crate) mod matmul;
pub(crate) mod normalise;
mod operand;
pub(crate) mod order;
pub(crate) mod pages;
pub(crate) mod pool;
pub(crate) mod recurrent;
pub(crate) mod reduce;
pub(crate) mod resample;
pub(crate) mod rows;
pub(crate) mod scan;
pub(crate) mod softmax;
pub(crate) mod strided;
pub(crate) mod threads;
mod transpose;
pub(crate) mod vector;
pub(crate) mod windows;

pub(crate) use strided::Strided;
