//! [`Conv`].

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Activation, Init, Layer};
use crate::ops::{ConvOptions, PerAxis, conv_with_bias};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// A convolution over one spatial axis.
pub type Conv1d<T = f32> = Conv<1, T>;
/// A convolution over two spatial axes.
pub type Conv2d<T = f32> = Conv<2, T>;
/// A convolution over three spatial axes.
pub type Conv3d<T = f32> = Conv<3, T>;

/// A convolution over `D` spatial axes: y = σ(w ⋆ x + b), with the activation σ; the kernel is not turned round
/// (PyTorch's `Conv`, Flux's `CrossCor`).
///
/// Shapes: x `[batch, inputs, lengths…]`, y `[batch, outputs, lengths…]`, where a length becomes
/// ⌊(length + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1, `weight` `[outputs, inputs / groups, kernel…]`, `bias`
/// `[outputs]`. Settings are one number for all axes or an array of one for each: stride 1, padding 0, dilation 1 and
/// one group where nothing else is said.
///
/// ```
/// use sapwood::nn::{Conv2d, Same};
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let layer: Conv2d = Conv2d::new(3, 8, 5, &mut rng).stride(2).padding(2);
/// assert_eq!(output_shape(&layer, (1, 3, 32, 32)), [1, 8, 16, 16]);
/// let layer: Conv2d = Conv2d::new(8, 8, [3, 1], &mut rng).dilation([2, 1]).groups(8).padding(Same);
/// assert_eq!(output_shape(&layer, (1, 8, 16, 16)), [1, 8, 16, 16]);
/// assert_eq!(layer.num_parameters(), 8 * 3 + 8);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Conv<const D: usize, T: Float = f32> {
    /// w, `[outputs, inputs / groups, kernel…]`.
    pub weight: Tensor<T>,
    /// b, `[outputs]`; `None` for a layer without.
    pub bias: Option<Tensor<T>>,
    /// σ.
    pub activation: Activation,
    #[params(skip)]
    options: ConvOptions,
    same: bool,
}

/// As much padding as keeps the lengths, one more after than before where the number is odd: for
/// [`padding`](Conv::padding) at stride 1.
#[derive(Clone, Copy, Debug)]
pub struct Same;

/// What [`Conv::padding`] takes: zeros at either end, pairs (before, after), or [`Same`].
#[derive(Clone, Debug)]
pub enum Padding {
    /// Given numbers.
    Given(PerAxis<(usize, usize)>),
    /// Whatever keeps the lengths.
    Same,
}

impl From<Same> for Padding {
    fn from(_: Same) -> Self {
        Padding::Same
    }
}

impl<P: Into<PerAxis<(usize, usize)>>> From<P> for Padding {
    fn from(given: P) -> Self {
        Padding::Given(given.into())
    }
}

impl<const D: usize, T: Float> Conv<D, T> {
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
        let kernel = kernel.into().resolve("Conv", "the kernel", D);
        assert!(
            inputs > 0 && outputs > 0 && !kernel.contains(&0),
            "Conv: {inputs} inputs, {outputs} outputs and a kernel of {kernel:?}; none may be zero"
        );
        let weight = kernel_weight(Init::GlorotUniform, &[&[outputs, inputs], &kernel[..]].concat(), rng);
        let (bias, activation) = (Some(Tensor::zeros(outputs)), Activation::Identity);
        Conv { weight, bias, activation, options: ConvOptions::new(), same: false }
    }

    /// The same layer with other steps of the kernel over the input.
    ///
    /// # Panics
    /// Where one is zero, there is not one for each axis, or one is not 1 and the padding [`Same`].
    #[track_caller]
    pub fn stride(self, stride: impl Into<PerAxis<usize>>) -> Self {
        Conv { options: self.options.clone().stride(stride), ..self }.checked()
    }

    /// The same layer with zeros around its input: a number at either end, a pair (before, after), or [`Same`].
    ///
    /// # Panics
    /// Where there is not one for each axis, or it is [`Same`] and the stride not 1.
    #[track_caller]
    pub fn padding(self, padding: impl Into<Padding>) -> Self {
        match padding.into() {
            Padding::Given(padding) => Conv { options: self.options.clone().padding(padding), same: false, ..self },
            Padding::Same => Conv { same: true, ..self },
        }
        .checked()
    }

    /// The same layer with other steps between the elements under the kernel.
    ///
    /// # Panics
    /// Where one is zero, or there is not one for each axis.
    #[track_caller]
    pub fn dilation(self, dilation: impl Into<PerAxis<usize>>) -> Self {
        Conv { options: self.options.clone().dilation(dilation), ..self }.checked()
    }

    /// The same layer with its channels in groups that see nothing of each other: `groups(inputs)` is a depthwise
    /// convolution. Of the weights that [`new`](Self::new) drew, those within a group are kept, scaled as
    /// [`Init::GlorotUniform`] asks for them; [`init`](Self::init) comes after this.
    ///
    /// # Panics
    /// Where `groups` does not divide the inputs and the outputs, or was given before.
    #[track_caller]
    pub fn groups(self, groups: usize) -> Self {
        let (outputs, inputs) = (self.weight.shape()[0], self.weight.shape()[1]);
        check_groups("Conv", groups, inputs, outputs, &self.options);
        let weight = within_groups(&self.weight, groups);
        Conv { weight, options: self.options.groups(groups), ..self }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        Conv { bias: None, ..self }
    }

    /// The same layer with an activation.
    pub fn activation(self, activation: Activation) -> Self {
        Conv { activation, ..self }
    }

    /// The same layer with weights drawn anew.
    ///
    /// # Panics
    /// As [`Init::weight`].
    #[track_caller]
    pub fn init(self, init: Init, rng: &mut (impl Rng + ?Sized)) -> Self {
        Conv { weight: kernel_weight(init, self.weight.shape(), rng), ..self }
    }

    /// What the operation takes: the padding that keeps the lengths is given in numbers.
    fn options(&self) -> ConvOptions {
        if self.same { self.options.clone().same(&self.weight.shape()[2..]) } else { self.options.clone() }
    }

    #[track_caller]
    fn checked(self) -> Self {
        self.options.check("Conv", D, self.same);
        self
    }
}

impl<const D: usize, T: Float> Layer<Tensor<T>> for Conv<D, T> {
    type Output = Tensor<T>;

    /// y = σ(w ⋆ x + b).
    ///
    /// # Panics
    /// Where `x` has not `D` spatial axes and the layer's inputs, the kernel is larger than the padded input, or the bias has
    /// not a number for each output.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let y = match &self.bias {
            Some(bias) => conv_with_bias(x, &self.weight, bias, &self.options()),
            None => x.conv(&self.weight, &self.options()),
        };
        self.activation.forward(&y)
    }
}

/// A weight `[first, second, kernel…]` whose outputs are each made of second · kernel inputs.
#[track_caller]
pub(super) fn kernel_weight<T: Float>(init: Init, shape: &[usize], rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
    let kernel: usize = shape[2..].iter().product();
    init.weight(shape, shape[1] * kernel, shape[0] * kernel, rng)
}

#[track_caller]
pub(super) fn check_groups(layer: &str, groups: usize, inputs: usize, outputs: usize, options: &ConvOptions) {
    assert!(!options.is_grouped(), "{layer}: groups are given twice");
    assert!(
        groups > 0 && inputs.is_multiple_of(groups) && outputs.is_multiple_of(groups),
        "{layer}: {groups} groups do not divide {inputs} inputs and {outputs} outputs"
    );
}

/// Of a weight `[first, second, kernel…]` in one group, `[first, second / groups, kernel…]`, with Glorot's variance.
pub(super) fn within_groups<T: Float>(weight: &Tensor<T>, groups: usize) -> Tensor<T> {
    let (first, second) = (weight.shape()[0], weight.shape()[1]);
    let scale = (first + second) as f64 / (first + second / groups) as f64;
    weight.slice(ndarray::s![.., ..second / groups]) * T::from_f64(scale.sqrt())
}

#[cfg(test)]
mod tests {
    use crate::nn::{Conv1d, Conv2d, Same};
    use crate::prelude::*;

    #[test]
    fn weights_keep_to_the_limit_of_their_group() {
        let mut rng = StdRng::seed_from_u64(0);
        let layer: Conv2d<f64> = Conv2d::new(64, 32, 3, &mut rng).groups(4);
        assert_eq!(layer.weight.shape(), [32, 16, 3, 3]);
        // √(6 / (n_in + n_out)) with 16·9 inputs and, as Flux counts them, 32·9 outputs.
        let (limit, largest) = ((6.0f64 / (48.0 * 9.0)).sqrt(), layer.weight.abs().max().item());
        assert!(largest <= limit && largest > 0.99 * limit);
    }

    #[test]
    fn the_same_padding_is_longer_behind() {
        let layer: Conv1d = Conv1d::new(1, 1, 4, &mut StdRng::seed_from_u64(0)).padding(Same);
        let padded = layer.clone().padding((1, 2));
        let x = Tensor::arange(6).reshape((1, 1, 6));
        assert_eq!(layer.forward(&x), padded.forward(&x));
        assert_eq!(output_shape(&layer.dilation(3), (1, 1, 6)), [1, 1, 6]);
    }

    #[test]
    #[should_panic(expected = "Conv: 3 groups do not divide 4 inputs and 6 outputs")]
    fn groups_divide_the_channels() {
        let _: Conv1d = Conv1d::new(4, 6, 3, &mut StdRng::seed_from_u64(0)).groups(3);
    }

    #[test]
    #[should_panic(expected = "Conv: padding that keeps the lengths needs a stride of 1, not [2]")]
    fn the_same_lengths_need_a_stride_of_one() {
        let _: Conv1d = Conv1d::new(4, 6, 3, &mut StdRng::seed_from_u64(0)).padding(Same).stride(2);
    }

    #[test]
    #[should_panic(expected = "Conv: the kernel is given for 3 axes, but there are 2 spatial axes")]
    fn a_kernel_has_as_many_axes() {
        let _: Conv2d = Conv2d::new(4, 6, [3, 3, 3], &mut StdRng::seed_from_u64(0));
    }
}
