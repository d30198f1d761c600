//! [`check_gradient`]: a gradient beside finite differences.

use std::fmt;

use super::gradient::{Active, Gradient, Objective, gradient};
use crate::params::{Kind, MapLeaf, MapModel, Pair, Params, Ref, Value, Walk};
use crate::tensor::{Float, Tensor};

/// What [`check_gradient`] found: the worst of all entries.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// Path of the leaf with the largest error, such as `hidden.weight`; empty where the model is one tensor.
    pub path: String,
    /// Index of the entry within that leaf.
    pub index: Vec<usize>,
    /// The derivative by `gradient`; 0 where the loss never reached the leaf.
    pub analytic: f64,
    /// The derivative by central differences.
    pub numeric: f64,
    /// |analytic − numeric| / max(1, |analytic|, |numeric|); NaN where only one of them is NaN.
    pub error: f64,
    /// How many entries were compared.
    pub entries: usize,
}

impl GradientCheck {
    /// Panics with the report unless the error is at most `tolerance`.
    #[track_caller]
    pub fn assert_within(&self, tolerance: f64) {
        assert!(self.error <= tolerance, "{self}, more than {tolerance:e}");
    }
}

impl fmt::Display for GradientCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the tensor" } else { &self.path };
        write!(
            f,
            "the worst of {} derivatives is that of {path} at {:?}: {} by gradient, {} by differences, error {:.2e}",
            self.entries, self.index, self.analytic, self.numeric, self.error
        )
    }
}

/// Compares the gradient of `f` at `model` with central differences, (f(x + h) − f(x − h)) / 2h, entry by entry.
///
/// The model's leaves must be `f64`; the step is ∛ε · max(1, |x|) ≈ 6·10⁻⁶, which leaves errors of some 10⁻¹⁰ in
/// smooth functions of moderate size. `f` is called twice an entry and must give the same value each time it is
/// called: no dropout with a running generator. Layers behave as while a gradient is taken.
///
/// # Panics
/// Where [`gradient`] does, and on a leaf that is not `f64`.
///
/// ```
/// use sapwood::prelude::*;
///
/// let x = Tensor::from([0.3f64, -1.2]);
/// check_gradient(|x| (x * x * x).sum(), &x).assert_within(1e-8);
/// ```
#[track_caller]
pub fn check_gradient<M: Params, O: Objective<Scalar = f64>>(f: impl Fn(&M) -> O, model: &M) -> GradientCheck {
    let grads = gradient(&f, model);
    let mut leaves = Leaves { leaves: vec![], fault: None };
    let pairs = M::zip_trees(model.leaves(&mut Walk::new()), M::tree_ref(&grads), &mut Walk::new());
    let pairs = pairs.unwrap_or_else(|mismatch| unreachable!("a gradient has its model's shape: {mismatch}"));
    M::map_tree(pairs, &mut Walk::new(), &mut leaves);
    let Leaves { leaves, fault } = leaves;
    if let Some(fault) = fault {
        panic!("check_gradient: {fault}");
    }

    let value = |leaf: usize, entry: usize, step: f64| {
        let _active = Active::new();
        f(&model.map_model(&mut Walk::new(), &mut Nudge { leaf, entry, step, next: 0 })).loss().item()
    };
    let mut worst = GradientCheck {
        path: String::new(),
        index: vec![],
        analytic: 0.0,
        numeric: 0.0,
        error: 0.0,
        entries: leaves.iter().map(|leaf| leaf.values.len()).sum(),
    };
    for (number, leaf) in leaves.iter().enumerate() {
        for (entry, (&x, &analytic)) in leaf.values.iter().zip(&leaf.gradient).enumerate() {
            let step = f64::EPSILON.cbrt() * x.abs().max(1.0);
            let numeric = (value(number, entry, step) - value(number, entry, -step)) / (2.0 * step);
            let error = (analytic - numeric).abs() / analytic.abs().max(numeric.abs()).max(1.0);
            let error = if analytic.is_nan() && numeric.is_nan() { 0.0 } else { error };
            if error > worst.error || (error.is_nan() && !worst.error.is_nan()) {
                let index = unravel(entry, &leaf.shape);
                worst = GradientCheck { path: leaf.path.clone(), index, analytic, numeric, error, ..worst };
            }
        }
    }
    worst
}

struct LeafCopy {
    path: String,
    shape: Vec<usize>,
    values: Vec<f64>,
    gradient: Vec<f64>,
}

/// Copies of all leaves, and the first that is not `f64`.
struct Leaves {
    leaves: Vec<LeafCopy>,
    fault: Option<String>,
}

impl<'a> MapLeaf<Pair<Ref<'a, Value>, Ref<'a, Gradient>>, crate::params::Nothing> for Leaves {
    fn leaf<T: Float>(
        &mut self,
        walk: &Walk,
        (tensor, gradient): <Pair<Ref<'a, Value>, Ref<'a, Gradient>> as Kind>::Leaf<T>,
    ) {
        if T::NAME != "f64" {
            self.fault.get_or_insert_with(|| format!("{} is of {}, but differences need f64", walk.place(), T::NAME));
        }
        let numbers = |tensor: &Tensor<T>| tensor.cast::<f64>().to_vec();
        self.leaves.push(LeafCopy {
            path: walk.path(),
            shape: tensor.shape().to_vec(),
            values: numbers(tensor),
            gradient: gradient.as_ref().map_or_else(|| vec![0.0; tensor.len()], numbers),
        });
    }
}

/// Adds a step to one entry of one leaf.
struct Nudge {
    leaf: usize,
    entry: usize,
    step: f64,
    next: usize,
}

impl MapModel for Nudge {
    fn leaf<T: Float>(&mut self, _: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        let mut tensor = tensor.clone();
        if self.next == self.leaf {
            tensor.as_mut_slice()[self.entry] += T::from_f64(self.step);
        }
        self.next += 1;
        tensor
    }
}

fn unravel(mut entry: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (at, &length) in index.iter_mut().zip(shape).rev() {
        *at = entry % length;
        entry /= length;
    }
    index
}

#[cfg(test)]
mod tests {
    use crate::autodiff::unary;
    use crate::prelude::*;

    #[test]
    fn a_wrong_pullback_is_found_where_it_is() {
        // The square, with a derivative that is off by one tenth in one entry.
        let wrong = |x: &Tensor<f64>| {
            unary(
                x,
                |x| x * x,
                |x, _| {
                    let x = x.clone();
                    move |g| g * (x * 2.0 + Tensor::from([0.0, 0.1, 0.0]))
                },
            )
        };
        let model = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 2.0, 3.0]));
        let check = check_gradient(|(a, b)| (a * a).sum_to(()) + wrong(b).sum_to(()), &model);
        assert_eq!((check.path.as_str(), check.index.as_slice(), check.entries), ("1", [1].as_slice(), 5));
        assert!((check.analytic - 4.1).abs() < 1e-12 && (check.numeric - 4.0).abs() < 1e-8);
    }
}
