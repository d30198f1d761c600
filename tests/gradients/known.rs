//! Gradients whose numbers others have published.

use approx::assert_relative_eq;
use sapwood::prelude::*;

type Pair = (Tensor<f64>, Tensor<f64>);

fn numbers(gradient: &sapwood::autodiff::Grads<Tensor<f64>>) -> Vec<f64> {
    gradient.get().unwrap().to_vec()
}

fn column() -> Tensor<f64> {
    Tensor::from([[1.0], [2.0], [3.0], [4.0]])
}

#[test]
fn mlx_function_transforms() {
    // mlx docs/src/usage/function_transforms.rst: mean((w x − y)²).
    let (x, y) = (Tensor::from([0.5, -0.5]), Tensor::from([1.5, -1.5]));
    let loss = |(w, x): &Pair| (w * x - &y).square().sum() / 2.0;
    let (value, (dw, dx)) = with_gradient(loss, &(Tensor::scalar(1.0), x.clone()));
    assert_eq!((value, numbers(&dw), numbers(&dx)), (1.0, vec![-1.0], vec![-1.0, 1.0]));
    let affine = |(w, b): &Pair| (w * &x + b - &y).square().sum() / 2.0;
    let (dw, db) = gradient(affine, &(Tensor::scalar(1.0), Tensor::scalar(0.0)));
    assert_eq!((numbers(&dw), numbers(&db)), (vec![-1.0], vec![0.0]));
}

#[test]
fn mlx_products() {
    // mlx python/tests/test_autograd.py: x y at (2, 3); its derivative at (4, 2) along (3, 2).
    let product = |(x, y): &Pair| x * y;
    let at = |x, y| gradient(product, &(Tensor::scalar(x), Tensor::scalar(y)));
    let (dx, dy) = at(2.0, 3.0);
    assert_eq!((numbers(&dx), numbers(&dy)), (vec![3.0], vec![2.0]));
    let (dx, dy) = at(4.0, 2.0);
    assert_eq!(numbers(&dx)[0] * 3.0 + numbers(&dy)[0] * 2.0, 14.0);
    // The same file: (x y, y z) at (2, 4, 6), cotangents (1, 3).
    let both = |(x, (y, z)): &(Tensor<f64>, Pair)| Tensor::stack(&[x * y, y * z], 0);
    let (_, back) = pullback(both, &(Tensor::scalar(2.0), (Tensor::scalar(4.0), Tensor::scalar(6.0))));
    let (dx, (dy, dz)) = back(&Tensor::from([1.0, 3.0]));
    assert_eq!((numbers(&dx), numbers(&dy), numbers(&dz)), (vec![4.0], vec![20.0], vec![12.0]));
}

#[test]
fn mithril_linear_regression() {
    // mithril integration tests: x = [1,2,3,4]ᵀ, w = b = 0.1, target [.7,.9,1.1,1.3]; mean and sum of squared errors.
    let target = Tensor::from([[0.7], [0.9], [1.1], [1.3]]);
    let model = (Tensor::from([[0.1]]), Tensor::from([0.1]));
    let sum = |(w, b): &Pair| (column().matmul(w) + b - &target).square().sum();
    let (value, (dw, db)) = with_gradient(sum, &model);
    assert_relative_eq!([value, numbers(&dw)[0], numbers(&db)[0]][..], [1.74, -14.0, -5.2][..], epsilon = 1e-14);
    let (value, (dw, db)) = with_gradient(|model| sum(model) / 4.0, &model);
    assert_relative_eq!([value, numbers(&dw)[0], numbers(&db)[0]][..], [0.435, -3.5, -1.3][..], epsilon = 1e-14);
}

#[test]
fn mithril_products() {
    // mithril primitives test_mult_2: [2] · [1,2,3,4]ᵀ, cotangent [1,2,3,5].
    let (_, back) = pullback(|(x, y): &Pair| x * y, &(Tensor::from([2.0]), column()));
    let (dx, dy) = back(&Tensor::from([[1.0], [2.0], [3.0], [5.0]]));
    assert_eq!((numbers(&dx), numbers(&dy)), (vec![34.0], vec![2.0, 4.0, 6.0, 10.0]));
    // test_mult_6: [1,2] · [1 … 8] as (2,2,2), cotangent 8 … 1.
    let cube: Tensor<f64> = Tensor::arange(8).reshape((2, 2, 2)) + 1.0;
    let (_, back) = pullback(|(x, y): &Pair| x * y, &(Tensor::from([1.0, 2.0]), cube));
    let (dx, _) = back(&(8.0 - Tensor::<f64>::arange(8).reshape((2, 2, 2))));
    assert_eq!(numbers(&dx), [60.0, 60.0]);
}

#[test]
fn firefly_first_steps() {
    // Firefly tutorials/1_foundations/step2_tensor.md: c = b w, d = a w, e = c d at (1, 2, 3).
    let (a, b) = (1.0, 2.0);
    let (e, dw) = with_gradient(|w: &Tensor<f64>| (w * b) * (w * a), &Tensor::scalar(3.0));
    assert_eq!((e, numbers(&dw)), (18.0, vec![12.0]));
    // Its linear layer: [2,4,6] · [2,2,2] + 1.
    assert_eq!((Tensor::from([2.0f64, 4.0, 6.0]).matmul(&Tensor::full(3, 2.0)) + 1.0).item(), 25.0);
}
