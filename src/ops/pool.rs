//! Pooling: the largest element, the mean or a norm of every window.

use super::axes::Keep;
use super::per_axis::PerAxis;
use super::reduce::zero_to_infinity;
use super::window::{Pooling, Window};
use crate::autodiff::unary;
use crate::kernels::windows;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// The largest element of every window; padding counts as −∞.
    ///
    /// Shapes, with one to three spatial axes: x `[n, channels, lengths…]`, y `[n, channels,
    /// ⌊(length + 2·padding − dilation·(size − 1) − 1) / stride⌋ + 1 …]`, rounded up in [`ceil_mode`](Window::ceil_mode).
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
    /// size (PyTorch's default); without, by the number of elements that it holds (TensorFlow's). What a window of
    /// [`ceil_mode`](Window::ceil_mode) lacks beyond the padding never counts.
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
        if include_padding { sums / pooling.sizes() } else { sums / pooling.counts() }
    }

    /// The norm y = (Σ|x|ᵖ)^(1/p) of every window; p = 1 is the sum of absolute values, p → ∞ the largest of them.
    ///
    /// PyTorch's `lp_pool` leaves the sign of x in xᵖ, so that odd powers of negative elements cancel there, and enlarges
    /// the norm of a window that [`ceil_mode`](Window::ceil_mode) cuts off as if it were whole.
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

#[inline(never)]
#[track_caller]
fn largest<T: Float>(x: &Tensor<T>, pooling: &Pooling) -> Tensor<T> {
    let places = windows::largest(&pooling.windows, x.contiguous().dense());
    take(x, &Tensor::from_dense(places, &pooling.y), pooling)
}

/// y[n, c, i] = x[n, c, places[n, c, i]], the places being numbered within a channel.
#[inline(never)]
#[track_caller]
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
#[inline(never)]
#[track_caller]
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

#[inline(never)]
#[track_caller]
fn sums<T: Float>(x: &Tensor<T>, pooling: &Pooling) -> Tensor<T> {
    // Windows are made for many short runs.
    if pooling.windows.is_whole() {
        let axes: Vec<usize> = (2..x.rank()).collect();
        return x.sum_axis(Keep(&axes[..]));
    }
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
#[inline(never)]
#[track_caller]
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

#[track_caller]
fn norms<T: Float>(x: &Tensor<T>, p: f64, pooling: &Pooling) -> Tensor<T> {
    let (power, less) = (T::from_f64(p), T::from_f64(p - 1.0));
    unary(
        x,
        |x| sums(&x.abs().pow(power), pooling).pow(power.recip()),
        |x, y| {
            let (x, y, pooling) = (x.clone(), y.clone(), pooling.clone());
            move |g| spread(&(g / zero_to_infinity(&y).pow(less)), &pooling) * x.abs().pow(less) * x.sign()
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::ops::Window;
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
    #[should_panic(expected = "pooling: the padding 2 must be at most half of the window's extent, 3")]
    fn padding_is_at_most_half_a_window() {
        let _ = Window::new(3).padding(2);
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
