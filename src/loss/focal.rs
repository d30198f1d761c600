//! Focal losses: cross-entropy that cares little for what is classified well.

use super::ClassTarget;
use crate::tensor::{Float, Index, Tensor};

/// The mean focal loss −(1 − p)^γ · ln p over all rows, where p is the probability softmax(logits) of the label
/// (Lin et al., 2017; γ = 2 there). With γ = 0 it is the cross-entropy.
///
/// Shapes: logits `[…, C]` for C classes, integer labels `[…]`. (Flux's takes probabilities: give their logarithms.)
///
/// # Panics
/// Where the shapes do not fit, a label is not in 0..C, or γ is negative.
///
/// ```
/// # use sapwood::loss::focal;
/// # use sapwood::prelude::*;
/// // Flux test/losses.jl
/// let p = Tensor::from([[0.4f64, 0.5, 0.1], [0.2, 0.5, 0.3]]);
/// let loss = focal(&p.ln(), &Tensor::from([0u8, 2]), 2.0);
/// assert!((loss.item() - 0.45990566879720157).abs() < 1e-12);
/// ```
#[track_caller]
pub fn focal<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>, gamma: T) -> Tensor<T>
where
    Tensor<I>: ClassTarget<T>,
{
    each::focal(logits, labels, gamma).mean()
}

/// The mean binary focal loss −(1 − q)^γ · ln q over all elements, where q is σ(logits) for a target of 1 and
/// 1 − σ(logits) for one of 0 (Lin et al., 2017). With γ = 0 it is the binary cross-entropy.
///
/// For targets y between, (1 − q) is p(1 − y) + (1 − p)y, and −ln q the cross-entropy, as torchvision has it. Its α is a
/// weight of the classes: see [`each`](crate::loss::each).
///
/// # Panics
/// Where the shapes differ, or γ is negative.
///
/// ```
/// # use sapwood::loss::binary_focal;
/// # use sapwood::prelude::*;
/// // Flux test/losses.jl, as logits
/// let p = Tensor::from([[0.6f64, 0.4], [0.3, 0.7]]);
/// let logits: Tensor<f64> = p.ln() - (-p + 1.0).ln();
/// let loss = binary_focal(&logits, &Tensor::eye(2), 2.0);
/// assert!((loss.item() - 0.05691642237852222).abs() < 1e-12);
/// ```
#[track_caller]
pub fn binary_focal<T: Float>(logits: &Tensor<T>, target: &Tensor<T>, gamma: T) -> Tensor<T> {
    each::binary_focal(logits, target, gamma).mean()
}

pub(super) mod each {
    use crate::loss::{ClassTarget, same_shape};
    use crate::tensor::{Float, Index, Tensor};

    /// [`focal`](crate::loss::focal) of each row; shape `[…]`.
    #[track_caller]
    pub fn focal<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>, gamma: T) -> Tensor<T>
    where
        Tensor<I>: ClassTarget<T>,
    {
        assert_gamma("focal", gamma);
        let entropy = crate::loss::each::cross_entropy(logits, labels);
        // 1 − p, exact for p near 1 too.
        modulated(-(-&entropy).exp_m1(), gamma) * entropy
    }

    /// [`binary_focal`](crate::loss::binary_focal) of each element.
    #[track_caller]
    pub fn binary_focal<T: Float>(logits: &Tensor<T>, target: &Tensor<T>, gamma: T) -> Tensor<T> {
        same_shape("binary_focal", logits, target);
        assert_gamma("binary_focal", gamma);
        let entropy = crate::loss::each::binary_cross_entropy_with_logits(logits, target);
        let missed = logits.sigmoid() * (-target + T::one()) + (-logits).sigmoid() * target;
        modulated(missed, gamma) * entropy
    }

    /// x^γ, whose derivative at 0 is 0 for γ < 1 too, where it would be infinite.
    fn modulated<T: Float>(x: Tensor<T>, gamma: T) -> Tensor<T> {
        x.maximum(T::min_positive_value()).pow(gamma)
    }

    #[track_caller]
    fn assert_gamma<T: Float>(loss: &str, gamma: T) {
        assert!(gamma >= T::zero(), "{loss}: gamma must be at least 0, not {gamma}");
    }
}

#[cfg(test)]
mod tests {
    use crate::loss::{binary_focal, focal};
    use crate::prelude::*;

    #[test]
    fn values_are_fluxes() {
        // Flux test/losses.jl: ŷ = softmax(reshape(-7:7, 3, 5)) in f64, classes 1, 2, 3, 2, 1.
        let logits = (Tensor::<f64>::arange(15) - 7.0).reshape((5, 3));
        let loss = focal(&logits, &Tensor::from([0u8, 1, 2, 1, 0]), 2.0).item();
        assert!((loss - 1.1277565).abs() < 1e-7, "{loss}");
        let (one, half) = (0.268941f64, 0.5);
        let p = Tensor::from([[one, half, one], [1.0 - one, half, 1.0 - one]]);
        let y = Tensor::from([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]);
        let loss = binary_focal(&(p.ln() - (-p + 1.0).ln()), &y, 2.0).item();
        assert!((loss - 0.0728675615927385).abs() < 1e-6, "{loss}");
    }

    #[test]
    fn without_focus_it_is_the_cross_entropy() {
        let z = Tensor::<f64>::normal((4, 3), 0.0, 2.0, &mut StdRng::seed_from_u64(0));
        let labels = Tensor::from([0u8, 2, 1, 1]);
        assert_eq!(focal(&z, &labels, 0.0), cross_entropy(&z, &labels));
        let y: Tensor<f64> = labels.one_hot(3);
        assert_eq!(binary_focal(&z, &y, 0.0), binary_cross_entropy_with_logits(&z, &y));
    }

    #[test]
    fn certain_rows_have_finite_gradients() {
        let z = Tensor::from([[1e20f32, 0.0], [0.0, 1e3], [-1e20, 1e20]]);
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            let labels = Tensor::from([0u8, 1, 0]);
            let (loss, g) = with_gradient(|z| focal(z, &labels, gamma), &z);
            assert!(loss.is_finite() && g.is_finite(), "{gamma}: {loss}, {g:?}");
            let (loss, g) = with_gradient(|z| binary_focal(z, &labels.one_hot(2), gamma), &z);
            assert!(loss.is_finite() && g.is_finite(), "{gamma}: {loss}, {g:?}");
        }
    }

    #[test]
    #[should_panic(expected = "focal: gamma must be at least 0, not -1")]
    fn a_negative_gamma_is_refused() {
        let _ = focal(&Tensor::<f32>::zeros((1, 2)), &Tensor::from([0u8]), -1.0);
    }
}
