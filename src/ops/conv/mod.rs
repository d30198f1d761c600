//! Convolution, its transpose, and the gradient to its weight: three operations that are each other's pullbacks.

mod options;

pub use options::ConvOptions;
use options::ConvShape;

use super::PerAxis;
use super::channels::over_channels;
use crate::autodiff::{binary, op};
use crate::kernels::conv;
use crate::tensor::{Float, Tensor};

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
    /// Kernels of 3×3 with step 1 and at least 8 channels on either side go by tiles of 4×4 outputs
    /// ([Winograd's](https://arxiv.org/abs/1509.09308)): in `f32` the error is up to a few 10⁻⁶ of the largest output, and
    /// what is not finite spreads over the tiles that see it.
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

/// [`conv`](Tensor::conv) plus a number for each of the output's channels, in the same pass. Derivative: b̄ = Σ ȳ over all
/// other axes.
///
/// # Panics
/// As `conv`, and where there is not a number for each channel.
#[inline(never)]
#[track_caller]
pub(crate) fn conv_with_bias<T: Float>(
    x: &Tensor<T>,
    w: &Tensor<T>,
    bias: &Tensor<T>,
    options: &ConvOptions,
) -> Tensor<T> {
    let shape = ConvShape::of("conv", x.shape(), w.shape(), options);
    assert!(
        bias.shape() == &w.shape()[..1],
        "conv: a bias of shape {:?} does not fit {} outputs",
        bias.shape(),
        w.shape()[0]
    );
    let forward = |[x, w, bias]: [&Tensor<T>; 3]| {
        let (x, w, bias) = (x.contiguous(), w.contiguous(), bias.contiguous());
        Tensor::from_dense(conv::forward(&shape.geometry, x.dense(), w.dense(), Some(bias.dense())), &shape.y())
    };
    op([x, w, bias], forward, &|[x, w, _]: [&Tensor<T>; 3], _: &Tensor<T>| {
        let (x, w, of_x, of_w) = (x.clone(), w.clone(), shape.clone(), shape.clone());
        move |g: Tensor<T>, watched: [bool; 3]| {
            let back = watched[0].then(|| transposed(&g, &w, of_x));
            if !watched[1] || g.is_traced() || x.is_traced() {
                let weight = watched[1].then(|| weight_gradient(&x, &g, of_w));
                return [back, weight, watched[2].then(|| over_channels(&g))];
            }
            let [weight, bias] = conv::weight_gradient(&of_w.geometry, x.contiguous().dense(), g.contiguous().dense());
            let bias = watched[2].then(|| Tensor::from_dense(bias, &of_w.w()[..1]));
            [back, Some(Tensor::from_dense(weight, &of_w.w())), bias]
        }
    })
}

/// y = w ⋆ x.
#[inline(never)]
#[track_caller]
fn convolve<T: Float>(x: &Tensor<T>, w: &Tensor<T>, shape: ConvShape) -> Tensor<T> {
    binary(
        x,
        w,
        |x, w| {
            let y = conv::forward(&shape.geometry, x.contiguous().dense(), w.contiguous().dense(), None);
            Tensor::from_dense(y, &shape.y())
        },
        |x, w, _| {
            let (x, w, of_x, of_w) = (x.clone(), w.clone(), shape.clone(), shape.clone());
            (move |g: &Tensor<T>| transposed(g, &w, of_x), move |g: &Tensor<T>| weight_gradient(&x, g, of_w))
        },
    )
}

/// The x̄ of [`convolve`] for ȳ = y.
#[inline(never)]
#[track_caller]
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
#[inline(never)]
#[track_caller]
fn weight_gradient<T: Float>(x: &Tensor<T>, y: &Tensor<T>, shape: ConvShape) -> Tensor<T> {
    binary(
        x,
        y,
        |x, y| {
            let [w, _] = conv::weight_gradient(&shape.geometry, x.contiguous().dense(), y.contiguous().dense());
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
    use super::{ConvOptions, conv_with_bias};
    use crate::kernels::vector::emulation::of_wide_vectors;
    use crate::ops::channels::{per_channel, tests::agree};
    use crate::prelude::*;

    /// Inputs, weights and biases by Winograd's tiles, many images and fewer than threads, and more tiles than are computed
    /// together; in groups, with panels that are not full; with steps; of more images than the weight's gradient has parts; as
    /// products with patches.
    fn cases() -> [([Tensor<f64>; 3], ConvOptions); 7] {
        let mut rng = StdRng::seed_from_u64(0);
        [
            ([4, 16, 9, 10], [17, 16, 3, 3], ConvOptions::new().padding(1)),
            ([1, 9, 9, 6], [40, 9, 3, 3], ConvOptions::new().padding(1)),
            ([1, 8, 34, 40], [8, 8, 3, 3], ConvOptions::new().padding(1)),
            ([2, 6, 7, 5], [10, 3, 3, 2], ConvOptions::new().groups(2)),
            ([2, 3, 9, 8], [5, 3, 3, 3], ConvOptions::new().stride(2)),
            ([20, 2, 4, 5], [3, 2, 2, 3], ConvOptions::new()),
            ([3, 18, 5, 6], [20, 18, 2, 2], ConvOptions::new().stride(2)),
        ]
        .map(|(x, w, options)| ([&x[..], &w, &w[..1]].map(|shape| Tensor::normal(shape, 0.0, 1.0, &mut rng)), options))
    }

    #[test]
    fn wide_vectors_give_the_same() {
        for (inputs, options) in cases() {
            let slope = || with_gradient(|[x, w, b]: &[_; 3]| conv_with_bias(x, w, b, &options).powi(3).sum(), &inputs);
            let ((y, grads), (wide_y, wide_grads)) = (slope(), of_wide_vectors(slope));
            assert!((wide_y / y - 1.0).abs() < 1e-12, "{wide_y} for {y}");
            for (wide, grad) in wide_grads.iter().zip(&grads) {
                let (wide, grad) = (wide.get().unwrap(), grad.get().unwrap());
                assert!(((wide - grad).norm() / grad.norm()).item() < 1e-12);
            }
        }
    }

    #[test]
    fn a_bias_is_added_to_each_channel() {
        for (inputs, options) in cases() {
            agree(
                &inputs,
                |[x, w, b]| conv_with_bias(x, w, b, &options).powi(3).sum(),
                |[x, w, b]| (x.conv(w, &options) + per_channel(b, 4)).powi(3).sum(),
            );
        }
    }

    #[test]
    #[should_panic(expected = "conv: a bias of shape [3] does not fit 4 outputs")]
    fn a_bias_fits_the_outputs() {
        let (x, w) = (Tensor::<f32>::ones((1, 3, 5)), Tensor::ones((4, 3, 3)));
        let _ = conv_with_bias(&x, &w, &Tensor::ones(3), &ConvOptions::new());
    }

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
