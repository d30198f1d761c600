//! Weighted sums of slices along one axis, with a table that says which.

use super::block::Block;
use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::threads;

/// For each output along an axis, the elements that it is made of and their weights.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// Length of the input.
    pub(crate) from: usize,
    pub(crate) outputs: Vec<Vec<(usize, f64)>>,
}

impl Table {
    /// The transpose: for each element, the outputs that it is part of.
    pub(crate) fn transposed(&self) -> Table {
        let mut elements = vec![vec![]; self.from];
        for (output, parts) in self.outputs.iter().enumerate() {
            parts.iter().for_each(|&(element, weight)| elements[element].push((output, weight)));
        }
        Table { from: self.outputs.len(), outputs: elements }
    }
}

/// y[…, o, …] = Σ weight · x[…, element, …] over the parts of output o; `width` elements stand behind the axis.
pub(crate) fn resample<T: Pooled + Sync + num_traits::Float>(
    x: &[T],
    width: usize,
    table: &Table,
    number: impl Fn(f64) -> T + Sync,
) -> Block<T> {
    let (from, to) = (table.from * width, table.outputs.len() * width);
    let mut y = pool::buffer(x.len() / from.max(1) * to);
    let cost = table.outputs.iter().map(Vec::len).max().unwrap_or(0) + 1;
    threads::for_row_chunks(&mut y, to, cost, |first, y| {
        for (y, x) in y.chunks_exact_mut(to).zip(x[first * from..].chunks_exact(from)) {
            for (y, parts) in y.chunks_exact_mut(width).zip(&table.outputs) {
                y.fill(T::zero());
                for &(element, weight) in parts {
                    let (x, weight) = (&x[element * width..][..width], number(weight));
                    vectorized!(|| y.iter_mut().zip(x).for_each(|(y, &x)| *y = *y + weight * x));
                }
            }
        }
    });
    y
}
