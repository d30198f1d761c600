//! Recurrent cells over whole sequences, each also as a single step.

mod gru;
mod lstm;

use crate::kernels::recurrent::Sequences;
use crate::tensor::{Float, Tensor};
pub(crate) use gru::{gru, gru_step};
pub(crate) use lstm::{lstm, lstm_step};

/// The lengths of an operation whose inputs begin with x `[batch, time, inputs]`, W, and U `[hidden, …]`.
fn sequences<T: Float>(inputs: [&Tensor<T>; 6], reverse: bool) -> Sequences {
    let hidden = inputs[2].shape()[0];
    let &[batch, time, width] = inputs[0].shape() else { unreachable!("sequences have three axes") };
    let recorded = inputs.into_iter().any(Tensor::is_traced);
    Sequences { batch, time, inputs: width, hidden, reverse, recorded }
}

/// A record of `width` elements, its rows in the order of the steps.
fn record<T: Float>(s: Sequences, width: usize) -> Tensor<T> {
    let elements = s.record(width);
    let rows = elements.len() / width;
    Tensor::from_dense(elements, &[rows, width])
}

/// The outputs of a step function at all steps, in the order of time.
fn unrolled<T: Float>(time: usize, reverse: bool, mut step: impl FnMut(usize) -> Vec<Tensor<T>>) -> Vec<Tensor<T>> {
    let places = (0..time).map(|step| if reverse { time - 1 - step } else { step });
    let mut outputs: Vec<_> = places.map(&mut step).collect();
    if reverse {
        outputs.reverse();
    }
    let parts = outputs.first().map_or(0, Vec::len);
    let part = |i: usize| outputs.iter().map(|output| output[i].clone()).collect::<Vec<_>>();
    (0..parts).map(|i| Tensor::stack(&part(i), 1)).collect()
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    type Inputs = [Tensor<f64>; 6];
    type Function = fn([&Tensor<f64>; 6], bool) -> Tensor<f64>;

    /// Of shapes with more sequences than go together, and widths that fill no vector.
    pub(super) fn inputs(shapes: [&[usize]; 6]) -> Inputs {
        let mut rng = StdRng::seed_from_u64(1);
        shapes.map(|shape| Tensor::normal(shape, 0.0, 0.5, &mut rng))
    }

    /// Each state with a weight of its own.
    fn loss(states: Tensor<f64>) -> Tensor<f64> {
        let weights = Tensor::<f64>::arange(states.len()).cos().reshape(states.shape());
        (states * weights).sum()
    }

    /// Compares values, gradients, and gradients of the gradients' squared norm.
    pub(super) fn agree(inputs: Inputs, fused: Function, composed: Function) {
        let of = |f: Function, reverse: bool| {
            let slope = |m: &Inputs| with_gradient(|m: &Inputs| loss(f(m.each_ref(), reverse)), m);
            let (value, grads) = slope(&inputs);
            (
                value,
                grads,
                gradient(
                    |m| {
                        let grads = slope(m).1;
                        grads.dot(&grads)
                    },
                    &inputs,
                ),
            )
        };
        for reverse in [false, true] {
            let (ours, theirs) = (of(fused, reverse), of(composed, reverse));
            assert!((ours.0 - theirs.0).abs() < 1e-12, "{} and {}", ours.0, theirs.0);
            // Without a way back, records are of one step.
            assert_eq!(ours.0, loss(fused(inputs.each_ref(), reverse)).item());
            for (ours, theirs, tolerance) in [(&ours.1, &theirs.1, 1e-12), (&ours.2, &theirs.2, 1e-10)] {
                for (input, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                    let error = (ours.get().unwrap() - theirs.get().unwrap()).abs().max().item();
                    assert!(error < tolerance, "input {input}, reverse {reverse}: off by {error:e}");
                }
            }
        }
    }
}
