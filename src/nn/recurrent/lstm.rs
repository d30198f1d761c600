//! [`LstmCell`].

use ndarray::s;
use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::cell::{Cell, uniform};
use crate::ops::dense;
use crate::ops::recurrent::{lstm, lstm_step};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// A long short-term memory ([Hochreiter and Schmidhuber 1997](https://doi.org/10.1162/neco.1997.9.8.1735), with the
/// forget gate of Gers et al. 2000): of the gates [i, f, g, o] = x·W + h·U + b,
///
/// c′ = σ(f) c + σ(i) tanh(g), h′ = σ(o) tanh(c′).
///
/// Shapes: x `[batch, inputs]`, the state (h, c) `[batch, hidden]` each, W `[inputs, 4·hidden]`, U `[hidden, 4·hidden]`,
/// b `[4·hidden]`, the gates in the order i, f, g, o as in PyTorch, which has two biases, of which only the sum matters.
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct LstmCell<T: Float = f32> {
    /// W.
    pub input_weight: Tensor<T>,
    /// U.
    pub hidden_weight: Tensor<T>,
    /// b.
    pub bias: Tensor<T>,
}

impl<T: Float> Cell for LstmCell<T> {
    type Scalar = T;
    type State = (Tensor<T>, Tensor<T>);

    #[track_caller]
    fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        LstmCell {
            input_weight: uniform(&[inputs, 4 * hidden], hidden, rng),
            hidden_weight: uniform(&[hidden, 4 * hidden], hidden, rng),
            bias: uniform(&[4 * hidden], hidden, rng),
        }
    }

    fn inputs(&self) -> usize {
        self.input_weight.shape()[0]
    }

    fn hidden(&self) -> usize {
        self.bias.len() / 4
    }

    fn zeros(&self, batch: usize) -> Self::State {
        let zeros = Tensor::zeros((batch, self.hidden()));
        (zeros.clone(), zeros)
    }

    #[track_caller]
    fn project(&self, x: &Tensor<T>) -> Tensor<T> {
        dense(x, &self.input_weight, &self.bias, false)
    }

    #[track_caller]
    fn advance(&self, projected: Tensor<T>, (h, c): &Self::State) -> Self::State {
        lstm_step(projected, &self.hidden_weight, h, c)
    }

    #[track_caller]
    fn run(&self, x: &Tensor<T>, (h, c): Self::State, backward: bool) -> (Tensor<T>, Self::State) {
        let (states, c) = lstm([x, &self.input_weight, &self.hidden_weight, &self.bias, &h, &c], backward);
        let h = states.slice(s![.., if backward { 0 } else { -1 }, ..]);
        (states, (h, c))
    }
}
