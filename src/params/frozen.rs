//! Parts of a model that are never trained.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use super::{Kind, MapLeaf, MapModel, Mismatch, Mut, Pair, Params, Ref, Value, Walk};

/// A part of a model that is never trained: its tree is `()`, and gradients of its tensors are never computed.
///
/// Gradients do pass through it to what stands before it. For a part that is to rest for some steps only, freeze it in
/// the optimiser's state instead.
///
/// ```
/// use sapwood::params::Frozen;
/// use sapwood::prelude::*;
///
/// #[derive(Params)]
/// struct Scaled { by: Frozen<Tensor>, offset: Tensor }
///
/// let model = Scaled { by: Frozen::new(Tensor::scalar(3.0)), offset: Tensor::scalar(1.0) };
/// let grads = gradient(|m| &*m.by * &m.offset, &model);
/// assert_eq!(grads.by, ());
/// assert_eq!(grads.offset.get().unwrap().item(), 3.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Frozen<M>(M);

impl<M> Frozen<M> {
    /// Freezes a model for good.
    pub fn new(model: M) -> Self {
        Frozen(model)
    }

    /// The model, to be trained again.
    pub fn into_inner(self) -> M {
        self.0
    }
}

impl<M> Deref for Frozen<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.0
    }
}

impl<M> DerefMut for Frozen<M> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.0
    }
}

impl<M: Params> Params for Frozen<M> {
    type Tree<K: Kind> = ();

    fn leaves<'a>(&'a self, _: &mut Walk) -> Self::Tree<Ref<'a, Value>> {}
    fn leaves_mut<'a>(&'a mut self, _: &mut Walk) -> Self::Tree<Mut<'a, Value>> {}
    fn tree_ref<'a, K: Kind + 'a>(_: &'a ()) {}
    fn tree_mut<'a, K: Kind + 'a>(_: &'a mut ()) {}
    fn zip_trees<K: Kind, L: Kind>(_: (), _: (), _: &mut Walk) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
        Ok(())
    }
    fn map_tree<K: Kind, L: Kind>(_: (), _: &mut Walk, _: &mut impl MapLeaf<K, L>) {}
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        Frozen(walk.frozen(|walk| self.0.map_model(walk, f)))
    }
}
