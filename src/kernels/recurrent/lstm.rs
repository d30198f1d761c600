//! The LSTM: of the gates [i, f, g, o], c′ = σ(f) c + σ(i) tanh(g) and h′ = σ(o) tanh(c′).

use super::{Sequences, four};
use crate::kernels::isa::vectorized;
use crate::kernels::math::{Real, sigmoid, tanh};
use crate::kernels::matmul::{Matrix, Panels};
use crate::kernels::vector::Wide;

/// Runs the cells. `gates` `[batch, time, 4·hidden]` comes with what is from the inputs and the bias, and goes with the
/// gates after their activations; h and c `[batch, time, hidden]` get the states. `start` has the first of them, `[batch,
/// hidden]` each.
pub(crate) fn forward<T: Wide + Real>(
    s: Sequences,
    gates: &mut [T],
    weight: Matrix<'_, T>,
    start: [&[T]; 2],
    [h, c]: [&mut [T]; 2],
) {
    let n = s.hidden;
    let weight = Panels::new(weight, n, 4 * n, s.shared(4 * n * n));
    let states = s.pieces_mut(h, n * s.time).zip(s.pieces_mut(c, n * s.time));
    let starts = s.pieces(start[0], n).zip(s.pieces(start[1], n));
    let pieces = s.pieces_mut(gates, 4 * n * s.time).zip(states).zip(starts);
    s.for_each(pieces, 4 * n * n, |((gates, (h, c)), (h0, c0))| {
        let rows = h0.len() / n;
        for (t, before) in s.steps() {
            let (from, stride) = before.map_or((h0, n), |before| (&h[before * n..], s.time * n));
            weight.add_product(from, stride, &mut gates[t * 4 * n..], s.time * 4 * n, rows);
            for row in 0..rows {
                let here = s.at(n, row, t);
                match before {
                    Some(before) => c.copy_within(s.at(n, row, before), here.start),
                    None => c[here.clone()].copy_from_slice(&c0[row * n..][..n]),
                }
                advance(&mut gates[s.at(4 * n, row, t)], &mut h[here.clone()], &mut c[here]);
            }
        }
    });
}

/// One step of one sequence, where `c` has the cell before.
fn advance<T: Wide + Real>(gates: &mut [T], h: &mut [T], c: &mut [T]) {
    vectorized(
        #[inline(always)]
        || {
            let (logistic, rest) = gates.split_at_mut(2 * h.len());
            let (tangent, last) = rest.split_at_mut(h.len());
            logistic.iter_mut().for_each(|x| *x = sigmoid(*x));
            tangent.iter_mut().for_each(|x| *x = tanh(*x));
            last.iter_mut().for_each(|x| *x = sigmoid(*x));
            let [i, f, g, o] = four(gates);
            for (((c, &i), &f), &g) in c.iter_mut().zip(i).zip(f).zip(g) {
                *c = f * *c + i * g;
            }
            for ((h, &c), &o) in h.iter_mut().zip(&*c).zip(o) {
                *h = o * tanh(c);
            }
        },
    );
}

/// What [`forward`] has left: the gates after their activations, the cells, and the first cells.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a, T> {
    pub(crate) gates: &'a [T],
    pub(crate) c: &'a [T],
    pub(crate) start: &'a [T],
}

/// The cotangents of the gates before their activations, from those of h `[batch, time, hidden]`. `carried` `[batch, hidden]`
/// comes with zeros and the cotangent of the last c, and goes with those of the first h and c. `weight` is the transpose.
pub(crate) fn backward<T: Wide + Real>(
    s: Sequences,
    run: Run<'_, T>,
    weight: Matrix<'_, T>,
    h: &[T],
    gates: &mut [T],
    carried: [&mut [T]; 2],
) {
    let n = s.hidden;
    let weight = Panels::new(weight, 4 * n, n, s.shared(4 * n * n));
    let [dh, dc] = carried;
    let carried = s.pieces_mut(dh, n).zip(s.pieces_mut(dc, n));
    let left = s.pieces(run.gates, 4 * n * s.time).zip(s.pieces(run.c, n * s.time)).zip(s.pieces(run.start, n));
    let pieces = s.pieces_mut(gates, 4 * n * s.time).zip(left).zip(s.pieces(h, n * s.time)).zip(carried);
    s.for_each(pieces, 4 * n * n, |(((d, ((gates, c), c0)), gh), (dh, dc))| {
        let rows = c0.len() / n;
        for (t, before) in s.steps().rev() {
            for row in 0..rows {
                let (here, carried) = (s.at(n, row, t), row * n..row * n + n);
                let c_before = before.map_or(&c0[carried.clone()], |before| &c[s.at(n, row, before)]);
                // What is carried back has come from the steps after this one; here is its own output's.
                let own = gh[here.clone()].iter();
                dh[carried.clone()].iter_mut().zip(own).for_each(|(sum, &own)| *sum += own);
                let wide = s.at(4 * n, row, t);
                let cells = [&c[here], c_before];
                retreat(&gates[wide.clone()], cells, &dh[carried.clone()], &mut dc[carried], &mut d[wide]);
            }
            dh.fill(T::zero());
            weight.add_product(&d[t * 4 * n..], s.time * 4 * n, dh, n, rows);
        }
    });
}

/// One step of one sequence back: from h̄′ and c̄′ to the gates' cotangents and c̄.
fn retreat<T: Wide + Real>(gates: &[T], [c, before]: [&[T]; 2], dh: &[T], dc: &mut [T], d: &mut [T]) {
    let one = T::one();
    vectorized(
        #[inline(always)]
        || {
            // All of one length, as the compiler must see for vectors.
            let n = dh.len();
            let (c, before, dc) = (&c[..n], &before[..n], &mut dc[..n]);
            let [i, f, g, o] = four(&gates[..4 * n]).map(|gate| &gate[..n]);
            let (di, rest) = d[..4 * n].split_at_mut(n);
            let (df, rest) = rest.split_at_mut(n);
            let (dg, d_o) = rest.split_at_mut(n);
            for j in 0..n {
                let tanh_c = tanh(c[j]);
                let cell = dc[j] + dh[j] * o[j] * (one - tanh_c * tanh_c);
                di[j] = cell * g[j] * i[j] * (one - i[j]);
                df[j] = cell * before[j] * f[j] * (one - f[j]);
                dg[j] = cell * i[j] * (one - g[j] * g[j]);
                d_o[j] = dh[j] * tanh_c * o[j] * (one - o[j]);
                dc[j] = cell * f[j];
            }
        },
    );
}
