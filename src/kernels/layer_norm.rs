//! Rows that are normalised, then scaled and shifted by numbers of their columns: a pass over memory, and one back.

use super::block::Block;
use super::dot::dot_block;
use super::isa::vectorized;
use super::normalise::{SquaresAbout, pull_row};
use super::pool::{self, Pooled};
use super::reduce::{fold_block, sum_block};
use super::threads;

/// Elements of a row at most: what belongs to it stays in the caches from one loop over it to the next.
pub(crate) const LONGEST: usize = 4096;

/// Elements of a piece of work, about.
const PIECE: usize = 1 << 13;

/// What an element costs, in additions.
const COST: usize = 4;

/// Rows of `width` elements: y = (x − μ) / √(σ² + ε) · scale + shift.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNorm<T> {
    /// At most [`LONGEST`], and not 0.
    pub(crate) width: usize,
    /// Whether μ is the row's mean; it is 0 otherwise. σ² is the mean of (x − μ)².
    pub(crate) centred: bool,
    pub(crate) epsilon: T,
}

impl<T: num_traits::Float + Pooled + Send + Sync> LayerNorm<T> {
    /// The rows of y, and of each row μ and 1 / √(σ² + ε), for the way back.
    pub(crate) fn forward(self, x: &[T], scale: &[T], shift: &[T]) -> (Block<T>, Block<T>) {
        let (mut y, mut moments) = (pool::buffer(x.len()), pool::buffer(x.len() / self.width * 2));
        let (width, height) = (self.width, self.height());
        let pieces = y.chunks_mut(height * width).zip(x.chunks(height * width)).zip(moments.chunks_mut(2 * height));
        threads::share_where(threads::worthwhile(x.len() * COST), pieces, |((y, x), moments)| {
            vectorized!(|| {
                let rows = y.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(moments.as_chunks_mut().0);
                for ((y, x), moments) in rows {
                    let [mean, rsqrt] = self.moments(x);
                    *moments = [mean, rsqrt];
                    for ((y, &x), (&scale, &shift)) in y.iter_mut().zip(x).zip(scale.iter().zip(shift)) {
                        *y = (x - mean) * rsqrt * scale + shift;
                    }
                }
            });
        });
        (y, moments)
    }

    /// The cotangent g of y becomes that of x; returns those of scale and shift.
    ///
    /// With x̂ = (x − μ) / √(σ² + ε) and h = g · scale: x̄ = (h − mean(h) − x̂ mean(h x̂)) / √(σ² + ε), without mean(h)
    /// where μ is 0 for all rows; the scale's is Σ g x̂ and the shift's Σ g over the rows.
    pub(crate) fn backward(self, g: &mut [T], x: &[T], moments: &[T], scale: &[T]) -> [Block<T>; 2] {
        let (width, height) = (self.width, self.height());
        let enough = threads::worthwhile(x.len() * COST);
        // Each piece has sums of its own, so that they do not depend on the number of threads.
        let mut sums = pool::filled(g.len().div_ceil(height * width) * 2 * width, T::zero());
        let pieces = g.chunks_mut(height * width).zip(x.chunks(height * width)).zip(moments.chunks(2 * height));
        threads::share_where(enough, pieces.zip(sums.chunks_mut(2 * width)), |(((g, x), moments), sums)| {
            vectorized!(|| {
                let rows = g.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(moments.as_chunks().0);
                for ((g, x), &moments) in rows {
                    self.pull(g, x, moments, scale, sums);
                }
            });
        });
        let mut totals = [pool::filled(width, T::zero()), pool::filled(width, T::zero())];
        for (i, sums) in sums.chunks_exact(width).enumerate() {
            totals[i % 2].iter_mut().zip(sums).for_each(|(total, &sum)| *total = *total + sum);
        }
        totals
    }

    /// μ and 1 / √(σ² + ε) of a row.
    #[inline(always)]
    fn moments(self, x: &[T]) -> [T; 2] {
        let n = self.count();
        let mean = if self.centred { sum_block(x) / n } else { T::zero() };
        let variance = fold_block(x, &SquaresAbout { mean }) / n;
        [mean, (variance + self.epsilon).sqrt().recip()]
    }

    /// A row of [`backward`](Self::backward), which adds to the sums.
    #[inline(always)]
    fn pull(self, g: &mut [T], x: &[T], [mean, rsqrt]: [T; 2], scale: &[T], sums: &mut [T]) {
        let (scale_sums, shift_sums) = sums.split_at_mut(self.width);
        shift_sums.iter_mut().zip(&*g).for_each(|(sum, &g)| *sum = *sum + g);
        for ((sum, &g), &x) in scale_sums.iter_mut().zip(&*g).zip(x) {
            *sum = *sum + g * ((x - mean) * rsqrt);
        }
        g.iter_mut().zip(scale).for_each(|(g, &scale)| *g = *g * scale);
        let n = self.count();
        let offset = if self.centred { sum_block(g) / n } else { T::zero() };
        let slope = dot_block(mean, x, g) / n * rsqrt * rsqrt;
        pull_row(g, x, [rsqrt, mean, slope * rsqrt, offset * rsqrt], |g, _| g);
    }

    fn count(self) -> T {
        T::from(self.width).unwrap_or_else(T::nan)
    }

    /// Rows of a piece.
    fn height(self) -> usize {
        (PIECE / self.width).max(1)
    }
}
