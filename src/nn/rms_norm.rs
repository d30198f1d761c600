//! [`RmsNorm`].

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::ops::layer_norm::rms_norm;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// Each vector to mean square 1, then scaled: y = γ x / √(mean x² + ε)
/// ([Zhang and Sennrich 2019](https://arxiv.org/abs/1910.07467)).
///
/// Shapes: x `[…, width]`, y as x, γ `[width]`. ε is 1e-5, as MLX's (PyTorch's is the type's machine epsilon).
///
/// ```
/// use sapwood::nn::RmsNorm;
/// use sapwood::prelude::*;
///
/// let layer: RmsNorm = RmsNorm::new(2).epsilon(0.0);
/// assert_eq!(layer.forward(&Tensor::from([[1.0, -7.0]])).to_vec(), [0.2, -1.4]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct RmsNorm<T: Float = f32> {
    /// γ, `[width]`.
    pub scale: Tensor<T>,
    epsilon: f64,
}

impl<T: Float> RmsNorm<T> {
    /// γ starts as ones.
    ///
    /// # Panics
    /// Where `width` is zero.
    #[track_caller]
    pub fn new(width: usize) -> Self {
        assert!(width > 0, "RmsNorm: the width must be at least 1");
        RmsNorm { scale: Tensor::ones(width), epsilon: 1e-5 }
    }

    /// The same layer with another ε.
    ///
    /// # Panics
    /// Where it is negative.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        assert!(epsilon >= 0.0, "RmsNorm: the epsilon must be at least 0, not {epsilon}");
        RmsNorm { epsilon, ..self }
    }
}

impl<T: Float> Layer<Tensor<T>> for RmsNorm<T> {
    type Output = Tensor<T>;

    /// y = γ x / √(mean x² + ε).
    ///
    /// # Panics
    /// Where the last axis of `x` is not as long as γ.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let width = self.scale.len();
        assert!(
            x.shape().last() == Some(&width),
            "RmsNorm: an input of shape {:?}, where the last axis must be {width} long",
            x.shape()
        );
        rms_norm(x, &self.scale, self.epsilon)
    }
}
