//! The way forward: a softmax that takes the keys as they come.

use super::{Attention, KEYS, Lanes, QUERIES, Rows, by_lane, exponential, load, padded, store, turn};
use crate::kernels::isa::vectorized;
use crate::kernels::math::Real;
use crate::kernels::matmul::{Matrix, Sizes, product};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Fills `out`, dense `[groups, queries, heads, value_width]`, from each head's queries, keys and values: of all heads of one
/// group, then the next's. `kept` gets what [`backward`](super::backward) needs.
pub(crate) fn forward<T: Wide + Real>(
    a: Attention<T>,
    groups: usize,
    [q, k, v]: [&[Matrix<'_, T>]; 3],
    out: &mut [T],
    kept: &mut [T],
) {
    let heads = Rows::of_heads(out, groups, q.len() / groups, a.value_width);
    let tiles = heads.enumerate().flat_map(|(head, rows)| {
        rows.pieces(QUERIES).enumerate().map(move |(tile, rows)| (head, tile * QUERIES, rows))
    });
    let kept = kept.as_chunks_mut::<QUERIES>().0.as_chunks_mut().0;
    let tiles = tiles.zip(kept).collect();
    a.share(q.len(), tiles, |((head, first, rows), kept)| {
        *kept = tile(a, [q[head], k[head], v[head]], first, rows);
    });
}

/// The rows of a tile of queries; returns their largest scores, and one over their sums of exponentials.
fn tile<T: Wide + Real>(
    a: Attention<T>,
    [q, k, v]: [Matrix<'_, T>; 3],
    first: usize,
    mut rows: Rows<'_, T>,
) -> [Lanes<T>; 2] {
    let queries = first..first + rows.count();
    let [width, value_width] = [a.width, a.value_width].map(padded);
    let mut tile_rows = pool::buffer(QUERIES * width.max(value_width));
    load(q, queries.clone(), a.width, a.scale, &mut tile_rows[..QUERIES * width], width);
    let mut scratch = pool::buffer((a.width + KEYS + a.value_width) * QUERIES);
    let (query, rest) = scratch.as_chunks_mut().0.split_at_mut(a.width);
    let (scores, sums) = rest.split_at_mut(KEYS);
    turn(&tile_rows, width, query);
    sums.as_flattened_mut().fill(T::zero());

    let mut largest = [T::min_value(); QUERIES];
    let [mut total, mut factor] = [[T::zero(); QUERIES]; 2];
    for keys in a.tiles(&queries, 0..a.keys) {
        let scores = &mut scores[..keys.len()];
        let sizes = Sizes { m: keys.len(), k: a.width, n: QUERIES };
        product(scores.as_flattened_mut(), sizes, k.skip(keys.start, 0), query.as_flattened(), false);
        a.hide(first, keys.start, scores, T::min_value());
        exponentials(scores.as_flattened_mut(), &mut largest, &mut factor);
        // What may not be seen counts nothing, even where nothing else is there.
        a.hide(first, keys.start, scores, T::zero());
        add_up(scores.as_flattened(), &factor, &mut total, sums.as_flattened_mut());
        let sizes = Sizes { m: a.value_width, k: keys.len(), n: QUERIES };
        product(sums.as_flattened_mut(), sizes, v.skip(keys.start, 0).t(), scores.as_flattened(), true);
    }

    let inverse = std::array::from_fn(|lane| match a.seen(first + lane) {
        0 => T::zero(),
        // No score is a number above −∞: as softmax, NaN.
        _ if largest[lane] == T::min_value() => T::nan(),
        _ => total[lane].recip(),
    });
    store(sums, &inverse, &mut tile_rows, value_width, &mut rows);
    [largest, inverse]
}

/// Each lane's scores as exponentials below the largest one so far; `factor` gets what sums so far are to be multiplied by.
fn exponentials<T: Wide + Real>(scores: &mut [T], largest: &mut [T], factor: &mut [T]) {
    vectorized!(|| {
        factor.copy_from_slice(largest);
        for scores in scores.chunks_exact(largest.len()) {
            // NaN counts for nothing here, and is found in the sum.
            by_lane(largest, scores, |largest, score| largest.max(score));
        }
        by_lane(scores, largest, exponential);
        by_lane(factor, largest, exponential);
    });
}

/// Multiplies the sums so far by the lanes' factors, and adds the exponentials to their total.
fn add_up<T: Wide + Real>(exponentials: &[T], factor: &[T], total: &mut [T], sums: &mut [T]) {
    vectorized!(|| {
        by_lane(total, factor, |total, factor| total * factor);
        for exponentials in exponentials.chunks_exact(total.len()) {
            by_lane(total, exponentials, |total, x| total + x);
        }
        by_lane(sums, factor, |sum, factor| sum * factor);
    });
}
