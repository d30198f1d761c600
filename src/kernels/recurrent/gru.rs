//! The gated recurrent unit: r = σ(x_r + u_r), z = σ(x_z + u_z), m = u_n + b̂, n = tanh(x_n + r m), h′ = n + z (h − n), where
//! x = input · W + b and u = h · U.

use super::{PIECE, Sequences, add_rows};
use crate::kernels::isa::vectorized;
use crate::kernels::math::{Real, sigmoid, tanh};
use crate::kernels::matmul::{Matrix, Panels};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Runs the cells over the inputs `[batch, time, inputs]`. `weights` are W and U, `biases` b and b̂, `start` the first h
/// `[batch, hidden]`. Filled are h `[batch, time, hidden]`, and the records of the gates r, z and n, `3·hidden` wide, and of m.
pub(crate) fn forward<T: Wide + Real>(
    s: Sequences,
    x: &[T],
    weights: [Matrix<'_, T>; 2],
    [bias, new_bias]: [&[T]; 2],
    start: &[T],
    [gates, m, h]: [&mut [T]; 3],
) {
    let n = s.hidden;
    let cost = 3 * n * (s.inputs + n);
    let input_weight = Panels::new(weights[0], s.inputs, 3 * n, s.shared(cost));
    let weight = Panels::new(weights[1], n, 3 * n, s.shared(cost));
    let states = s.pieces_mut(m, n * s.time).zip(s.pieces_mut(h, n * s.time)).zip(s.pieces(start, n));
    let pieces = s.pieces_mut(gates, 3 * n * s.time).zip(states).enumerate();
    s.for_each(pieces, cost, |(piece, (gates, ((m, h), start)))| {
        let (first, rows) = (piece * PIECE, start.len() / n);
        let (mut inputs, mut states) = (pool::buffer(rows * s.inputs), start.to_vec());
        let mut from_state = pool::buffer(rows * 3 * n);
        for (t, _) in s.steps() {
            for row in 0..rows {
                inputs[row * s.inputs..][..s.inputs].copy_from_slice(&x[s.at(s.inputs, first + row, t)]);
            }
            let (gates, m) = (&mut gates[s.step(3 * n, rows, t)], &mut m[s.step(n, rows, t)]);
            input_weight.affine(&inputs, s.inputs, Some(bias), gates, rows);
            weight.affine(&states, n, None, &mut from_state, rows);
            let gates = gates.chunks_exact_mut(3 * n).zip(from_state.chunks_exact(3 * n));
            let states = m.chunks_exact_mut(n).zip(states.chunks_exact_mut(n));
            for (row, ((gates, u), (m, state))) in gates.zip(states).enumerate() {
                advance([u, new_bias], gates, m, state);
                h[s.at(n, row, t)].copy_from_slice(state);
            }
        }
    });
}

/// One step of one sequence, of u and b̂, where `gates` has x and `h` the state before.
fn advance<T: Wide + Real>([u, bias]: [&[T]; 2], gates: &mut [T], m: &mut [T], h: &mut [T]) {
    let n = h.len();
    vectorized!(|| {
        let (logistic, new) = gates.split_at_mut(2 * n);
        let (u, u_n) = u.split_at(2 * n);
        for (gate, &u) in logistic.iter_mut().zip(u) {
            *gate = sigmoid(*gate + u);
        }
        let (r, z) = logistic.split_at(n);
        for (((m, &u), &bias), (new, &r)) in m.iter_mut().zip(u_n).zip(bias).zip(new.iter_mut().zip(r)) {
            *m = u + bias;
            *new = tanh(*new + r * *m);
        }
        for ((h, &new), &z) in h.iter_mut().zip(&*new).zip(z) {
            *h = new + z * (*h - new);
        }
    });
}

/// What [`forward`] has left: the states; and the first states.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a, T> {
    pub(crate) h: &'a [T],
    pub(crate) start: &'a [T],
}

/// The cotangents of x where they are asked for, from those of h `[batch, time, hidden]`. `gates` and `m` come as [`forward`] has
/// left them, and go with the records of the cotangents of r, z and n before their activations, and of m; `bias` and `new_bias`,
/// zeros, with the sums of these. `start` `[batch, hidden]` comes with zeros and goes with the cotangent of the first h. `weights`
/// are the transposes of W and U.
pub(crate) fn backward<T: Wide + Real>(
    s: Sequences,
    run: Run<'_, T>,
    [input_weight, weight]: [Matrix<'_, T>; 2],
    h: &[T],
    [gates, m]: [&mut [T]; 2],
    [bias, new_bias, start]: [&mut [T]; 3],
    x: Option<&mut [T]>,
) {
    let n = s.hidden;
    let cost = 3 * n * (n + if x.is_some() { s.inputs } else { 0 });
    let input_weight = x.is_some().then(|| Panels::new(input_weight, 3 * n, s.inputs, s.shared(cost)));
    let new_weight = Panels::new(weight.skip(2 * n, 0), n, n, s.shared(cost));
    let weight = Panels::new(weight, 2 * n, n, s.shared(cost));
    let (mut sums, mut new_sums) = (s.sums(3 * n), s.sums(n));
    let records = s.pieces_mut(gates, 3 * n * s.time).zip(s.pieces_mut(m, n * s.time));
    let results = sums.chunks_mut(3 * n).zip(new_sums.chunks_mut(n)).zip(s.pieces_mut(start, n));
    let given = s.pieces(run.h, n * s.time).zip(s.pieces(run.start, n)).zip(s.pieces(h, n * s.time));
    let pieces = records.zip(results).zip(s.pieces_of_some(x, s.inputs * s.time)).zip(given);
    s.for_each(pieces, cost, |((((gates, m), ((sums, new_sums), dh)), mut dx), ((h, start), gh))| {
        let rows = start.len() / n;
        let mut back = pool::buffer(rows * s.inputs);
        for (t, before) in s.steps().rev() {
            let (gates, m) = (&mut gates[s.step(3 * n, rows, t)], &mut m[s.step(n, rows, t)]);
            let found = gates.chunks_exact_mut(3 * n).zip(m.chunks_exact_mut(n)).zip(dh.chunks_exact_mut(n));
            for (row, ((gates, m), dh)) in found.enumerate() {
                let h_before = before.map_or(&start[row * n..][..n], |before| &h[s.at(n, row, before)]);
                retreat(h_before, &gh[s.at(n, row, t)], dh, gates, m);
            }
            add_rows(gates, sums);
            add_rows(m, new_sums);
            weight.add_product(gates, 3 * n, dh, rows);
            new_weight.add_product(m, n, dh, rows);
            if let (Some(weight), Some(dx)) = (&input_weight, &mut dx) {
                weight.affine(gates, 3 * n, None, &mut back, rows);
                for row in 0..rows {
                    dx[s.at(s.inputs, row, t)].copy_from_slice(&back[row * s.inputs..][..s.inputs]);
                }
            }
        }
    });
    add_rows(&sums, bias);
    add_rows(&new_sums, new_bias);
}

/// One step of one sequence back: from h̄′, its output's and what the later steps have left in `dh`, to the cotangents of gates
/// and m, in their places, and to what h̄ has without the products.
fn retreat<T: Wide + Real>(h: &[T], own: &[T], dh: &mut [T], gates: &mut [T], m: &mut [T]) {
    let one = T::one();
    vectorized!(|| {
        // All of one length, as the compiler must see for vectors.
        let n = dh.len();
        let (m, h, own) = (&mut m[..n], &h[..n], &own[..n]);
        let (of_r, rest) = gates[..3 * n].split_at_mut(n);
        let (of_z, of_new) = rest.split_at_mut(n);
        for j in 0..n {
            let (r, z, new) = (of_r[j], of_z[j], of_new[j]);
            let g = dh[j] + own[j];
            let d_new = g * (one - z) * (one - new * new);
            of_new[j] = d_new;
            of_r[j] = d_new * m[j] * r * (one - r);
            of_z[j] = g * (h[j] - new) * z * (one - z);
            m[j] = d_new * r;
            dh[j] = g * z;
        }
    });
}
