//! Pooling: the largest element, the mean or a norm of every window.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::per_axis::{PerAxis, spatial_axes};
use super::reduce::zero_to_infinity;
use crate::autodiff::unary;
use crate::kernels::windows::{self, Span, Windows};
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
}

impl Window {
    /// Windows of the given size, at a distance of the same size.
    ///
    /// # Panics
    /// Where a size is zero.
    #[track_caller]
    pub fn new(size: impl Into<PerAxis<usize>>) -> Self {
        let size = positive("size", size.into());
        Window { stride: size.clone(), size, padding: 0.into(), dilation: 1.into() }
    }

    /// Steps from window to window.
    ///
    /// # Panics
    /// Where one is zero.
    #[track_caller]
    pub fn stride(self, stride: impl Into<PerAxis<usize>>) -> Self {
        Window { stride: positive("stride", stride.into()), ..self }
    }

    /// Places at either end that windows may reach beyond the input.
    pub fn padding(self, padding: impl Into<PerAxis<usize>>) -> Self {
        Window { padding: padding.into(), ..self }
    }

    /// Steps between the elements of a window.
    ///
    /// # Panics
    /// Where one is zero.
    #[track_caller]
    pub fn dilation(self, dilation: impl Into<PerAxis<usize>>) -> Self {
        Window { dilation: positive("dilation", dilation.into()), ..self }
    }

    /// The windows over an input of a given shape.
    #[track_caller]
    fn over(&self, operation: &str, x: &[usize]) -> Pooling {
        let axes = spatial_axes(operation, x);
        let size = self.size.resolve(operation, "the size", axes);
        let stride = self.stride.resolve(operation, "the stride", axes);
        let padding = self.padding.resolve(operation, "the padding", axes);
        let dilation = self.dilation.resolve(operation, "the dilation", axes);
        let mut spans = vec![];
        for i in 0..axes {
            let (length, extent) = (x[2 + i], dilation[i] * (size[i] - 1) + 1);
            assert!(
                2 * padding[i] <= extent,
                "{operation}: the padding {} must be at most half of the window's extent, {extent}",
                padding[i]
            );
            let padded = length + 2 * padding[i];
            assert!(
                extent <= padded,
                "{operation}: a window that reaches over {extent} elements is larger than the padded input's {padded}, \
                 along spatial axis {i} of the input {x:?}"
            );
            let span = |output: usize| {
                // The taps before the first element, and those before the end.
                let start = output * stride[i];
                let before = padding[i].saturating_sub(start).div_ceil(dilation[i]);
                let end = (length + padding[i]).saturating_sub(start).div_ceil(dilation[i]).min(size[i]);
                let first = (start + before * dilation[i]).saturating_sub(padding[i]);
                Span { first, count: end.saturating_sub(before) }
            };
            let outputs: Vec<_> = (0..(padded - extent) / stride[i] + 1).map(span).collect();
            assert!(
                outputs.iter().all(|span| span.count > 0),
                "{operation}: a window holds padding alone, along spatial axis {i} of the input {x:?}"
            );
            spans.push(outputs);
        }
        Pooling::new(axes, x, spans, &dilation, size.iter().product())
    }
}

#[track_caller]
fn positive(setting: &str, values: PerAxis<usize>) -> PerAxis<usize> {
    assert!(!values.values().contains(&0), "pooling: the {setting} {:?} must not be zero", values.values());
    values
}

/// The windows over an input of one shape.
#[derive(Clone)]
struct Pooling {
    windows: Arc<Windows>,
    x: Shape,
    y: Shape,
    /// Elements of a window that is not cut off.
    size: usize,
}

impl Pooling {
    fn new(axes: usize, x: &[usize], spans: Vec<Vec<Span>>, dilation: &[usize], size: usize) -> Self {
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
        Pooling { windows: Arc::new(windows), x: Shape::from_slice(x), y, size }
    }

    /// Windows for outputs of given lengths that share the input out evenly.
    #[track_caller]
    fn adaptive(operation: &str, x: &[usize], outputs: &PerAxis<usize>) -> Self {
        let axes = spatial_axes(operation, x);
        let outputs = outputs.resolve(operation, "the length of the output", axes);
        assert!(!outputs.contains(&0), "{operation}: the lengths of the output, {outputs:?}, must not be zero");
        assert!(!x[2..].contains(&0), "{operation}: a spatial axis of the input {x:?} has no elements");
        let spans = outputs.iter().zip(&x[2..]).map(|(&outputs, &length)| {
            let span = |i: usize| {
                let (first, end) = (i * length / outputs, ((i + 1) * length).div_ceil(outputs));
                Span { first, count: end - first }
            };
            (0..outputs).map(span).collect()
        });
        Pooling::new(axes, x, spans.collect(), &[1; 3][..axes], 1)
    }

    /// How many elements each window has, `[y…]`.
    fn counts<T: Float>(&self) -> Tensor<T> {
        let [a, b, c] = &self.windows.spans;
        let pairs = a.iter().flat_map(|a| b.iter().map(move |b| a.count * b.count));
        let counts = pairs.flat_map(|ab| c.iter().map(move |c| T::from_f64((ab * c.count) as f64)));
        Tensor::from_dense(counts.collect(), &self.y[2..])
    }
}

impl<T: Float> Tensor<T> {
    /// The largest element of every window; padding counts as −∞.
    ///
    /// Shapes, with one to three spatial axes: x `[n, channels, lengths…]`, y `[n, channels,
    /// ⌊(length + 2·padding − dilation·(size − 1) − 1) / stride⌋ + 1 …]`.
    ///
    /// Derivative: ȳ is added where the element came from; of equal ones, that is the first. A NaN is the largest.
    ///
    /// # Panics
    /// Where the input has not one to three spatial axes, the window's settings do not fit them, a window is larger than
    /// the padded input, or the padding larger than half a window.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// # use sapwood::ops::Window;
    /// let x: Tensor = Tensor::from([[[10.0, 11.0, 12.0, 13.0, 14.0]]]);
    /// assert_eq!(x.max_pool(&Window::new(2)).to_vec(), [11.0, 13.0]);
    /// ```
    #[track_caller]
    pub fn max_pool(&self, window: &Window) -> Tensor<T> {
        largest(self, &window.over("max_pool", self.shape()))
    }

    /// The mean of every window. With `include_padding`, a window that reaches into the padding is divided by its whole
    /// size (PyTorch's default); without, by the number of elements that it holds (TensorFlow's).
    ///
    /// Shapes as for [`max_pool`](Self::max_pool). Derivative: ȳ, divided likewise, is added to all elements of the
    /// window.
    ///
    /// # Panics
    /// As [`max_pool`](Self::max_pool).
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// # use sapwood::ops::Window;
    /// let x: Tensor = Tensor::from([[[1.0, 2.0, 4.0]]]);
    /// assert_eq!(x.mean_pool(&Window::new(2).padding(1), true).to_vec(), [0.5, 3.0]);
    /// assert_eq!(x.mean_pool(&Window::new(2).padding(1), false).to_vec(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn mean_pool(&self, window: &Window, include_padding: bool) -> Tensor<T> {
        let pooling = window.over("mean_pool", self.shape());
        let sums = sums(self, &pooling);
        if include_padding { sums / T::from_f64(pooling.size as f64) } else { sums / pooling.counts() }
    }

    /// The norm y = (Σ|x|ᵖ)^(1/p) of every window; p = 1 is the sum of absolute values, p → ∞ the largest of them.
    ///
    /// PyTorch's `lp_pool` leaves the sign of x in xᵖ, so that odd powers of negative elements cancel there.
    ///
    /// Shapes as for [`max_pool`](Self::max_pool). Derivative: x̄ = Σ ȳ · y¹⁻ᵖ · |x|ᵖ⁻¹ · sign x; zero where y = 0.
    ///
    /// # Panics
    /// As [`max_pool`](Self::max_pool), and where p is less than 1 or not finite.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// # use sapwood::ops::Window;
    /// let x: Tensor = Tensor::from([[[3.0, -4.0, 0.0, 0.0]]]);
    /// assert_eq!(x.lp_pool(2.0, &Window::new(2)).to_vec(), [5.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn lp_pool(&self, p: f64, window: &Window) -> Tensor<T> {
        assert!(p >= 1.0 && p.is_finite(), "lp_pool: the power {p} must be finite and at least 1");
        norms(self, p, &window.over("lp_pool", self.shape()))
    }

    /// The largest element of every window, where the windows share the input out to a given number of outputs: output
    /// i of n sees the elements from ⌊i·length / n⌋ to ⌈(i + 1)·length / n⌉ (PyTorch's `adaptive_max_pool`).
    ///
    /// Shapes: x `[n, channels, lengths…]`, y `[n, channels, outputs…]`. Derivative as [`max_pool`](Self::max_pool).
    ///
    /// # Panics
    /// Where the input has not one to three spatial axes, as many as `outputs` has numbers, or one is empty.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[[1.0, 5.0, 3.0, 2.0, 4.0]]]);
    /// assert_eq!(x.adaptive_max_pool(2).to_vec(), [5.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn adaptive_max_pool(&self, outputs: impl Into<PerAxis<usize>>) -> Tensor<T> {
        largest(self, &Pooling::adaptive("adaptive_max_pool", self.shape(), &outputs.into()))
    }

    /// The mean of every window, where the windows share the input out as for
    /// [`adaptive_max_pool`](Self::adaptive_max_pool).
    ///
    /// # Panics
    /// As [`adaptive_max_pool`](Self::adaptive_max_pool).
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[[1.0, 5.0, 3.0, 2.0, 4.0]]]);
    /// assert_eq!(x.adaptive_mean_pool(2).to_vec(), [3.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn adaptive_mean_pool(&self, outputs: impl Into<PerAxis<usize>>) -> Tensor<T> {
        let pooling = Pooling::adaptive("adaptive_mean_pool", self.shape(), &outputs.into());
        sums(self, &pooling) / pooling.counts()
    }
}

fn largest<T: Float>(x: &Tensor<T>, pooling: &Pooling) -> Tensor<T> {
    let places = windows::largest(&pooling.windows, x.contiguous().dense());
    take(x, &Tensor::from_dense(places, &pooling.y), pooling)
}

/// y[n, c, i] = x[n, c, places[n, c, i]], the places being numbered within a channel.
fn take<T: Float>(x: &Tensor<T>, places: &Tensor<u32>, pooling: &Pooling) -> Tensor<T> {
    unary(
        x,
        |x| {
            let windows = &pooling.windows;
            let y = windows::take(x.contiguous().dense(), windows.inputs(), places.dense(), windows.outputs());
            Tensor::from_dense(y, &pooling.y)
        },
        |_, _| {
            let (places, pooling) = (places.clone(), pooling.clone());
            move |g| put(&g, &places, &pooling)
        },
    )
}

/// The transpose of [`take`].
fn put<T: Float>(y: &Tensor<T>, places: &Tensor<u32>, pooling: &Pooling) -> Tensor<T> {
    unary(
        y,
        |y| {
            let windows = &pooling.windows;
            let x = windows::put(y.contiguous().dense(), windows.outputs(), places.dense(), windows.inputs());
            Tensor::from_dense(x, &pooling.x)
        },
        |_, _| {
            let (places, pooling) = (places.clone(), pooling.clone());
            move |g| take(&g, &places, &pooling)
        },
    )
}

fn sums<T: Float>(x: &Tensor<T>, pooling: &Pooling) -> Tensor<T> {
    unary(
        x,
        |x| Tensor::from_dense(windows::sums(&pooling.windows, x.contiguous().dense()), &pooling.y),
        |_, _| {
            let pooling = pooling.clone();
            move |g| spread(&g, &pooling)
        },
    )
}

/// The transpose of [`sums`].
fn spread<T: Float>(y: &Tensor<T>, pooling: &Pooling) -> Tensor<T> {
    unary(
        y,
        |y| Tensor::from_dense(windows::spread(&pooling.windows, y.contiguous().dense()), &pooling.x),
        |_, _| {
            let pooling = pooling.clone();
            move |g| sums(&g, &pooling)
        },
    )
}

fn norms<T: Float>(x: &Tensor<T>, p: f64, pooling: &Pooling) -> Tensor<T> {
    let (power, less) = (T::from_f64(p), T::from_f64(p - 1.0));
    unary(
        x,
        |x| sums(&x.map_elements(|x| x.abs().powf(power)), pooling).map_elements(|sum| sum.powf(power.recip())),
        |x, y| {
            let (x, y, pooling) = (x.clone(), y.clone(), pooling.clone());
            move |g| spread(&(g / zero_to_infinity(&y).pow(less)), &pooling) * x.abs().pow(less) * x.sign()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::Window;
    use crate::prelude::*;

    #[test]
    fn gradients_go_where_the_largest_was() {
        // mithril test_maxpool1d_1.
        let x = Tensor::from([[[10.0, 11.0, 12.0, 13.0, 14.0f64]]]);
        let (y, back) = pullback(|x| x.max_pool(&Window::new(2)), &x);
        assert_eq!(y.to_vec(), [11.0, 13.0]);
        assert_eq!(back(&Tensor::from([[[1.0, 2.0]]])).get().unwrap().to_vec(), [0.0, 1.0, 0.0, 2.0, 0.0]);
    }

    #[test]
    fn the_first_of_equal_elements_is_the_largest() {
        // torch.nn.functional.max_pool1d.
        let x = Tensor::from([[[2.0, 2.0, 1.0, 1.0, f64::NEG_INFINITY, f64::NEG_INFINITY]]]);
        let g = gradient(|x| x.max_pool(&Window::new(2)).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        let x = Tensor::from([[[1.0, f64::NAN, 3.0]]]);
        assert!(x.max_pool(&Window::new(3)).item().is_nan());
    }

    #[test]
    fn a_window_of_zeros_has_a_norm_without_slope() {
        let x = Tensor::<f64>::zeros((1, 1, 4));
        let g = gradient(|x| x.lp_pool(2.0, &Window::new(2)).sum(), &x);
        assert_eq!(g.get().unwrap(), &x);
    }

    #[test]
    #[should_panic(expected = "max_pool: the padding 2 must be at most half of the window's extent, 3")]
    fn padding_is_at_most_half_a_window() {
        let _ = Tensor::<f32>::ones((1, 1, 4)).max_pool(&Window::new(3).padding(2));
    }

    #[test]
    #[should_panic(expected = "mean_pool: a window that reaches over 5 elements is larger than the padded input's 4")]
    fn a_window_fits() {
        let _ = Tensor::<f32>::ones((1, 1, 4)).mean_pool(&Window::new(3).dilation(2), true);
    }

    #[test]
    #[should_panic(expected = "lp_pool: the power 0.5 must be finite and at least 1")]
    fn a_norm_has_a_power_of_one_at_least() {
        let _ = Tensor::<f32>::ones((1, 1, 4)).lp_pool(0.5, &Window::new(2));
    }

    #[test]
    #[should_panic(expected = "pooling: the stride [0] must not be zero")]
    fn a_stride_is_not_zero() {
        let _ = Window::new(2).stride(0);
    }
}
