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
    let parts: Vec<Part<T>> =
        table.outputs.iter().flatten().map(|&(element, weight)| (element * width, number(weight))).collect();
    let counts: Vec<usize> = table.outputs.iter().map(Vec::len).collect();
    threads::for_row_chunks(&mut y, to, cost, |first, y| {
        for (y, x) in y.chunks_exact_mut(to).zip(x[first * from..].chunks_exact(from)) {
            if width == 1 {
                numbers(x, &parts, &counts, y);
            } else {
                lines(x, &parts, &counts, y, width);
            }
        }
    });
    y
}

/// Where a part starts, and its weight.
type Part<T> = (usize, T);

/// Outputs of one element.
fn numbers<T: num_traits::Float>(x: &[T], mut parts: &[Part<T>], counts: &[usize], y: &mut [T]) {
    for (y, &count) in y.iter_mut().zip(counts) {
        let (here, others) = parts.split_at(count);
        *y = match *here {
            [(a, u)] => u * x[a],
            [(a, u), (b, v)] => u * x[a] + v * x[b],
            _ => here.iter().fold(T::zero(), |sum, &(a, u)| sum + u * x[a]),
        };
        parts = others;
    }
}

/// Outputs of `width` elements.
fn lines<T: num_traits::Float>(x: &[T], mut parts: &[Part<T>], counts: &[usize], y: &mut [T], width: usize) {
    let line = |start: usize| &x[start..start + width];
    vectorized!(|| {
        for (y, &count) in y.chunks_exact_mut(width).zip(counts) {
            let (here, others) = parts.split_at(count);
            parts = others;
            match *here {
                [(a, one)] if one == T::one() => y.copy_from_slice(line(a)),
                [(a, u), (b, v)] => {
                    for (y, (&a, &b)) in y.iter_mut().zip(line(a).iter().zip(line(b))) {
                        *y = u * a + v * b;
                    }
                }
                _ => {
                    y.fill(T::zero());
                    for &(a, u) in here {
                        y.iter_mut().zip(line(a)).for_each(|(y, &a)| *y = *y + u * a);
                    }
                }
            }
        }
    });
}
