//! Sums of products, without the products in memory.

use super::block::Block;
use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::reduce::{BLOCK, LANES, sum_block};
use super::rows::column_sums;
use super::threads;

/// Σ x·y; the tree of sums depends on the length alone.
pub(crate) fn dot<T: num_traits::Float + Send + Sync>(x: &[T], y: &[T]) -> T {
    if x.len() <= BLOCK {
        return vectorized!(move || dot_block(T::zero(), x, y));
    }
    let middle = x.len().div_ceil(2).next_multiple_of(BLOCK).min(x.len());
    let ((x, more_x), (y, more_y)) = (x.split_at(middle), y.split_at(middle));
    let (a, b) = if threads::worthwhile(x.len()) {
        threads::join(|| dot(x, y), || dot(more_x, more_y))
    } else {
        (dot(x, y), dot(more_x, more_y))
    };
    a + b
}

/// Σ (x − c)·y, where it is inlined.
#[inline(always)]
pub(super) fn dot_block<T: num_traits::Float + Sync>(c: T, x: &[T], y: &[T]) -> T {
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let rest = x_rest.iter().zip(y_rest).fold(T::zero(), |sum, (&x, &y)| sum + (x - c) * y);
    if x.is_empty() {
        return rest;
    }
    let mut running = [T::zero(); LANES];
    for (&x, &y) in x.iter().zip(y) {
        for i in 0..LANES {
            running[i] = running[i] + (x[i] - c) * y[i];
        }
    }
    rest + sum_block(&running)
}

/// Σ x·y of each row, for rows of `width` elements.
pub(crate) fn row_dots<T: num_traits::Float + Pooled + Sync>(x: &[T], y: &[T], width: usize) -> Block<T> {
    let mut dots = pool::buffer(x.len() / width);
    threads::for_row_chunks(&mut dots, 1, width, |first, dots| {
        let rows = x.chunks_exact(width).zip(y.chunks_exact(width)).skip(first);
        dots.iter_mut().zip(rows).for_each(|(sum, (x, y))| *sum = dot(x, y));
    });
    dots
}

/// Σ x·y of each column, for rows of `width` elements.
pub(crate) fn column_dots<T: num_traits::Float + Pooled + Sync>(x: &[T], y: &[T], width: usize) -> Block<T> {
    column_sums(
        x.len(),
        width,
        |piece| x.chunks(piece).zip(y.chunks(piece)),
        |(x, y), sums| {
            for (x, y) in x.chunks(sums.len()).zip(y.chunks(sums.len())) {
                let sums = &mut *sums;
                vectorized!(move || {
                    for ((&x, &y), sum) in x.iter().zip(y).zip(sums) {
                        *sum = *sum + x * y;
                    }
                });
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sums_of_products_stay_exact_where_a_running_sum_does_not() {
        // 2²⁵ ones in f32: a running sum sticks at 2²⁴.
        let ones = vec![1f32; 1 << 25];
        assert_eq!(dot(&ones, &ones), (1u32 << 25) as f32);
    }

    #[test]
    fn lengths_that_fill_no_block_are_summed_to_their_end() {
        for len in [0, 1, 63, 64, 65, 4096, 4097, 70_001] {
            let (x, y): (Vec<f64>, Vec<f64>) = (0..len).map(|i| (f64::from(i), 2.0)).unzip();
            assert_eq!(dot(&x, &y), f64::from(len) * f64::from(len - 1));
        }
    }
}
