//! L-BFGS.

use sapwood::optim::LBFGS;
use sapwood::prelude::*;

use crate::common::{ORACLE, difference, numbers, rows};

/// Takes the steps of a case that tests/oracle/lbfgs.py has recorded, with the same number of trials in each.
fn follows(case: &str, loss: impl Fn(&Tensor<f64>) -> Tensor<f64>) {
    let table: serde_json::Value = serde_json::from_str(include_str!("../oracle/lbfgs.json")).unwrap();
    let case = &table[case];
    let path = rows(&case["path"]);
    let mut x = Tensor::from(path[0].clone());
    let mut lbfgs = LBFGS::new().memory(case["memory"].as_u64().unwrap() as usize);
    for (step, (expected, evaluations)) in path[1..].iter().zip(numbers(&case["evaluations"])).enumerate() {
        let progress = lbfgs.step(&loss, &mut x).unwrap();
        assert_eq!(progress.evaluations as f64, evaluations, "step {step}");
        let difference = difference(&[x.to_vec()], std::slice::from_ref(expected));
        assert!(difference < 1e-9, "step {step}: {difference:e}");
    }
}

fn rosenbrock(p: &Tensor<f64>) -> Tensor<f64> {
    let (x, y) = (p.slice(s![..-1]), p.slice(s![1..]));
    ((1.0 - &x).square() + (y - x.square()).square() * 100.0).sum()
}

#[test]
fn steps_in_a_valley_are_pytorchs() {
    follows("rosenbrock", rosenbrock);
    follows("long rosenbrock", rosenbrock);
}

#[test]
fn steps_to_a_wall_are_pytorchs() {
    follows("wall", |x| {
        let bend = (x.slice(s![0]) - x.slice(s![1])).square() / 100.0;
        (x - 20.0).powi(9).relu().sum() - x.sum() + bend
    });
}

#[test]
fn steps_of_a_logistic_regression_are_pytorchs() {
    let table: serde_json::Value = serde_json::from_str(include_str!("../oracle/lbfgs.json")).unwrap();
    let (x, y) = (Tensor::from_vec(rows(&table["x"]).concat(), (40, 6)), Tensor::from(numbers(&table["y"])));
    follows("logistic", |w| {
        let z = x.matmul(&w.slice(s![..6])) + w.slice(s![6]);
        binary_cross_entropy_with_logits(&z, &y) + w.square().sum() * 1e-4
    });
}

#[test]
fn solves_a_quadratic_and_a_valley() {
    // A quadratic of n dimensions is solved in about n steps when n steps are remembered.
    let scales = Tensor::from((1..=12).map(f64::from).collect::<Vec<_>>());
    let mut x = Tensor::<f64>::ones(12);
    let end = LBFGS::new().memory(12).tolerance(1e-9).minimise(|x| ((x - 2.0).square() * &scales).sum(), &mut x, 30);
    let end = end.unwrap();
    assert!(end.gradient <= 1e-9 && (x - 2.0).abs().max().item() < 1e-9, "{end:?}");

    // Rosenbrock's in 10 dimensions, over a tree of two types, from his point.
    let start = [-1.2, 1.0, -1.2, 1.0, -1.2, 1.0, -1.2, 1.0, -1.2, 1.0];
    let mut p = (Tensor::from(start[..3].to_vec()), Tied::new(Tensor::from(start[3..].to_vec())));
    let loss = |(a, b): &(Tensor<f64>, Tied<Tensor<f64>>)| {
        let p = Tensor::concat(&[a.clone(), (**b).clone()], 0);
        let (x, y) = (p.slice(s![..9]), p.slice(s![1..]));
        ((1.0 - &x).square() + (y - x.square()).square() * 100.0).sum()
    };
    let mut lbfgs = LBFGS::new();
    let (mut before, mut evaluations) = (loss(&p).item(), 0);
    for _ in 0..100 {
        let step = lbfgs.step(loss, &mut p).unwrap();
        assert!(step.loss <= before && step.loss == loss(&p).item(), "the loss never rises");
        (before, evaluations) = (step.loss, evaluations + step.evaluations);
        if step.gradient < 1e-8 {
            break;
        }
    }
    // One of its two minima.
    let x = Tensor::concat(&[p.0.clone(), (*p.1).clone()], 0);
    assert!(before < 4.0 && gradient(loss, &p).norm() < 1e-6, "{x:?}");
    assert!(evaluations < 300, "{evaluations}");
}

#[test]
fn finds_the_minimum_of_a_logistic_regression() {
    // The loss is convex: its only minimum is the oracle's, found by torch.optim.LBFGS to a gradient of 1e-12.
    let table = &ORACLE["logistic"];
    let x = Tensor::from_vec(rows(&table["x"]).concat(), (30, 3));
    let y = Tensor::from(numbers(&table["y"]));
    let loss = |w: &Tensor<f64>| {
        let z = x.matmul(&w.reshape((3, 1))).flatten();
        binary_cross_entropy_with_logits(&z, &y) + w.square().sum() * 0.01
    };
    let mut w = Tensor::<f64>::zeros(3);
    let end = LBFGS::new().tolerance(1e-10).minimise(loss, &mut w, 100).unwrap();
    assert!((end.loss - table["loss"].as_f64().unwrap()).abs() < 1e-12);
    for (ours, theirs) in w.to_vec().iter().zip(numbers(&table["w"])) {
        assert!((ours - theirs).abs() < 1e-8, "{ours} is not {theirs}");
    }

    // In f32 too, as far as f32 goes; and a loss that is no number is an error that changes nothing.
    let (x, y, mut single) = (x.cast::<f32>(), y.cast::<f32>(), Tensor::<f32>::zeros(3));
    let loss = |w: &Tensor<f32>| {
        let z = x.matmul(&w.reshape((3, 1))).flatten();
        binary_cross_entropy_with_logits(&z, &y) + w.square().sum() * 0.01
    };
    LBFGS::new().tolerance(1e-5).minimise(loss, &mut single, 50).unwrap();
    assert!((single.cast::<f64>() - &w).abs().max().item() < 1e-3);
    let before = single.clone();
    let error = LBFGS::new().step(|w: &Tensor<f32>| w.sum() * f32::NAN, &mut single).unwrap_err();
    assert!(error.to_string().contains("NaN"));
    assert_eq!(single, before);
}

#[test]
fn goes_on_from_a_file() {
    let loss = |x: &Tensor<f64>| ((x - 2.0).square() * Tensor::from([1.0, 10.0, 100.0])).sum() + x.exp().sum();
    let (mut a, mut b) = (Tensor::<f64>::zeros(3), Tensor::<f64>::zeros(3));
    let (mut whole, mut first) = (LBFGS::new(), LBFGS::new());
    for _ in 0..3 {
        whole.step(loss, &mut a).unwrap();
        first.step(loss, &mut b).unwrap();
    }
    let bytes = bincode::serde::encode_to_vec(&first, bincode::config::standard()).unwrap();
    let mut second: LBFGS = bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap().0;
    for _ in 0..3 {
        whole.step(loss, &mut a).unwrap();
        second.step(loss, &mut b).unwrap();
    }
    assert_eq!((a, whole), (b, second));
}
