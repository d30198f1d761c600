//! Losses: what Flux and optax say of their families, and that both precisions stay what they are.

use sapwood::loss::{self, each};
use sapwood::prelude::*;

use crate::{assert_close, numbers};

/// The probabilities of four observations and their classes.
fn flux() -> (Tensor<f64>, Tensor<u8>) {
    (Tensor::from([[0.1, 0.9], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]]), Tensor::from([1, 1, 0, 0]))
}

#[test]
fn labels_probabilities_and_one_hot_targets_have_one_cross_entropy() {
    // Flux test/losses.jl. Its `crossentropy` takes probabilities; here logits are taken, and ln p are logits of p.
    let (p, labels) = flux();
    let one_hot: Tensor<f64> = labels.one_hot(2);
    let smooth = CrossEntropy::new().label_smoothing(0.1);
    // As many are right as wrong, each as sure: smoothing changes nothing.
    let losses = [
        cross_entropy(&p.ln(), &one_hot),
        cross_entropy(&p.ln(), &labels),
        smooth.loss(&p.ln(), &labels),
        smooth.loss(&p.ln(), &one_hot),
        // As logits that differ by v or −v, v = ln(.1/.9).
        cross_entropy(
            &Tensor::from([[0.0, 9f64.ln()], [0.0, -9f64.ln()], [9f64.ln(), 0.0], [-9f64.ln(), 0.0]]),
            &labels,
        ),
    ];
    for loss in losses {
        assert_close(&[loss.item()], &[1.203972804325936], 1e-14);
    }
    // A certain and right prediction costs nothing; a class that is impossible and not wanted neither.
    assert_eq!(cross_entropy(&one_hot.ln(), &one_hot).item(), 0.0);
    let (three, two) = (Tensor::from([[0.1, 0.0, 0.9]]), Tensor::from([[0.1, 0.9]]));
    let (a, b) = (cross_entropy(&three.ln(), &three).item(), cross_entropy(&two.ln(), &two).item());
    assert_close(&[a], &[b], 1e-15);
}

#[test]
fn smoothing_punishes_certainty() {
    // Flux test/losses.jl: under smoothing, predictions like the target cost less than others, but not nothing.
    let target = Tensor::from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0f64]]);
    let similar = Tensor::from([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1f64]]);
    let other = Tensor::from([[0.1, 0.45, 0.45], [0.4, 0.2, 0.4f64]]);
    let smooth = |p: &Tensor<f64>| CrossEntropy::new().label_smoothing(0.2).loss(&p.ln(), &target).item();
    let sharp = |p: &Tensor<f64>| cross_entropy(&p.ln(), &target).item();
    assert!(sharp(&similar) < sharp(&other) && smooth(&similar) < smooth(&other));
    assert!(smooth(&similar) > sharp(&similar));
}

#[test]
fn smoothing_mixes_the_target_with_even_shares() {
    // Flux test/losses.jl: label_smoothing([0 1]ᵀ, .2) is [.1 .9]ᵀ.
    let z = Tensor::from([[0.3f64, -1.2]]);
    let smooth = CrossEntropy::new().label_smoothing(0.2).loss(&z, &Tensor::from([1u8])).item();
    assert_close(&[smooth], &[cross_entropy(&z, &Tensor::from([[0.1, 0.9]])).item()], 1e-15);
}

#[test]
fn cross_entropies_are_optaxs_and_so_is_its_poly_loss() {
    // optax/losses/_classification_test.py, softmax_cross_entropy of one-hot targets.
    let (z, q) = (Tensor::from([[10.0, 1.0, -2.0], [1.0, 4.0, 0.2]]), Tensor::from([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]));
    assert_close(&each::cross_entropy(&z, &q).to_vec(), &[9.0001295, 3.0696733], 1e-6);
    // The same file, poly_loss_cross_entropy: a loss of one's own, cross-entropy + ε (1 − Σ q softmax z).
    let (z, q) = (Tensor::from([0.14, 1.456, 2.356, -0.124, -2.47]), Tensor::from([0.1, 0.15, 0.2, 0.25, 0.3]));
    for (epsilon, expected) in [(2.0, 4.5317), (1.0, 3.7153), (0.0, 2.8990), (-1.0, 2.0827)] {
        let loss: Tensor<f64> = cross_entropy(&z, &q) + (1.0 - (z.softmax(0) * &q).sum()) * epsilon;
        assert_close(&[loss.item()], &[expected], 1e-4);
    }
}

#[test]
fn errors_of_all_sizes_have_the_logarithm_of_cosh_of_optax() {
    // optax/losses/_regression_test.py.
    let (p, t) = (Tensor::from([500.0, -2.0, -1.0, 0.5, 1.0]), Tensor::from([-200.0, -1.5, 0.0, -1.0, 1.0]));
    let expected = [699.3068, 0.12011445, 0.4337809, 0.85544014, 0.0];
    assert_close(&each::log_cosh(&p, &t).to_vec(), &expected, 1e-4);
    assert_close(&each::log_cosh(&p, &t).to_vec()[1..], &expected[1..], 1e-7);
}

#[test]
fn pairs_of_one_element_are_mlxs() {
    // MLX python/tests/test_losses.py.
    let (p, t) = (Tensor::from([1.5, 2.5, 0.5, 3.5]), Tensor::from([1.0, 2.0, 0.5, 2.5]));
    assert_eq!(each::smooth_l1(&p, &t, 1.0).to_vec(), [0.125, 0.125, 0.0, 0.5]);
    let (p, t) = (Tensor::from([[0.5, 0.5], [0.8, 0.2]]), Tensor::from([[0.5, 0.5], [0.2, 0.8]]));
    assert_close(&each::kl_divergence(&p.ln(), &t).to_vec(), &[0.0, 0.831777], 1e-6);
}

#[test]
fn single_precision_stays_single_and_agrees() {
    // Flux test/losses.jl: every loss keeps Float32, in its value and its gradient (here the types say so).
    let single = |x: &Tensor<f64>| x.cast::<f32>();
    let (p, _) = flux();
    let t = Tensor::from([[0.2, 0.8], [0.7, 0.3], [0.5, 0.5], [0.9, 0.1]]);
    macro_rules! agree {
        ($($loss:path $(, $option:literal)*;)*) => {$(
            let (loss, g) = with_gradient(|p| $loss(p, &single(&t) $(, $option)*), &single(&p));
            let (exact, exact_g) = with_gradient(|p| $loss(p, &t $(, $option)*), &p);
            let loss: f32 = loss;
            assert_close(&[loss.into()], &[exact], 1e-6);
            assert_close(&numbers(&g), &numbers(&exact_g), 1e-6);
        )*};
    }
    agree! {
        mse; mae; loss::msle; huber, 0.3; loss::smooth_l1, 0.3; loss::log_cosh; loss::quantile, 0.3;
        cross_entropy; binary_cross_entropy_with_logits; loss::binary_cross_entropy; loss::binary_focal, 2.0;
        loss::hinge; loss::squared_hinge; loss::kl_divergence; loss::poisson_nll; loss::cosine_distance;
        loss::contrastive, 1.0; loss::info_nce, 0.5; loss::dice; loss::tversky, 0.7;
    }
}
