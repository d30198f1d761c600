//! [`WeightNorm`], [`SpectralNorm`], and [`Weighted`], the layers they work on.

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Bilinear, Conv, ConvTranspose, Dense, Layer};
use crate::ops::Keep;
use crate::params::{Buffer, Mode, Params};
use crate::tensor::{Float, Tensor};

/// A layer with a weight that [`WeightNorm`] and [`SpectralNorm`] can replace.
pub trait Weighted<T: Float>: Sized {
    /// Which axis of the weight holds the layer's outputs.
    const OUTPUTS: usize;

    /// The weight.
    fn weight(&self) -> &Tensor<T>;

    /// The same layer with another weight.
    fn with_weight(&self, weight: Tensor<T>) -> Self;
}

macro_rules! weighted {
    ({$($generics:tt)*} $Layer:ty, $outputs:literal) => {
        impl<$($generics)*> Weighted<T> for $Layer {
            const OUTPUTS: usize = $outputs;

            fn weight(&self) -> &Tensor<T> {
                &self.weight
            }

            fn with_weight(&self, weight: Tensor<T>) -> Self {
                let mut layer = self.clone();
                layer.weight = weight;
                layer
            }
        }
    };
}

weighted!({T: Float} Dense<T>, 1);
weighted!({T: Float} Bilinear<T>, 0);
weighted!({const D: usize, T: Float} Conv<D, T>, 0);
// The outputs of a group, where there are several.
weighted!({const D: usize, T: Float} ConvTranspose<D, T>, 1);

/// A layer whose weight is learnt as length and direction: W = g v / ‖v‖ for each output
/// ([Salimans and Kingma 2016](https://arxiv.org/abs/1602.07868)).
///
/// v stands in the layer's own weight, g has a number for each output. At first W is the layer's weight.
///
/// ```
/// use sapwood::nn::WeightNorm;
/// use sapwood::prelude::*;
///
/// let dense: Dense = Dense::new(3, 2, &mut StdRng::seed_from_u64(0));
/// let x = Tensor::ones((1, 3));
/// let layer = WeightNorm::new(dense.clone());
/// assert!((layer.forward(&x) - dense.forward(&x)).abs().max().item() < 1e-6);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "L: Serialize", deserialize = "L: Deserialize<'de>"))]
pub struct WeightNorm<L, T: Float = f32> {
    /// The layer, with the directions v as its weight.
    pub layer: L,
    /// g, as long as the weight's axis of outputs; the other axes have length one.
    pub magnitude: Tensor<T>,
}

impl<T: Float, L: Weighted<T>> WeightNorm<L, T> {
    /// Length and direction of the layer's weight.
    pub fn new(layer: L) -> Self {
        WeightNorm { magnitude: lengths(&layer), layer }
    }
}

/// The norm of the weights of each output.
fn lengths<T: Float, L: Weighted<T>>(layer: &L) -> Tensor<T> {
    let axes: Vec<usize> = (0..layer.weight().rank()).filter(|&axis| axis != L::OUTPUTS).collect();
    layer.weight().norm_axis(Keep(&axes[..]))
}

impl<T: Float, L: Weighted<T> + Layer<X>, X> Layer<X> for WeightNorm<L, T> {
    type Output = L::Output;

    #[track_caller]
    fn forward(&self, x: &X) -> L::Output {
        let weight = self.layer.weight() * (&self.magnitude / lengths(&self.layer));
        self.layer.with_weight(weight).forward(x)
    }
}

/// A layer whose weight, as a matrix with an output a row, is divided by its largest singular value
/// ([Miyato et al. 2018](https://arxiv.org/abs/1802.05957)).
///
/// The singular value is σ = uᵀ W v, where u and v come from one step of power iteration on each call in training; they
/// are constants for the gradient, as in the paper. So second derivatives leave out how u and v turn with W, and finite
/// differences of them differ. u is a [`Buffer`]: checkpoints hold it.
///
/// ```
/// use sapwood::nn::SpectralNorm;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let dense: Dense = Dense::new(2, 2, &mut rng).init(sapwood::nn::Init::Identity(5.0), &mut rng);
/// let layer = SpectralNorm::new(dense, &mut rng);
/// let y = layer.forward(&Tensor::from([[3.0, 4.0]]));
/// assert!((y.norm().item() - 5.0).abs() < 1e-5);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "L: Serialize", deserialize = "L: Deserialize<'de>"))]
pub struct SpectralNorm<L, T: Float = f32> {
    /// The layer.
    pub layer: L,
    left: Buffer<Tensor<T>>,
    mode: Mode,
}

/// Steps of power iteration when the layer is made, as PyTorch's.
const FIRST_STEPS: usize = 15;

impl<T: Float, L: Weighted<T>> SpectralNorm<L, T> {
    /// Starts from a random u, and 15 steps of power iteration.
    pub fn new(layer: L, rng: &mut (impl Rng + ?Sized)) -> Self {
        let rows = matrix(&layer);
        let mut left = unit(Tensor::normal(rows.shape()[0], T::zero(), T::one(), rng));
        for _ in 0..FIRST_STEPS {
            left = unit(rows.matmul(&unit(left.matmul(&rows))));
        }
        SpectralNorm { layer, left: Buffer::new(left), mode: Mode::Auto }
    }
}

/// The weight as a matrix with an output a row.
fn matrix<T: Float, L: Weighted<T>>(layer: &L) -> Tensor<T> {
    let weight = layer.weight().swap_axes(0, L::OUTPUTS);
    let outputs = weight.shape()[0];
    weight.reshape((outputs, weight.len() / outputs.max(1)))
}

/// x / ‖x‖, and 0 for 0.
fn unit<T: Float>(x: Tensor<T>) -> Tensor<T> {
    let norm = x.norm().maximum(T::min_positive_value());
    x / norm
}

impl<T: Float, L: Weighted<T> + Layer<Tensor<T>>> Layer<Tensor<T>> for SpectralNorm<L, T> {
    type Output = L::Output;

    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> L::Output {
        let rows = matrix(&self.layer);
        let constant = rows.stop_gradient();
        let left = self.left.update(|left| {
            if self.mode.is_training(x) {
                *left = unit(constant.matmul(&unit(left.matmul(&constant))));
            }
            left.clone()
        });
        let right = unit(left.matmul(&constant));
        let largest = left.matmul(&rows.matmul(&right));
        self.layer.with_weight(self.layer.weight() / largest).forward(x)
    }
}
