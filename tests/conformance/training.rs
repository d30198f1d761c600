//! The training loop, as Flux's own tests have it.

use sapwood::prelude::*;
use sapwood::train::{EarlyStopping, Patience, Standstill};

use crate::{assert_close, numbers};

/// A layer of zeros, as the tests of `train!` start from.
fn zeros(inputs: usize, outputs: usize) -> Dense<f64> {
    Dense::from_weights(Tensor::zeros((inputs, outputs)), Some(Tensor::zeros(outputs)))
}

#[test]
fn momentum_makes_flux_docs_steps() {
    // Flux src/train.jl, docstring of `setup`: Dense(2 => 1, leakyrelu; init = ones), Momentum(.1), one item twice.
    let mut model = Dense::from_weights(Tensor::ones((2, 1)), Some(Tensor::zeros(1)));
    let (x, y) = (Tensor::from([[0.2, -0.3]]), Tensor::from([[0.4]]));
    let mut state = setup(Momentum::new(0.1), &model);
    let loss =
        |m: &Dense<f64>, (x, y): (&Tensor<f64>, &Tensor<f64>)| (m.forward(x).leaky_relu(0.01) - y).abs().sum() * 100.0;
    train(&mut model, [(&x, &y), (&x, &y)], &mut state, loss).unwrap();
    assert_close(&model.bias.as_ref().unwrap().to_vec(), &[10.19], 1e-12);
    // There the velocities are −2.018, 3.027 and −10.09, with the rate inside.
    assert_close(&state.weight.state.to_vec(), &[-20.18, 30.27], 1e-12);
    assert_close(&state.bias.as_ref().unwrap().state.to_vec(), &[-100.9], 1e-12);
}

#[test]
fn a_batch_may_be_a_tuple_or_not() {
    // Flux test/train.jl: data that are not tuples give what tuples of one give.
    let run = |data: Vec<(Tensor<f64>,)>, bare: bool| {
        let mut model = zeros(3, 1);
        let mut state = setup(Descent::new(0.1), &model);
        let loss = |m: &Dense<f64>, x: &Tensor<f64>| (m.forward(x) - 1.0).square().mean();
        if bare {
            let data: Vec<_> = data.into_iter().map(|(x,)| x).collect();
            train(&mut model, &data, &mut state, loss).unwrap();
        } else {
            train(&mut model, data, &mut state, |m, (x,)| loss(m, &x)).unwrap();
        }
        model
    };
    let mut rng = StdRng::seed_from_u64(0);
    let data: Vec<_> = (0..5).map(|_| (Tensor::normal((4, 3), 0.0, 1.0, &mut rng),)).collect();
    assert_eq!(run(data.clone(), true), run(data, false));
}

#[test]
fn a_loss_that_is_not_finite_is_returned_and_nothing_moves() {
    // Flux test/train.jl: `trainstep!` with a NaN loss returns it and leaves W = 0 and b = 0.
    let model = zeros(1, 1);
    let (loss, grads) = with_gradient(|m| m.forward(&Tensor::ones((1, 1))).sum() * f64::NAN, &model);
    assert!(loss.is_nan() && !grads.is_finite());
    assert_eq!(model, zeros(1, 1));
}

#[test]
fn an_auxiliary_output_changes_no_weight() {
    // Flux test/train.jl: with an auxiliary output the weights are those of the run without; it is what the model
    // gave before the update. The gradient has the weight's size.
    let (x, y) = (Tensor::from([[1.0, 2.0, 3.0]]), Tensor::from([[1.0]]));
    let (mut plain, mut beside) = (zeros(3, 1), zeros(3, 1));
    let mut states = (setup(Adam::new(0.05), &plain), setup(Adam::new(0.05), &beside));
    for _ in 0..5 {
        let (loss, grads) = with_gradient(|m| mse(&m.forward(&x), &y), &plain);
        update(&mut states.0, &mut plain, &grads);
        let before = beside.forward(&x);
        let objective = |m: &Dense<f64>| {
            let z = m.forward(&x);
            (mse(&z, &y), ("any value", z))
        };
        let ((same, (text, z)), grads) = with_gradient(objective, &beside);
        update(&mut states.1, &mut beside, &grads);
        assert_eq!((same, text, z), (loss, "any value", before));
        assert_eq!(numbers(&grads.weight).len(), 3);
    }
    assert_eq!(plain, beside);
}

#[test]
fn patience_waits_for_as_many_in_a_row() {
    // Flux test/utils.jl, "patience triggers": trigger(pred, 3) on f, t, f, t, t, t; and a predicate that is always true.
    let calls = |is_so: &[bool]| {
        let mut patience = Patience::new(3);
        is_so.iter().map(|&is_so| patience.observe(is_so)).collect::<Vec<_>>()
    };
    assert_eq!(calls(&[false, true, false, true, true, true]), [false, false, false, false, false, true]);
    assert_eq!(calls(&[true; 3]), [false, false, true]);
}

#[test]
fn early_stopping_fires_where_flux_does() {
    // Flux test/utils.jl, "early stopping".
    let stops = |stopping: &mut EarlyStopping, values: &mut dyn Iterator<Item = i32>| {
        values.map(|value| stopping.observe(f64::from(value))).position(|stop| stop)
    };
    // 0, −1, −2, … falls and never fires; with `distance = score - best` a score that rises does not either.
    assert_eq!(stops(&mut EarlyStopping::new(10), &mut (0..99).map(|i| -i)), None);
    assert_eq!(stops(&mut EarlyStopping::new(10).rising(), &mut (1..99)), None);
    // min_dist = 3: 0, −3, −6, … never; then 0, −1, −2, … at its tenth call.
    let mut stopping = EarlyStopping::new(10).min_change(3.0);
    assert_eq!(stops(&mut stopping, &mut (0..99).map(|i| -3 * i)), None);
    assert_eq!(stops(&mut stopping, &mut (0..99).map(|i| -i)), Some(9));
}

#[test]
fn a_standstill_is_flux_plateau() {
    // Flux test/utils.jl, "plateau": v ← v/|v| − v from 10, min_dist = 18, width 3: fires at its fourth call.
    let mut standstill = Standstill::new(3).min_change(18.0);
    let mut value = 10.0f64;
    let fired = (1..10).find(|_| {
        value = value.signum() - value;
        standstill.observe(value)
    });
    assert_eq!(fired, Some(4));
}
