//! Finding the operation with which an infinity or a NaN began.

use std::panic::Location;

use sapwood::autodiff::{NotFinite, Operation, custom};
use sapwood::nn::{GroupNorm, Lstm};
use sapwood::ops::AttentionMask;
use sapwood::prelude::*;

/// What was found, with the line in this file where the operation was called, 0 where that is elsewhere.
fn told(found: &NotFinite) -> (&'static str, &str, u32) {
    let line = |place: &Location| if place.file() == file!() { place.line() } else { 0 };
    let of = |kind, operation: &Operation| (kind, line(operation.place));
    let ((kind, line), name) = match found {
        NotFinite::Parameter(path) => (("parameter", 0), path.as_str()),
        NotFinite::Constant(operation, _) => (of("constant", operation), operation.name.as_str()),
        NotFinite::Forward(operation) => (of("forward", operation), operation.name.as_str()),
        NotFinite::Backward(operation) => (of("backward", operation), operation.name.as_str()),
    };
    (kind, name, line)
}

fn vector(x: &[f32]) -> Tensor {
    Tensor::from(x.to_vec())
}

#[test]
fn the_operation_of_the_forward_is_named_with_its_shapes_and_place() {
    let x = vector(&[1.0, 0.0]);
    let line = line!() + 1;
    let found = find_not_finite(|x| (x * 2.0).ln().sum(), &x).unwrap();
    assert_eq!(told(&found), ("forward", "ln", line));
    let NotFinite::Forward(operation) = &found else { panic!("{found}") };
    assert_eq!((&operation.inputs, &operation.output), (&vec![vec![2]], &vec![2]));
    assert_eq!(
        found.to_string(),
        format!("the result of `ln` at {}:{line}:47 ([2] → [2]) is not finite, while its inputs are", file!())
    );

    // 0/0, of two operands and of one.
    let found = find_not_finite(|x| (x / &(x * 1.0)).sum(), &x).unwrap();
    assert_eq!(told(&found), ("forward", "div", line!() - 1));
    // e^89 is beyond f32's largest number.
    let found = find_not_finite(|x| (x.exp() * 0.5).sum().ln(), &vector(&[1.0, 89.0])).unwrap();
    assert_eq!(told(&found), ("forward", "exp", line!() - 1));
}

#[test]
fn the_operation_of_the_walk_back_is_named_where_the_forward_is_finite() {
    // d√x/dx = 1/(2√x) is infinite at 0.
    let found = find_not_finite(|x| (x.sqrt() * 3.0).sum(), &vector(&[1.0, 0.0])).unwrap();
    assert_eq!(told(&found), ("backward", "sqrt", line!() - 1));
    // The place of what is chosen has the slope 0 · ∞ of what is not: the known trap of a branch that is computed.
    let guarded = |x: &Tensor| x.gt(0.0).where_(x.sqrt(), 0.0).sum();
    let found = find_not_finite(guarded, &vector(&[1.0, 0.0])).unwrap();
    assert_eq!(told(&found), ("backward", "sqrt", line!() - 2));
}

#[test]
fn what_spoils_a_pullback_is_named_before_the_pullback() {
    // 1/(1 + e^−x) is 0 at −100, but e^100 = ∞ and the slope 0 · ∞.
    let found = find_not_finite(|x| (1.0 / (1.0 + (-x).exp())).sum(), &vector(&[-100.0])).unwrap();
    assert_eq!(told(&found), ("forward", "exp", line!() - 1));
}

#[test]
fn what_does_no_harm_is_passed_over() {
    // The mask's −∞ is gone after the softmax; the NaN comes from elsewhere, later.
    let masked = |x: &Tensor| Tensor::from([true, false]).where_(x, f32::NEG_INFINITY).softmax(0);
    let x = vector(&[1.0, 2.0]);
    assert!(find_not_finite(|x| masked(x).square().sum(), &x).is_none());
    let found = find_not_finite(|x| (masked(x).sum() - 2.0).ln(), &x).unwrap();
    assert_eq!(told(&found), ("forward", "ln", line!() - 1));
}

#[test]
fn parameters_and_data_that_are_not_finite_are_told_apart() {
    let mut rng = StdRng::seed_from_u64(0);
    let mut model: (Dense, Dense) = (Dense::new(2, 2, &mut rng), Dense::new(2, 1, &mut rng));
    let line = line!() + 1;
    let loss = |(a, b): &(Dense, Dense), x: &Tensor| b.forward(&a.forward(x)).square().sum();
    assert!(find_not_finite(|m| loss(m, &Tensor::ones((3, 2))), &model).is_none());

    let spoilt: Tensor = Tensor::from([[1.0, f32::NAN]]);
    let found = find_not_finite(|m| loss(m, &spoilt), &model).unwrap();
    assert_eq!(told(&found), ("constant", "dense", line), "{found}");

    model.1.weight = Tensor::from([[1.0], [f32::INFINITY]]);
    let found = find_not_finite(|m| loss(m, &Tensor::ones((3, 2))), &model).unwrap();
    assert_eq!(found, NotFinite::Parameter("1.weight".to_owned()));
    assert_eq!(found.to_string(), "the parameter `1.weight` is not finite");
    let found = find_not_finite(|x| x.sum(), &spoilt).unwrap();
    assert_eq!(found.to_string(), "the model itself, a parameter, is not finite");
}

#[test]
fn gradients_within_the_loss_are_looked_at_too() {
    // The slope of √x at 0 is made by the inner walk back, which for the outer gradient is forward: 1 / (2√x).
    let slope = |x: &Tensor| gradient(|x| x.sqrt().sum(), x).get().unwrap().square().sum();
    let found = find_not_finite(slope, &vector(&[0.0, 1.0])).unwrap();
    assert!(matches!(&found, NotFinite::Forward(operation) if operation.place.file().ends_with("power.rs")), "{found}");
    // An operation of the inner function is the outer one's too.
    let found = find_not_finite(
        |x: &Tensor| {
            gradient(|x| x.ln().sum(), x).get().unwrap().sum() + gradient(|x| x.ln().sum(), x).get().unwrap().sum()
        },
        &vector(&[0.0]),
    );
    assert!(found.is_some());
}

#[test]
fn ones_own_operations_have_the_name_of_their_function() {
    fn reciprocal(x: &Tensor) -> Tensor {
        custom([x], |[x]| 1.0 / x, |_, y, g| [-(g * y * y)])
    }
    let found = find_not_finite(|x| reciprocal(x).sum(), &vector(&[0.0])).unwrap();
    assert_eq!(told(&found), ("forward", "reciprocal", line!() - 3));
}

/// The names are taken from the types of closures; the places come through helpers.
#[test]
fn operations_know_their_names_and_callers() {
    let zero = vector(&[0.0]);
    let minus = vector(&[-2.0]);
    let large = vector(&[1e30]);
    let square = Tensor::full((2, 2), 1e30f32);
    let wide = Tensor::zeros((2, 9));
    let long = Tensor::full((9, 16), 1e30f32);
    macro_rules! makes {
        ($($x:ident.$name:ident($($argument:expr),*) $as:literal;)*) => { $(
            let found = find_not_finite(|x: &Tensor| x.$name($($argument),*).sum(), &$x).unwrap();
            assert_eq!(told(&found), ("forward", $as, line!()), stringify!($name));
        )* };
    }
    makes!(zero.ln() "ln";);
    makes!(zero.log2() "log2";);
    makes!(zero.log10() "log10";);
    makes!(minus.ln_1p() "ln_1p";);
    makes!(minus.sqrt() "sqrt";);
    makes!(zero.recip() "recip";);
    makes!(zero.rsqrt() "rsqrt";);
    makes!(zero.powi(-1) "powi";);
    makes!(large.square() "square";);
    makes!(large.exp() "exp";);
    makes!(large.exp2() "exp2";);
    makes!(large.pow(large.clone()) "pow";);
    makes!(large.sinh() "sinh";);
    makes!(minus.asin() "asin";);
    makes!(minus.acosh() "acosh";);
    makes!(square.matmul(&square) "matrix_product";);
    makes!(square.norm() "norm";);
    makes!(long.attention(&long, &long, AttentionMask::None) "attention";);
    makes!(wide.standardise(-1, 0.0) "normalise_groups";);
    // A layer's own activation changes neither.
    for activation in [Activation::Identity, Activation::Relu] {
        let layer = Dense::new(9, 2, &mut StdRng::seed_from_u64(0)).activation(activation);
        let found = find_not_finite(|layer: &Dense| layer.forward(&Tensor::full((2, 9), f32::INFINITY)).sum(), &layer);
        assert_eq!(told(&found.unwrap()), ("constant", "dense", line!() - 1));
        let norm = GroupNorm::new(1, 2).activation(activation);
        let found = find_not_finite(|norm: &GroupNorm| norm.forward(&Tensor::full((1, 2, 9), f32::NAN)).sum(), &norm);
        assert_eq!(told(&found.unwrap()).2, line!() - 1);
    }
    let lstm: Lstm = Lstm::new(2, 3, &mut StdRng::seed_from_u64(0));
    let infinite = Tensor::full((1, 2, 2), f32::INFINITY);
    let found = find_not_finite(|lstm: &Lstm| lstm.forward(&infinite).sum(), &lstm).unwrap();
    assert_eq!(told(&found), ("constant", "lstm_sequence", line!() - 1));
}
