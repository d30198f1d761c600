//! The gradient of every operation, layer and loss beside central differences, at first and second order; operations
//! over layouts of their inputs.
//!
//! A family is a module; `harness` says what a check is.

mod arithmetic;
mod attention;
mod conv;
mod harness;
mod index;
mod join;
mod known;
mod layers;
mod losses;
mod matmul;
mod pointwise;
mod pool;
mod reduce;
mod resample;
mod shape;
