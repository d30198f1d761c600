//! The way back: weights are found anew, tile by tile.

use std::iter;

use super::{Attention, KEYS, Lanes, QUERIES, Rows, by_lane, exponential, load, padded, store, turn};
use crate::kernels::block::Block;
use crate::kernels::isa::vectorized;
use crate::kernels::math::Real;
use crate::kernels::matmul::{Matrix, Sizes, product};
use crate::kernels::pool;
use crate::kernels::reduce::sum;
use crate::kernels::vector::Wide;

/// Pieces of work that are enough for the threads that there usually are.
const TASKS: usize = 8;
/// Keys to a piece at least, where a head's are cut.
const SHORTEST: usize = 512;

/// Fills the gradients to queries, keys and values, each dense `[groups, length, heads, width]`, from each head's queries,
/// keys, values, output and output's cotangent, and what [`forward`](super::forward) has kept.
///
/// With the weights P, the output Y and D = Σ Ȳ·Y of each query: V̄ = Pᵀ Ȳ, S̄ = P · (Ȳ Vᵀ − D), Q̄ = scale · S̄ K and
/// K̄ = scale · S̄ᵀ Q.
pub(crate) fn backward<T: Wide + Real>(
    a: Attention<T>,
    groups: usize,
    inputs: [&[Matrix<'_, T>]; 5],
    kept: &[T],
    [dq, dk, dv]: [&mut [T]; 3],
) {
    let heads = inputs[0].len();
    // Few heads are cut further, at places that depend on lengths alone; each stretch of keys makes a part of Q̄.
    let stretches = TASKS.div_ceil(heads).min(a.keys.div_ceil(SHORTEST));
    let length = a.keys.div_ceil(stretches);
    let mut parts: Vec<Block<T>> = (1..a.keys.div_ceil(length)).map(|_| pool::buffer(dq.len())).collect();
    let all = iter::once(&mut *dq).chain(parts.iter_mut().map(|part| &mut part[..]));
    let dk = Rows::of_heads(dk, groups, heads / groups, a.width);
    let dv = Rows::of_heads(dv, groups, heads / groups, a.value_width);
    let mut keys: Vec<_> = dk.zip(dv).map(|(dk, dv)| dk.pieces(length).zip(dv.pieces(length))).collect();
    let mut tasks = vec![];
    for (number, part) in all.enumerate() {
        let heads = Rows::of_heads(part, groups, heads / groups, a.width).zip(&mut keys).enumerate();
        tasks.extend(heads.flat_map(|(head, (dq, keys))| keys.next().map(|keys| (head, number * length, dq, keys))));
    }
    a.share(heads, tasks, |(head, first, dq, (dk, dv))| {
        let kept = &kept[head * a.kept()..][..a.kept()];
        stretch(a, inputs.map(|x| x[head]), kept, first, [dq, dk, dv]);
    });
    for part in &parts {
        dq.iter_mut().zip(&part[..]).for_each(|(dq, &part)| *dq += part);
    }
}

/// The gradients of one head to a stretch of keys and values, and what comes from these of the gradient to all queries.
fn stretch<T: Wide + Real>(
    a: Attention<T>,
    [q, k, v, y, g]: [Matrix<'_, T>; 5],
    kept: &[T],
    start: usize,
    [dq, dk, dv]: [Rows<'_, T>; 3],
) {
    let (width, value_width) = (padded(a.width), padded(a.value_width));
    // Of queries and cotangents each tile is there twice: as rows, and as lanes.
    let mut rows = pool::buffer(QUERIES * (width + 2 * value_width));
    let (query_rows, rest) = rows.split_at_mut(QUERIES * width);
    let (g_rows, y_rows) = rest.split_at_mut(QUERIES * value_width);
    let mut lanes = pool::buffer(QUERIES * (2 * a.width + a.value_width + 2 * KEYS));
    let (query, rest) = lanes.as_chunks_mut().0.split_at_mut(a.width);
    let (query_sums, rest) = rest.split_at_mut(a.width);
    let (cotangent, rest) = rest.split_at_mut(a.value_width);
    let (weights, slopes) = rest.split_at_mut(KEYS);
    let mut key_sums = pool::filled(dk.count() * width, T::zero());
    let mut value_sums = pool::filled(dv.count() * value_width, T::zero());

    let kept = kept.as_chunks::<QUERIES>().0.as_chunks::<2>().0;
    for ((tile, mut dq), [largest, inverse]) in dq.pieces(QUERIES).enumerate().zip(kept) {
        let first = tile * QUERIES;
        let queries = first..first + dq.count();
        load(q, queries.clone(), a.width, a.scale, query_rows, width);
        load(g, queries.clone(), a.value_width, T::one(), g_rows, value_width);
        load(y, queries.clone(), a.value_width, T::one(), y_rows, value_width);
        turn(query_rows, width, query);
        turn(g_rows, value_width, cotangent);
        vectorized!(|| by_lane(y_rows, g_rows, |y, g| y * g));
        let mut products = y_rows.chunks_exact(value_width).map(sum);
        let means: Lanes<T> = std::array::from_fn(|_| products.next().unwrap_or_else(T::zero));

        query_sums.as_flattened_mut().fill(T::zero());
        for keys in a.tiles(&queries, start..start + dk.count()) {
            let (weights, slopes) = (&mut weights[..keys.len()], &mut slopes[..keys.len()]);
            let (k, v) = (k.skip(keys.start, 0), v.skip(keys.start, 0));
            let across = |k| Sizes { m: keys.len(), k, n: QUERIES };
            product(weights.as_flattened_mut(), across(a.width), k, query.as_flattened(), false);
            product(slopes.as_flattened_mut(), across(a.value_width), v, cotangent.as_flattened(), false);
            weigh(weights.as_flattened_mut(), largest, inverse);
            a.hide(first, keys.start, weights, T::zero());
            slope(slopes.as_flattened_mut(), weights.as_flattened(), &means);
            let (down, from, to) = (|n| Sizes { m: keys.len(), k: QUERIES, n }, keys.start - start, keys.end - start);
            let value_sums = &mut value_sums[from * value_width..to * value_width];
            product(value_sums, down(value_width), by_key(weights), g_rows, true);
            product(&mut key_sums[from * width..to * width], down(width), by_key(slopes), query_rows, true);
            let sizes = Sizes { m: a.width, k: keys.len(), n: QUERIES };
            product(query_sums.as_flattened_mut(), sizes, k.t(), slopes.as_flattened(), true);
        }
        store(query_sums, &[a.scale; QUERIES], query_rows, width, &mut dq);
    }
    write(&key_sums, width, dk);
    write(&value_sums, value_width, dv);
}

/// Writes rows of `padded` elements to their places.
fn write<T: Copy>(sums: &[T], padded: usize, mut rows: Rows<'_, T>) {
    for (row, sums) in sums.chunks_exact(padded).enumerate() {
        let row = rows.row(row);
        row.copy_from_slice(&sums[..row.len()]);
    }
}

/// A tile as a matrix with a row for each key.
fn by_key<T>(tile: &[Lanes<T>]) -> Matrix<'_, T> {
    Matrix { data: tile.as_flattened(), offset: 0, row_stride: QUERIES as isize, col_stride: 1 }
}

/// Scores as weights.
fn weigh<T: Wide + Real>(scores: &mut [T], largest: &[T], inverse: &[T]) {
    vectorized!(|| {
        by_lane(scores, largest, exponential);
        by_lane(scores, inverse, |weight, inverse| weight * inverse);
    });
}

/// The weights' cotangents as the scores'.
fn slope<T: Wide + Real>(cotangents: &mut [T], weights: &[T], means: &[T]) {
    vectorized!(|| {
        by_lane(cotangents, means, |cotangent, mean| cotangent - mean);
        by_lane(cotangents, weights, |cotangent, weight| cotangent * weight);
    });
}
