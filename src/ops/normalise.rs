//! Normalisation to mean 0 and variance 1, and to unit mean square.

use super::axes::{IntoAxes, Keep};
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// (x − μ) / √(σ² + ε), with the mean μ and the variance σ² (of n, not n − 1) along some axes together: the heart of
    /// batch, layer, instance and group normalisation.
    ///
    /// Derivative: x̄ = (ȳ − mean(ȳ) − y mean(ȳ y)) / √(σ² + ε).
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice, or `epsilon` is negative.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 3.0], [2.0, 2.0]]);
    /// assert_eq!(x.standardise(1, 0.0).slice(s![0, ..]).to_vec(), [-1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn standardise(&self, axes: impl IntoAxes, epsilon: f64) -> Tensor<T> {
        assert!(epsilon >= 0.0, "standardise: the epsilon {epsilon} is negative");
        let axes = Keep(axes).into_axes();
        let centred = self - self.mean_axis(axes.clone());
        let variance = centred.square().mean_axis(axes);
        centred * (variance + T::from_f64(epsilon)).rsqrt()
    }

    /// x / √(mean x² + ε), with the mean along some axes together
    /// ([Zhang and Sennrich 2019](https://arxiv.org/abs/1910.07467)).
    ///
    /// Derivative: x̄ = (ȳ − y mean(ȳ y)) / √(mean x² + ε).
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice, or `epsilon` is negative.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, -7.0]);
    /// assert_eq!(x.rms_normalise(0, 0.0).to_vec(), [0.2, -1.4]);
    /// ```
    #[track_caller]
    pub fn rms_normalise(&self, axes: impl IntoAxes, epsilon: f64) -> Tensor<T> {
        assert!(epsilon >= 0.0, "rms_normalise: the epsilon {epsilon} is negative");
        let square = self.square().mean_axis(Keep(axes));
        self * (square + T::from_f64(epsilon)).rsqrt()
    }
}
