//! Weights from one model for another: Flux's `loadmodel!` (test/loading.jl), here `Snapshot::of` and `restore`.

use sapwood::nn::{BatchNorm, Chain};
use sapwood::prelude::*;

use crate::assert_close;

fn dense(inputs: usize, outputs: usize, seed: u64) -> Dense<f64> {
    Dense::new(inputs, outputs, &mut StdRng::seed_from_u64(seed))
}

/// Restores into `model` and returns what is said about it.
#[track_caller]
fn refused<M: Params + PartialEq + Clone + std::fmt::Debug>(from: &impl Params, model: &M) -> String {
    let mut copy = model.clone();
    let message = Snapshot::of(from).restore(&mut copy).unwrap_err().to_string();
    assert_eq!(&copy, model, "a refused snapshot changes nothing");
    message
}

#[test]
fn all_that_was_learnt_is_copied_and_the_settings_are_kept() {
    let mut from = (dense(3, 4, 1).activation(Activation::Relu), BatchNorm::new(4), Dropout::new(0.5, 1));
    let x = Tensor::normal((8, 3), 0.0, 1.0, &mut StdRng::seed_from_u64(0));
    let _ = gradient(|(dense, norm, _)| norm.forward(&dense.forward(&x)).sum(), &from);
    from.test_mode();
    let mut to = (dense(3, 4, 2).activation(Activation::Tanh), BatchNorm::new(4), Dropout::new(0.2, 2));
    Snapshot::of(&from).restore(&mut to).unwrap();
    assert_eq!((&to.0.weight, &to.0.bias), (&from.0.weight, &from.0.bias));
    assert_eq!((to.1.mean.get(), to.1.variance.get()), (from.1.mean.get(), from.1.variance.get()));
    assert_ne!(to.1.mean.get(), Tensor::zeros(4));
    // The activation, dropout's probability and the mode are not learnt.
    assert_eq!(to.0.activation, Activation::Tanh);
    let kept = gradient(|x| to.2.forward(x).sum(), &Tensor::<f64>::ones(1000));
    assert_close(&[kept.get().unwrap().max().item()], &[1.0 / 0.8], 1e-15);
}

#[test]
fn a_tuple_and_a_list_of_layers_have_the_same_paths() {
    let tuple = chain![dense(3, 4, 1), dense(4, 2, 2)];
    let mut list = Chain { layers: vec![dense(3, 4, 3), dense(4, 2, 4)] };
    Snapshot::of(&tuple).restore(&mut list).unwrap();
    assert_eq!((&list.layers[0], &list.layers[1]), (&tuple.layers.0, &tuple.layers.1));
    let mut back = chain![dense(3, 4, 5), dense(4, 2, 6)];
    Snapshot::of(&list).restore(&mut back).unwrap();
    assert_eq!(back, tuple);
}

#[test]
fn sizes_names_and_numbers_of_parts_must_agree() {
    let model = chain![dense(3, 4, 1), dense(4, 2, 2)];
    let wider = chain![dense(3, 5, 1), dense(5, 2, 2)];
    assert_eq!(refused(&wider, &model), "`layers.0.weight`: expected f64 [3, 4], found f64 [3, 5]");
    assert_eq!(refused(&dense(3, 4, 1), &model), "`layers.0.weight`: expected f64 [3, 4], found `weight`");
    let shorter = chain![dense(3, 4, 1)];
    assert_eq!(refused(&shorter, &model), "`layers.1.weight`: expected f64 [4, 2], found nothing");
    assert_eq!(refused(&model, &shorter), "`layers.1.weight`: expected nothing, found f64 [4, 2]");
}

#[test]
fn a_bias_is_not_the_same_as_none() {
    // Flux lets a bias of zeros pass for none, and refuses others. Here both are refused: what a file holds does not
    // depend on values.
    let (with, without) = (dense(3, 4, 1), dense(3, 4, 2).without_bias());
    assert_eq!(refused(&with, &without), "`bias`: expected nothing, found f64 [4]");
    assert_eq!(refused(&without, &with), "`bias`: expected f64 [4], found nothing");
}

#[test]
fn weights_that_are_tied_come_from_tied_ones() {
    let tied = |seed| {
        let weight = Tied::new(dense(3, 3, seed));
        Chain { layers: vec![weight.clone(), weight] }
    };
    let untied = Chain { layers: vec![dense(3, 3, 1), dense(3, 3, 2)] };
    assert_eq!(refused(&untied, &tied(3)), "`layers.1.weight`: expected nothing, found f64 [3, 3]");
    assert_eq!(refused(&tied(3), &untied), "`layers.1.weight`: expected f64 [3, 3], found nothing");
    let mut other = tied(4);
    Snapshot::of(&tied(3)).restore(&mut other).unwrap();
    assert_eq!(other.layers[0], other.layers[1]);
    assert!(other.layers[0].is_tied_to(&other.layers[1]));
    assert_eq!(other.layers[0].weight, tied(3).layers[0].weight);
}

#[test]
fn parts_are_loaded_by_themselves() {
    // Flux takes a filter that skips layers; here a part of a model is a model.
    let from = chain![dense(3, 4, 1), dense(4, 2, 2)];
    let mut to = chain![dense(3, 4, 3), dense(4, 7, 4)];
    let head = to.layers.1.clone();
    Snapshot::of(&from.layers.0).restore(&mut to.layers.0).unwrap();
    assert_eq!((&to.layers.0, &to.layers.1), (&from.layers.0, &head));
}
