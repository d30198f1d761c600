//! [`GroupNorm`] and [`InstanceNorm`].

use serde::{Deserialize, Serialize};

use super::affine::Affine;
use super::{Activation, Layer};
use crate::ops::channels::normalise_channel_groups;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// Each group of channels of each observation to mean 0 and variance 1, then scaled and shifted a channel:
/// y = f(γ (x − μ) / √(σ² + ε) + β), with the activation f ([Wu and He 2018](https://arxiv.org/abs/1803.08494)).
///
/// Shapes: x `[batch, channels, …]`, y as x, γ and β `[channels]`. ε is 1e-5.
///
/// ```
/// use sapwood::nn::GroupNorm;
/// use sapwood::prelude::*;
///
/// let layer: GroupNorm = GroupNorm::new(2, 6);
/// assert_eq!(output_shape(&layer, (5, 6, 4, 4)), [5, 6, 4, 4]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct GroupNorm<T: Float = f32> {
    /// γ and β; `None` for a layer that only normalises.
    pub affine: Option<Affine<T>>,
    /// f.
    pub activation: Activation,
    groups: usize,
    channels: usize,
    epsilon: f64,
}

impl<T: Float> GroupNorm<T> {
    /// `groups` groups of neighbouring channels; no activation.
    ///
    /// # Panics
    /// Where there is no group, or they do not divide the channels.
    #[track_caller]
    pub fn new(groups: usize, channels: usize) -> Self {
        assert!(
            groups > 0 && channels > 0 && channels.is_multiple_of(groups),
            "GroupNorm: {groups} groups do not divide {channels} channels"
        );
        let (affine, activation) = (Some(Affine::new(&[channels])), Activation::Identity);
        GroupNorm { affine, activation, groups, channels, epsilon: 1e-5 }
    }

    /// The same layer without γ and β.
    pub fn without_affine(self) -> Self {
        GroupNorm { affine: None, ..self }
    }

    /// The same layer with an activation.
    pub fn activation(self, activation: Activation) -> Self {
        GroupNorm { activation, ..self }
    }

    /// The same layer with another ε.
    ///
    /// # Panics
    /// Where it is negative.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        assert!(epsilon >= 0.0, "GroupNorm: the epsilon must be at least 0, not {epsilon}");
        GroupNorm { epsilon, ..self }
    }
}

impl<T: Float> Layer<Tensor<T>> for GroupNorm<T> {
    type Output = Tensor<T>;

    /// y = f(γ (x − μ) / √(σ² + ε) + β).
    ///
    /// # Panics
    /// Where the second axis of `x` has not `channels` elements, or γ or β has another number of them.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        check_channels("GroupNorm", x.shape(), self.channels, self.affine.as_ref());
        let affine = self.affine.as_ref().map(Affine::tensors);
        let (rectified, rest) = self.activation.split_relu();
        rest.forward(&normalise_channel_groups(x, self.groups, affine, self.epsilon, rectified))
    }
}

/// Each channel of each observation to mean 0 and variance 1: a [`GroupNorm`] with one channel a group
/// ([Ulyanov et al. 2016](https://arxiv.org/abs/1607.08022)).
///
/// Shapes: x `[batch, channels, …]`, y as x. There is nothing to learn, as in PyTorch's default;
/// [`with_affine`](Self::with_affine) adds γ and β. ε is 1e-5.
///
/// ```
/// use sapwood::nn::InstanceNorm;
/// use sapwood::prelude::*;
///
/// let layer: InstanceNorm = InstanceNorm::new(3).with_affine();
/// assert_eq!(output_shape(&layer, (5, 3, 4)), [5, 3, 4]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct InstanceNorm<T: Float = f32> {
    /// γ and β, `[channels]`.
    pub affine: Option<Affine<T>>,
    /// f, as of [`GroupNorm`].
    pub activation: Activation,
    channels: usize,
    epsilon: f64,
}

impl<T: Float> InstanceNorm<T> {
    /// Normalises each of `channels` channels; no activation.
    ///
    /// # Panics
    /// Where there are no channels.
    #[track_caller]
    pub fn new(channels: usize) -> Self {
        assert!(channels > 0, "InstanceNorm: there must be at least one channel");
        InstanceNorm { affine: None, activation: Activation::Identity, channels, epsilon: 1e-5 }
    }

    /// The same layer with γ and β.
    pub fn with_affine(self) -> Self {
        InstanceNorm { affine: Some(Affine::new(&[self.channels])), ..self }
    }

    /// The same layer with an activation.
    pub fn activation(self, activation: Activation) -> Self {
        InstanceNorm { activation, ..self }
    }

    /// The same layer with another ε.
    ///
    /// # Panics
    /// Where it is negative.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        assert!(epsilon >= 0.0, "InstanceNorm: the epsilon must be at least 0, not {epsilon}");
        InstanceNorm { epsilon, ..self }
    }
}

impl<T: Float> Layer<Tensor<T>> for InstanceNorm<T> {
    type Output = Tensor<T>;

    /// y = f(γ (x − μ) / √(σ² + ε) + β).
    ///
    /// # Panics
    /// Where the second axis of `x` has not `channels` elements, or γ or β has another number of them.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        check_channels("InstanceNorm", x.shape(), self.channels, self.affine.as_ref());
        let affine = self.affine.as_ref().map(Affine::tensors);
        let (rectified, rest) = self.activation.split_relu();
        rest.forward(&normalise_channel_groups(x, self.channels, affine, self.epsilon, rectified))
    }
}

#[track_caller]
pub(super) fn check_channels<T: Float>(layer: &str, shape: &[usize], channels: usize, affine: Option<&Affine<T>>) {
    assert!(
        shape.len() >= 2 && shape[1] == channels,
        "{layer}: an input of shape {shape:?}, where [batch, {channels}, …] is needed"
    );
    if let Some(Affine { scale, bias }) = affine {
        let (scale, shift) = (scale.shape(), bias.as_ref().unwrap_or(scale).shape());
        assert!(
            scale == [channels] && shift == [channels],
            "{layer}: factors of shape {scale:?} and offsets of shape {shift:?} are not for {channels} channels"
        );
    }
}
