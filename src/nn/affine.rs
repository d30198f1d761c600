//! The learnt factors and offsets of normalising layers.

use serde::{Deserialize, Serialize};

use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// γ and β of a normalising layer: y = γ·x + β, γ starting as ones and β as zeros.
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Affine<T: Float = f32> {
    /// γ.
    pub scale: Tensor<T>,
    /// β; `None` for a layer that does not shift.
    pub bias: Option<Tensor<T>>,
}

impl<T: Float> Affine<T> {
    pub(super) fn new(shape: &[usize]) -> Self {
        Affine { scale: Tensor::ones(shape), bias: Some(Tensor::zeros(shape)) }
    }

    /// γ, and β or zeros.
    pub(super) fn tensors(&self) -> [Tensor<T>; 2] {
        [self.scale.clone(), self.shift()]
    }

    /// β, or zeros.
    pub(super) fn shift(&self) -> Tensor<T> {
        self.bias.clone().unwrap_or_else(|| Tensor::zeros_like(&self.scale))
    }
}
