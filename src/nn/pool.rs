//! [`MaxPool`], [`MeanPool`] and [`LpPool`].

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::ops::{PerAxis, Window};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// The settings that all three share.
macro_rules! window_settings {
    ($Pool:ident) => {
        impl $Pool {
            /// The same layer with other steps from window to window; they are the window's size where nothing is said.
            ///
            /// # Panics
            /// Where one is zero, or there are other numbers of axes than the size has.
            #[track_caller]
            pub fn stride(mut self, stride: impl Into<PerAxis<usize>>) -> Self {
                self.window = self.window.stride(stride);
                self
            }

            /// The same layer with windows that reach beyond the input, by at most half of what they reach over; the
            /// dilation is set before.
            ///
            /// # Panics
            /// Where it is more, or there are other numbers of axes than the size has.
            #[track_caller]
            pub fn padding(mut self, padding: impl Into<PerAxis<usize>>) -> Self {
                self.window = self.window.padding(padding);
                self
            }

            /// The same layer with other steps between the elements of a window.
            ///
            /// # Panics
            /// Where one is zero, or there are other numbers of axes than the size has.
            #[track_caller]
            pub fn dilation(mut self, dilation: impl Into<PerAxis<usize>>) -> Self {
                self.window = self.window.dilation(dilation);
                self
            }

            /// The same layer with one more window, cut off, where the others leave elements over
            /// ([`Window::ceil_mode`]).
            pub fn ceil_mode(mut self) -> Self {
                self.window = self.window.ceil_mode();
                self
            }
        }
    };
}

/// The largest element of every window: [`Tensor::max_pool`].
///
/// Shapes, with one to three spatial axes: x `[batch, channels, lengths…]`, y `[batch, channels,
/// ⌊(length + 2·padding − dilation·(size − 1) − 1) / stride⌋ + 1 …]`, rounded up in [`ceil_mode`](Self::ceil_mode).
/// Settings are one number for all axes or an array of one for each.
///
/// ```
/// use sapwood::nn::MaxPool;
/// use sapwood::prelude::*;
///
/// let layer = MaxPool::new(3).stride(2).padding(1);
/// assert_eq!(layer.forward(&Tensor::<f32>::zeros((1, 4, 8, 8))).shape(), [1, 4, 4, 4]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaxPool {
    #[params(skip)]
    window: Window,
}

impl MaxPool {
    /// Windows of the given size, one next to the other.
    ///
    /// # Panics
    /// Where a size is zero.
    #[track_caller]
    pub fn new(size: impl Into<PerAxis<usize>>) -> Self {
        MaxPool { window: Window::new(size) }
    }
}

window_settings!(MaxPool);

impl<T: Float> Layer<Tensor<T>> for MaxPool {
    type Output = Tensor<T>;

    /// The largest elements.
    ///
    /// # Panics
    /// As [`Tensor::max_pool`].
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.max_pool(&self.window)
    }
}

/// The mean of every window: [`Tensor::mean_pool`]. Padding counts as zeros unless
/// [`without_padding`](Self::without_padding) is asked for, as in PyTorch.
///
/// Shapes as for [`MaxPool`].
///
/// ```
/// use sapwood::nn::MeanPool;
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::from([[[1.0, 3.0, 5.0, 7.0]]]);
/// assert_eq!(MeanPool::new(2).forward(&x).to_vec(), [2.0, 6.0]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanPool {
    #[params(skip)]
    window: Window,
    include_padding: bool,
}

impl MeanPool {
    /// Windows of the given size, one next to the other.
    ///
    /// # Panics
    /// Where a size is zero.
    #[track_caller]
    pub fn new(size: impl Into<PerAxis<usize>>) -> Self {
        MeanPool { window: Window::new(size), include_padding: true }
    }

    /// The same layer that divides by the number of elements that a window holds, without padding.
    pub fn without_padding(self) -> Self {
        MeanPool { include_padding: false, ..self }
    }
}

window_settings!(MeanPool);

impl<T: Float> Layer<Tensor<T>> for MeanPool {
    type Output = Tensor<T>;

    /// The means.
    ///
    /// # Panics
    /// As [`Tensor::mean_pool`].
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.mean_pool(&self.window, self.include_padding)
    }
}

/// The norm (Σ|x|ᵖ)^(1/p) of every window: [`Tensor::lp_pool`].
///
/// Shapes as for [`MaxPool`].
///
/// ```
/// use sapwood::nn::LpPool;
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::from([[[3.0, 4.0, 0.0, 2.0]]]);
/// assert_eq!(LpPool::new(2.0, 2).forward(&x).to_vec(), [5.0, 2.0]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LpPool {
    power: f64,
    #[params(skip)]
    window: Window,
}

impl LpPool {
    /// Norms of power p over windows of the given size, one next to the other.
    ///
    /// # Panics
    /// Where a size is zero, or p is less than 1 or not finite.
    #[track_caller]
    pub fn new(p: f64, size: impl Into<PerAxis<usize>>) -> Self {
        assert!(p >= 1.0 && p.is_finite(), "LpPool: the power {p} must be finite and at least 1");
        LpPool { power: p, window: Window::new(size) }
    }
}

window_settings!(LpPool);

impl<T: Float> Layer<Tensor<T>> for LpPool {
    type Output = Tensor<T>;

    /// The norms.
    ///
    /// # Panics
    /// As [`Tensor::lp_pool`].
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.lp_pool(self.power, &self.window)
    }
}
