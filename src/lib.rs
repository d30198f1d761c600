//! Sapwood.

extern crate self as sapwood;

pub mod autodiff;
pub mod data;
mod error;
mod kernels;
pub mod ops;
pub mod optim;
pub mod params;
pub mod tensor;
pub mod train;

pub use error::{Error, Result};

/// What code written by the derive needs.
#[doc(hidden)]
pub mod __private {
    pub use serde;
}

/// What most programs need: `use sapwood::prelude::*;`.
pub mod prelude {
    pub use crate::autodiff::{Gradient, GradientTree, Grads, check_gradient, gradient, pullback, with_gradient};
    pub use crate::data::{DataLoader, Dataset};
    pub use crate::optim::{
        Adam, AdamW, ClipGrad, ClipNorm, Descent, Momentum, Nesterov, OptimiserTree, RMSProp, Rule, State, WeightDecay,
        setup, update,
    };
    pub use crate::params::Params;
    pub use crate::tensor::{Float, Tensor};
    pub use crate::train::train;
    pub use ndarray::s;
    pub use ndarray_rand::rand::rngs::StdRng;
    pub use ndarray_rand::rand::{Rng, SeedableRng};
}
