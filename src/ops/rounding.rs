//! Whole numbers near by. Their derivatives are 0 everywhere, as in PyTorch.

use super::pointwise::piecewise;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// The largest whole number that is not above x. Derivative: 0.
    #[track_caller]
    pub fn floor(&self) -> Tensor<T> {
        piecewise(self, |x| x.floor(), |_| T::zero())
    }

    /// The smallest whole number that is not below x. Derivative: 0.
    #[track_caller]
    pub fn ceil(&self) -> Tensor<T> {
        piecewise(self, |x| x.ceil(), |_| T::zero())
    }

    /// The whole number nearest to x, of two equally near the even one, as NumPy and PyTorch round. Derivative: 0.
    ///
    /// To let a gradient through all the same (the straight-through estimator of
    /// [Bengio et al. 2013](https://arxiv.org/abs/1308.3432)), round a constant:
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([0.5, 1.5, -2.6]);
    /// assert_eq!(x.round().to_vec(), [0.0, 2.0, -3.0]);
    ///
    /// let straight_through = |x: &Tensor| x + (x.round() - x).stop_gradient();
    /// let g = gradient(|x| straight_through(x).sum(), &x);
    /// assert_eq!(g.get().unwrap().to_vec(), [1.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn round(&self) -> Tensor<T> {
        // Through f64, which holds every f32 and the whole number near it.
        piecewise(self, |x| T::from_f64(x.to_f64().round_ties_even()), |_| T::zero())
    }

    /// x without what is behind the point: the nearest whole number towards 0. Derivative: 0.
    #[track_caller]
    pub fn trunc(&self) -> Tensor<T> {
        piecewise(self, |x| x.trunc(), |_| T::zero())
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn signs_ties_and_specials() {
        // NumPy 2: floor, ceil, round and trunc of the same numbers.
        let x = Tensor::from([-2.5f32, -0.5, -0.0, 0.5, 1.5, 2.5, 8_388_609.0, f32::INFINITY]);
        let inf = f32::INFINITY;
        assert_eq!(x.floor().to_vec(), [-3.0, -1.0, 0.0, 0.0, 1.0, 2.0, 8_388_609.0, inf]);
        assert_eq!(x.ceil().to_vec(), [-2.0, 0.0, 0.0, 1.0, 2.0, 3.0, 8_388_609.0, inf]);
        assert_eq!(x.round().to_vec(), [-2.0, 0.0, 0.0, 0.0, 2.0, 2.0, 8_388_609.0, inf]);
        assert_eq!(x.trunc().to_vec(), [-2.0, 0.0, 0.0, 0.0, 1.0, 2.0, 8_388_609.0, inf]);
        assert!([Tensor::ceil, Tensor::round, Tensor::trunc].iter().all(|f| f(&x)[[1]].is_sign_negative()));
        assert!(Tensor::scalar(f64::NAN).round().item().is_nan());
        assert_eq!(Tensor::scalar(0.499_999_999_999_999_94f64).round().item(), 0.0);
        let g = gradient(|x| (x.floor() + x.ceil() + x.round() + x.trunc()).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [0.0; 8]);
    }
}
