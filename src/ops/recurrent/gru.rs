//! The gated recurrent unit over whole sequences.

use std::sync::Arc;

use ndarray::s;

use super::{record, sequences, unrolled};
use crate::autodiff::fused;
use crate::kernels::pool;
use crate::kernels::recurrent::Sequences;
use crate::kernels::recurrent::gru;
use crate::ops::dense;
use crate::ops::matmul::matrix;
use crate::tensor::{Float, Tensor};

/// The h of all steps, `[batch, time, hidden]`, of x `[batch, time, inputs]`, the weights W `[inputs, 3·hidden]` and U
/// `[hidden, 3·hidden]`, the biases `[3·hidden]` and `[hidden]`, and the first h `[batch, hidden]`. Where `reverse`, from the
/// last step to the first. There must be a step.
///
/// The same as [`gru_step`] again and again. Derivative: as that of the LSTM's sequence, the gates' cotangents are found from
/// the last step to the first; those to the weights are one product each.
pub(crate) fn gru<T: Float>(inputs: [&Tensor<T>; 6], reverse: bool) -> Tensor<T> {
    let s = sequences(inputs, reverse);
    let forward = |[x, input_weight, weight, bias, new_bias, h]: [&Tensor<T>; 6]| {
        let [x, bias, new_bias, start] = [x, bias, new_bias, h].map(Tensor::contiguous);
        let mut h = pool::buffer(s.batch * s.time * s.hidden);
        let [mut factors, mut gates, mut m] =
            [s.inputs + s.hidden, 3 * s.hidden, s.hidden].map(|width| record(s, width));
        let weights = [input_weight, weight].map(|weight| matrix(weight, weight.layout().offset));
        let biases = [bias.dense(), new_bias.dense()];
        let records = [&mut factors, &mut gates, &mut m].map(Tensor::as_mut_slice);
        gru::forward(s, x.dense(), weights, biases, start.dense(), &mut h, records);
        (Tensor::from_dense(h, &[s.batch, s.time, s.hidden]), Kept { factors, gates, m })
    };
    fused(
        inputs,
        forward,
        move |inputs, kept, g, watched| pull(s, inputs, Arc::unwrap_or_clone(kept), g, watched),
        move |inputs| composed(inputs, reverse),
    )
    .0
}

/// What the way forward leaves for the way back: records of [x, h] before each step, the gates after their activations and m.
#[derive(Clone)]
struct Kept<T: Float> {
    factors: Tensor<T>,
    gates: Tensor<T>,
    m: Tensor<T>,
}

/// The cotangents of the inputs that are watched.
fn pull<T: Float>(
    s: Sequences,
    [x, input_weight, weight, _, _, start]: [&Tensor<T>; 6],
    Kept { factors, mut gates, mut m }: Kept<T>,
    g: Tensor<T>,
    watched: [bool; 6],
) -> [Option<Tensor<T>>; 6] {
    let (n, g) = (s.hidden, g.contiguous());
    let (mut bias, mut new_bias) = (pool::filled(3 * n, T::zero()), pool::filled(n, T::zero()));
    let (mut dh, mut dx) = (pool::filled(s.batch * n, T::zero()), watched[0].then(|| pool::buffer(x.len())));
    let transposed = [input_weight.t(), weight.t()];
    let weights = transposed.each_ref().map(|weight| matrix(weight, weight.layout().offset));
    let records = [gates.as_mut_slice(), m.as_mut_slice()];
    gru::backward(
        s,
        factors.dense(),
        weights,
        g.dense(),
        records,
        [&mut bias, &mut new_bias, &mut dh],
        dx.as_deref_mut(),
    );
    let hidden_weight = || {
        let states = factors.slice(s![.., s.inputs..]).t();
        Tensor::concat(&[states.matmul(&gates.slice(s![.., ..2 * n])), states.matmul(&m)], 1)
    };
    [
        dx.map(|dx| Tensor::from_dense(dx, x.shape())),
        watched[1].then(|| factors.slice(s![.., ..s.inputs]).t().matmul(&gates)),
        watched[2].then(hidden_weight),
        watched[3].then(|| Tensor::from_dense(bias, &[3 * n])),
        watched[4].then(|| Tensor::from_dense(new_bias, &[n])),
        watched[5].then(|| Tensor::from_dense(dh, start.shape())),
    ]
}

/// h′ from what comes from the input `[batch, 3·hidden]`, with its bias: of [r, z, n] = that and [r̂, ẑ, n̂] = h·U, r′ = σ(r + r̂),
/// z′ = σ(z + ẑ), n′ = tanh(n + r′ (n̂ + b̂)), h′ = (1 − z′) n′ + z′ h.
#[track_caller]
pub(crate) fn gru_step<T: Float>(
    projected: Tensor<T>,
    weight: &Tensor<T>,
    new_bias: &Tensor<T>,
    h: &Tensor<T>,
) -> Tensor<T> {
    let (one, two) = (new_bias.len(), 2 * new_bias.len());
    let from_state = h.matmul(weight);
    let gates = (projected.slice(s![.., ..two]) + from_state.slice(s![.., ..two])).sigmoid();
    let (r, z) = (gates.slice(s![.., ..one]), gates.slice(s![.., one..]));
    let n = (projected.slice(s![.., two..]) + r * (from_state.slice(s![.., two..]) + new_bias)).tanh();
    &n + z * (h - &n)
}

/// [`gru`] made of operations.
fn composed<T: Float>([x, input_weight, weight, bias, new_bias, h]: [&Tensor<T>; 6], reverse: bool) -> Tensor<T> {
    let projected = dense(x, input_weight, bias, false);
    let mut h = h.clone();
    let mut states = unrolled(x.shape()[1], reverse, |t| {
        h = gru_step(projected.slice(s![.., t, ..]), weight, new_bias, &h);
        vec![h.clone()]
    });
    states.swap_remove(0)
}

#[cfg(test)]
mod tests {
    use super::{composed, gru};
    use crate::ops::recurrent::tests::{agree, inputs};

    #[test]
    fn fused_and_composed_agree_to_the_second_derivative() {
        agree(inputs([&[19, 4, 3], &[3, 15], &[5, 15], &[15], &[5], &[19, 5]]), gru, composed);
    }
}
