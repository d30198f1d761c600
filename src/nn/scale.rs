//! [`Scale`].

use ndarray::IntoDimension;
use serde::{Deserialize, Serialize};

use super::{Activation, Layer};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// A factor and an offset an element: y = σ(s·x + b), with the activation σ. Flux's `Scale`.
///
/// Shapes: s and b the one given, x `[…, that shape]`, y as x. The factors start as ones, the offsets as zeros.
///
/// ```
/// use sapwood::nn::Scale;
/// use sapwood::prelude::*;
///
/// let layer: Scale = Scale::new(3).without_bias();
/// assert_eq!(layer.forward(&Tensor::ones((5, 3))), Tensor::ones((5, 3)));
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Scale<T: Float = f32> {
    /// s.
    pub scale: Tensor<T>,
    /// b; `None` for a layer without.
    pub bias: Option<Tensor<T>>,
    /// σ.
    pub activation: Activation,
}

impl<T: Float> Scale<T> {
    /// Factors and offsets of the given shape.
    pub fn new(shape: impl IntoDimension) -> Self {
        let scale = Tensor::ones(shape);
        Scale { bias: Some(Tensor::zeros_like(&scale)), scale, activation: Activation::Identity }
    }

    /// The same layer without offsets.
    pub fn without_bias(self) -> Self {
        Scale { bias: None, ..self }
    }

    /// The same layer with an activation.
    pub fn activation(self, activation: Activation) -> Self {
        Scale { activation, ..self }
    }
}

impl<T: Float> Layer<Tensor<T>> for Scale<T> {
    type Output = Tensor<T>;

    /// y = σ(s·x + b).
    ///
    /// # Panics
    /// Where the last axes of `x` are not the layer's.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let shape = self.scale.shape();
        assert!(x.shape().ends_with(shape), "Scale: an input of shape {:?} does not end with {shape:?}", x.shape());
        let y = x * &self.scale;
        let y = match &self.bias {
            Some(bias) => y + bias,
            None => y,
        };
        self.activation.forward(&y)
    }
}
