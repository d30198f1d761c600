//! [`AdaptiveMaxPool`], [`AdaptiveMeanPool`], [`GlobalMaxPool`] and [`GlobalMeanPool`].

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::ops::PerAxis;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

macro_rules! pool {
    ($(#[$doc:meta])* $Pool:ident, $global:literal, $Global:ident, $adaptive:ident) => {
        $(#[$doc])*
        #[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct $Pool {
            #[params(skip)]
            outputs: PerAxis<usize>,
        }

        impl $Pool {
            /// Outputs of the given lengths.
            ///
            /// # Panics
            /// Where one is zero.
            #[track_caller]
            pub fn new(outputs: impl Into<PerAxis<usize>>) -> Self {
                let outputs = outputs.into();
                assert!(
                    !outputs.values().contains(&0),
                    concat!(stringify!($Pool), ": the lengths of the output, {:?}, must not be zero"),
                    outputs.values()
                );
                $Pool { outputs }
            }
        }

        impl<T: Float> Layer<Tensor<T>> for $Pool {
            type Output = Tensor<T>;

            /// The pooled windows.
            ///
            /// # Panics
            /// Where `x` has not as many spatial axes as the output has lengths, or one is empty.
            #[track_caller]
            fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
                x.$adaptive(self.outputs.clone())
            }
        }

        #[doc = $global]
        ///
        /// Shapes: x `[batch, channels, lengths…]`, with one to three spatial axes, y `[batch, channels, 1 …]`.
        #[derive(Params, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $Global;

        impl<T: Float> Layer<Tensor<T>> for $Global {
            type Output = Tensor<T>;

            /// The pooled channels.
            ///
            /// # Panics
            /// Where `x` has not one to three spatial axes, or one is empty.
            #[track_caller]
            fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
                x.$adaptive(1)
            }
        }
    };
}

pool!(
    /// The largest element of windows that share the input out to an output of given lengths:
    /// [`Tensor::adaptive_max_pool`].
    ///
    /// Shapes: x `[batch, channels, lengths…]`, with one to three spatial axes, y `[batch, channels, outputs…]`.
    ///
    /// ```
    /// use sapwood::nn::AdaptiveMaxPool;
    /// use sapwood::prelude::*;
    ///
    /// assert_eq!(AdaptiveMaxPool::new([2, 3]).forward(&Tensor::<f32>::zeros((1, 4, 7, 7))).shape(), [1, 4, 2, 3]);
    /// ```
    AdaptiveMaxPool,
    "The largest element of each channel.",
    GlobalMaxPool,
    adaptive_max_pool
);

pool!(
    /// The mean of windows that share the input out to an output of given lengths: [`Tensor::adaptive_mean_pool`].
    ///
    /// Shapes: x `[batch, channels, lengths…]`, with one to three spatial axes, y `[batch, channels, outputs…]`.
    ///
    /// ```
    /// use sapwood::nn::{AdaptiveMeanPool, GlobalMeanPool};
    /// use sapwood::prelude::*;
    ///
    /// let x: Tensor = Tensor::from([[[1.0, 3.0, 5.0, 7.0]]]);
    /// assert_eq!(AdaptiveMeanPool::new(2).forward(&x).to_vec(), [2.0, 6.0]);
    /// assert_eq!(GlobalMeanPool.forward(&x).to_vec(), [4.0]);
    /// ```
    AdaptiveMeanPool,
    "The mean of each channel.",
    GlobalMeanPool,
    adaptive_mean_pool
);
