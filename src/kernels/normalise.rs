//! Normalising groups of elements in few passes.

use super::block::Block;
use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::reduce::{Fold, dot_about, fold_dense, sum};
use super::threads;

/// A dense tensor `[outer, groups, inner]`: group g has the elements `[o, g, i]` for all o and i.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grouped {
    pub(crate) outer: usize,
    pub(crate) groups: usize,
    pub(crate) inner: usize,
}

impl Grouped {
    /// Elements of a group.
    pub(crate) fn count(self) -> usize {
        self.outer * self.inner
    }

    /// The rows of a group, in order.
    fn rows<T>(self, x: &[T], group: usize) -> impl Iterator<Item = &[T]> {
        (0..self.outer).map(move |o| &x[(o * self.groups + group) * self.inner..][..self.inner])
    }

    /// `f` of every group.
    fn map<U: Send>(self, f: impl Fn(usize) -> U + Sync + Send) -> Vec<U> {
        let mut results: Vec<_> = (0..self.groups).map(|_| None).collect();
        threads::for_row_chunks(&mut results, 1, 2 * self.count(), |first, results| {
            results.iter_mut().zip(first..).for_each(|(result, group)| *result = Some(f(group)));
        });
        results.into_iter().flatten().collect()
    }
}

/// Of a group: its mean, its variance, and 1 / √(variance + ε).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments<T> {
    pub(crate) mean: T,
    pub(crate) variance: T,
    pub(crate) scale: T,
}

/// The moments of each group.
pub(crate) fn moments<T>(x: &[T], layout: Grouped, epsilon: T) -> Vec<Moments<T>>
where
    T: num_traits::Float + Pooled + Send + Sync,
{
    let n = T::from(layout.count()).unwrap_or_else(T::nan);
    let zero = T::zero();
    layout.map(|group| {
        let mean = layout.rows(x, group).fold(zero, |total, row| total + sum(row)) / n;
        // Centred first: the square of the mean would drown a small variance.
        let squares = SquaresAbout { mean };
        let variance = layout.rows(x, group).fold(zero, |sum, row| sum + fold_dense(row, &squares)) / n;
        Moments { mean, variance, scale: (variance + epsilon).sqrt().recip() }
    })
}

/// Σ (x − mean)² as a fold.
pub(super) struct SquaresAbout<T> {
    pub(super) mean: T,
}

impl<T: num_traits::Float + Sync> Fold<T> for SquaresAbout<T> {
    #[inline(always)]
    fn neutral(&self) -> T {
        T::zero()
    }
    #[inline(always)]
    fn combine(&self, a: T, b: T) -> T {
        a + b
    }
    #[inline(always)]
    fn lift(&self, x: T) -> T {
        (x - self.mean) * (x - self.mean)
    }
}

/// (x − mean) / √(variance + ε) · scale + shift, with the numbers of each element's group.
pub(crate) fn normalise<T>(x: &[T], layout: Grouped, moments: &[Moments<T>], scale: &[T], shift: &[T]) -> Block<T>
where
    T: num_traits::Float + Pooled + Send + Sync,
{
    let of = |group: usize| (moments[group].mean, moments[group].scale * scale[group], shift[group]);
    map_rows(x, layout, of, |x, (mean, scale, shift)| (x - mean) * scale + shift)
}

/// x · scale + shift, with the numbers of each element's group.
pub(crate) fn affine<T>(x: &[T], layout: Grouped, scale: &[T], shift: &[T]) -> Block<T>
where
    T: num_traits::Float + Pooled + Send + Sync,
{
    map_rows(x, layout, |group| (scale[group], shift[group]), |x, (scale, shift)| x * scale + shift)
}

/// x + shift, with the number of each element's group.
pub(crate) fn shift<T>(x: &[T], layout: Grouped, shift: &[T]) -> Block<T>
where
    T: num_traits::Float + Pooled + Send + Sync,
{
    map_rows(x, layout, |group| shift[group], |x, shift| x + shift)
}

/// `f` of each element and what is of its group.
fn map_rows<T, G>(x: &[T], layout: Grouped, of: impl Fn(usize) -> G + Sync, f: impl Fn(T, G) -> T + Sync) -> Block<T>
where
    T: Copy + Pooled + Send + Sync,
    G: Copy,
{
    let mut out = pool::buffer(x.len());
    threads::for_row_chunks(&mut out, layout.inner, 1, |first, out| {
        let rows = out.chunks_exact_mut(layout.inner).zip(x.chunks_exact(layout.inner).skip(first));
        for (row, (out, x)) in rows.enumerate() {
            let group = of((first + row) % layout.groups);
            vectorized!(|| out.iter_mut().zip(x).for_each(|(out, &x)| *out = f(x, group)));
        }
    });
    out
}

/// Σ g and Σ g·x of each group.
pub(crate) fn sums<T>(g: &[T], x: &[T], layout: Grouped) -> Vec<(T, T)>
where
    T: num_traits::Float + Pooled + Send + Sync,
{
    layout.map(|group| sums_of_group(g, x, layout, group, T::zero()))
}

/// Σ g and Σ g·x̂ of each group, where x̂ is x standardised.
pub(crate) fn sums_about<T>(g: &[T], x: &[T], layout: Grouped, moments: &[Moments<T>]) -> Vec<(T, T)>
where
    T: num_traits::Float + Pooled + Send + Sync,
{
    layout.map(|group| {
        let (sum, product) = sums_of_group(g, x, layout, group, moments[group].mean);
        (sum, product * moments[group].scale)
    })
}

/// Σ g and Σ g·(x − centre).
fn sums_of_group<T>(g: &[T], x: &[T], layout: Grouped, group: usize, centre: T) -> (T, T)
where
    T: num_traits::Float + Pooled + Send + Sync,
{
    let rows = layout.rows(g, group).zip(layout.rows(x, group));
    rows.fold((T::zero(), T::zero()), |(total, product), (g, x)| (total + sum(g), product + dot_about(centre, x, g)))
}

/// The cotangent g of [`normalise`] pulled back to x, in place: γ · (g − mean(g) − x̂ mean(g x̂)) / √(variance + ε), by
/// what [`sums_about`] gives.
pub(crate) fn pull_normalise<T>(
    g: &mut [T],
    x: &[T],
    layout: Grouped,
    moments: &[Moments<T>],
    scale: &[T],
    sums: &[(T, T)],
) where
    T: num_traits::Float + Pooled + Send + Sync,
{
    let n = T::from(layout.count()).unwrap_or_else(T::nan);
    threads::for_row_chunks(g, layout.inner, 2, |first, g| {
        let rows = g.chunks_exact_mut(layout.inner).zip(x.chunks_exact(layout.inner).skip(first));
        for (row, (g, x)) in rows.enumerate() {
            let group = (first + row) % layout.groups;
            let (Moments { mean, scale: rsqrt, .. }, (sum, product)) = (moments[group], sums[group]);
            let numbers = [sum / n, mean, product / n * rsqrt, scale[group] * rsqrt];
            vectorized!(move || pull_row(g, x, numbers));
        }
    });
}

/// (g − mean − (x − centre) · slope) · scale in place of g.
#[inline(always)]
pub(super) fn pull_row<T: num_traits::Float>(g: &mut [T], x: &[T], [mean, centre, slope, scale]: [T; 4]) {
    g.iter_mut().zip(x).for_each(|(g, &x)| *g = (*g - mean - (x - centre) * slope) * scale);
}
