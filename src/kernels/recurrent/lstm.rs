//! The LSTM: of the gates [i, f, g, o], c′ = σ(f) c + σ(i) tanh(g) and h′ = σ(o) tanh(c′).

use super::{PIECE, Sequences, four, sum_rows};
use crate::kernels::isa::vectorized;
use crate::kernels::math::{Real, sigmoid, tanh};
use crate::kernels::matmul::{Matrix, Panels};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Runs the cells over x `[batch, time, inputs]`. `weight` has W above U, `start` the first h and c, `[batch, hidden]` each.
/// Filled are h `[batch, time, hidden]`, the last c `[batch, hidden]`, and the records of [x, h] before each step, of the gates
/// after their activations, `4·hidden` wide, and of c.
pub(crate) fn forward<T: Wide + Real>(
    s: Sequences,
    x: &[T],
    weight: Matrix<'_, T>,
    bias: &[T],
    start: [&[T]; 2],
    [h, last]: [&mut [T]; 2],
    [factors, gates, c]: [&mut [T]; 3],
) {
    let (n, width) = (s.hidden, s.inputs + s.hidden);
    let cost = 4 * n * width;
    let weight = Panels::new(weight, width, 4 * n, s.shared(cost));
    let states = s.pieces_mut(h, n * s.time).zip(s.pieces_mut(last, n));
    let records = s.record_pieces_mut(factors, width).zip(s.record_pieces_mut(gates, 4 * n));
    let records = records.zip(s.record_pieces_mut(c, n));
    let starts = s.pieces(start[0], n).zip(s.pieces(start[1], n));
    s.for_each(
        states.zip(records).zip(starts).enumerate(),
        cost,
        |(piece, (((h, cells), ((factors, gates), c)), (h0, c0)))| {
            let (first, rows) = (piece * PIECE, h0.len() / n);
            cells.copy_from_slice(c0);
            // Not in the record at once: products wait for lines that come from memory, the pass over the gates does not.
            let mut sums = pool::buffer(rows * 4 * n);
            for (t, before) in s.steps() {
                let (factors, gates) = (&mut factors[s.step(width, rows, t)], &mut gates[s.step(4 * n, rows, t)]);
                s.fill_factors(factors, (first, x), (t, before), [h, h0]);
                weight.affine(factors, width, Some(bias), &mut sums, rows);
                let gates = sums.chunks_exact(4 * n).zip(gates.chunks_exact_mut(4 * n));
                for (row, ((sums, gates), cells)) in gates.zip(cells.chunks_exact_mut(n)).enumerate() {
                    advance(sums, gates, &mut h[s.at(n, row, t)], cells);
                }
                c[s.step(n, rows, t)].copy_from_slice(cells);
            }
        },
    );
}

/// One step of one sequence: from what the gates are before their activations, and the cell before, which becomes the next.
fn advance<T: Wide + Real>(sums: &[T], gates: &mut [T], h: &mut [T], c: &mut [T]) {
    vectorized!(|| {
        let n = h.len();
        gates[..2 * n].iter_mut().zip(&sums[..2 * n]).for_each(|(gate, &sum)| *gate = sigmoid(sum));
        gates[2 * n..3 * n].iter_mut().zip(&sums[2 * n..3 * n]).for_each(|(gate, &sum)| *gate = tanh(sum));
        gates[3 * n..].iter_mut().zip(&sums[3 * n..]).for_each(|(gate, &sum)| *gate = sigmoid(sum));
        let [i, f, g, o] = four(gates);
        for (((c, &i), &f), &g) in c.iter_mut().zip(i).zip(f).zip(g) {
            *c = f * *c + i * g;
        }
        for ((h, &c), &o) in h.iter_mut().zip(&*c).zip(o) {
            *h = o * tanh(c);
        }
    });
}

/// What [`forward`] has left: h, and the record of c; and the first c.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a, T> {
    pub(crate) h: &'a [T],
    pub(crate) c: &'a [T],
    pub(crate) start: &'a [T],
}

/// The cotangents of x where they are asked for, from those of h `[batch, time, hidden]`. `gates` comes with the record of the
/// gates after their activations and goes with that of their cotangents before them, `bias`, zeros, goes with the sum of these.
/// `carried` `[batch, hidden]` comes with the cotangents of the last h, beside those, and c, and goes with those of the first.
/// `weight` has the transposes of W and U side by side.
pub(crate) fn backward<T: Wide + Real>(
    s: Sequences,
    run: Run<'_, T>,
    weight: Matrix<'_, T>,
    h: &[T],
    [gates, bias, carried_h, carried_c]: [&mut [T]; 4],
    x: Option<&mut [T]>,
) {
    let n = s.hidden;
    let inputs = if x.is_some() { s.inputs } else { 0 };
    let width = inputs + n;
    let cost = 4 * n * width;
    let weight = Panels::new(weight.skip(0, s.inputs - inputs), 4 * n, width, s.shared(cost));
    let carried = s.pieces_mut(carried_h, n).zip(s.pieces_mut(carried_c, n));
    let states = s.pieces(run.h, n * s.time).zip(s.record_pieces(run.c, n)).zip(s.pieces(run.start, n));
    let mut sums = s.sums(4 * n);
    let gates = s.record_pieces_mut(gates, 4 * n).zip(sums.chunks_mut(4 * n));
    let results = gates.zip(s.pieces_of_some(x, inputs * s.time)).zip(carried);
    let pieces = results.zip(states).zip(s.pieces(h, n * s.time));
    s.for_each(pieces, cost, |(((((gates, sums), mut dx), (dh, dc)), ((h, c), c0)), gh)| {
        let rows = c0.len() / n;
        // What the products give: x̄ and, behind it, what h̄ has of the steps after this one.
        let mut back = pool::buffer(rows * width);
        for (back, dh) in back.chunks_exact_mut(width).zip(dh.chunks_exact(n)) {
            back[inputs..].copy_from_slice(dh);
        }
        for (t, before) in s.steps().rev() {
            let gates = &mut gates[s.step(4 * n, rows, t)];
            let c_before = before.map_or(c0, |before| &c[s.step(n, rows, before)]);
            let known = c_before.chunks_exact(n).zip(back.chunks_exact(width));
            let found = gates.chunks_exact_mut(4 * n).zip(dc.chunks_exact_mut(n));
            for (row, ((gates, dc), (c_before, back))) in found.zip(known).enumerate() {
                let here = s.at(n, row, t);
                retreat([&h[here.clone()], c_before], [&back[inputs..], &gh[here]], dc, gates);
            }
            sum_rows(gates, sums);
            weight.affine(gates, 4 * n, None, &mut back, rows);
            if let Some(dx) = &mut dx {
                for (row, back) in back.chunks_exact(width).enumerate() {
                    dx[s.at(inputs, row, t)].copy_from_slice(&back[..inputs]);
                }
            }
        }
        for (back, dh) in back.chunks_exact(width).zip(dh.chunks_exact_mut(n)) {
            dh.copy_from_slice(&back[inputs..]);
        }
    });
    sum_rows(&sums, bias);
}

/// One step of one sequence back: from h̄′, in two parts, and c̄′ to the cotangents of the gates, in their place, and c̄.
fn retreat<T: Wide + Real>([h, before]: [&[T]; 2], [later, own]: [&[T]; 2], dc: &mut [T], gates: &mut [T]) {
    let one = T::one();
    vectorized!(|| {
        // All of one length, as the compiler must see for vectors.
        let n = own.len();
        let (h, before, later, dc) = (&h[..n], &before[..n], &later[..n], &mut dc[..n]);
        let (of_i, rest) = gates[..4 * n].split_at_mut(n);
        let (of_f, rest) = rest.split_at_mut(n);
        let (of_g, of_o) = rest.split_at_mut(n);
        for j in 0..n {
            let (i, f, g, o) = (of_i[j], of_f[j], of_g[j], of_o[j]);
            // Dividing is a sixth of the work of finding it anew. Where o is 0, h is.
            let tanh_c = h[j] / o.max(T::min_positive_value());
            let dh = later[j] + own[j];
            let cell = dc[j] + dh * o * (one - tanh_c * tanh_c);
            of_i[j] = cell * g * i * (one - i);
            of_f[j] = cell * before[j] * f * (one - f);
            of_g[j] = cell * i * (one - g * g);
            of_o[j] = dh * h[j] * (one - o);
            dc[j] = cell * f;
        }
    });
}
