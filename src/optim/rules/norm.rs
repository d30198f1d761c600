//! Norms of leaves, for rules that scale by them.

use crate::kernels::isa::vectorized;
use crate::kernels::reduce;
use crate::tensor::Float;

/// Elements that are summed one after the other, in lanes; the sums of such blocks are then added in pairs.
pub(super) const BLOCK: usize = 4096;
const LANES: usize = 16;

/// Σ f(x) in f64, in an order that the length alone decides.
pub(super) fn sum<T: Float>(x: &[T], f: impl Fn(T) -> f64) -> f64 {
    let block = |x: &[T]| {
        vectorized!(|| {
            let mut lanes = [0.0; LANES];
            let (whole, rest) = x.as_chunks::<LANES>();
            for &x in whole {
                for i in 0..LANES {
                    lanes[i] += f(x[i]);
                }
            }
            lanes.iter_mut().zip(rest).for_each(|(lane, &x)| *lane += f(x));
            lanes.iter().sum()
        })
    };
    total(x.chunks(BLOCK).map(block))
}

/// The sum of the sums of blocks.
pub(super) fn total(blocks: impl Iterator<Item = f64>) -> f64 {
    reduce::sum(&blocks.collect::<Vec<f64>>())
}

/// The Euclidean norm.
pub(super) fn norm<T: Float>(x: &[T]) -> f64 {
    sum(x, |x| x.to_f64() * x.to_f64()).sqrt()
}

/// a / b, or 1 where one of them is 0.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 1.0 } else { a / b }
}
