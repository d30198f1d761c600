//! Windows of pooling operations: where they lie over an input.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::per_axis::{PerAxis, spatial_axes};
use crate::kernels::windows::{Span, Windows};
use crate::tensor::{Float, Shape, Tensor};

/// How windows go over an input: one next to the other, without padding or dilation, where nothing else is said.
///
/// ```
/// use sapwood::ops::Window;
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::ones((1, 2, 8, 9));
/// assert_eq!(x.max_pool(&Window::new(2)).shape(), [1, 2, 4, 4]);
/// assert_eq!(x.max_pool(&Window::new([3, 2]).stride(1).padding([1, 0])).shape(), [1, 2, 8, 8]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    size: PerAxis<usize>,
    stride: PerAxis<usize>,
    padding: PerAxis<usize>,
    dilation: PerAxis<usize>,
    ceil_mode: bool,
}

/// How windows go over one axis.
#[derive(Clone, Copy)]
struct Axis {
    size: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
    /// The elements from a window's first to its last.
    extent: usize,
}

impl Window {
    /// Windows of the given size, at a distance of the same size.
    ///
    /// # Panics
    /// Where a size is zero.
    #[track_caller]
    pub fn new(size: impl Into<PerAxis<usize>>) -> Self {
        let size = positive("size", size.into());
        Window { stride: size.clone(), size, padding: 0.into(), dilation: 1.into(), ceil_mode: false }
    }

    /// Steps from window to window.
    ///
    /// # Panics
    /// Where one is zero, or there are other numbers of axes than the size has.
    #[track_caller]
    pub fn stride(self, stride: impl Into<PerAxis<usize>>) -> Self {
        Window { stride: positive("stride", stride.into()), ..self }.checked()
    }

    /// Places at either end that windows may reach beyond the input: at most half of what they reach over, which size
    /// and dilation say before.
    ///
    /// # Panics
    /// Where there are more, or other numbers of axes than the size has.
    #[track_caller]
    pub fn padding(self, padding: impl Into<PerAxis<usize>>) -> Self {
        Window { padding: padding.into(), ..self }.checked()
    }

    /// Steps between the elements of a window.
    ///
    /// # Panics
    /// Where one is zero, or there are other numbers of axes than the size has.
    #[track_caller]
    pub fn dilation(self, dilation: impl Into<PerAxis<usize>>) -> Self {
        Window { dilation: positive("dilation", dilation.into()), ..self }.checked()
    }

    /// One more window along an axis, cut off at its end, where the others leave elements over: the number of windows is
    /// rounded up instead of down. It starts in the input or the padding before it, as in PyTorch.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// # use sapwood::ops::Window;
    /// let x: Tensor = Tensor::from([[[10.0, 11.0, 12.0, 13.0, 14.0]]]);
    /// assert_eq!(x.max_pool(&Window::new(2).ceil_mode()).to_vec(), [11.0, 13.0, 14.0]);
    /// ```
    pub fn ceil_mode(self) -> Self {
        Window { ceil_mode: true, ..self }
    }

    /// The same where the settings fit each other.
    #[track_caller]
    fn checked(self) -> Self {
        let settings = [&self.size, &self.stride, &self.padding, &self.dilation];
        let axes = settings.map(|setting| setting.values().len()).into_iter().max().unwrap_or(1);
        let _ = self.axes("pooling", axes);
        self
    }

    /// The settings of each of so many axes.
    #[track_caller]
    fn axes(&self, operation: &str, axes: usize) -> Vec<Axis> {
        let size = self.size.resolve(operation, "the size", axes);
        let stride = self.stride.resolve(operation, "the stride", axes);
        let padding = self.padding.resolve(operation, "the padding", axes);
        let dilation = self.dilation.resolve(operation, "the dilation", axes);
        let axis = |i: usize| {
            let extent = dilation[i] * (size[i] - 1) + 1;
            Axis { size: size[i], stride: stride[i], padding: padding[i], dilation: dilation[i], extent }
        };
        let axes: Vec<Axis> = (0..axes).map(axis).collect();
        for &Axis { padding, extent, .. } in &axes {
            assert!(
                2 * padding <= extent,
                "{operation}: the padding {padding} must be at most half of the window's extent, {extent}"
            );
        }
        axes
    }

    /// The windows over an input of a given shape.
    #[track_caller]
    pub(super) fn over(&self, operation: &str, x: &[usize]) -> Pooling {
        let axes = self.axes(operation, spatial_axes(operation, x));
        let (mut spans, mut sizes) = (vec![], vec![]);
        for (i, &Axis { size, stride, padding, dilation, extent }) in axes.iter().enumerate() {
            let length = x[2 + i];
            let padded = length + 2 * padding;
            let beyond = if self.ceil_mode { stride - 1 } else { 0 };
            assert!(
                extent <= padded + beyond,
                "{operation}: a window that reaches over {extent} elements is larger than the padded input's {padded}, \
                 along spatial axis {i} of the input {x:?}"
            );
            let span = |output: usize| {
                // The taps before the first element, and those before the end.
                let start = output * stride;
                let before = padding.saturating_sub(start).div_ceil(dilation);
                let end = (length + padding).saturating_sub(start).div_ceil(dilation).min(size);
                let first = (start + before * dilation).saturating_sub(padding);
                Span { first, count: end.saturating_sub(before) }
            };
            let mut count = (padded + beyond - extent) / stride + 1;
            if count > 1 && (count - 1) * stride >= length + padding {
                count -= 1;
            }
            let outputs: Vec<_> = (0..count).map(span).collect();
            assert!(
                outputs.iter().all(|span| span.count > 0),
                "{operation}: a window holds padding alone, along spatial axis {i} of the input {x:?}"
            );
            spans.push(outputs);
            let within = |output: usize| (padded - output * stride).div_ceil(dilation).min(size);
            sizes.push((0..count).map(within).collect());
        }
        let dilation: Vec<usize> = axes.iter().map(|axis| axis.dilation).collect();
        Pooling::new(axes.len(), x, spans, &dilation, sizes)
    }
}

#[track_caller]
fn positive(setting: &str, values: PerAxis<usize>) -> PerAxis<usize> {
    assert!(!values.values().contains(&0), "pooling: the {setting} {:?} must not be zero", values.values());
    values
}

/// The windows over an input of one shape.
#[derive(Clone)]
pub(super) struct Pooling {
    pub(super) windows: Arc<Windows>,
    pub(super) x: Shape,
    pub(super) y: Shape,
    /// How many elements each window has along each axis, padding included.
    sizes: Vec<Vec<usize>>,
}

impl Pooling {
    fn new(axes: usize, x: &[usize], spans: Vec<Vec<Span>>, dilation: &[usize], sizes: Vec<Vec<usize>>) -> Self {
        let y = x[..2].iter().copied().chain(spans.iter().map(Vec::len)).collect();
        // Spatial axes that are not there stand before those that are.
        let lead = 3 - axes;
        let mut spans = spans.into_iter();
        let windows = Windows {
            lengths: std::array::from_fn(|i| i.checked_sub(lead).map_or(1, |i| x[2 + i])),
            dilation: std::array::from_fn(|i| i.checked_sub(lead).map_or(1, |i| dilation[i])),
            spans: std::array::from_fn(|i| {
                let whole = vec![Span { first: 0, count: 1 }];
                if i < lead { whole } else { spans.next().unwrap_or(whole) }
            }),
        };
        Pooling { windows: Arc::new(windows), x: Shape::from_slice(x), y, sizes }
    }

    /// Windows for outputs of given lengths that share the input out evenly.
    #[track_caller]
    pub(super) fn adaptive(operation: &str, x: &[usize], outputs: &PerAxis<usize>) -> Self {
        let axes = spatial_axes(operation, x);
        let outputs = outputs.resolve(operation, "the length of the output", axes);
        assert!(!outputs.contains(&0), "{operation}: the lengths of the output, {outputs:?}, must not be zero");
        assert!(!x[2..].contains(&0), "{operation}: a spatial axis of the input {x:?} has no elements");
        let spans = outputs.iter().zip(&x[2..]).map(|(&outputs, &length)| {
            let span = |i: usize| {
                let (first, end) = (i * length / outputs, ((i + 1) * length).div_ceil(outputs));
                Span { first, count: end - first }
            };
            (0..outputs).map(span).collect::<Vec<_>>()
        });
        let spans: Vec<_> = spans.collect();
        let sizes = spans.iter().map(|spans| spans.iter().map(|span| span.count).collect()).collect();
        Pooling::new(axes, x, spans, &[1; 3][..axes], sizes)
    }

    /// How many elements each window has, padding included: `[y…]`, or one number where it is the same for all.
    pub(super) fn sizes<T: Float>(&self) -> Tensor<T> {
        let same = |sizes: &Vec<usize>| sizes.iter().all(|&size| size == sizes[0]);
        if self.sizes.iter().all(same) {
            let size: usize = self.sizes.iter().map(|sizes| sizes[0]).product();
            return Tensor::scalar(T::from_f64(size as f64));
        }
        self.products(&self.sizes)
    }

    /// How many elements of the input each window has, `[y…]`.
    pub(super) fn counts<T: Float>(&self) -> Tensor<T> {
        self.products(&self.windows.spans.each_ref().map(|spans| spans.iter().map(|span| span.count).collect()))
    }

    /// The product of a number an axis, `[y…]`.
    fn products<T: Float>(&self, factors: &[Vec<usize>]) -> Tensor<T> {
        let products = factors.iter().fold(vec![1], |products: Vec<usize>, factors| {
            products.iter().flat_map(|a| factors.iter().map(move |b| a * b)).collect()
        });
        Tensor::from_dense(products.into_iter().map(|n| T::from_f64(n as f64)).collect(), &self.y[2..])
    }
}
