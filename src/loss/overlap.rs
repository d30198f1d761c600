//! Losses for segmentation: how much prediction and target overlap.

use super::same_shape;
use crate::tensor::{Float, Tensor};

/// The dice loss 1 − (2 Σpt + 1) / (Σp² + Σt² + 1) of probabilities p and targets t in [0, 1], over all elements together
/// (Milletari et al., 2016; smoothed by 1, as Flux's `dice_coeff_loss`). It is a ratio of sums, not a mean of losses; for
/// one of each observation call it for each.
///
/// # Panics
/// Where the shapes differ.
///
/// ```
/// # use sapwood::loss::dice;
/// # use sapwood::prelude::*;
/// // Flux test/losses.jl
/// let loss = dice(&Tensor::from([0.0f64, 1.4, 0.5, 1.2]), &Tensor::from([1.0, 0.5, 0.3, 2.4]));
/// assert!((loss.item() - 0.28).abs() < 1e-12);
/// ```
#[track_caller]
pub fn dice<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    same_shape("dice", prediction, target);
    let (one, two) = (T::one(), T::from_f64(2.0));
    let overlap = (prediction * target).sum() * two + one;
    -(overlap / (prediction.square().sum() + target.square().sum() + one)) + one
}

/// The Tversky loss 1 − (TP + 1) / (TP + (1 − β)·FP + β·FN + 1) over all elements together, of probabilities p and
/// targets t in [0, 1], where TP = Σpt, FP = Σp(1 − t), FN = Σ(1 − p)t (Salehi et al., 2017). A larger β punishes missing
/// what is there more, a smaller one seeing what is not; 0.7 is Flux's default.
///
/// β weighs false negatives, as in the paper. (Flux's code has it on false positives, its docs as here.)
///
/// # Panics
/// Where the shapes differ, or β is not in [0, 1].
///
/// ```
/// # use sapwood::loss::tversky;
/// # use sapwood::prelude::*;
/// let loss = tversky(&Tensor::from([1.0f32, 1.0, 0.0, 0.0]), &Tensor::from([1.0, 0.0, 1.0, 0.0]), 0.75);
/// assert_eq!(loss.item(), 1.0 - 2.0 / (1.0 + 0.25 + 0.75 + 1.0));
/// ```
#[track_caller]
pub fn tversky<T: Float>(prediction: &Tensor<T>, target: &Tensor<T>, beta: T) -> Tensor<T> {
    same_shape("tversky", prediction, target);
    let one = T::one();
    assert!(beta >= T::zero() && beta <= one, "tversky: beta must lie in [0, 1], not {beta}");
    let hits = (prediction * target).sum();
    let (seen, there) = (prediction.sum() - &hits, target.sum() - &hits);
    -((&hits + one) / (hits + seen * (one - beta) + there * beta + one)) + one
}

#[cfg(test)]
mod tests {
    use crate::loss::{dice, tversky};
    use crate::prelude::*;

    #[test]
    fn values_are_fluxes() {
        // Flux test/losses.jl, y = [1, .5, .3, 2.4], ŷ = [0, 1.4, .5, 1.2].
        let (y, p) = (Tensor::from([1.0f64, 0.5, 0.3, 2.4]), Tensor::from([0.0, 1.4, 0.5, 1.2f64]));
        assert!(dice(&y, &y).item().abs() < 1e-15);
        // There β stands on the false positives: 1 − β here. The last is its value by the convention of its docs.
        for (beta, expected) in [(0.3, -0.06772009029345383f64), (0.2, -0.09490740740740744), (0.7, 0.02875)] {
            let loss = tversky(&p, &y, beta).item();
            assert!((loss - expected).abs() < 1e-5, "{beta}: {loss}");
        }
        assert!((tversky(&y, &y, 0.3).item() + 0.5576923076923075).abs() < 1e-12);
    }

    #[test]
    fn nothing_predicted_where_nothing_is_costs_nothing() {
        let none = Tensor::<f32>::zeros(4);
        assert_eq!((dice(&none, &none).item(), tversky(&none, &none, 0.7).item()), (0.0, 0.0));
    }

    #[test]
    #[should_panic(expected = "tversky: beta must lie in [0, 1], not 2")]
    fn a_beta_beyond_one_is_refused() {
        let _ = tversky(&Tensor::<f32>::zeros(4), &Tensor::zeros(4), 2.0);
    }
}
