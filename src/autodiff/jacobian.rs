//! [`jacobian`], [`hessian`] and [`pushforward`]: derivatives of what is no scalar, and in a direction.

use super::algebra::GradientTree;
use super::gradient::{Gradient, Grads, gradient, pullback, pullback_where_reached};
use super::moved::misfit_with_model;
use crate::params::{Kind, MapLeaf, Mut, Nothing, Pair, Params, Ref, Value, Walk};
use crate::tensor::{Float, Tensor};

/// The derivatives of every element of `f`'s value: a tree with the model's own shape, of whose leaves each has the value's axes
/// before its own, J\[i, …, j, …\] = ∂y\[i, …\] / ∂x\[j, …\]. `None` stands where no element of the value reached a leaf.
///
/// Row by row, each by a gradient of its own: `f` is called once for every element of its value (and must give the same one each time:
/// no dropout with a running generator), and as many gradients are kept. Where one product is enough, take a
/// [`pullback`] (ȳᵀJ) or a [`pushforward`] (J·ẋ).
///
/// # Panics
/// As [`pullback`], and where the value's shape changes from call to call.
///
/// ```
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::from([1.0, 2.0]);
/// let j = jacobian(|x: &Tensor| Tensor::stack(&[x.sum(), x.square().sum(), x.prod()], 0), &x);
/// assert_eq!(j.get().unwrap(), &Tensor::from([[1.0, 1.0], [2.0, 4.0], [2.0, 1.0]]));
/// ```
#[must_use = "a derivative changes nothing by itself"]
#[track_caller]
pub fn jacobian<M: Params, T: Float>(f: impl Fn(&M) -> Tensor<T>, model: &M) -> Grads<M> {
    let mut rows: M::Tree<Rows> = M::map_tree(model.leaves(&mut Walk::new()), &mut Walk::new(), &mut NoRows);
    let (mut shape, mut row, mut count) = (vec![], 0, 1);
    while row < count {
        let (value, back) = pullback(&f, model);
        if row == 0 {
            (shape, count) = (value.shape().to_vec(), value.len());
        }
        assert!(
            value.shape() == shape,
            "jacobian: the value has had the shape {shape:?}, and has {:?} when the function is called again",
            value.shape()
        );
        if row < count {
            let grads = back(&unit(&shape, row));
            let pairs = M::zip_trees(M::tree_mut(&mut rows), grads, &mut Walk::new());
            let Ok(pairs) = pairs else { unreachable!("both trees are of one model") };
            M::map_tree(pairs, &mut Walk::new(), &mut AddRow);
        }
        row += 1;
    }
    M::map_tree(rows, &mut Walk::new(), &mut Stack { shape })
}

/// The second derivatives of a scalar `f` at `x`: H\[i, …, j, …\] = ∂²y / ∂x\[i, …\] ∂x\[j, …\], with the axes of `x` twice.
///
/// The [`jacobian`] of the gradient: as many gradients of gradients as `x` has elements, for which `f` is called as often. The product
/// with one vector is the gradient of a [`dot`](super::GradientTree::dot), and costs two.
///
/// # Panics
/// As [`gradient`].
///
/// ```
/// use sapwood::prelude::*;
///
/// let x: Tensor<f64> = Tensor::from([1.0, 2.0]);
/// let h = hessian(|x| x.powi(3).sum() + x.prod(), &x);
/// assert_eq!(h, Tensor::from([[6.0, 1.0], [1.0, 12.0]]));
/// ```
#[must_use = "a derivative changes nothing by itself"]
#[track_caller]
pub fn hessian<T: Float>(f: impl Fn(&Tensor<T>) -> Tensor<T>, x: &Tensor<T>) -> Tensor<T> {
    let slope = |x: &Tensor<T>| gradient(&f, x).get().cloned().unwrap_or_else(|| Tensor::zeros_like(x));
    let mut rows = Vec::with_capacity(x.len());
    for row in 0..x.len() {
        // A gradient that does not depend on x has a derivative all the same: none.
        let gradient = match pullback_where_reached(slope, x) {
            Ok((_, back)) => back.walk(&unit::<T>(x.shape(), row)).get().cloned(),
            Err(_) => None,
        };
        rows.push(gradient.unwrap_or_else(|| Tensor::zeros_like(x)));
    }
    let shape = [x.shape(), x.shape()].concat();
    if rows.is_empty() { Tensor::zeros(shape) } else { Tensor::stack(&rows, 0).reshape(shape) }
}

/// The value of `f` at `model`, and how it changes when the model moves along `tangent`: J·ẋ, a Jacobian-vector product, of the value's
/// shape. A leaf whose tangent is `None` stays where it is.
///
/// It costs about as much as two gradients, however many elements the value has: the gradient of ⟨ȳᵀJ, ẋ⟩ by ȳ
/// ([Townsend 2017](https://j-towns.github.io/2017/06/12/A-new-trick.html)).
///
/// # Panics
/// Where the value reaches no leaf of the model, or the tangent differs from the model in structure or shapes.
///
/// ```
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::from([1.0, 2.0, 3.0]);
/// let tangent = gradient(|x| x.sum(), &x);        // (1, 1, 1); any tree of gradients is a direction
/// let (y, dy) = pushforward(|x: &Tensor| x.square(), &x, &tangent);
/// assert_eq!((y.to_vec(), dy.to_vec()), (vec![1.0, 4.0, 9.0], vec![2.0, 4.0, 6.0]));
/// ```
#[doc(alias = "jvp")]
#[must_use = "a derivative changes nothing by itself"]
#[track_caller]
pub fn pushforward<M: Params, T: Float>(
    f: impl FnOnce(&M) -> Tensor<T>,
    model: &M,
    tangent: &Grads<M>,
) -> (Tensor<T>, Tensor<T>) {
    if let Some(fault) = misfit_with_model(model, tangent) {
        panic!("pushforward: of the model and its tangent, {fault}");
    }
    let (value, back) = pullback(f, model);
    let zero = Tensor::zeros(value.shape());
    let along = match pullback_where_reached(|cotangent: &Tensor<T>| back(cotangent).dot(tangent), &zero) {
        Ok((_, back)) => back.walk(&Tensor::scalar(1.0f64)).get().cloned(),
        // Nothing of the model moves the value.
        Err(_) => None,
    };
    (value, along.unwrap_or(zero))
}

/// Zeros, and a one at one place of the row-major order.
fn unit<T: Float>(shape: &[usize], place: usize) -> Tensor<T> {
    let mut unit = Tensor::zeros(shape);
    unit.as_mut_slice()[place] = T::one();
    unit
}

/// The kind of trees of a leaf's gradients, by each element of a value.
enum Rows {}

impl Kind for Rows {
    type Leaf<T: Float> = Vec<Option<Tensor<T>>>;
}

struct NoRows;

impl MapLeaf<Ref<'_, Value>, Rows> for NoRows {
    fn leaf<T: Float>(&mut self, _: &Walk, _: &Tensor<T>) -> Vec<Option<Tensor<T>>> {
        vec![]
    }
}

struct AddRow;

impl<'a> MapLeaf<Pair<Mut<'a, Rows>, Gradient>, Nothing> for AddRow {
    fn leaf<T: Float>(&mut self, _: &Walk, (rows, row): <Pair<Mut<'a, Rows>, Gradient> as Kind>::Leaf<T>) {
        rows.push(row);
    }
}

/// Lays the rows of a value of some shape beside one another.
struct Stack {
    shape: Vec<usize>,
}

impl MapLeaf<Rows, Gradient> for Stack {
    fn leaf<T: Float>(&mut self, _: &Walk, rows: Vec<Option<Tensor<T>>>) -> Option<Tensor<T>> {
        let zero = Tensor::zeros_like(rows.iter().flatten().next()?);
        let rows: Vec<_> = rows.into_iter().map(|row| row.unwrap_or_else(|| zero.clone())).collect();
        Some(Tensor::stack(&rows, 0).reshape([&self.shape, zero.shape()].concat()))
    }
}

#[cfg(test)]
mod tests {
    use crate::nn::{LayerNorm, Lstm};
    use crate::ops::AttentionMask;
    use crate::prelude::*;

    fn random(shape: &[usize], seed: u64) -> Tensor<f64> {
        Tensor::normal(shape, 0.0, 1.0, &mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn a_layers_jacobian_has_its_closed_form() {
        // y = tanh(xW + b): ∂y[n, o] / ∂W[i, p] = (1 − y²)[n, o] · x[n, i] · δ[o, p], and / ∂b[p] the same without x.
        let layer: Dense<f64> = Dense::new(3, 2, &mut StdRng::seed_from_u64(0)).activation(Activation::Tanh);
        let x = random(&[4, 3], 1);
        let j = jacobian(|layer| layer.forward(&x), &layer);
        let slope = 1.0 - layer.forward(&x).square();
        let weight = Tensor::einsum("no,ni,op->noip", &[&slope, &x, &Tensor::eye(2)]);
        assert!(j.weight.get().unwrap().all_close(&weight, 1e-14, 1e-14));
        let bias = Tensor::einsum("no,op->nop", &[&slope, &Tensor::eye(2)]);
        assert!(j.bias.unwrap().get().unwrap().all_close(&bias, 1e-14, 1e-14));
    }

    #[test]
    fn products_with_the_jacobian_agree() {
        // Through operations that are kernels of their own while no outer gradient watches.
        let mut rng = StdRng::seed_from_u64(2);
        let model = (LayerNorm::<f64>::new(4), Lstm::<f64>::new(4, 3, &mut rng), random(&[2, 3, 4], 3));
        let f = |(norm, lstm, x): &(LayerNorm<f64>, Lstm<f64>, Tensor<f64>)| {
            let x = norm.forward(x);
            lstm.forward(&x.attention(&x, &x, AttentionMask::Causal)).slice(s![.., 1.., ..2])
        };
        let tangent = gradient(|m| f(m).sin().sum(), &model);
        let (y, along) = pushforward(f, &model, &tangent);
        assert_eq!(y, f(&model));
        let cotangent = random(y.shape(), 4);
        let (_, back) = pullback(f, &model);
        let (from_left, from_right) = (back(&cotangent).dot(&tangent).item(), (&along * &cotangent).sum().item());
        assert!((from_left - from_right).abs() < 1e-12 * from_left.abs(), "{from_left} and {from_right}");
        let j = jacobian(f, &model);
        let by_x = Tensor::einsum("abcijk,ijk->abc", &[j.2.get().unwrap(), tangent.2.get().unwrap()]);
        let only_x =
            (tangent.0.map(|_, g: Tensor<f64>| g * 0.0), tangent.1.map(|_, g: Tensor<f64>| g * 0.0), tangent.2);
        assert!(pushforward(f, &model, &only_x).1.all_close(&by_x, 1e-12, 1e-14));
    }

    #[test]
    fn they_differentiate() {
        let x = random(&[3], 5);
        let grad = |f: &dyn Fn(&Tensor<f64>) -> Tensor<f64>| gradient(f, &x).get().unwrap().clone();
        // J = diag(2x), so Σ J² = 4 Σ x².
        let squares = |x: &Tensor<f64>| jacobian(|x: &Tensor<f64>| x.square(), x).get().unwrap().square().sum();
        assert!(grad(&squares).all_close(&(&x * 8.0), 1e-14, 0.0));
        // H = diag(12x²).
        let curvature = |x: &Tensor<f64>| hessian(|x| x.powi(4).sum(), x).sum();
        assert!(grad(&curvature).all_close(&(&x * 24.0), 1e-14, 0.0));
        // J·x = 3x³ for x³, along x itself.
        let along = |x: &Tensor<f64>| {
            let tangent = gradient(|y| (y * x).sum(), x);
            pushforward(|x: &Tensor<f64>| x.powi(3), x, &tangent).1.sum()
        };
        assert!(grad(&along).all_close(&(x.square() * 9.0), 1e-14, 0.0));
    }

    #[test]
    fn what_does_not_move_has_zeros() {
        let x: Tensor<f64> = Tensor::from([1.0, 2.0]);
        assert_eq!(hessian(|x| x.sum(), &x), Tensor::zeros((2, 2)));
        assert_eq!(hessian(|x| x.slice(s![0]).square(), &x), Tensor::from([[2.0, 0.0], [0.0, 0.0]]));
        let model = (x.clone(), x.clone());
        let first = gradient(|(a, _)| a.sum(), &model);
        assert_eq!(pushforward(|(_, b): &(Tensor<f64>, Tensor<f64>)| b * 2.0, &model, &first).1, Tensor::zeros(2));
        let j = jacobian(|(a, _): &(Tensor<f64>, Tensor<f64>)| a.slice(s![..1]), &model);
        assert_eq!((j.0.get().unwrap(), j.1.get()), (&Tensor::from([[1.0, 0.0]]), None));
    }

    #[test]
    #[should_panic(
        expected = "pushforward: of the model and its tangent, the gradients of `1` have the shapes [3] and [2]"
    )]
    fn a_tangent_has_the_models_shapes() {
        let small = (Tensor::<f32>::ones(2), Tensor::ones(2));
        let tangent = gradient(|(a, b)| (a * b).sum(), &small);
        let _ = pushforward(|(a, b)| a.sum() + b.sum(), &(Tensor::<f32>::ones(2), Tensor::ones(3)), &tangent);
    }

    #[test]
    #[should_panic(
        expected = "jacobian: the value has had the shape [2], and has [3] when the function is called again"
    )]
    fn a_value_keeps_its_shape() {
        let calls = std::cell::Cell::new(1);
        let f = |x: &Tensor| {
            calls.set(calls.get() + 1);
            x.slice(s![..calls.get()]) * 1.0
        };
        let _ = jacobian(f, &Tensor::ones(5));
    }
}
