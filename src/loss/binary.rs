//! Losses for two classes: a number an element.

use crate::tensor::{Float, Tensor};

/// The mean binary cross-entropy between σ(logits) and the targets in [0, 1], over all elements:
/// max(z, 0) − z·y + ln(1 + e^−|z|), which does not overflow.
///
/// For weights of the two classes see [`each`](crate::loss::each).
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::prelude::*;
/// let loss = binary_cross_entropy_with_logits(&Tensor::from([0.0f32, 1e4]), &Tensor::from([1.0, 1.0]));
/// assert!((loss.item() - 2f32.ln() / 2.0).abs() < 1e-7);
/// ```
#[track_caller]
pub fn binary_cross_entropy_with_logits<T: Float>(logits: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::binary_cross_entropy_with_logits(logits, target).mean()
}

/// The mean binary cross-entropy −y·ln p − (1 − y)·ln(1 − p) between probabilities and targets, both in [0, 1], over
/// all elements. Logarithms are at least −100, as PyTorch's, so that a certain mistake costs 100.
///
/// Logits lose less: where the probabilities are σ(z), give z to [`binary_cross_entropy_with_logits`].
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::loss::binary_cross_entropy;
/// # use sapwood::prelude::*;
/// let loss = binary_cross_entropy(&Tensor::from([0.5f32, 0.0]), &Tensor::from([1.0, 1.0]));
/// assert!((loss.item() - (2f32.ln() + 100.0) / 2.0).abs() < 1e-5);
/// ```
#[track_caller]
pub fn binary_cross_entropy<T: Float>(probabilities: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::binary_cross_entropy(probabilities, target).mean()
}

/// The mean hinge loss max(0, 1 − p·t) over all elements, for targets −1 and 1. Its derivative on the margin is 0.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::loss::hinge;
/// # use sapwood::prelude::*;
/// // Flux's docs
/// let loss = hinge(&Tensor::from([1.0f32, 2.0, 3.0, 4.0]), &Tensor::from([0.5, 1.0, 1.5, 2.0]));
/// assert_eq!(loss.item(), 0.125);
/// ```
#[track_caller]
pub fn hinge<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::hinge(prediction, target).mean()
}

/// The mean squared hinge loss max(0, 1 − p·t)² over all elements, for targets −1 and 1.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::loss::squared_hinge;
/// # use sapwood::prelude::*;
/// // Flux's docs
/// let loss = squared_hinge(&Tensor::from([1.0f32, 2.0, 3.0, 4.0]), &Tensor::from([0.5, 1.0, 1.5, 2.0]));
/// assert_eq!(loss.item(), 0.0625);
/// ```
#[track_caller]
pub fn squared_hinge<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    each::squared_hinge(prediction, target).mean()
}

pub(super) mod each {
    use crate::autodiff::{binary, unary};
    use crate::kernels::math;
    use crate::loss::same_shape;
    use crate::ops::broadcast::zip_over;
    use crate::tensor::{Float, Tensor};

    /// [`binary_cross_entropy_with_logits`](crate::loss::binary_cross_entropy_with_logits) of each element.
    ///
    /// Where the two classes are to have different weights:
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// # let (logits, y) = (Tensor::from([0.3f32, -1.0]), Tensor::from([1.0f32, 0.0]));
    /// let weights = y.gt(0.5).where_(3.0, 1.0);
    /// let loss = (loss::each::binary_cross_entropy_with_logits(&logits, &y) * weights).mean();
    /// ```
    #[inline(never)]
    #[track_caller]
    pub fn binary_cross_entropy_with_logits<T: Float>(logits: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        same_shape("binary_cross_entropy_with_logits", logits, target);
        let each = |z: T, y: T| z.max(T::zero()) - z * y + math::ln_1p(math::exp(-z.abs()));
        binary(
            logits,
            target,
            |z, y| zip_over(z.shape(), z, y, each),
            |z, y, _| {
                let (z, y, z2) = (z.clone(), y.clone(), z.clone());
                (move |g: &Tensor<T>| (z.sigmoid() - &y) * g, move |g: &Tensor<T>| -(&z2 * g))
            },
        )
    }

    /// [`binary_cross_entropy`](crate::loss::binary_cross_entropy) of each element.
    #[track_caller]
    pub fn binary_cross_entropy<T: Float>(probabilities: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        same_shape("binary_cross_entropy", probabilities, target);
        let other = |x: &Tensor<T>| -x + T::one();
        -(target * ln(probabilities) + other(target) * ln(&other(probabilities)))
    }

    /// max(ln x, −100). Derivative: 1 / max(x, 1e-12), large but finite at 0, as PyTorch's.
    fn ln<T: Float>(x: &Tensor<T>) -> Tensor<T> {
        let (least, smallest) = (T::from_f64(-100.0), T::from_f64(1e-12));
        let bounded = |x: T| {
            let y = math::ln(x);
            if y < least { least } else { y }
        };
        unary(
            x,
            |x| x.map_elements(bounded),
            |x, _| {
                let x = x.clone();
                move |g| g / x.maximum(smallest)
            },
        )
    }

    /// [`hinge`](crate::loss::hinge) of each element.
    #[track_caller]
    pub fn hinge<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        same_shape("hinge", prediction, target);
        (-(prediction * target) + T::one()).relu()
    }

    /// [`squared_hinge`](crate::loss::squared_hinge) of each element.
    #[track_caller]
    pub fn squared_hinge<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        same_shape("squared_hinge", prediction, target);
        (-(prediction * target) + T::one()).relu().square()
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn logits_give_mlxs_numbers_and_do_not_overflow() {
        // MLX python/tests/test_losses.py.
        let logits = Tensor::from([0.105361, 0.223144, 1.20397, 0.916291]);
        let each = loss::each::binary_cross_entropy_with_logits(&logits, &Tensor::from([0.0, 0.0, 1.0, 1.0]));
        let expected = [0.747215f64, 0.810930, 0.262365, 0.336472];
        assert!(each.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{each:?}");
        let far = binary_cross_entropy_with_logits(&Tensor::from([1e20f32, -1e20]), &Tensor::from([0.0, 0.0]));
        assert_eq!(far.item(), 5e19);
    }

    #[test]
    fn probabilities_give_what_their_logits_give() {
        // Flux test/losses.jl: binarycrossentropy of σ(z) is logitbinarycrossentropy of z.
        let z = Tensor::from([-3.0, -0.5, 0.2, 4.0f64]);
        let y = Tensor::from([0.0, 1.0, 0.3, 1.0]);
        let a = loss::binary_cross_entropy(&z.sigmoid(), &y).item();
        assert!((a - binary_cross_entropy_with_logits(&z, &y).item()).abs() < 1e-14);
        // Its docs: bce([.1, .2, .9], 1) = −mean of the logarithms.
        let p = Tensor::from([0.1, 0.2, 0.9f64]);
        assert!((loss::binary_cross_entropy(&p, &Tensor::ones(3)) + p.ln().mean()).item().abs() < 1e-15);
    }

    #[test]
    fn certain_probabilities_have_finite_losses_and_gradients() {
        let p = Tensor::from([0.0, 1.0, 0.0, 1.0f64]);
        let y = Tensor::from([0.0, 1.0, 1.0, 0.0]);
        assert_eq!(loss::each::binary_cross_entropy(&p, &y).to_vec(), [0.0, 0.0, 100.0, 100.0]);
        let g = gradient(|p| loss::each::binary_cross_entropy(p, &y).sum(), &p);
        assert_eq!(g.get().unwrap().to_vec(), [1.0, -1.0, -1e12, 1e12]);
        assert!(loss::binary_cross_entropy(&Tensor::from([f64::NAN]), &Tensor::ones(1)).item().is_nan());
    }
}
