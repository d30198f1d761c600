//! The LSTM: of the gates [i, f, g, o], c′ = σ(f) c + σ(i) tanh(g) and h′ = σ(o) tanh(c′).

use super::{PIECE, Sequences, four};
use crate::kernels::isa::vectorized;
use crate::kernels::math::{Real, sigmoid, tanh};
use crate::kernels::matmul::{Matrix, Panels};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Runs the cells over x `[batch, time, inputs]`. `weight` has W above U, `start` the first h and c, `[batch, hidden]` each.
/// The gates after their activations `[batch, time, 4·hidden]`, h and c `[batch, time, hidden]` are filled.
pub(crate) fn forward<T: Wide + Real>(
    s: Sequences,
    x: &[T],
    weight: Matrix<'_, T>,
    bias: &[T],
    start: [&[T]; 2],
    [gates, h, c]: [&mut [T]; 3],
) {
    let (n, width) = (s.hidden, s.inputs + s.hidden);
    let cost = 4 * n * width;
    let weight = Panels::new(weight, width, 4 * n, s.shared(cost));
    let states = s.pieces_mut(h, n * s.time).zip(s.pieces_mut(c, n * s.time));
    let starts = s.pieces(start[0], n).zip(s.pieces(start[1], n));
    let pieces = s.pieces_mut(gates, 4 * n * s.time).zip(states).zip(starts).enumerate();
    s.for_each(pieces, cost, |(piece, ((gates, (h, c)), (h0, c0)))| {
        let (first, rows) = (piece * PIECE, h0.len() / n);
        let (mut factors, mut sums, mut cells) = (pool::buffer(rows * width), pool::buffer(rows * 4 * n), c0.to_vec());
        for (factors, h) in factors.chunks_exact_mut(width).zip(h0.chunks_exact(n)) {
            factors[s.inputs..].copy_from_slice(h);
        }
        for (t, _) in s.steps() {
            for (row, factors) in factors.chunks_exact_mut(width).enumerate() {
                factors[..s.inputs].copy_from_slice(&x[s.at(s.inputs, first + row, t)]);
            }
            weight.affine(&factors, width, Some(bias), &mut sums, rows);
            for (row, cells) in cells.chunks_exact_mut(n).enumerate() {
                let here = s.at(n, row, t);
                advance(&sums[row * 4 * n..][..4 * n], &mut gates[s.at(4 * n, row, t)], &mut h[here.clone()], cells);
                c[here.clone()].copy_from_slice(cells);
                factors[row * width + s.inputs..][..n].copy_from_slice(&h[here]);
            }
        }
    });
}

/// One step of one sequence: from what the gates are before their activations, and the cell before, which becomes the next.
fn advance<T: Wide + Real>(sums: &[T], gates: &mut [T], h: &mut [T], c: &mut [T]) {
    vectorized!(|| {
        let n = h.len();
        for (y, &x) in gates[..2 * n].iter_mut().zip(&sums[..2 * n]) {
            *y = sigmoid(x);
        }
        for (y, &x) in gates[2 * n..3 * n].iter_mut().zip(&sums[2 * n..3 * n]) {
            *y = tanh(x);
        }
        for (y, &x) in gates[3 * n..].iter_mut().zip(&sums[3 * n..]) {
            *y = sigmoid(x);
        }
        let [i, f, g, o] = four(gates);
        for (((c, &i), &f), &g) in c.iter_mut().zip(i).zip(f).zip(g) {
            *c = f * *c + i * g;
        }
        for ((h, &c), &o) in h.iter_mut().zip(&*c).zip(o) {
            *h = o * tanh(c);
        }
    });
}

/// What [`forward`] has left: the gates after their activations, h and c, and the first c.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a, T> {
    pub(crate) gates: &'a [T],
    pub(crate) h: &'a [T],
    pub(crate) c: &'a [T],
    pub(crate) start: &'a [T],
}

/// The cotangents of the gates before their activations, and of x where they are asked for, from those of h `[batch, time,
/// hidden]`. `carried` `[batch, hidden]` comes with the cotangents of the last h, beside those, and c, and goes with those of
/// the first. `weight` has the transposes of W and U side by side.
pub(crate) fn backward<T: Wide + Real>(
    s: Sequences,
    run: Run<'_, T>,
    weight: Matrix<'_, T>,
    h: &[T],
    [gates, carried_h, carried_c]: [&mut [T]; 3],
    x: Option<&mut [T]>,
) {
    let n = s.hidden;
    let inputs = if x.is_some() { s.inputs } else { 0 };
    let width = inputs + n;
    let cost = 4 * n * width;
    let weight = Panels::new(weight.skip(0, s.inputs - inputs), 4 * n, width, s.shared(cost));
    let carried = s.pieces_mut(carried_h, n).zip(s.pieces_mut(carried_c, n));
    let states = s.pieces(run.h, n * s.time).zip(s.pieces(run.c, n * s.time)).zip(s.pieces(run.start, n));
    let left = s.pieces(run.gates, 4 * n * s.time).zip(states);
    let results = s.pieces_mut(gates, 4 * n * s.time).zip(s.pieces_of_some(x, inputs * s.time)).zip(carried);
    let pieces = results.zip(left).zip(s.pieces(h, n * s.time));
    s.for_each(pieces, cost, |((((d, mut dx), (dh, dc)), (gates, ((h, c), c0))), gh)| {
        let rows = c0.len() / n;
        // What the products give: x̄ and, behind it, what h̄ has of the steps after this one.
        let (mut sums, mut back) = (pool::buffer(rows * 4 * n), pool::buffer(rows * width));
        for (back, dh) in back.chunks_exact_mut(width).zip(dh.chunks_exact(n)) {
            back[inputs..].copy_from_slice(dh);
        }
        for (t, before) in s.steps().rev() {
            for (row, (sums, back)) in sums.chunks_exact_mut(4 * n).zip(back.chunks_exact(width)).enumerate() {
                let (here, carried, wide) = (s.at(n, row, t), row * n..row * n + n, s.at(4 * n, row, t));
                let c_before = before.map_or(&c0[carried.clone()], |before| &c[s.at(n, row, before)]);
                let dh = [&back[inputs..], &gh[here.clone()]];
                retreat(&gates[wide.clone()], [&h[here], c_before], dh, &mut dc[carried], sums);
                d[wide].copy_from_slice(sums);
            }
            weight.affine(&sums, 4 * n, None, &mut back, rows);
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
}

/// One step of one sequence back: from h̄′, in two parts, and c̄′ to the gates' cotangents and c̄.
fn retreat<T: Wide + Real>(gates: &[T], [h, before]: [&[T]; 2], [later, own]: [&[T]; 2], dc: &mut [T], d: &mut [T]) {
    let one = T::one();
    vectorized!(|| {
        // All of one length, as the compiler must see for vectors.
        let n = own.len();
        let (h, before, later, dc) = (&h[..n], &before[..n], &later[..n], &mut dc[..n]);
        let [i, f, g, o] = four(&gates[..4 * n]).map(|gate| &gate[..n]);
        let (di, rest) = d[..4 * n].split_at_mut(n);
        let (df, rest) = rest.split_at_mut(n);
        let (dg, d_o) = rest.split_at_mut(n);
        for j in 0..n {
            // Dividing is a sixth of the work of finding it anew. Where o is 0, h is.
            let tanh_c = h[j] / o[j].max(T::min_positive_value());
            let dh = later[j] + own[j];
            let cell = dc[j] + dh * o[j] * (one - tanh_c * tanh_c);
            di[j] = cell * g[j] * i[j] * (one - i[j]);
            df[j] = cell * before[j] * f[j] * (one - f[j]);
            dg[j] = cell * i[j] * (one - g[j] * g[j]);
            d_o[j] = dh * h[j] * (one - o[j]);
            dc[j] = cell * f[j];
        }
    });
}
