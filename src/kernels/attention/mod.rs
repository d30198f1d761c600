//! softmax(scale · q kᵀ) v in tiles: of the scores only one tile is there at a time, so that memory grows with the number
//! of queries and keys and not with their product ([Rabe and Staats 2021](https://arxiv.org/abs/2112.05682), [Dao et al.
//! 2022](https://arxiv.org/abs/2205.14135)).
//!
//! Queries are the lanes of the vectors: a tile of scores has a row for each key, and maxima and sums over keys go from row
//! to row, without any work across lanes.

mod backward;
mod forward;
mod rows;

pub(crate) use backward::backward;
pub(crate) use forward::forward;

use std::ops::Range;

use super::math::{Real, exp_moderate};
use super::matmul::{self, COLUMNS, Matrix};
use super::threads;
use super::transpose::transpose;
use super::vector::Wide;

use self::rows::Rows;

/// Queries that are computed together.
const QUERIES: usize = 32;
/// Keys to a tile.
const KEYS: usize = 64;

/// A number for each query of a tile.
type Lanes<T> = [T; QUERIES];

/// An attention of one head, as all others: how many queries and keys there are, how wide queries and keys are and how wide
/// values. None of these is 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attention<T> {
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) width: usize,
    pub(crate) value_width: usize,
    /// What the products of queries and keys are multiplied by.
    pub(crate) scale: T,
    /// Whether queries look at no later keys; the last query sees all.
    pub(crate) causal: bool,
}

impl<T: Wide> Attention<T> {
    /// How many numbers are kept of each head for the way back: of each query its largest score, and one over the sum of
    /// exponentials.
    pub(crate) fn kept(&self) -> usize {
        self.queries.div_ceil(QUERIES) * 2 * QUERIES
    }

    /// How many keys a query looks at.
    fn seen(&self, query: usize) -> usize {
        if self.causal { (query + 1 + self.keys).saturating_sub(self.queries).min(self.keys) } else { self.keys }
    }

    /// The tiles of those of the keys that any query of a tile of queries looks at.
    fn tiles(&self, queries: &Range<usize>, keys: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<T> {
        let end = keys.end.min(self.seen(queries.end - 1));
        (keys.start..end).step_by(KEYS).map(move |first| first..end.min(first + KEYS))
    }

    /// Writes `value` where a key is later than what the query looks at.
    fn hide(&self, first_query: usize, first_key: usize, scores: &mut [Lanes<T>], value: T) {
        if self.causal {
            for (key, scores) in (first_key..).zip(scores) {
                let first = (key + self.queries).saturating_sub(self.keys);
                scores[..first.saturating_sub(first_query).min(QUERIES)].fill(value);
            }
        }
    }

    /// Does each item's work, on several threads where all of it is enough.
    fn share<I: Send>(&self, heads: usize, items: Vec<I>, work: impl Fn(I) + Sync) {
        let additions = [heads, self.queries, self.keys, self.width + self.value_width];
        let enough = additions.into_iter().fold(1, usize::saturating_mul) >= matmul::PARALLEL_FROM;
        threads::share_where(enough, items.into_iter(), work);
    }
}

/// Copies rows of a matrix into rows of `padded` elements, times `factor`, with zeros around.
fn load<T: Wide>(x: Matrix<'_, T>, lines: Range<usize>, width: usize, factor: T, into: &mut [T], padded: usize) {
    into[lines.len() * padded..].fill(T::zero());
    for (row, into) in lines.zip(into.chunks_exact_mut(padded)) {
        let (into, around) = into.split_at_mut(width);
        around.fill(T::zero());
        match x.row(row, width) {
            Some(x) => into.iter_mut().zip(x).for_each(|(into, &x)| *into = x * factor),
            None => into.iter_mut().enumerate().for_each(|(column, into)| *into = x.at(row, column) * factor),
        }
    }
}

/// Turns a tile's rows of `padded` elements to lanes.
fn turn<T: Wide>(rows: &[T], padded: usize, lanes: &mut [Lanes<T>]) {
    let sizes = [QUERIES, lanes.len()];
    transpose(rows, padded, lanes.as_flattened_mut(), QUERIES, sizes);
}

/// Writes lanes to the rows of a tile, times each lane's factor; `scratch` has room for as many rows of `padded` elements.
fn store<T: Wide>(lanes: &[Lanes<T>], factors: &Lanes<T>, scratch: &mut [T], padded: usize, rows: &mut Rows<'_, T>) {
    transpose(lanes.as_flattened(), QUERIES, scratch, padded, [lanes.len(), QUERIES]);
    for (row, (scratch, &factor)) in scratch.chunks_exact(padded).zip(factors).enumerate().take(rows.count()) {
        rows.row(row).iter_mut().zip(scratch).for_each(|(place, &x)| *place = x * factor);
    }
}

/// Changes every row of a tile by the lanes' numbers. How many lanes there are must not be known where this is inlined: loops
/// of a known length are written out element by element, without vectors.
#[inline(always)]
fn by_lane<T: Copy>(tile: &mut [T], lanes: &[T], f: impl Fn(T, T) -> T) {
    for row in tile.chunks_exact_mut(lanes.len()) {
        row.iter_mut().zip(lanes).for_each(|(x, &lane)| *x = f(*x, lane));
    }
}

/// exp(score − largest), but no less than what a sum of at least one loses anyway: arithmetic with numbers below the normal
/// ones is many times slower.
#[inline(always)]
fn exponential<T: Real>(score: T, largest: T) -> T {
    let (below, least) = (score - largest, T::pick(-80.0, -700.0));
    // NaN stays NaN.
    exp_moderate(if below < least { least } else { below })
}

/// A width rounded up to what products take.
fn padded(width: usize) -> usize {
    width.next_multiple_of(COLUMNS)
}
