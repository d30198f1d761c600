//! The gated recurrent unit: r = σ(x_r + u_r), z = σ(x_z + u_z), m = u_n + b̂, n = tanh(x_n + r m), h′ = n + z (h − n), where
//! x = input · W + b and u = h · U.

use super::{PIECE, Sequences, sum_rows};
use crate::kernels::isa::vectorized;
use crate::kernels::math::{Real, sigmoid, tanh};
use crate::kernels::matmul::{Matrix, Panels};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Runs the cells over the inputs `[batch, time, inputs]`. `weights` are W and U, `biases` b and b̂, `start` the first h
/// `[batch, hidden]`. Filled are h `[batch, time, hidden]`, and the records of [x, h] before each step, of the gates r, z and n,
/// `3·hidden` wide, and of m.
pub(crate) fn forward<T: Wide + Real>(
    s: Sequences,
    x: &[T],
    weights: [Matrix<'_, T>; 2],
    [bias, new_bias]: [&[T]; 2],
    start: &[T],
    h: &mut [T],
    [factors, gates, m]: [&mut [T]; 3],
) {
    let (n, width) = (s.hidden, s.inputs + s.hidden);
    let cost = 3 * n * width;
    let input_weight = Panels::new(weights[0], s.inputs, 3 * n, s.shared(cost));
    let weight = Panels::new(weights[1], n, 3 * n, s.shared(cost));
    let records = s.record_pieces_mut(factors, width).zip(s.record_pieces_mut(gates, 3 * n));
    let records = records.zip(s.record_pieces_mut(m, n));
    let pieces = records.zip(s.pieces_mut(h, n * s.time).zip(s.pieces(start, n))).enumerate();
    s.for_each(pieces, cost, |(piece, (((factors, gates), m), (h, start)))| {
        let (first, rows) = (piece * PIECE, start.len() / n);
        let mut from_state = pool::buffer(rows * 3 * n);
        for (t, before) in s.steps() {
            let (factors, gates) = (&mut factors[s.step(width, rows, t)], &mut gates[s.step(3 * n, rows, t)]);
            let m = &mut m[s.step(n, rows, t)];
            s.fill_factors(factors, (first, x), (t, before), [h, start]);
            input_weight.affine(factors, width, Some(bias), gates, rows);
            weight.affine(&factors[s.inputs..], width, None, &mut from_state, rows);
            let gates = gates.chunks_exact_mut(3 * n).zip(from_state.chunks_exact(3 * n));
            let states = factors.chunks_exact(width).zip(m.chunks_exact_mut(n));
            for (row, ((gates, u), (factors, m))) in gates.zip(states).enumerate() {
                advance([u, new_bias, &factors[s.inputs..]], gates, m, &mut h[s.at(n, row, t)]);
            }
        }
    });
}

/// One step of one sequence, of u, b̂ and the state before, where `gates` has x.
fn advance<T: Wide + Real>([u, bias, before]: [&[T]; 3], gates: &mut [T], m: &mut [T], h: &mut [T]) {
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
        for (((h, &before), &new), &z) in h.iter_mut().zip(before).zip(&*new).zip(z) {
            *h = new + z * (before - new);
        }
    });
}

/// The cotangents of x where they are asked for, from those of h `[batch, time, hidden]`, and the record of [x, h] before each
/// step. `gates` and `m` come as [`forward`] has left them, and go with the records of the cotangents of r, z and n before their
/// activations, and of m; `bias` and `new_bias`, zeros, with the sums of these. `start` `[batch, hidden]` comes with zeros and
/// goes with the cotangent of the first h. `weights` are the transposes of W and U.
pub(crate) fn backward<T: Wide + Real>(
    s: Sequences,
    factors: &[T],
    [input_weight, weight]: [Matrix<'_, T>; 2],
    h: &[T],
    [gates, m]: [&mut [T]; 2],
    [bias, new_bias, start]: [&mut [T]; 3],
    x: Option<&mut [T]>,
) {
    let (n, width) = (s.hidden, s.inputs + s.hidden);
    let cost = 3 * n * (n + if x.is_some() { s.inputs } else { 0 });
    let input_weight = x.is_some().then(|| Panels::new(input_weight, 3 * n, s.inputs, s.shared(cost)));
    let new_weight = Panels::new(weight.skip(2 * n, 0), n, n, s.shared(cost));
    let weight = Panels::new(weight, 2 * n, n, s.shared(cost));
    let (mut sums, mut new_sums) = (s.sums(3 * n), s.sums(n));
    let records = s.record_pieces_mut(gates, 3 * n).zip(s.record_pieces_mut(m, n));
    let results = sums.chunks_mut(3 * n).zip(new_sums.chunks_mut(n)).zip(s.pieces_mut(start, n));
    let given = s.record_pieces(factors, width).zip(s.pieces(h, n * s.time));
    let pieces = records.zip(results).zip(s.pieces_of_some(x, s.inputs * s.time)).zip(given);
    s.for_each(pieces, cost, |((((gates, m), ((sums, new_sums), dh)), mut dx), (factors, gh))| {
        let rows = dh.len() / n;
        let mut back = pool::buffer(rows * s.inputs);
        for (t, _) in s.steps().rev() {
            let (gates, m) = (&mut gates[s.step(3 * n, rows, t)], &mut m[s.step(n, rows, t)]);
            let found = gates.chunks_exact_mut(3 * n).zip(m.chunks_exact_mut(n)).zip(dh.chunks_exact_mut(n));
            let factors = factors[s.step(width, rows, t)].chunks_exact(width);
            for (row, (((gates, m), dh), factors)) in found.zip(factors).enumerate() {
                retreat(&factors[s.inputs..], &gh[s.at(n, row, t)], dh, gates, m);
            }
            sum_rows(gates, sums);
            sum_rows(m, new_sums);
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
    sum_rows(&sums, bias);
    sum_rows(&new_sums, new_bias);
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
