//! Convolution, its transpose, and the gradient to its weight: three operations that are each other's pullbacks.

use serde::{Deserialize, Serialize};

use super::per_axis::PerAxis;
use crate::autodiff::binary;
use crate::kernels::conv::{self, Geometry};
use crate::tensor::{Float, Shape, Tensor};

/// How a convolution goes over its input: stride 1, no padding, dilation 1 and one group where nothing else is said.
///
/// ```
/// use sapwood::ops::ConvOptions;
/// use sapwood::prelude::*;
///
/// let (x, w): (Tensor, Tensor) = (Tensor::ones((1, 4, 9, 9)), Tensor::ones((6, 2, 3, 3)));
/// let y = x.conv(&w, &ConvOptions::new().stride(2).padding([(1, 1), (0, 1)]).groups(2));
/// assert_eq!(y.shape(), [1, 6, 5, 4]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConvOptions {
    stride: PerAxis<usize>,
    padding: PerAxis<(usize, usize)>,
    dilation: PerAxis<usize>,
    groups: usize,
}

impl Default for ConvOptions {
    fn default() -> Self {
        ConvOptions { stride: 1.into(), padding: 0.into(), dilation: 1.into(), groups: 1 }
    }
}

impl ConvOptions {
    /// The defaults.
    pub fn new() -> Self {
        ConvOptions::default()
    }

    /// Steps of the kernel over the input.
    ///
    /// # Panics
    /// Where one is zero.
    #[track_caller]
    pub fn stride(self, stride: impl Into<PerAxis<usize>>) -> Self {
        let stride = stride.into();
        assert!(!stride.values().contains(&0), "convolution: the stride {:?} must not be zero", stride.values());
        ConvOptions { stride, ..self }
    }

    /// Zeros at either end, or before and after.
    pub fn padding(self, padding: impl Into<PerAxis<(usize, usize)>>) -> Self {
        ConvOptions { padding: padding.into(), ..self }
    }

    /// Steps between the elements under the kernel's taps.
    ///
    /// # Panics
    /// Where one is zero.
    #[track_caller]
    pub fn dilation(self, dilation: impl Into<PerAxis<usize>>) -> Self {
        let dilation = dilation.into();
        assert!(!dilation.values().contains(&0), "convolution: the dilation {:?} must not be zero", dilation.values());
        ConvOptions { dilation, ..self }
    }

    /// Groups of channels that see nothing of each other.
    ///
    /// # Panics
    /// Where there are none.
    #[track_caller]
    pub fn groups(self, groups: usize) -> Self {
        assert!(groups > 0, "convolution: there must be one group at least");
        ConvOptions { groups, ..self }
    }
}

impl<T: Float> Tensor<T> {
    /// The convolution with a kernel, as PyTorch and Flux's `CrossCor` define it (the kernel is not turned round):
    /// y[n, o, p] = Σ w[o, c, t] · x[n, c, p·stride + t·dilation − padding].
    ///
    /// Shapes, with one to three spatial axes: x `[n, inputs, lengths…]`, w `[outputs, inputs / groups, kernel…]`, y
    /// `[n, outputs, ⌊(length + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1 …]`.
    ///
    /// Derivative: x̄ is the transposed convolution of ȳ ([`conv_transpose`](Self::conv_transpose)); w̄ is the
    /// convolution of x with ȳ.
    ///
    /// # Panics
    /// Where the shapes do not fit each other or the options, or the kernel is larger than the padded input.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// # use sapwood::ops::ConvOptions;
    /// let x: Tensor = Tensor::from([[[1.0, 2.0, 4.0, 8.0]]]);
    /// let w: Tensor = Tensor::from([[[-1.0, 1.0]]]);
    /// assert_eq!(x.conv(&w, &ConvOptions::new()).to_vec(), [1.0, 2.0, 4.0]);
    /// assert_eq!(x.conv(&w, &ConvOptions::new().stride(2).padding((1, 0))).to_vec(), [1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn conv(&self, w: &Tensor<T>, options: &ConvOptions) -> Tensor<T> {
        convolve(self, w, ConvShape::of("conv", self.shape(), w.shape(), options))
    }

    /// The transposed convolution, PyTorch's `conv_transpose`: the gradient of [`conv`](Self::conv) with the same
    /// options and weight, taken at this tensor.
    ///
    /// Shapes: x `[n, inputs, lengths…]`, w `[inputs, outputs / groups, kernel…]`, y
    /// `[n, outputs, (length − 1)·stride − padding + dilation·(kernel − 1) + 1 + output_padding …]`. The output padding,
    /// less than the stride or the dilation, chooses among the lengths that the convolution would bring to `length`.
    ///
    /// Derivative: x̄ is the convolution of ȳ; w̄ is the convolution of ȳ with x.
    ///
    /// # Panics
    /// Where the shapes do not fit each other or the options, the output padding is too large, or there is no output.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// # use sapwood::ops::ConvOptions;
    /// let (x, w): (Tensor, Tensor) = (Tensor::from([[[1.0, 2.0]]]), Tensor::from([[[1.0, 10.0]]]));
    /// let stride = ConvOptions::new().stride(3);
    /// assert_eq!(x.conv_transpose(&w, &stride, 1).to_vec(), [1.0, 10.0, 0.0, 2.0, 20.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn conv_transpose(
        &self,
        w: &Tensor<T>,
        options: &ConvOptions,
        output_padding: impl Into<PerAxis<usize>>,
    ) -> Tensor<T> {
        let shape = ConvShape::transposed("conv_transpose", self.shape(), w.shape(), options, &output_padding.into());
        transposed(self, w, shape)
    }
}

/// How a convolution goes over one axis.
#[derive(Clone, Copy)]
struct Axis {
    stride: usize,
    dilation: usize,
    before: usize,
    after: usize,
}

impl Axis {
    /// The elements from a kernel's first tap to its last.
    fn extent(&self, kernel: usize) -> usize {
        self.dilation * (kernel - 1) + 1
    }
}

impl ConvOptions {
    /// The same options with the padding that keeps the lengths under a kernel at stride 1.
    pub(crate) fn same(self, kernel: &[usize]) -> Self {
        let axes = self.axes("convolution", kernel.len());
        let padding = axes.iter().zip(kernel).map(|(axis, &kernel)| {
            let all = axis.extent(kernel) - 1;
            (all / 2, all - all / 2)
        });
        let padding: Vec<_> = padding.collect();
        self.padding(&padding[..])
    }

    /// Panics unless the options fit a number of axes; with `same` padding, unless the stride is 1.
    #[track_caller]
    pub(crate) fn check(&self, layer: &str, axes: usize, same: bool) {
        let _ = self.axes(layer, axes);
        assert!(
            !same || self.stride.values().iter().all(|&stride| stride == 1),
            "{layer}: padding that keeps the lengths needs a stride of 1, not {:?}",
            self.stride.values()
        );
    }

    /// Whether there is more than one group.
    pub(crate) fn is_grouped(&self) -> bool {
        self.groups > 1
    }

    #[track_caller]
    fn axes(&self, operation: &str, axes: usize) -> Vec<Axis> {
        let stride = self.stride.resolve(operation, "the stride", axes);
        let dilation = self.dilation.resolve(operation, "the dilation", axes);
        let padding = self.padding.resolve(operation, "the padding", axes);
        let axis =
            |i: usize| Axis { stride: stride[i], dilation: dilation[i], before: padding[i].0, after: padding[i].1 };
        (0..axes).map(axis).collect()
    }
}

/// The lengths of a convolution that are known to fit.
#[derive(Clone, Debug)]
pub(crate) struct ConvShape {
    geometry: Geometry,
    axes: usize,
}

impl ConvShape {
    /// Of the convolution of an input and a weight of given shapes.
    #[track_caller]
    pub(crate) fn of(operation: &str, x: &[usize], w: &[usize], options: &ConvOptions) -> Self {
        let axes = options.axes(operation, spatial_axes(operation, x, w));
        let groups = options.groups;
        assert!(
            w[1] * groups == x[1] && w[0].is_multiple_of(groups),
            "{operation}: an input of shape {x:?} and a weight of shape {w:?}, [outputs, inputs / groups, kernel…], do \
             not fit with {groups} groups"
        );
        let lengths = axes.iter().enumerate().map(|(i, axis)| {
            let (padded, extent) = (x[2 + i] + axis.before + axis.after, axis.extent(w[2 + i]));
            assert!(
                extent <= padded,
                "{operation}: a kernel that reaches over {extent} elements is larger than the padded input's {padded}, \
                 along spatial axis {i} of the input {x:?}"
            );
            (padded - extent) / axis.stride + 1
        });
        ConvShape::new(x[0], groups, w, &axes, [&x[2..], &lengths.collect::<Vec<_>>()])
    }

    /// Of the convolution of whose input an input and a weight of given shapes give the gradient.
    #[track_caller]
    pub(crate) fn transposed(
        operation: &str,
        y: &[usize],
        w: &[usize],
        options: &ConvOptions,
        output_padding: &PerAxis<usize>,
    ) -> Self {
        let axes = options.axes(operation, spatial_axes(operation, y, w));
        let groups = options.groups;
        assert!(
            w[0] == y[1] && w[0].is_multiple_of(groups),
            "{operation}: an input of shape {y:?} and a weight of shape {w:?}, [inputs, outputs / groups, kernel…], do \
             not fit with {groups} groups"
        );
        let output_padding = output_padding.resolve(operation, "the output padding", axes.len());
        let lengths = axes.iter().zip(output_padding).enumerate().map(|(i, (axis, more))| {
            assert!(
                more < axis.stride.max(axis.dilation),
                "{operation}: the output padding {more} must be less than the stride {} or the dilation {}",
                axis.stride,
                axis.dilation
            );
            assert!(y[2 + i] > 0, "{operation}: spatial axis {i} of the input {y:?} has no elements");
            let whole = (y[2 + i] - 1) * axis.stride + axis.extent(w[2 + i]) + more;
            let padding = axis.before + axis.after;
            assert!(
                padding < whole,
                "{operation}: the padding {padding} leaves nothing of {whole} elements along spatial axis {i}"
            );
            whole - padding
        });
        ConvShape::new(y[0], groups, w, &axes, [&lengths.collect::<Vec<_>>(), &y[2..]])
    }

    fn new(batch: usize, groups: usize, w: &[usize], axes: &[Axis], [x, y]: [&[usize]; 2]) -> Self {
        // Spatial axes that are not there stand before those that are.
        let lead = 3 - axes.len();
        let lengths =
            |of: &dyn Fn(usize) -> usize, else_: usize| std::array::from_fn(|i| i.checked_sub(lead).map_or(else_, of));
        let geometry = Geometry {
            batch,
            groups,
            inputs: w[1],
            outputs: w[0] / groups,
            x: lengths(&|i| x[i], 1),
            y: lengths(&|i| y[i], 1),
            kernel: lengths(&|i| w[2 + i], 1),
            stride: lengths(&|i| axes[i].stride, 1),
            dilation: lengths(&|i| axes[i].dilation, 1),
            before: lengths(&|i| axes[i].before, 0),
        };
        ConvShape { geometry, axes: axes.len() }
    }

    fn shape(&self, first: usize, second: usize, lengths: &[usize; 3]) -> Shape {
        [first, second].iter().chain(&lengths[3 - self.axes..]).copied().collect()
    }

    pub(crate) fn x(&self) -> Shape {
        let g = &self.geometry;
        self.shape(g.batch, g.groups * g.inputs, &g.x)
    }

    pub(crate) fn y(&self) -> Shape {
        let g = &self.geometry;
        self.shape(g.batch, g.groups * g.outputs, &g.y)
    }

    fn w(&self) -> Shape {
        let g = &self.geometry;
        self.shape(g.groups * g.outputs, g.inputs, &g.kernel)
    }
}

/// How many spatial axes both have.
#[track_caller]
fn spatial_axes(operation: &str, x: &[usize], w: &[usize]) -> usize {
    assert!(
        x.len() == w.len() && (3..=5).contains(&x.len()),
        "{operation}: an input of shape {x:?} and a weight of shape {w:?}; both must have two axes for batch and channels \
         and the same one to three spatial axes"
    );
    assert!(!w.contains(&0), "{operation}: a weight of shape {w:?} has no elements");
    x.len() - 2
}

/// y = w ⋆ x.
fn convolve<T: Float>(x: &Tensor<T>, w: &Tensor<T>, shape: ConvShape) -> Tensor<T> {
    binary(
        x,
        w,
        |x, w| {
            let y = conv::forward(&shape.geometry, x.contiguous().dense(), w.contiguous().dense());
            Tensor::from_dense(y, &shape.y())
        },
        |x, w, _| {
            let (x, w, of_x, of_w) = (x.clone(), w.clone(), shape.clone(), shape.clone());
            (move |g: &Tensor<T>| transposed(g, &w, of_x), move |g: &Tensor<T>| weight_gradient(&x, g, of_w))
        },
    )
}

/// The x̄ of [`convolve`] for ȳ = y.
fn transposed<T: Float>(y: &Tensor<T>, w: &Tensor<T>, shape: ConvShape) -> Tensor<T> {
    binary(
        y,
        w,
        |y, w| {
            let x = conv::input_gradient(&shape.geometry, y.contiguous().dense(), w.contiguous().dense());
            Tensor::from_dense(x, &shape.x())
        },
        |y, w, _| {
            let (y, w, of_y, of_w) = (y.clone(), w.clone(), shape.clone(), shape.clone());
            (move |g: &Tensor<T>| convolve(g, &w, of_y), move |g: &Tensor<T>| weight_gradient(g, &y, of_w))
        },
    )
}

/// The w̄ of [`convolve`] for ȳ = y.
fn weight_gradient<T: Float>(x: &Tensor<T>, y: &Tensor<T>, shape: ConvShape) -> Tensor<T> {
    binary(
        x,
        y,
        |x, y| {
            let w = conv::weight_gradient(&shape.geometry, x.contiguous().dense(), y.contiguous().dense());
            Tensor::from_dense(w, &shape.w())
        },
        |x, y, _| {
            let (x, y, of_x, of_y) = (x.clone(), y.clone(), shape.clone(), shape.clone());
            (move |g: &Tensor<T>| transposed(&y, g, of_x), move |g: &Tensor<T>| convolve(&x, g, of_y))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::ConvOptions;
    use crate::prelude::*;

    #[test]
    fn one_axis_as_published() {
        // mithril test_conv1d_1.
        let x = Tensor::from([[9.0, 10.0, 11.0, 12.0, 13.0], [10.0, 11.0, 12.0, 13.0, 14.0]]).reshape((1, 2, 5));
        let w = Tensor::from([[[-1.0, 5.0, -1.0f64]; 2]]);
        let (y, dw) = with_gradient(|w| x.conv(w, &ConvOptions::new()).sum(), &w);
        assert_eq!((x.conv(&w, &ConvOptions::new()).to_vec(), y), (vec![63.0, 69.0, 75.0], 207.0));
        assert_eq!(dw.get().unwrap().to_vec(), [30.0, 33.0, 36.0, 33.0, 36.0, 39.0]);
    }

    #[test]
    fn two_axes_as_published() {
        // mithril test_conv2d_1.
        let x = Tensor::<f64>::arange(25).reshape((1, 1, 5, 5));
        let w = Tensor::from([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]).reshape((1, 1, 3, 3));
        let y = x.conv(&w, &ConvOptions::new());
        assert_eq!(y.to_vec(), [6.0, 7.0, 8.0, 11.0, 12.0, 13.0, 16.0, 17.0, 18.0]);
        let dw = gradient(|w| x.conv(w, &ConvOptions::new()).sum(), &w);
        assert_eq!(dw.get().unwrap().to_vec(), [54.0, 63.0, 72.0, 99.0, 108.0, 117.0, 144.0, 153.0, 162.0]);
    }

    #[test]
    #[should_panic(
        expected = "conv: an input of shape [1, 3, 5] and a weight of shape [4, 2, 3], [outputs, inputs / groups, \
                    kernel…], do not fit with 1 groups"
    )]
    fn channels_fit() {
        let _ = Tensor::<f32>::ones((1, 3, 5)).conv(&Tensor::ones((4, 2, 3)), &ConvOptions::new());
    }

    #[test]
    #[should_panic(
        expected = "conv: a kernel that reaches over 5 elements is larger than the padded input's 4, along \
                               spatial axis 1 of the input [1, 1, 9, 3]"
    )]
    fn kernels_fit() {
        let options = ConvOptions::new().dilation(2).padding([(0, 0), (1, 0)]);
        let _ = Tensor::<f32>::ones((1, 1, 9, 3)).conv(&Tensor::ones((1, 1, 3, 3)), &options);
    }

    #[test]
    #[should_panic(expected = "conv: the stride is given for 3 axes, but there are 2 spatial axes")]
    fn settings_fit() {
        let options = ConvOptions::new().stride([1, 1, 1]);
        let _ = Tensor::<f32>::ones((1, 1, 3, 3)).conv(&Tensor::ones((1, 1, 3, 3)), &options);
    }

    #[test]
    #[should_panic(expected = "convolution: the stride [2, 0] must not be zero")]
    fn a_stride_is_not_zero() {
        let _ = ConvOptions::new().stride([2, 0]);
    }

    #[test]
    #[should_panic(expected = "conv_transpose: the output padding 2 must be less than the stride 2 or the dilation 1")]
    fn output_padding_is_less_than_the_stride() {
        let _ =
            Tensor::<f32>::ones((1, 1, 3)).conv_transpose(&Tensor::ones((1, 1, 3)), &ConvOptions::new().stride(2), 2);
    }
}
