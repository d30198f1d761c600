//! Norms of leaves, for rules that scale by them.

use crate::kernels::reduce::fold_dense;
use crate::tensor::Float;

/// Σ f(x) in f64, in an order that the length alone decides.
pub(super) fn sum<T: Float>(x: &[T], f: impl Fn(T) -> f64) -> f64 {
    let terms: Vec<f64> = x.iter().map(|&x| f(x)).collect();
    fold_dense(&terms, &(0.0, |a, b| a + b))
}

/// The Euclidean norm.
pub(super) fn norm<T: Float>(x: &[T]) -> f64 {
    sum(x, |x| x.to_f64() * x.to_f64()).sqrt()
}

/// a / b, or 1 where one of them is 0.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 1.0 } else { a / b }
}
