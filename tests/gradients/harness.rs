//! How an operation is checked.

use std::ops::Range;

use ndarray::{ArrayD, Axis, Slice};
use sapwood::prelude::*;

/// Largest relative error at first order, and at second.
const TOLERANCE: [f64; 2] = [1e-7, 1e-6];

/// Checks an operation of one input, of shapes `[3, 4]`, `[2, 3, 2]`, `[5]`, `[]` and, empty, `[0, 3]`, in all layouts,
/// with elements from the given range.
pub(crate) fn check(name: &str, range: Range<f64>, operation: impl Fn(&Tensor<f64>) -> Tensor<f64>) {
    check_shapes(name, &[&[3, 4], &[2, 3, 2], &[5], &[], &[0, 3]], range, operation);
}

/// Checks an operation of one input of the given shapes, in all layouts.
pub(crate) fn check_shapes(
    name: &str,
    shapes: &[&[usize]],
    range: Range<f64>,
    operation: impl Fn(&Tensor<f64>) -> Tensor<f64>,
) {
    for shape in shapes {
        for (layout, x) in layouts(shape, range.clone(), 1) {
            check_model(&format!("{name} of a {layout} {shape:?}"), &x, &operation as &dyn Fn(&_) -> _);
        }
    }
}

/// Checks an operation of two inputs, of equal shapes and of shapes that broadcast, in all layouts.
pub(crate) fn check_pair(name: &str, range: Range<f64>, operation: impl Fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64>) {
    let shapes: [[&[usize]; 2]; 6] =
        [[&[3, 4], &[3, 4]], [&[3, 4], &[4]], [&[3, 1], &[2, 1, 4]], [&[], &[3]], [&[], &[]], [&[0, 3], &[1, 3]]];
    check_pair_shapes(name, &shapes, range, operation);
}

/// Checks an operation of two inputs of the given shapes, in all layouts.
pub(crate) fn check_pair_shapes(
    name: &str,
    shapes: &[[&[usize]; 2]],
    range: Range<f64>,
    operation: impl Fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64>,
) {
    for [a, b] in shapes {
        for (i, (layout, x)) in layouts(a, range.clone(), 1).into_iter().enumerate() {
            // Every layout of the second operand comes by, beside different ones of the first.
            let mut others = layouts(b, range.clone(), 2);
            let (other, y) = others.swap_remove((i + 1) % others.len());
            let name = format!("{name} of a {layout} {a:?} and a {other} {b:?}");
            let operation = |(x, y): &(Tensor<f64>, Tensor<f64>)| operation(x, y);
            check_model(&name, &(x, y), &operation as &dyn Fn(&_) -> _);
        }
    }
}

/// Checks a function of any model at first and second order. (The checks above come here with a `dyn Fn`, so that it
/// is compiled once for all of them.)
///
/// The function's output y becomes the scalar Σ w·(y + y²), which has a second derivative even where the function is
/// linear; the second-order check differentiates the first gradient's product with fixed numbers.
pub(crate) fn check_model<M: Params>(name: &str, model: &M, operation: impl Fn(&M) -> Tensor<f64>) {
    let loss = |model: &M| {
        let y = operation(model);
        let w = random(y.shape(), 0.5..1.5, 3);
        ((&y + &y * &y) * w).sum_to(())
    };
    let first = check_gradient(loss, model);
    assert!(first.error <= TOLERANCE[0], "{name}: {first}");
    let second = check_gradient(|model: &M| weighted(gradient(loss, model)), model);
    assert!(second.error <= TOLERANCE[1], "{name}, second order: {second}");
}

/// Σ of all gradients, each times fixed random numbers.
fn weighted<G: sapwood::params::Tree<sapwood::autodiff::Gradient>>(grads: G) -> Tensor<f64> {
    use sapwood::params::{MapLeaf, Nothing, Walk};
    use sapwood::tensor::AnyTensor;

    struct Sum(Tensor<f64>);
    impl MapLeaf<sapwood::autodiff::Gradient, Nothing> for Sum {
        fn leaf<T: Float>(&mut self, _: &Walk, gradient: Option<Tensor<T>>) {
            let Some(gradient) = gradient else { return };
            let AnyTensor::F64(gradient) = T::wrap(gradient) else { panic!("checked models are f64") };
            let w = random(gradient.shape(), 0.5..1.5, 4);
            self.0 = &self.0 + (gradient * w).sum_to(());
        }
    }
    let mut sum = Sum(Tensor::scalar(0.0));
    <G::Model as Params>::map_tree(grads, &mut Walk::new(), &mut sum);
    sum.0
}

/// Random tensors of one shape, laid out in memory in every way there is.
pub(crate) fn layouts(shape: &[usize], range: Range<f64>, seed: u64) -> Vec<(&'static str, Tensor<f64>)> {
    let draw = |shape: &[usize]| random(shape, range.clone(), seed).into_array();
    let mut all = vec![("contiguous", Tensor::from(draw(shape)))];
    if shape.is_empty() {
        return all;
    }
    let turned: Vec<usize> = shape.iter().rev().copied().collect();
    all.push(("transposed", Tensor::from(draw(&turned).reversed_axes())));
    let wide: Vec<usize> = shape.iter().map(|length| 2 * length + 1).collect();
    let every_other = |array: ArrayD<f64>, slice: Slice| {
        (0..shape.len()).fold(array, |mut array, axis| {
            array.slice_axis_inplace(Axis(axis), slice);
            array
        })
    };
    all.push(("sliced", Tensor::from(every_other(draw(&wide), Slice::new(1, None, 2)))));
    all.push(("reversed", Tensor::from(every_other(draw(shape), Slice::new(0, None, -1)))));
    let mut one = shape.to_vec();
    one[0] = shape[0].min(1);
    all.push(("broadcast", Tensor::from(draw(&one)).broadcast_to(shape)));
    all
}

/// Random numbers of a fixed seed.
pub(crate) fn random(shape: &[usize], range: Range<f64>, seed: u64) -> Tensor<f64> {
    Tensor::uniform(shape, range, &mut StdRng::seed_from_u64(seed))
}
