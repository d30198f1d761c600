//! [`Activation`].

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// An activation function by name: a part of a layer that files can hold and messages can show, and a layer itself.
///
/// Each is the method of [`Tensor`] of the same name, where its formula stands. Any other function is a layer too: see
/// [`chain!`](crate::chain).
///
/// ```
/// use sapwood::nn::Activation;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let model = chain![Dense::new(4, 8, &mut rng).activation(Activation::Relu), Dense::new(8, 2, &mut rng)];
/// let x: Tensor = Tensor::ones((1, 4));
/// let by_hand = model.layers.1.forward(&x.matmul(&model.layers.0.weight).relu());
/// assert_eq!(model.forward(&x), by_hand);
/// ```
#[derive(Params, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Activation {
    /// x itself.
    #[default]
    Identity,
    /// [`Tensor::relu`].
    Relu,
    /// [`Tensor::relu6`].
    Relu6,
    /// [`Tensor::leaky_relu`] of the given slope; 0.01 is usual.
    LeakyRelu(f64),
    /// [`Tensor::thresholded_relu`] of the given threshold; 1 is usual.
    ThresholdedRelu(f64),
    /// [`Tensor::elu`] of the given α; 1 is usual.
    Elu(f64),
    /// [`Tensor::celu`] of the given α; 1 is usual.
    Celu(f64),
    /// [`Tensor::selu`].
    Selu,
    /// [`Tensor::gelu`].
    Gelu,
    /// [`Tensor::gelu_tanh`].
    GeluTanh,
    /// [`Tensor::silu`], also known as swish.
    Silu,
    /// [`Tensor::mish`].
    Mish,
    /// [`Tensor::hard_swish`].
    HardSwish,
    /// [`Tensor::sigmoid`].
    Sigmoid,
    /// [`Tensor::log_sigmoid`].
    LogSigmoid,
    /// [`Tensor::hard_sigmoid`].
    HardSigmoid,
    /// [`Tensor::tanh`].
    Tanh,
    /// [`Tensor::hard_tanh`] from −1 to 1.
    HardTanh,
    /// [`Tensor::tanh_shrink`].
    TanhShrink,
    /// [`Tensor::soft_shrink`] by the given λ; ½ is usual.
    SoftShrink(f64),
    /// [`Tensor::hard_shrink`] of the given λ; ½ is usual.
    HardShrink(f64),
    /// [`Tensor::softplus`].
    Softplus,
    /// [`Tensor::softsign`].
    Softsign,
    /// [`Tensor::lisht`].
    Lisht,
    /// [`Tensor::log_cosh`].
    LogCosh,
}

impl Activation {
    /// Whether the operation before it, which can, is to make max(x, 0) along the way, and the function that is left to come after.
    pub(super) fn split_relu(self) -> (bool, Activation) {
        match self {
            Activation::Relu => (true, Activation::Identity),
            other => (false, other),
        }
    }
}

impl<T: Float> Layer<Tensor<T>> for Activation {
    type Output = Tensor<T>;

    /// The function of each element.
    #[inline(never)]
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        match *self {
            Activation::Identity => x.clone(),
            Activation::Relu => x.relu(),
            Activation::Relu6 => x.relu6(),
            Activation::LeakyRelu(slope) => x.leaky_relu(T::from_f64(slope)),
            Activation::ThresholdedRelu(theta) => x.thresholded_relu(T::from_f64(theta)),
            Activation::Elu(alpha) => x.elu(T::from_f64(alpha)),
            Activation::Celu(alpha) => x.celu(T::from_f64(alpha)),
            Activation::Selu => x.selu(),
            Activation::Gelu => x.gelu(),
            Activation::GeluTanh => x.gelu_tanh(),
            Activation::Silu => x.silu(),
            Activation::Mish => x.mish(),
            Activation::HardSwish => x.hard_swish(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::LogSigmoid => x.log_sigmoid(),
            Activation::HardSigmoid => x.hard_sigmoid(),
            Activation::Tanh => x.tanh(),
            Activation::HardTanh => x.hard_tanh(-T::one(), T::one()),
            Activation::TanhShrink => x.tanh_shrink(),
            Activation::SoftShrink(lambda) => x.soft_shrink(T::from_f64(lambda)),
            Activation::HardShrink(lambda) => x.hard_shrink(T::from_f64(lambda)),
            Activation::Softplus => x.softplus(),
            Activation::Softsign => x.softsign(),
            Activation::Lisht => x.lisht(),
            Activation::LogCosh => x.log_cosh(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::nn::{BatchNorm, GroupNorm, InstanceNorm, LayerNorm};
    use crate::prelude::*;

    #[test]
    fn the_activation_of_a_norm_comes_last() {
        let x = Tensor::<f64>::normal((3, 4, 10), 0.0, 1.0, &mut StdRng::seed_from_u64(1));
        for f in [Activation::Relu, Activation::Tanh] {
            macro_rules! comes_last {
                ($layer:expr) => {
                    for training in [true, false] {
                        let (mut plain, mut with) = ($layer, $layer.activation(f));
                        if training {
                            plain.train_mode();
                            with.train_mode();
                        }
                        assert_eq!(with.forward(&x), f.forward(&plain.forward(&x)), "{with:?}");
                    }
                };
            }
            comes_last!(BatchNorm::new(4));
            comes_last!(GroupNorm::new(2, 4));
            comes_last!(InstanceNorm::new(4));
            comes_last!(LayerNorm::new(10));
            comes_last!(LayerNorm::new(10).without_affine());
        }
    }
}
