//! [`GruCell`].

use ndarray::s;
use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::cell::{Cell, uniform};
use crate::ops::dense;
use crate::ops::recurrent::{gru, gru_step};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// A gated recurrent unit ([Cho et al. 2014](https://arxiv.org/abs/1406.1078), with the reset gate after the product as
/// in PyTorch and cuDNN): of [r, z, n] = x·W + b and [r̂, ẑ, n̂] = h·U,
///
/// r′ = σ(r + r̂), z′ = σ(z + ẑ), n′ = tanh(n + r′ (n̂ + b̂)), h′ = (1 − z′) n′ + z′ h.
///
/// Shapes: x `[batch, inputs]`, h `[batch, hidden]`, W `[inputs, 3·hidden]`, U `[hidden, 3·hidden]`, b `[3·hidden]`, b̂
/// `[hidden]`. PyTorch has a second bias for r and z too, of which only the sum matters.
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct GruCell<T: Float = f32> {
    /// W.
    pub input_weight: Tensor<T>,
    /// U.
    pub hidden_weight: Tensor<T>,
    /// b.
    pub bias: Tensor<T>,
    /// b̂.
    pub hidden_bias: Tensor<T>,
}

impl<T: Float> Cell for GruCell<T> {
    type Scalar = T;
    type State = Tensor<T>;

    #[track_caller]
    fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        GruCell {
            input_weight: uniform(&[inputs, 3 * hidden], hidden, rng),
            hidden_weight: uniform(&[hidden, 3 * hidden], hidden, rng),
            bias: uniform(&[3 * hidden], hidden, rng),
            hidden_bias: uniform(&[hidden], hidden, rng),
        }
    }

    fn inputs(&self) -> usize {
        self.input_weight.shape()[0]
    }

    fn hidden(&self) -> usize {
        self.hidden_bias.len()
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
        gru_step(projected, &self.hidden_weight, &self.hidden_bias, h)
    }

    #[track_caller]
    fn run(&self, x: &Tensor<T>, h: Tensor<T>, backward: bool) -> (Tensor<T>, Tensor<T>) {
        let inputs = [x, &self.input_weight, &self.hidden_weight, &self.bias, &self.hidden_bias, &h];
        let states = gru(inputs, backward);
        let end = states.slice(s![.., if backward { 0 } else { -1 }, ..]);
        (states, end)
    }
}
