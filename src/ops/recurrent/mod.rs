//! Recurrent cells over whole sequences, each also as a single step.

mod gru;
mod lstm;

use crate::kernels::recurrent::Sequences;
use crate::tensor::{Float, Tensor};
pub(crate) use gru::{gru, gru_step};
pub(crate) use lstm::{lstm, lstm_step};

/// Each step's inputs and the state before it, as columns `[inputs + hidden, batch · time]` in the order of the gates'
/// cotangents, which they are multiplied by for the gradient to the weights. `h` has the states, from its start on.
fn factors<T: Float>(s: Sequences, x: &Tensor<T>, h: &Tensor<T>, start: &Tensor<T>) -> Tensor<T> {
    let (x, start) = (x.contiguous(), start.contiguous());
    let rows = s.factors(x.dense(), h.dense(), start.dense());
    Tensor::from_dense(rows, &[s.batch * s.time, s.inputs + s.hidden]).t()
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
            for (ours, theirs, tolerance) in [(&ours.1, &theirs.1, 1e-12), (&ours.2, &theirs.2, 1e-10)] {
                for (input, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                    let error = (ours.get().unwrap() - theirs.get().unwrap()).abs().max().item();
                    assert!(error < tolerance, "input {input}, reverse {reverse}: off by {error:e}");
                }
            }
        }
    }
}
