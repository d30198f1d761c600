//! A model's parameters and gradient as vectors of f64.

use super::Progress;
use crate::autodiff::{Gradient, with_gradient};
use crate::params::{Kind, MapLeaf, Mut, Nothing, Pair, Params, Ref, Value, Walk, sync_ties};
use crate::tensor::{Element, Float, Tensor};

/// The parameters with the loss and its gradient there.
pub(super) struct Point {
    pub(super) x: Vec<f64>,
    pub(super) loss: f64,
    pub(super) gradient: Vec<f64>,
}

impl Point {
    /// The largest absolute entry of the gradient.
    pub(super) fn steepness(&self) -> f64 {
        self.gradient.iter().fold(0.0, |most, g| most.max(g.abs()))
    }

    pub(super) fn progress(&self, evaluations: usize, moved: bool) -> Progress {
        Progress { loss: self.loss, gradient: self.steepness(), evaluations, moved }
    }
}

/// The loss and its gradient at the model as it is.
#[track_caller]
pub(super) fn evaluate<M: Params, T: Float>(loss: &mut impl FnMut(&M) -> Tensor<T>, model: &M) -> Point {
    let (loss, grads) = with_gradient(|model| loss(model), model);
    let mut read = Read { x: vec![], gradient: vec![] };
    match M::zip_trees(model.leaves(&mut Walk::new()), M::tree_ref(&grads), &mut Walk::new()) {
        Ok(pairs) => drop(M::map_tree(pairs, &mut Walk::new(), &mut read)),
        Err(mismatch) => unreachable!("a gradient has its model's structure: {mismatch}"),
    }
    Point { x: read.x, loss: Element::to_f64(loss), gradient: read.gradient }
}

/// Gives the parameters new values, in declaration order.
pub(super) fn set<M: Params>(model: &mut M, values: impl Iterator<Item = f64>) {
    M::map_tree(model.leaves_mut(&mut Walk::new()), &mut Walk::new(), &mut Write(values));
    sync_ties(model);
}

struct Read {
    x: Vec<f64>,
    gradient: Vec<f64>,
}

/// A leaf beside its gradient.
type Leaves<'a> = Pair<Ref<'a, Value>, Ref<'a, Gradient>>;

impl<'a> MapLeaf<Leaves<'a>, Nothing> for Read {
    fn leaf<T: Float>(&mut self, _: &Walk, (x, gradient): <Leaves<'a> as Kind>::Leaf<T>) {
        self.x.extend(x.iter().map(|&x| x.to_f64()));
        match gradient {
            Some(gradient) => self.gradient.extend(gradient.iter().map(|&g| g.to_f64())),
            None => self.gradient.resize(self.x.len(), 0.0),
        }
    }
}

struct Write<I>(I);

impl<I: Iterator<Item = f64>> MapLeaf<Mut<'_, Value>, Nothing> for Write<I> {
    fn leaf<T: Float>(&mut self, _: &Walk, x: &mut Tensor<T>) {
        x.as_mut_slice().iter_mut().zip(&mut self.0).for_each(|(x, value)| *x = T::from_f64(value));
    }
}
