//! The LSTM over whole sequences.

use std::sync::Arc;

use ndarray::s;

use super::{record, sequences, unrolled};
use crate::autodiff::fused;
use crate::kernels::pool;
use crate::kernels::recurrent::Sequences;
use crate::kernels::recurrent::lstm::{self, Run};
use crate::ops::dense;
use crate::ops::matmul::matrix;
use crate::tensor::{Float, Tensor};

/// The h of all steps `[batch, time, hidden]` and the last c `[batch, hidden]`, of x `[batch, time, inputs]`, the weights W
/// `[inputs, 4·hidden]` and U `[hidden, 4·hidden]`, the bias `[4·hidden]`, and the first h and c `[batch, hidden]`. Where
/// `reverse`, from the last step to the first. There must be a step.
///
/// The same as [`lstm_step`] again and again. Derivative: the gates' cotangents Ḡ are found from the last step to the first,
/// each handing h̄ = Ḡ · Uᵀ to the one before; then x̄ = Ḡ · Wᵀ, [W̄, Ū] = [x, h]ᵀ · Ḡ with each step's h before it, b̄ = Σ Ḡ.
#[track_caller]
pub(crate) fn lstm<T: Float>(inputs: [&Tensor<T>; 6], reverse: bool) -> (Tensor<T>, Tensor<T>) {
    let s = sequences(inputs, reverse);
    let joined = lstm_sequence(inputs, s);
    let rows = (s.batch * s.time * s.hidden) as isize;
    (
        joined.slice(s![..rows]).reshape((s.batch, s.time, s.hidden)),
        joined.slice(s![rows..]).reshape((s.batch, s.hidden)),
    )
}

/// [`lstm`] with both results in one row: an operation has one.
#[track_caller]
fn lstm_sequence<T: Float>(inputs: [&Tensor<T>; 6], s: Sequences) -> Tensor<T> {
    let forward = |[x, input_weight, weight, bias, h, c]: [&Tensor<T>; 6]| {
        let weight = Tensor::concat(&[input_weight.clone(), weight.clone()], 0);
        let [x, bias, h, c] = [x, bias, h, c].map(Tensor::contiguous);
        let (rows, last) = (s.batch * s.time * s.hidden, s.batch * s.hidden);
        let mut states = pool::buffer(rows + last);
        let (starts, results) = ([h.dense(), c.dense()], states.split_at_mut(rows).into());
        let widths = [s.inputs + s.hidden, 4 * s.hidden, s.hidden];
        let [mut factors, mut gates, mut cells] = widths.map(|width| record(s, width));
        let records = [&mut factors, &mut gates, &mut cells].map(Tensor::as_mut_slice);
        lstm::forward(s, x.dense(), matrix(&weight, 0), bias.dense(), starts, results, records);
        let states = Tensor::from_dense(states, &[rows + last]);
        (states.clone(), Kept { factors, gates, cells, states })
    };
    fused(
        inputs,
        forward,
        move |inputs, kept, g, watched| pull(s, inputs, Arc::unwrap_or_clone(kept), &g, watched),
        move |inputs| composed(inputs, s.reverse),
    )
    .0
}

/// What the way forward leaves for the way back: records of [x, h] before each step, the gates after their activations and c,
/// and the result.
#[derive(Clone)]
struct Kept<T: Float> {
    factors: Tensor<T>,
    gates: Tensor<T>,
    cells: Tensor<T>,
    states: Tensor<T>,
}

/// The cotangents of the inputs that are watched.
fn pull<T: Float>(
    s: Sequences,
    [x, input_weight, weight, _, h, c]: [&Tensor<T>; 6],
    Kept { factors, mut gates, cells, states }: Kept<T>,
    g: &Tensor<T>,
    watched: [bool; 6],
) -> [Option<Tensor<T>>; 6] {
    let (rows, n) = (s.batch * s.time, s.hidden);
    let (c_start, g) = (c.contiguous(), g.contiguous());
    let h_of_steps = &states.dense()[..rows * n];
    let run = Run { h: h_of_steps, c: cells.dense(), start: c_start.dense() };
    let transposed = Tensor::concat(&[input_weight.clone(), weight.clone()], 0).t();
    let (mut bias, mut dx) = (pool::filled(4 * n, T::zero()), watched[0].then(|| pool::buffer(x.len())));
    let (of_h, of_c) = g.dense().split_at(rows * n);
    let (mut dh, mut dc) = (pool::filled(s.batch * n, T::zero()), pool::buffer(s.batch * n));
    dc.copy_from_slice(of_c);
    lstm::backward(
        s,
        run,
        matrix(&transposed, 0),
        of_h,
        [gates.as_mut_slice(), &mut bias, &mut dh, &mut dc],
        dx.as_deref_mut(),
    );
    let weights = (watched[1] || watched[2]).then(|| factors.t().matmul(&gates));
    [
        dx.map(|dx| Tensor::from_dense(dx, x.shape())),
        weights.as_ref().map(|weights| weights.slice(s![..s.inputs, ..])),
        weights.as_ref().map(|weights| weights.slice(s![s.inputs.., ..])),
        watched[3].then(|| Tensor::from_dense(bias, &[4 * n])),
        watched[4].then(|| Tensor::from_dense(dh, h.shape())),
        watched[5].then(|| Tensor::from_dense(dc, c.shape())),
    ]
}

/// h′ and c′ from what comes from the input `[batch, 4·hidden]`, with its bias: of the gates [i, f, g, o] = that + h·U,
/// c′ = σ(f) c + σ(i) tanh(g) and h′ = σ(o) tanh(c′).
#[track_caller]
pub(crate) fn lstm_step<T: Float>(
    projected: Tensor<T>,
    weight: &Tensor<T>,
    h: &Tensor<T>,
    c: &Tensor<T>,
) -> (Tensor<T>, Tensor<T>) {
    let gates = projected + h.matmul(weight);
    let [i, f, g, o] = &gates.chunk(4, 1)[..] else { unreachable!("a width that four divides") };
    let c = f.sigmoid() * c + i.sigmoid() * g.tanh();
    (o.sigmoid() * c.tanh(), c)
}

/// [`lstm_sequence`] made of operations.
fn composed<T: Float>([x, input_weight, weight, bias, h, c]: [&Tensor<T>; 6], reverse: bool) -> Tensor<T> {
    let projected = dense(x, input_weight, bias, false);
    let (mut h, mut c) = (h.clone(), c.clone());
    let states = unrolled(x.shape()[1], reverse, |t| {
        (h, c) = lstm_step(projected.slice(s![.., t, ..]), weight, &h, &c);
        vec![h.clone()]
    });
    Tensor::concat(&[states[0].flatten(), c.flatten()], 0)
}

#[cfg(test)]
mod tests {
    use super::{composed, lstm_sequence};
    use crate::ops::recurrent::sequences;
    use crate::ops::recurrent::tests::{agree, inputs};

    #[test]
    fn fused_and_composed_agree_to_the_second_derivative() {
        agree(
            inputs([&[19, 4, 3], &[3, 20], &[5, 20], &[20], &[19, 5], &[19, 5]]),
            |inputs, reverse| lstm_sequence(inputs, sequences(inputs, reverse)),
            composed,
        );
    }
}
