//! [`moved`]: a model a step further, as a function that differentiates.

use std::vec::IntoIter;

use super::algebra::misfit;
use super::gradient::{Gradient, Grads};
use crate::params::{MapLeaf, MapModel, Nothing, Params, Ref, Value, Walk};
use crate::tensor::{AnyTensor, Float, Tensor};

/// A copy of the model whose parameters are x + a·d, with `along` as d; a leaf without a gradient stays where it is.
/// Buffers are shared with the model.
///
/// [`update`](crate::optim::update()) changes a model in place, which no gradient sees. This is differentiable with respect to the model,
/// to `along` and to what that came from: the inner step of meta-learning (MAML,
/// [Finn et al. 2017](https://arxiv.org/abs/1703.03400)), a search along a line.
///
/// # Panics
/// Where the trees differ in structure or shapes, with the path.
///
/// ```
/// use sapwood::autodiff::moved;
/// use sapwood::prelude::*;
///
/// // Where to start, so that one step of descent on a first task leaves little loss on a second.
/// let start: Tensor = Tensor::scalar(0.0);
/// let task = |w: &Tensor, target: f32| (w - target).square();
/// let g = gradient(|w| task(&moved(w, -0.1, &gradient(|w| task(w, 1.0), w)), 3.0), &start);
/// // w′ = w − 0.2 (w − 1), and d(w′ − 3)²/dw = 2 (w′ − 3) · 0.8.
/// assert!((g.get().unwrap().item() - 2.0 * (0.2 - 3.0) * 0.8).abs() < 1e-6);
/// ```
#[doc(alias = "apply_updates")]
#[must_use = "makes a new model"]
#[track_caller]
pub fn moved<M: Params>(model: &M, a: f64, along: &Grads<M>) -> M {
    if let Some(fault) = misfit_with_model(model, along) {
        panic!("moved: of the model and what it is moved along, {fault}");
    }
    let mut steps = Steps(vec![]);
    M::map_tree(M::tree_ref(along), &mut Walk::new(), &mut steps);
    model.map_model(&mut Walk::new(), &mut Mover { a, steps: steps.0.into_iter() })
}

/// The first leaf of a model that has another shape than its gradient.
#[track_caller]
pub(super) fn misfit_with_model<M: Params>(model: &M, grads: &Grads<M>) -> Option<String> {
    misfit(&M::map_tree(model.leaves(&mut Walk::new()), &mut Walk::new(), &mut Place), grads)
}

/// The model itself as a tree of gradients.
struct Place;

impl MapLeaf<Ref<'_, Value>, Gradient> for Place {
    fn leaf<T: Float>(&mut self, _: &Walk, tensor: &Tensor<T>) -> Option<Tensor<T>> {
        Some(tensor.clone())
    }
}

/// The gradients of all leaves, in declaration order.
struct Steps(Vec<Option<AnyTensor>>);

impl MapLeaf<Ref<'_, Gradient>, Nothing> for Steps {
    fn leaf<T: Float>(&mut self, _: &Walk, gradient: &Option<Tensor<T>>) {
        self.0.push(gradient.clone().map(T::wrap));
    }
}

struct Mover {
    a: f64,
    steps: IntoIter<Option<AnyTensor>>,
}

impl MapModel for Mover {
    fn leaf<T: Float>(&mut self, _: &Walk, x: &Tensor<T>) -> Tensor<T> {
        match self.steps.next().flatten().and_then(T::unwrap) {
            Some(step) => x + step * T::from_f64(self.a),
            None => x.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::moved;
    use crate::prelude::*;

    #[derive(Params, Clone, Debug)]
    struct Model {
        first: Tied<Dense<f64>>,
        again: Tied<Dense<f64>>,
        offset: Tensor<f64>,
        unused: Tensor,
    }

    fn model() -> (Model, Tensor<f64>) {
        let mut rng = StdRng::seed_from_u64(0);
        let first = Tied::new(Dense::new(3, 3, &mut rng));
        let offset = Tensor::normal(3, 0.0, 1.0, &mut rng);
        let x = Tensor::normal((4, 3), 0.0, 1.0, &mut rng);
        (Model { again: first.clone(), first, offset, unused: Tensor::ones(2) }, x)
    }

    fn loss(model: &Model, x: &Tensor<f64>) -> Tensor<f64> {
        let y = model.again.forward(&model.first.forward(x).tanh()) + &model.offset;
        (y - x).square().mean()
    }

    #[test]
    fn a_step_is_that_of_descent() {
        let (mut model, x) = model();
        let grads = gradient(|m| loss(m, &x), &model);
        let moved = moved(&model, -0.3, &grads);
        update(&mut setup(Descent::new(0.3), &model), &mut model, &grads);
        for ((path, a), (_, b)) in moved.parameters().into_iter().zip(model.parameters()) {
            assert!(a == b, "{path}");
        }
        assert_eq!(moved.first.weight, moved.again.weight);
    }

    #[test]
    fn gradients_go_through_steps() {
        let (model, x) = model();
        // Of the loss after two steps, by the parameters before them, beside differences.
        let model = (model.first, model.offset);
        let task = |(layer, offset): &(Tied<Dense<f64>>, Tensor<f64>), shift: f64| {
            (layer.forward(&x).tanh() + offset - shift).square().mean()
        };
        let outer = |m: &_| {
            let once = moved(m, -0.5, &gradient(|m| task(m, 0.2), m));
            let twice = moved(&once, -0.5, &gradient(|m| task(m, -0.1), &once));
            task(&twice, 0.7)
        };
        check_gradient(outer, &model).assert_within(1e-8);
    }

    #[test]
    #[should_panic(
        expected = "moved: of the model and what it is moved along, the gradients of the model itself have the shapes [3] and [2]"
    )]
    fn a_step_has_the_models_shapes() {
        let grads = gradient(|x: &Tensor| x.sum(), &Tensor::ones(2));
        let _ = moved(&Tensor::<f32>::ones(3), 1.0, &grads);
    }
}
