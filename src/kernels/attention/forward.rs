//! The way forward: a softmax that takes the keys as they come.

use super::product::product;
use super::{Attention, KEYS, Lanes, QUERIES, load, padded, rows, store, turn};
use crate::kernels::isa::vectorized;
use crate::kernels::math::{Real, exp};
use crate::kernels::matmul::{Matrix, Sizes};
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
    let mut rows = rows(out, groups, q.len() / groups, a.value_width);
    let tiles = rows.iter_mut().enumerate().flat_map(|(head, rows)| {
        rows.chunks_mut(QUERIES).enumerate().map(move |(tile, rows)| (head, tile * QUERIES, rows))
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
    rows: &mut [&mut [T]],
) -> [Lanes<T>; 2] {
    let queries = first..first + rows.len();
    let width = padded(a.width);
    let mut query_rows = pool::buffer(QUERIES * width);
    load(q, queries.clone(), a.width, a.scale, &mut query_rows, width);
    let mut scratch = pool::filled((a.width + KEYS + a.value_width) * QUERIES, T::zero());
    let (query, rest) = scratch.as_chunks_mut().0.split_at_mut(a.width);
    let (scores, sums) = rest.split_at_mut(KEYS);
    turn(&query_rows, width, query);

    let mut largest = [T::min_value(); QUERIES];
    let mut total = [T::zero(); QUERIES];
    for keys in a.tiles(&queries) {
        let scores = &mut scores[..keys.len()];
        let sizes = Sizes { m: keys.len(), k: a.width, n: QUERIES };
        product(scores.as_flattened_mut(), sizes, k.skip(keys.start, 0), query.as_flattened(), false);
        a.hide(first, keys.start, scores, T::min_value());
        let factor = exponentials(scores, &mut largest);
        // What may not be seen counts nothing, even where nothing else is there.
        a.hide(first, keys.start, scores, T::zero());
        add_up(scores, &factor, &mut total, sums);
        let sizes = Sizes { m: a.value_width, k: keys.len(), n: QUERIES };
        product(sums.as_flattened_mut(), sizes, v.skip(keys.start, 0).t(), scores.as_flattened(), true);
    }

    let inverse = std::array::from_fn(|lane| if a.seen(first + lane) == 0 { T::zero() } else { total[lane].recip() });
    store(sums, &inverse, rows);
    pool::recycle(query_rows);
    pool::recycle(scratch);
    [largest, inverse]
}

/// Each lane's scores as exponentials below the largest one so far; returns what sums so far are to be multiplied by.
fn exponentials<T: Wide + Real>(scores: &mut [Lanes<T>], largest: &mut Lanes<T>) -> Lanes<T> {
    vectorized(
        #[inline(always)]
        || {
            let before = *largest;
            for scores in &*scores {
                for (largest, &score) in largest.iter_mut().zip(scores) {
                    *largest = if score > *largest { score } else { *largest };
                }
            }
            let largest = *largest;
            for scores in scores {
                for (score, largest) in scores.iter_mut().zip(largest) {
                    *score = exp(*score - largest);
                }
            }
            let mut factor = before;
            for (factor, largest) in factor.iter_mut().zip(largest) {
                *factor = exp(*factor - largest);
            }
            factor
        },
    )
}

/// Multiplies the sums so far by the lanes' factors, and adds the exponentials to their total.
fn add_up<T: Wide + Real>(exponentials: &[Lanes<T>], factor: &Lanes<T>, total: &mut Lanes<T>, sums: &mut [Lanes<T>]) {
    vectorized(
        #[inline(always)]
        || {
            let mut here = [T::zero(); QUERIES];
            for exponentials in exponentials {
                here.iter_mut().zip(exponentials).for_each(|(here, &x)| *here += x);
            }
            for ((total, &factor), here) in total.iter_mut().zip(factor).zip(here) {
                *total = *total * factor + here;
            }
            for sums in sums {
                sums.iter_mut().zip(factor).for_each(|(sum, &factor)| *sum = *sum * factor);
            }
        },
    );
}
