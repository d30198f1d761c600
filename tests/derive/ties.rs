//! Tied and frozen parts.

use sapwood::params::{Frozen, Tied, TiedTree};
use sapwood::prelude::{Descent, Momentum, Tensor, gradient, setup, update, with_gradient};

use crate::models::*;
use crate::{check_traits, item, paths, stored, x};

pub fn language() -> Language {
    let shared = Tied::new(Dense::new(2.0, 1.0));
    Language {
        embed: shared.clone(),
        body: [("b", 5.0), ("a", 3.0)].map(|(key, w)| (key.to_owned(), Dense::new(w, 0.0))).into(),
        backbone: Frozen::new(Dense::new(7.0, 0.0)),
        head: shared,
    }
}

fn forward(m: &Language, x: &Tensor) -> Tensor {
    let x = m.embed.forward(x);
    let x = m.body.values().fold(x, |x, layer| layer.forward(&x));
    m.head.forward(&m.backbone.forward(&x))
}

#[test]
fn tied_parts_share_their_gradient() {
    let model = language();
    // y = w·7·5·3·(w·x + b) + b at w = 2, b = 1, x = 1: dy/dw = 105·(2wx + b) = 525, dy/db = 105w + 1 = 211.
    let (loss, grads) = with_gradient(|m| forward(m, &x(1.0)), &model);
    assert_eq!(loss, 631.0);
    let owner = grads.embed.get().unwrap();
    assert_eq!((item(&owner.weight), item(owner.bias.as_ref().unwrap())), (525.0, 211.0));
    assert!(matches!(grads.head, TiedTree::Alias));
    assert_eq!(item(&grads.body["a"].weight), 2.0 * 7.0 * 5.0 * 3.0);
    assert_eq!(grads.backbone, ());
    let expected = ["embed.weight", "embed.bias", "body.a.weight", "body.a.bias", "body.b.weight", "body.b.bias"];
    assert_eq!(paths(&model), expected);
    check_traits(&grads, &gradient(|m| m.embed.weight.clone(), &model));
}

#[test]
fn second_derivatives_pass_through_ties() {
    // f(w) = w·w through two handles: f'' = 2.
    let w = Tied::new(x(3.0));
    let pair = (w.clone(), w);
    let second = gradient(|m| gradient(|(a, b)| &**a * &**b, m).0.get().unwrap().get().unwrap().clone(), &pair);
    assert_eq!(item(second.0.get().unwrap()), 2.0);
}

#[test]
fn update_moves_all_handles_of_a_tie_and_no_frozen_part() {
    let mut model = language();
    let before = model.clone();
    let mut state = setup(Descent::new(0.001), &model);
    for _ in 0..2 {
        let grads = gradient(|m| forward(m, &x(1.0)), &model);
        update(&mut state, &mut model, &grads);
        assert_eq!(model.embed, model.head);
        assert_ne!(model.embed, before.embed);
    }
    assert_eq!(model.backbone, before.backbone);
    assert_eq!(before.embed, before.head, "a clone of the model is independent");
    assert_eq!(before.embed.weight.item(), 2.0);
}

#[test]
fn the_gradients_of_a_tie_are_summed_before_the_rule_sees_them() {
    // Optimisers.jl, test/runtests.jl, "tied weights": the first and the last part are one, the middle is a copy.
    type Model = (Tied<Tensor>, (Tensor, Tied<Tensor>));
    let after = |loss: fn(&Model) -> Tensor| {
        let twice = Tied::new(Tensor::from([1.0, 2.0]));
        let mut model = (twice.clone(), (Tensor::clone(&twice), twice));
        let mut state = setup(Momentum::new(0.1), &model);
        let grads = gradient(loss, &model);
        update(&mut state, &mut model, &grads);
        assert_eq!(*model.0, *model.1.1);
        [model.0.to_vec(), model.1.0.to_vec()].concat()
    };
    let close = |x: Vec<f32>, y: [f32; 4]| assert!(x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-6), "{x:?} {y:?}");
    close(after(|m| total(&m.0, 3.0) + total(&m.1.0, 10.0) + total(&m.1.1, 7.0)), [0.0, 1.0, 0.0, 1.0]);
    close(after(|m| total(&m.0, 3.0)), [0.7, 1.7, 1.0, 2.0]);
    close(after(|m| total(&m.1.0, 5.0) + total(&m.1.1, 7.0)), [0.3, 1.3, 0.5, 1.5]);
}

/// The sum of the elements, times a number.
fn total(x: &Tensor, by: f32) -> Tensor {
    x.sum_to(()) * by
}

#[test]
fn a_stored_tied_model_is_tied() {
    let weight = Tied::new(x(2.0));
    let model = stored(&(weight.clone(), weight, Tied::new(x(5.0)), Frozen::new(x(1.0))));
    assert!(model.0.is_tied_to(&model.1) && !model.0.is_tied_to(&model.2));
    let grads = gradient(|m| &*m.0 * &*m.1 * &*m.2 * &*m.3, &model);
    assert_eq!(item(grads.0.get().unwrap()), 20.0);
    assert!(grads.1.get().is_none());
}

#[test]
#[should_panic(expected = "`1.embed` is tied to a part that stands before it in the model, but differs from it")]
fn two_clones_of_a_tied_model_must_not_meet() {
    let mut student = language();
    let teacher = student.clone();
    let mut state = setup(Descent::new(0.1), &student);
    let grads = gradient(|m| forward(m, &x(1.0)), &student);
    update(&mut state, &mut student, &grads);
    let _ = gradient(|(student, teacher)| forward(student, &x(1.0)) - forward(teacher, &x(1.0)), &(student, teacher));
}

#[test]
fn a_tie_within_a_frozen_part_is_no_owner() {
    let weight = Tied::new(x(3.0));
    let model = (Frozen::new(weight.clone()), weight);
    let grads = gradient(|m| &**m.0 * &*m.1, &model);
    assert_eq!(item(grads.1.get().unwrap()), 3.0);
}
