//! The gated recurrent unit: r = σ(x_r + u_r), z = σ(x_z + u_z), m = u_n + b̂, n = tanh(x_n + r m), h′ = n + z (h − n), where
//! x = input · W + b and u = h · U.

use super::Sequences;
use crate::kernels::isa::vectorized;
use crate::kernels::math::{Real, sigmoid, tanh};
use crate::kernels::matmul::{Matrix, Panels};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Runs the cells. `gates` `[batch, time, 3·hidden]` comes with what is from the inputs and b, and goes with r, z
/// and n; m and h `[batch, time, hidden]` are filled. `start` has the first h, `[batch, hidden]`; `bias` is b̂.
pub(crate) fn forward<T: Wide + Real>(
    s: Sequences,
    gates: &mut [T],
    weight: Matrix<'_, T>,
    bias: &[T],
    start: &[T],
    [m, h]: [&mut [T]; 2],
) {
    let n = s.hidden;
    let weight = Panels::new(weight, n, 3 * n, s.shared(3 * n * n));
    let states = s.pieces_mut(m, n * s.time).zip(s.pieces_mut(h, n * s.time)).zip(s.pieces(start, n));
    let pieces = s.pieces_mut(gates, 3 * n * s.time).zip(states);
    s.for_each(pieces, 3 * n * n, |(gates, ((m, h), start))| {
        let rows = start.len() / n;
        let mut from_state = pool::buffer(rows * 3 * n);
        for (t, before) in s.steps() {
            let (from, stride) = before.map_or((start, n), |before| (&h[before * n..], s.time * n));
            from_state.fill(T::zero());
            weight.add_product(from, stride, &mut from_state, 3 * n, rows);
            for (row, from_state) in from_state.chunks_exact(3 * n).enumerate() {
                let here = s.at(n, row, t);
                match before {
                    Some(before) => h.copy_within(s.at(n, row, before), here.start),
                    None => h[here.clone()].copy_from_slice(&start[row * n..][..n]),
                }
                advance(&mut gates[s.at(3 * n, row, t)], from_state, bias, &mut m[here.clone()], &mut h[here]);
            }
        }
        pool::recycle(from_state);
    });
}

/// One step of one sequence, where `h` has the state before.
fn advance<T: Wide + Real>(gates: &mut [T], from_state: &[T], bias: &[T], m: &mut [T], h: &mut [T]) {
    let n = h.len();
    vectorized(
        #[inline(always)]
        || {
            let (logistic, new) = gates.split_at_mut(2 * n);
            let (u, u_n) = from_state.split_at(2 * n);
            for (x, &u) in logistic.iter_mut().zip(u) {
                *x = sigmoid(*x + u);
            }
            let (r, z) = logistic.split_at(n);
            for (((x, m), &r), (&u, &bias)) in new.iter_mut().zip(m).zip(r).zip(u_n.iter().zip(bias)) {
                *m = u + bias;
                *x = tanh(*x + r * *m);
            }
            for ((h, &new), &z) in h.iter_mut().zip(&*new).zip(z) {
                *h = new + z * (*h - new);
            }
        },
    );
}

/// What [`forward`] has left: the gates r, z and n, what m was, the states, and the first states.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a, T> {
    pub(crate) gates: &'a [T],
    pub(crate) m: &'a [T],
    pub(crate) h: &'a [T],
    pub(crate) start: &'a [T],
}

/// The cotangents of r, z and n before their activations, and of m, from those of h `[batch, time, hidden]`. `start` `[batch,
/// hidden]` comes with zeros and goes with the cotangent of the first h. `weight` is the transpose.
pub(crate) fn backward<T: Wide + Real>(
    s: Sequences,
    run: Run<'_, T>,
    weight: Matrix<'_, T>,
    h: &[T],
    [gates, m]: [&mut [T]; 2],
    start: &mut [T],
) {
    let n = s.hidden;
    let new_rows = (weight.offset as isize + 2 * n as isize * weight.row_stride) as usize;
    let new_weight = Panels::new(Matrix { offset: new_rows, ..weight }, n, n, s.shared(3 * n * n));
    let weight = Panels::new(weight, 2 * n, n, s.shared(3 * n * n));
    let left = s.pieces(run.gates, 3 * n * s.time).zip(s.pieces(run.m, n * s.time));
    let states = s.pieces(run.h, n * s.time).zip(s.pieces(run.start, n));
    let results = s.pieces_mut(gates, 3 * n * s.time).zip(s.pieces_mut(m, n * s.time)).zip(s.pieces_mut(start, n));
    let pieces = results.zip(left).zip(states).zip(s.pieces(h, n * s.time));
    s.for_each(pieces, 3 * n * n, |(((((d, dm), dh), (gates, m)), (h, start)), gh)| {
        let rows = start.len() / n;
        for (t, before) in s.steps().rev() {
            for row in 0..rows {
                let (here, carried, wide) = (s.at(n, row, t), row * n..row * n + n, s.at(3 * n, row, t));
                let h_before = before.map_or(&start[carried.clone()], |before| &h[s.at(n, row, before)]);
                // What is carried back has come from the steps after this one; here is its own output's.
                dh[carried.clone()].iter_mut().zip(&gh[here.clone()]).for_each(|(sum, &g)| *sum += g);
                let known = [&gates[wide.clone()], &m[here.clone()], h_before];
                retreat(known, &mut dh[carried], &mut d[wide], &mut dm[here]);
            }
            weight.add_product(&d[t * 3 * n..], s.time * 3 * n, dh, n, rows);
            new_weight.add_product(&dm[t * n..], s.time * n, dh, n, rows);
        }
    });
}

/// One step of one sequence back: from h̄′ to the cotangents of gates and m, and to what h̄ has without the products.
fn retreat<T: Wide + Real>([gates, m, h]: [&[T]; 3], dh: &mut [T], d: &mut [T], dm: &mut [T]) {
    let one = T::one();
    vectorized(
        #[inline(always)]
        || {
            // All of one length, as the compiler must see for vectors.
            let n = dh.len();
            let (m, h, dm) = (&m[..n], &h[..n], &mut dm[..n]);
            let (r, rest) = gates[..3 * n].split_at(n);
            let (z, new) = rest.split_at(n);
            let (dr, rest) = d[..3 * n].split_at_mut(n);
            let (dz, dn) = rest.split_at_mut(n);
            for j in 0..n {
                let d_new = dh[j] * (one - z[j]) * (one - new[j] * new[j]);
                dn[j] = d_new;
                dm[j] = d_new * r[j];
                dr[j] = d_new * m[j] * r[j] * (one - r[j]);
                dz[j] = dh[j] * (h[j] - new[j]) * z[j] * (one - z[j]);
                dh[j] = dh[j] * z[j];
            }
        },
    );
}
