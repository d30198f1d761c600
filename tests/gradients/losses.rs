use sapwood::loss::{self, each};
use sapwood::prelude::*;

use crate::harness::{check_model, layouts, random};

type Tensors = (Tensor<f64>, Tensor<f64>);

const SHAPES: [&[usize]; 4] = [&[3, 4], &[5], &[], &[0, 3]];
const ROWS: [&[usize]; 3] = [&[3, 4], &[2, 3, 2], &[5]];

/// A loss of two tensors of the given shapes, with elements in the given ranges, the first of them in all layouts.
fn check(
    name: &str,
    shapes: &[&[usize]],
    ranges: [std::ops::Range<f64>; 2],
    loss: impl Fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64>,
) {
    for shape in shapes {
        let [p, t] = ranges.clone();
        let loss = |(p, t): &Tensors| loss(p, t);
        for (layout, p) in layouts(shape, p, 1) {
            let model = (p, random(shape, t.clone(), 2));
            check_model(&format!("{name} of a {layout} {shape:?}"), &model, &loss as &dyn Fn(&_) -> _);
        }
    }
}

fn any() -> [std::ops::Range<f64>; 2] {
    [-2.0..2.0, -2.0..2.0]
}

fn probabilities() -> [std::ops::Range<f64>; 2] {
    [0.1..0.9, 0.1..0.9]
}

#[test]
fn of_errors() {
    check("mse", &SHAPES, any(), each::mse);
    check("mae", &SHAPES, any(), each::mae);
    check("msle", &SHAPES, probabilities(), each::msle);
    check("huber", &SHAPES, any(), |p, t| each::huber(p, t, 0.7));
    check("smooth_l1", &SHAPES, any(), |p, t| each::smooth_l1(p, t, 0.7));
    check("log_cosh", &SHAPES, any(), each::log_cosh);
    check("quantile", &SHAPES, any(), |p, t| each::quantile(p, t, 0.2));
}

/// Means that are an operation of their own.
#[test]
fn means() {
    check("mean of mse", &SHAPES, any(), mse);
}

#[test]
fn of_two_classes() {
    let logits = [-2.0..2.0, 0.1..0.9];
    check("binary_cross_entropy_with_logits", &SHAPES, logits.clone(), each::binary_cross_entropy_with_logits);
    check("binary_cross_entropy", &SHAPES, probabilities(), each::binary_cross_entropy);
    check("binary_focal 0.5", &SHAPES, logits.clone(), |p, t| each::binary_focal(p, t, 0.5));
    check("binary_focal 2", &SHAPES, logits, |p, t| each::binary_focal(p, t, 2.0));
    check("hinge", &SHAPES, any(), each::hinge);
    check("squared_hinge", &SHAPES, any(), each::squared_hinge);
}

#[test]
fn of_many_classes() {
    let labels = Tensor::from([[3i64, 0], [2, 2], [-1, 1]]);
    let z = random(&[3, 2, 4], -2.0..2.0, 1);
    let options = CrossEntropy::new().label_smoothing(0.1).class_weights(&[1.0, 0.5, 2.0, 0.25]);
    let plain = CrossEntropy::new().ignore(-1);
    check_model("cross_entropy of labels", &z, |z| plain.each(z, &labels));
    check_model("cross_entropy of turned logits", &z.swap_axes(0, 1), |z| plain.each(z, &labels.t()));
    check_model("cross_entropy of labels with all options", &z, |z| options.clone().ignore(-1).loss(z, &labels));
    let logits = [-2.0..2.0, 0.1..0.9];
    check("cross_entropy of probabilities", &ROWS, logits.clone(), |z, q| each::cross_entropy(z, q));
    check("cross_entropy with options", &[&[3, 4]], logits, |z, q| options.loss(z, q));
    let labels = Tensor::from([[3i64, 0], [2, 2], [0, 1]]);
    check_model("focal 0.5", &z, |z| each::focal(z, &labels, 0.5));
    check_model("focal 2", &z, |z| each::focal(z, &labels, 2.0));
}

#[test]
fn of_distributions() {
    check("kl_divergence", &ROWS, [-2.0..-0.5, 0.1..0.9], each::kl_divergence);
    check("poisson_nll", &SHAPES, any(), each::poisson_nll);
    let target = random(&[3, 4], -2.0..2.0, 3);
    check("gaussian_nll", &[&[3, 4]], [-2.0..2.0, 0.5..2.0], |m, v| each::gaussian_nll(m, v, &target));
    let mean = random(&[3, 4], -2.0..2.0, 3);
    check("gaussian_nll by target", &[&[3, 4]], [-2.0..2.0, 0.5..2.0], |t, v| each::gaussian_nll(&mean, v, t));
}

#[test]
fn of_embeddings() {
    check("cosine_distance", &ROWS, any(), each::cosine_distance);
    let target = Tensor::from([1.0, -1.0, -1.0]);
    check("cosine_embedding", &[&[3, 4]], any(), |x, y| each::cosine_embedding(x, y, &target, 0.1));
    let negative = random(&[3, 4], -2.0..2.0, 3);
    check("triplet_margin", &[&[3, 4]], any(), |a, p| each::triplet_margin(a, p, &negative, 1.0));
    check("triplet_margin by negative", &[&[3, 4]], any(), |a, n| each::triplet_margin(a, &negative, n, 1.0));
    check("contrastive", &SHAPES, [0.1..2.0, 0.0..1.0], |d, y| each::contrastive(d, y, 1.0));
    check("info_nce", &[&[3, 4]], any(), |q, k| each::info_nce(q, k, 0.5));
}

#[test]
fn of_overlaps() {
    check("dice", &SHAPES, probabilities(), loss::dice);
    check("tversky", &SHAPES, probabilities(), |p, t| loss::tversky(p, t, 0.7));
}

#[test]
fn of_sequences() {
    let z = random(&[2, 4, 3], -2.0..2.0, 1);
    check_model("ctc", &z, |z| loss::Ctc::new().blank(2).lengths(&[4, 3]).each(z, &[vec![0, 0], vec![1]]));
}
