//! Every operation's gradient beside central differences, at first and second order, over layouts of its inputs.
//!
//! A family of operations is a module; `harness` says what a check is.

mod arithmetic;
mod attention;
mod conv;
mod harness;
mod index;
mod join;
mod known;
mod loss;
mod matmul;
mod pointwise;
mod pool;
mod reduce;
mod resample;
mod shape;
