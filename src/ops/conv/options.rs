//! How a convolution goes over its input, and the lengths that this gives.

use serde::{Deserialize, Serialize};

use crate::kernels::conv::Geometry;
use crate::ops::PerAxis;
use crate::tensor::Shape;

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

    /// What a transposed convolution over some axes adds at the end of each.
    #[track_caller]
    pub(crate) fn output_padding(&self, operation: &str, given: &PerAxis<usize>, axes: usize) -> Vec<usize> {
        let given = given.resolve(operation, "the output padding", axes);
        for (axis, more) in self.axes(operation, axes).iter().zip(&given) {
            assert!(
                *more < axis.stride.max(axis.dilation),
                "{operation}: the output padding {more} must be less than the stride {} or the dilation {}",
                axis.stride,
                axis.dilation
            );
        }
        given
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
pub(super) struct ConvShape {
    pub(super) geometry: Geometry,
    axes: usize,
}

impl ConvShape {
    /// Of the convolution of an input and a weight of given shapes.
    #[track_caller]
    pub(super) fn of(operation: &str, x: &[usize], w: &[usize], options: &ConvOptions) -> Self {
        let axes = options.axes(operation, spatial_axes(operation, x, w));
        let groups = options.groups;
        assert!(
            w[1] * groups == x[1] && w[0].is_multiple_of(groups),
            "{operation}: an input of shape {x:?} and a weight of shape {w:?}, [outputs, inputs / groups, kernel…], do \
             not fit with {groups} groups"
        );
        let mut lengths = Shape::new();
        for (i, axis) in axes.iter().enumerate() {
            let (padded, extent) = (x[2 + i] + axis.before + axis.after, axis.extent(w[2 + i]));
            assert!(
                extent <= padded,
                "{operation}: a kernel that reaches over {extent} elements is larger than the padded input's {padded}, \
                 along spatial axis {i} of the input {x:?}"
            );
            lengths.push((padded - extent) / axis.stride + 1);
        }
        ConvShape::new(x[0], groups, w, &axes, [&x[2..], &lengths])
    }

    /// Of the convolution of whose input an input and a weight of given shapes give the gradient.
    #[track_caller]
    pub(super) fn transposed(
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
        let output_padding = options.output_padding(operation, output_padding, axes.len());
        let mut lengths = Shape::new();
        for (i, (axis, more)) in axes.iter().zip(output_padding).enumerate() {
            assert!(y[2 + i] > 0, "{operation}: spatial axis {i} of the input {y:?} has no elements");
            let whole = (y[2 + i] - 1) * axis.stride + axis.extent(w[2 + i]) + more;
            let padding = axis.before + axis.after;
            assert!(
                padding < whole,
                "{operation}: the padding {padding} leaves nothing of {whole} elements along spatial axis {i}"
            );
            lengths.push(whole - padding);
        }
        ConvShape::new(y[0], groups, w, &axes, [&lengths, &y[2..]])
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

    pub(super) fn x(&self) -> Shape {
        let g = &self.geometry;
        self.shape(g.batch, g.groups * g.inputs, &g.x)
    }

    pub(super) fn y(&self) -> Shape {
        let g = &self.geometry;
        self.shape(g.batch, g.groups * g.outputs, &g.y)
    }

    pub(super) fn w(&self) -> Shape {
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
