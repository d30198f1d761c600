//! Sapwood.

extern crate self as sapwood;

pub mod autodiff;
mod kernels;
pub mod ops;
pub mod params;
pub mod tensor;

/// What most programs need: `use sapwood::prelude::*;`.
pub mod prelude {
    pub use crate::autodiff::{check_gradient, gradient, pullback, with_gradient};
    pub use crate::params::Params;
    pub use crate::tensor::{Float, Tensor};
    pub use ndarray::s;
    pub use ndarray_rand::rand::rngs::StdRng;
    pub use ndarray_rand::rand::{Rng, SeedableRng};
}
