//! Inputs at another resolution: nearest neighbours, linear and cubic interpolation, and channels turned to space.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::per_axis::{PerAxis, spatial_axes};
use crate::autodiff::unary;
use crate::kernels::resample::{Table, resample};
use crate::tensor::{Float, Shape, Tensor};

/// What stands between the elements of an input.
///
/// An output element lies at (i + ½)·from / to − ½ in the input; with `align_corners` at i·(from − 1) / (to − 1), so that
/// the outermost elements stay where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interpolation {
    /// Element ⌊i·from / to⌋.
    Nearest,
    /// Straight lines between neighbours (bilinear on two axes, trilinear on three); constant beyond the outermost.
    Linear {
        /// Whether the outermost elements stay where they are.
        align_corners: bool,
    },
    /// The cubic convolution of four neighbours (Keys, 1981) with a = −¾, as PyTorch has it; the outermost elements
    /// count for those beyond. Results may lie beyond the range of the input.
    Cubic {
        /// Whether the outermost elements stay where they are.
        align_corners: bool,
    },
}

impl Interpolation {
    fn table(self, from: usize, to: usize) -> Table {
        let outputs = (0..to).map(|i| match self {
            Interpolation::Nearest => vec![(i * from / to, 1.0)],
            Interpolation::Linear { align_corners } => {
                let at = source(i, from, to, align_corners).max(0.0);
                let (left, part) = (at.floor() as usize, at.fract());
                vec![(left, 1.0 - part), ((left + 1).min(from - 1), part)]
            }
            Interpolation::Cubic { align_corners } => {
                let at = source(i, from, to, align_corners);
                let (left, part) = (at.floor(), at - at.floor());
                let neighbour = |k: isize| {
                    let place = (left as isize + k).clamp(0, from as isize - 1);
                    (place as usize, cubic((part - k as f64).abs()))
                };
                [-1, 0, 1, 2].map(neighbour).to_vec()
            }
        });
        Table { from, outputs: outputs.collect() }
    }
}

/// Where output `i` lies in the input.
fn source(i: usize, from: usize, to: usize, align_corners: bool) -> f64 {
    let (i, from, to) = (i as f64, from as f64, to as f64);
    match align_corners {
        true if to > 1.0 => i * (from - 1.0) / (to - 1.0),
        true => 0.0,
        false => (i + 0.5) * from / to - 0.5,
    }
}

/// The weight of a neighbour at distance `d`.
fn cubic(d: f64) -> f64 {
    const A: f64 = -0.75;
    if d <= 1.0 { ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0 } else { ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A }
}

impl<T: Float> Tensor<T> {
    /// The input at other lengths of its spatial axes, PyTorch's `interpolate`.
    ///
    /// Shapes: x `[n, channels, from…]`, y `[n, channels, lengths…]`, with one to three spatial axes.
    ///
    /// Derivative: ȳ goes back to the elements that each output is made of, with the same weights.
    ///
    /// # Panics
    /// Where the input has not one to three spatial axes, as many as `lengths` has numbers, or a length is zero.
    ///
    /// ```
    /// use sapwood::ops::Interpolation;
    /// use sapwood::prelude::*;
    ///
    /// let x: Tensor = Tensor::from([[[1.0, 3.0]]]);
    /// assert_eq!(x.interpolate(4, Interpolation::Nearest).to_vec(), [1.0, 1.0, 3.0, 3.0]);
    /// assert_eq!(x.interpolate(4, Interpolation::Linear { align_corners: false }).to_vec(), [1.0, 1.5, 2.5, 3.0]);
    /// assert_eq!(x.interpolate(3, Interpolation::Linear { align_corners: true }).to_vec(), [1.0, 2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn interpolate(&self, lengths: impl Into<PerAxis<usize>>, interpolation: Interpolation) -> Tensor<T> {
        let axes = spatial_axes("interpolate", self.shape());
        let lengths = lengths.into().resolve("interpolate", "the length", axes);
        assert!(
            !lengths.contains(&0) && !self.shape()[2..].contains(&0),
            "interpolate: from the shape {:?} to the lengths {lengths:?}; no length may be zero",
            self.shape()
        );
        let from = &self.shape()[2..];
        // While there are few elements: first what shrinks, and of what grows the last axis, whose elements are taken one by one.
        let shrinking = (0..axes).filter(|&axis| lengths[axis] < from[axis]);
        let growing = (0..axes).rev().filter(|&axis| lengths[axis] > from[axis]);
        shrinking
            .chain(growing)
            .fold(self.clone(), |y, axis| along(&y, 2 + axis, Arc::new(interpolation.table(from[axis], lengths[axis]))))
    }

    /// Channels turned to space by a factor r (Shi et al., 2016): the inverse of
    /// [`pixel_unshuffle`](Self::pixel_unshuffle).
    ///
    /// Shapes: x `[n, channels·rᵈ, lengths…]`, y `[n, channels, lengths·r…]`, with d = one to three spatial axes.
    ///
    /// # Panics
    /// Where the factor is zero, or rᵈ does not divide the channels.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::arange(8).reshape((1, 4, 1, 2));
    /// assert_eq!(x.pixel_shuffle(2).to_vec(), [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn pixel_shuffle(&self, factor: usize) -> Tensor<T> {
        let shape = self.shape();
        let axes = spatial_axes("pixel_shuffle", shape);
        let parts = factor.pow(axes as u32);
        assert!(
            parts > 0 && shape[1].is_multiple_of(parts),
            "pixel_shuffle: the factor {factor} does not divide the channels of the shape {shape:?}, which must be a \
             multiple of {parts}"
        );
        // [n, c, r, …, length, …] → [n, c, length, r, …].
        let split: Shape = [shape[0], shape[1] / parts]
            .into_iter()
            .chain(std::iter::repeat_n(factor, axes))
            .chain(shape[2..].iter().copied())
            .collect();
        let order: Vec<usize> = [0, 1].into_iter().chain((0..axes).flat_map(|i| [2 + axes + i, 2 + i])).collect();
        let joined = [split[0], split[1]].into_iter().chain(shape[2..].iter().map(|length| length * factor));
        self.reshape(split.as_slice()).permute(&order).reshape(joined.collect::<Shape>().as_slice())
    }

    /// Space turned to channels by a factor r: the inverse of [`pixel_shuffle`](Self::pixel_shuffle).
    ///
    /// Shapes: x `[n, channels, lengths…]`, y `[n, channels·rᵈ, lengths / r…]`, with d = one to three spatial axes.
    ///
    /// # Panics
    /// Where the factor does not divide a spatial axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::arange(8).reshape((1, 1, 2, 4));
    /// assert_eq!(x.pixel_unshuffle(2).pixel_shuffle(2), x);
    /// ```
    #[track_caller]
    pub fn pixel_unshuffle(&self, factor: usize) -> Tensor<T> {
        let shape = self.shape();
        let axes = spatial_axes("pixel_unshuffle", shape);
        assert!(
            factor > 0 && shape[2..].iter().all(|length| length.is_multiple_of(factor)),
            "pixel_unshuffle: the factor {factor} does not divide the spatial axes of the shape {shape:?}"
        );
        // [n, c, length, r, …] → [n, c, r, …, length, …].
        let split = shape[..2].iter().copied().chain(shape[2..].iter().flat_map(|length| [length / factor, factor]));
        let order: Vec<usize> =
            [0, 1].into_iter().chain((0..axes).map(|i| 3 + 2 * i)).chain((0..axes).map(|i| 2 + 2 * i)).collect();
        let joined = [shape[0], shape[1] * factor.pow(axes as u32)]
            .into_iter()
            .chain(shape[2..].iter().map(|length| length / factor));
        self.reshape(split.collect::<Shape>().as_slice()).permute(&order).reshape(joined.collect::<Shape>().as_slice())
    }
}

/// The weighted sums of a table along an axis; the pullback is the transposed table.
#[track_caller]
fn along<T: Float>(x: &Tensor<T>, axis: usize, table: Arc<Table>) -> Tensor<T> {
    unary(
        x,
        |x| {
            let mut shape = Shape::from_slice(x.shape());
            shape[axis] = table.outputs.len();
            let width = shape[axis + 1..].iter().product();
            Tensor::from_dense(resample(x.contiguous().dense(), width, &table, T::from_f64), &shape)
        },
        |_, _| {
            let transposed = Arc::new(table.transposed());
            move |g| along(&g, axis, transposed)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::Interpolation;
    use crate::prelude::*;

    #[test]
    fn a_cubic_passes_through_the_elements_and_keeps_constants() {
        let x = Tensor::from([[[1.0, 4.0, 2.0f64]]]);
        let y = x.interpolate(5, Interpolation::Cubic { align_corners: true }).to_vec();
        assert_eq!([y[0], y[2], y[4]], [1.0, 4.0, 2.0]);
        let ones = Tensor::<f64>::ones((1, 1, 3)).interpolate(7, Interpolation::Cubic { align_corners: false });
        assert!(ones.to_vec().iter().all(|y| (y - 1.0).abs() < 1e-15));
    }

    #[test]
    #[should_panic(expected = "pixel_shuffle: the factor 2 does not divide the channels of the shape [1, 6, 2, 2]")]
    fn a_factor_divides_the_channels() {
        let _ = Tensor::<f32>::ones((1, 6, 2, 2)).pixel_shuffle(2);
    }

    #[test]
    #[should_panic(expected = "interpolate: from the shape [1, 1, 2] to the lengths [0]; no length may be zero")]
    fn a_length_is_not_zero() {
        let _ = Tensor::<f32>::ones((1, 1, 2)).interpolate(0, Interpolation::Nearest);
    }
}
