//! [`LayerNorm`].

use ndarray::IntoDimension;
use serde::{Deserialize, Serialize};

use super::affine::Affine;
use super::{Activation, Layer};
use crate::ops::layer_norm::layer_norm;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// Each observation to mean 0 and variance 1 over its last axes, then scaled and shifted:
/// y = f(γ (x − μ) / √(σ² + ε) + β), with the activation f ([Ba et al. 2016](https://arxiv.org/abs/1607.06450)).
///
/// Shapes: γ and β the one given, x `[…, that shape]`, y as x. ε is 1e-5.
///
/// ```
/// use sapwood::nn::LayerNorm;
/// use sapwood::prelude::*;
///
/// let layer: LayerNorm = LayerNorm::new(4);
/// let y = layer.forward(&Tensor::from([[1.0, 2.0, 3.0, 4.0]]));
/// assert!(y.mean().item().abs() < 1e-6 && (y.var(0).item() - 1.0).abs() < 1e-4);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct LayerNorm<T: Float = f32> {
    /// γ and β; `None` for a layer that only normalises.
    pub affine: Option<Affine<T>>,
    /// f.
    pub activation: Activation,
    shape: Vec<usize>,
    epsilon: f64,
}

impl<T: Float> LayerNorm<T> {
    /// Normalises over last axes of the given shape; no activation.
    ///
    /// # Panics
    /// Where there are no axes or one is empty.
    #[track_caller]
    pub fn new(shape: impl IntoDimension) -> Self {
        let shape = ndarray::Dimension::slice(&shape.into_dimension()).to_vec();
        assert!(
            !shape.is_empty() && !shape.contains(&0),
            "LayerNorm: the shape {shape:?} must have at least one axis, and none that is empty"
        );
        LayerNorm { affine: Some(Affine::new(&shape)), activation: Activation::Identity, shape, epsilon: 1e-5 }
    }

    /// The same layer without γ and β.
    pub fn without_affine(self) -> Self {
        LayerNorm { affine: None, ..self }
    }

    /// The same layer with γ but without β.
    pub fn without_bias(self) -> Self {
        LayerNorm { affine: self.affine.map(|affine| Affine { bias: None, ..affine }), ..self }
    }

    /// The same layer with an activation.
    pub fn activation(self, activation: Activation) -> Self {
        LayerNorm { activation, ..self }
    }

    /// The same layer with another ε.
    ///
    /// # Panics
    /// Where it is negative.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        assert!(epsilon >= 0.0, "LayerNorm: the epsilon must be at least 0, not {epsilon}");
        LayerNorm { epsilon, ..self }
    }
}

impl<T: Float> Layer<Tensor<T>> for LayerNorm<T> {
    type Output = Tensor<T>;

    /// y = f(γ (x − μ) / √(σ² + ε) + β).
    ///
    /// # Panics
    /// Where the last axes of `x` are not the layer's, or γ and β have not their shape.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let shape = &self.shape;
        assert!(x.shape().ends_with(shape), "LayerNorm: an input of shape {:?} does not end with {shape:?}", x.shape());
        let y = match &self.affine {
            Some(affine) => layer_norm(x, &affine.scale, &affine.shift(), self.epsilon),
            None => {
                let axes: Vec<isize> = (1..=shape.len() as isize).map(|i| -i).collect();
                x.standardise(&axes[..], self.epsilon)
            }
        };
        self.activation.forward(&y)
    }
}
