//! [`Bilinear`].

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Activation, Init, Layer};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// A function of two inputs, linear in each: yₖ = σ(Σᵢⱼ aᵢ Wₖᵢⱼ bⱼ + cₖ), with the activation σ.
///
/// Shapes: the inputs `[…, first]` and `[…, second]` with the same axes before, y `[…, outputs]`, `weight`
/// `[outputs, first, second]` as PyTorch's, `bias` `[outputs]`.
///
/// ```
/// use sapwood::nn::Bilinear;
/// use sapwood::prelude::*;
///
/// let layer: Bilinear = Bilinear::new(3, 4, 2, &mut StdRng::seed_from_u64(0));
/// let inputs = (Tensor::ones((5, 3)), Tensor::ones((5, 4)));
/// assert_eq!(layer.forward(&inputs).shape(), [5, 2]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Bilinear<T: Float = f32> {
    /// W, `[outputs, first, second]`.
    pub weight: Tensor<T>,
    /// c, `[outputs]`; `None` for a layer without.
    pub bias: Option<Tensor<T>>,
    /// σ.
    pub activation: Activation,
}

impl<T: Float> Bilinear<T> {
    /// Weights by [`Init::GlorotUniform`] of `first · second` inputs, biases zero, no activation.
    ///
    /// # Panics
    /// Where one of the widths is zero.
    #[track_caller]
    pub fn new(first: usize, second: usize, outputs: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(
            first > 0 && second > 0 && outputs > 0,
            "Bilinear: {first} and {second} inputs and {outputs} outputs; there must be at least one each"
        );
        let weight = Init::GlorotUniform.weight(&[outputs, first, second], first * second, outputs, rng);
        Bilinear { weight, bias: Some(Tensor::zeros(outputs)), activation: Activation::Identity }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        Bilinear { bias: None, ..self }
    }

    /// The same layer with an activation.
    pub fn activation(self, activation: Activation) -> Self {
        Bilinear { activation, ..self }
    }

    /// The same layer with weights drawn anew.
    ///
    /// # Panics
    /// As [`Init::weight`].
    #[track_caller]
    pub fn init(self, init: Init, rng: &mut (impl Rng + ?Sized)) -> Self {
        let shape = self.weight.shape();
        Bilinear { weight: init.weight(shape, shape[1] * shape[2], shape[0], rng), ..self }
    }
}

impl<T: Float> Layer<(Tensor<T>, Tensor<T>)> for Bilinear<T> {
    type Output = Tensor<T>;

    /// yₖ = σ(Σᵢⱼ aᵢ Wₖᵢⱼ bⱼ + cₖ) of the inputs (a, b).
    ///
    /// # Panics
    /// Where the inputs have not the layer's widths, or differ in the axes before.
    #[track_caller]
    fn forward(&self, (a, b): &(Tensor<T>, Tensor<T>)) -> Tensor<T> {
        let &[outputs, first, second] = self.weight.shape() else { unreachable!("weights have three axes") };
        let fits = |x: &Tensor<T>, width| x.shape().last() == Some(&width);
        let before = |x: &Tensor<T>| x.shape()[..x.rank().saturating_sub(1)].to_vec();
        assert!(
            fits(a, first) && fits(b, second) && before(a) == before(b),
            "Bilinear: inputs of shapes {:?} and {:?}, where […, {first}] and […, {second}] are needed",
            a.shape(),
            b.shape()
        );
        // Σᵢ aᵢ Wₖᵢⱼ for all k and j at once, as one matrix product.
        let flat = self.weight.permute(&[1, 0, 2]).reshape((first, outputs * second));
        let mut shape = before(a);
        shape.extend([outputs, second]);
        let products = a.matmul(&flat).reshape(shape) * b.unsqueeze(-2);
        let y = products.sum_axis(-1);
        let y = match &self.bias {
            Some(bias) => y + bias,
            None => y,
        };
        self.activation.forward(&y)
    }
}
