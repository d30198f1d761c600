//! [`RnnCell`].

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::cell::{Cell, uniform};
use crate::nn::{Activation, Layer};
use crate::ops::dense;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// h′ = σ(x·W + h·U + b), with the activation σ, tanh where nothing else is said
/// ([Elman 1990](https://doi.org/10.1207/s15516709cog1402_1)).
///
/// Shapes: x `[batch, inputs]`, h `[batch, hidden]`, W `[inputs, hidden]`, U `[hidden, hidden]`, b `[hidden]`. PyTorch has
/// two biases, of which only the sum matters.
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct RnnCell<T: Float = f32> {
    /// W.
    pub input_weight: Tensor<T>,
    /// U.
    pub hidden_weight: Tensor<T>,
    /// b.
    pub bias: Tensor<T>,
    /// σ.
    pub activation: Activation,
}

impl<T: Float> Cell for RnnCell<T> {
    type Scalar = T;
    type State = Tensor<T>;

    #[track_caller]
    fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        RnnCell {
            input_weight: uniform(&[inputs, hidden], hidden, rng),
            hidden_weight: uniform(&[hidden, hidden], hidden, rng),
            bias: uniform(&[hidden], hidden, rng),
            activation: Activation::Tanh,
        }
    }

    fn inputs(&self) -> usize {
        self.input_weight.shape()[0]
    }

    fn hidden(&self) -> usize {
        self.bias.len()
    }

    fn zeros(&self, batch: usize) -> Tensor<T> {
        Tensor::zeros((batch, self.hidden()))
    }

    #[track_caller]
    fn project(&self, x: &Tensor<T>) -> Tensor<T> {
        dense(x, &self.input_weight, &self.bias, false)
    }

    #[track_caller]
    fn advance(&self, projected: Tensor<T>, h: &Tensor<T>) -> Tensor<T> {
        self.activation.forward(&(projected + h.matmul(&self.hidden_weight)))
    }
}
