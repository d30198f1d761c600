//! [`Upsample`] and [`PixelShuffle`].

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::ops::{Interpolation, PerAxis};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// The input at a multiple of its resolution: [`Tensor::interpolate`].
///
/// Shapes: x `[batch, channels, lengths…]`, with one to three spatial axes, y `[batch, channels, lengths·factor…]`.
///
/// ```
/// use sapwood::nn::Upsample;
/// use sapwood::ops::Interpolation;
/// use sapwood::prelude::*;
///
/// let layer = Upsample::new(2, Interpolation::Linear { align_corners: false });
/// assert_eq!(layer.forward(&Tensor::<f32>::zeros((1, 4, 7, 5))).shape(), [1, 4, 14, 10]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upsample {
    #[params(skip)]
    factor: PerAxis<usize>,
    #[params(skip)]
    interpolation: Interpolation,
}

impl Upsample {
    /// A factor for all axes, or one for each.
    ///
    /// # Panics
    /// Where one is zero.
    #[track_caller]
    pub fn new(factor: impl Into<PerAxis<usize>>, interpolation: Interpolation) -> Self {
        let factor = factor.into();
        assert!(!factor.values().contains(&0), "Upsample: the factor {:?} must not be zero", factor.values());
        Upsample { factor, interpolation }
    }
}

impl<T: Float> Layer<Tensor<T>> for Upsample {
    type Output = Tensor<T>;

    /// The input at the new resolution.
    ///
    /// # Panics
    /// As [`Tensor::interpolate`].
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let lengths = x.shape().get(2..).unwrap_or_default();
        let factors = self.factor.resolve("Upsample", "the factor", lengths.len());
        let lengths: Vec<usize> = lengths.iter().zip(factors).map(|(length, factor)| length * factor).collect();
        x.interpolate(&lengths[..], self.interpolation)
    }
}

/// Channels turned to space: [`Tensor::pixel_shuffle`].
///
/// Shapes: x `[batch, channels·factorᵈ, lengths…]`, with d = one to three spatial axes, y `[batch, channels,
/// lengths·factor…]`.
///
/// ```
/// use sapwood::nn::PixelShuffle;
/// use sapwood::prelude::*;
///
/// assert_eq!(PixelShuffle::new(2).forward(&Tensor::<f32>::zeros((1, 12, 4, 5))).shape(), [1, 3, 8, 10]);
/// ```
#[derive(Params, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelShuffle {
    factor: usize,
}

impl PixelShuffle {
    /// # Panics
    /// Where the factor is zero.
    #[track_caller]
    pub fn new(factor: usize) -> Self {
        assert!(factor > 0, "PixelShuffle: the factor must not be zero");
        PixelShuffle { factor }
    }
}

impl<T: Float> Layer<Tensor<T>> for PixelShuffle {
    type Output = Tensor<T>;

    /// The channels as space.
    ///
    /// # Panics
    /// As [`Tensor::pixel_shuffle`].
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.pixel_shuffle(self.factor)
    }
}
