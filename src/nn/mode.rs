//! When a layer is in training.

use crate::autodiff::is_active;
use crate::params::Mode;
use crate::tensor::{Element, Tensor};

impl Mode {
    /// Whether a layer of this mode is in training now, when it is given `x`: in [`Mode::Auto`], whether this thread
    /// takes a gradient or one is being taken of `x`.
    pub fn is_training<T: Element>(self, x: &Tensor<T>) -> bool {
        match self {
            Mode::Auto => is_active() || x.is_traced(),
            Mode::Train => true,
            Mode::Test => false,
        }
    }
}
