//! [`Dense`].

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Activation, Init, Layer};
use crate::ops::dense;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// A fully connected layer: y = σ(x·W + b), with the activation σ.
///
/// Shapes: x `[…, inputs]`, y `[…, outputs]`, `weight` `[inputs, outputs]` (the transpose of PyTorch's), `bias`
/// `[outputs]`.
///
/// ```
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let layer: Dense = Dense::new(3, 2, &mut rng);
/// assert_eq!(layer.forward(&Tensor::zeros((5, 3))).shape(), [5, 2]);
/// assert_eq!(layer.num_parameters(), 8);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Dense<T: Float = f32> {
    /// W, `[inputs, outputs]`.
    pub weight: Tensor<T>,
    /// b, `[outputs]`; `None` for a layer without.
    pub bias: Option<Tensor<T>>,
    /// σ.
    pub activation: Activation,
}

impl<T: Float> Dense<T> {
    /// Weights by [`Init::GlorotUniform`], biases zero, no activation: Flux's defaults.
    ///
    /// # Panics
    /// Where `inputs` or `outputs` is zero.
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(
            inputs > 0 && outputs > 0,
            "Dense: {inputs} inputs and {outputs} outputs; there must be at least one each"
        );
        let weight = Init::GlorotUniform.weight(&[inputs, outputs], inputs, outputs, rng);
        Dense { weight, bias: Some(Tensor::zeros(outputs)), activation: Activation::Identity }
    }

    /// A layer of the given weight `[inputs, outputs]` and bias `[outputs]`, without an activation.
    ///
    /// # Panics
    /// Where their shapes do not fit.
    #[track_caller]
    pub fn from_weights(weight: Tensor<T>, bias: Option<Tensor<T>>) -> Self {
        let shape = bias.as_ref().map(|bias| bias.shape());
        assert!(
            weight.rank() == 2 && shape.is_none_or(|shape| shape == &weight.shape()[1..]),
            "Dense: a weight of shape {:?} and a bias of shape {shape:?}, where [inputs, outputs] and [outputs] are needed",
            weight.shape(),
        );
        Dense { weight, bias, activation: Activation::Identity }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        Dense { bias: None, ..self }
    }

    /// The same layer with an activation. A relu here is part of the product, and faster than one that follows the layer.
    pub fn activation(self, activation: Activation) -> Self {
        Dense { activation, ..self }
    }

    /// The same layer with weights drawn anew.
    ///
    /// # Panics
    /// As [`Init::weight`].
    #[track_caller]
    pub fn init(self, init: Init, rng: &mut (impl Rng + ?Sized)) -> Self {
        let (inputs, outputs) = (self.weight.shape()[0], self.weight.shape()[1]);
        Dense { weight: init.weight(&[inputs, outputs], inputs, outputs, rng), ..self }
    }
}

impl<T: Float> Layer<Tensor<T>> for Dense<T> {
    type Output = Tensor<T>;

    /// y = σ(x·W + b).
    ///
    /// # Panics
    /// Where the last axis of `x` has not `inputs` elements, or the bias is not `[outputs]`.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let inputs = self.weight.shape()[0];
        assert!(
            x.shape().last() == Some(&inputs),
            "Dense: an input of shape {:?}, where the last axis must hold the layer's {inputs} inputs",
            x.shape()
        );
        let Some(bias) = &self.bias else { return self.activation.forward(&x.matmul(&self.weight)) };
        let (rectified, rest) = self.activation.split_relu();
        rest.forward(&dense(x, &self.weight, bias, rectified))
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    #[should_panic(expected = "Dense: an input of shape [4, 2], where the last axis must hold the layer's 3 inputs")]
    fn an_input_of_another_width_panics() {
        let layer: Dense = Dense::new(3, 2, &mut StdRng::seed_from_u64(0));
        let _ = layer.forward(&Tensor::zeros((4, 2)));
    }
}
