//! [`ConvTranspose`].

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::conv::{check_groups, kernel_weight, within_groups};
use super::{Activation, Init, Layer};
use crate::ops::channels::shift_channels;
use crate::ops::{ConvOptions, PerAxis};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// A transposed convolution over one spatial axis.
pub type ConvTranspose1d<T = f32> = ConvTranspose<1, T>;
/// A transposed convolution over two spatial axes.
pub type ConvTranspose2d<T = f32> = ConvTranspose<2, T>;
/// A transposed convolution over three spatial axes.
pub type ConvTranspose3d<T = f32> = ConvTranspose<3, T>;

/// A transposed convolution over `D` spatial axes, which goes from the shapes of a [`Conv`](super::Conv)'s output to
/// those of its input: y = σ(wᵀ ⋆ x + b), with the activation σ.
///
/// Shapes: x `[batch, inputs, lengths…]`, y `[batch, outputs, lengths…]`, where a length becomes
/// (length − 1)·stride − padding + dilation·(kernel − 1) + 1 + output_padding, `weight`
/// `[inputs, outputs / groups, kernel…]`, `bias` `[outputs]`. Settings are one number for all axes or an array of one for
/// each: stride 1, padding 0, dilation 1, output padding 0 and one group where nothing else is said.
///
/// ```
/// use sapwood::nn::ConvTranspose2d;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let layer: ConvTranspose2d = ConvTranspose2d::new(8, 3, 4, &mut rng).stride(2).padding(1);
/// assert_eq!(output_shape(&layer, (1, 8, 16, 16)), [1, 3, 32, 32]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ConvTranspose<const D: usize, T: Float = f32> {
    /// w, `[inputs, outputs / groups, kernel…]`.
    pub weight: Tensor<T>,
    /// b, `[outputs]`; `None` for a layer without.
    pub bias: Option<Tensor<T>>,
    /// σ.
    pub activation: Activation,
    #[params(skip)]
    options: ConvOptions,
    #[params(skip)]
    output_padding: PerAxis<usize>,
}

impl<const D: usize, T: Float> ConvTranspose<D, T> {
    /// Weights by [`Init::GlorotUniform`], biases zero, no activation: Flux's defaults.
    ///
    /// # Panics
    /// Where `inputs`, `outputs` or a length of the kernel is zero, or the kernel has not `D` lengths.
    #[track_caller]
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: impl Into<PerAxis<usize>>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        const { assert!(1 <= D && D <= 3, "convolutions go over one to three axes") };
        let kernel = kernel.into().resolve("ConvTranspose", "the kernel", D);
        assert!(
            inputs > 0 && outputs > 0 && !kernel.contains(&0),
            "ConvTranspose: {inputs} inputs, {outputs} outputs and a kernel of {kernel:?}; none may be zero"
        );
        ConvTranspose {
            weight: kernel_weight(Init::GlorotUniform, &[&[inputs, outputs], &kernel[..]].concat(), rng),
            bias: Some(Tensor::zeros(outputs)),
            activation: Activation::Identity,
            options: ConvOptions::new(),
            output_padding: 0.into(),
        }
    }

    /// The same layer with other steps of the kernel over the output.
    ///
    /// # Panics
    /// Where one is zero, or there is not one for each axis.
    #[track_caller]
    pub fn stride(self, stride: impl Into<PerAxis<usize>>) -> Self {
        ConvTranspose { options: self.options.clone().stride(stride), ..self }.checked()
    }

    /// The same layer whose output loses a number of elements at either end, or a pair (before, after).
    ///
    /// # Panics
    /// Where there is not one for each axis.
    #[track_caller]
    pub fn padding(self, padding: impl Into<PerAxis<(usize, usize)>>) -> Self {
        ConvTranspose { options: self.options.clone().padding(padding), ..self }.checked()
    }

    /// The same layer whose output has more elements at its end; fewer than the stride or the dilation, which are set
    /// before.
    ///
    /// # Panics
    /// Where there is not one for each axis, or one is too large.
    #[track_caller]
    pub fn output_padding(self, output_padding: impl Into<PerAxis<usize>>) -> Self {
        ConvTranspose { output_padding: output_padding.into(), ..self }.checked()
    }

    /// The same layer with other steps between the elements under the kernel.
    ///
    /// # Panics
    /// Where one is zero, or there is not one for each axis.
    #[track_caller]
    pub fn dilation(self, dilation: impl Into<PerAxis<usize>>) -> Self {
        ConvTranspose { options: self.options.clone().dilation(dilation), ..self }.checked()
    }

    /// The same layer with its channels in groups, as [`Conv::groups`](super::Conv::groups).
    ///
    /// # Panics
    /// Where `groups` does not divide the inputs and the outputs, or was given before.
    #[track_caller]
    pub fn groups(self, groups: usize) -> Self {
        let (inputs, outputs) = (self.weight.shape()[0], self.weight.shape()[1]);
        check_groups("ConvTranspose", groups, inputs, outputs, &self.options);
        let weight = within_groups(&self.weight, groups);
        ConvTranspose { weight, options: self.options.groups(groups), ..self }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        ConvTranspose { bias: None, ..self }
    }

    /// The same layer with an activation.
    pub fn activation(self, activation: Activation) -> Self {
        ConvTranspose { activation, ..self }
    }

    /// The same layer with weights drawn anew.
    ///
    /// # Panics
    /// As [`Init::weight`].
    #[track_caller]
    pub fn init(self, init: Init, rng: &mut (impl Rng + ?Sized)) -> Self {
        ConvTranspose { weight: kernel_weight(init, self.weight.shape(), rng), ..self }
    }

    #[track_caller]
    fn checked(self) -> Self {
        self.options.check("ConvTranspose", D, false);
        let _ = self.options.output_padding("ConvTranspose", &self.output_padding, D);
        self
    }
}

impl<const D: usize, T: Float> Layer<Tensor<T>> for ConvTranspose<D, T> {
    type Output = Tensor<T>;

    /// y = σ(wᵀ ⋆ x + b).
    ///
    /// # Panics
    /// Where `x` has not `D` spatial axes and the layer's inputs, or the settings leave no output.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let y = x.conv_transpose(&self.weight, &self.options, self.output_padding.clone());
        self.activation.forward(&match &self.bias {
            Some(bias) => shift_channels(&y, bias),
            None => y,
        })
    }
}
