//! [`Params`] for tensors, which are the leaves, and for the standard library's types.

mod containers;
mod plain;
mod tuples;

use super::{Kind, Leaf, MapLeaf, MapModel, Mismatch, Mut, Pair, Params, Ref, Tree, Value, Walk};
use crate::tensor::{Float, Tensor};

impl<T: Float> Params for Tensor<T> {
    type Tree<K: Kind> = Leaf<K, T>;

    fn leaves<'a>(&'a self, _: &mut Walk) -> Leaf<Ref<'a, Value>, T> {
        Leaf(self)
    }
    fn leaves_mut<'a>(&'a mut self, _: &mut Walk) -> Leaf<Mut<'a, Value>, T> {
        Leaf(self)
    }
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Leaf<K, T>) -> Leaf<Ref<'a, K>, T> {
        Leaf(&tree.0)
    }
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Leaf<K, T>) -> Leaf<Mut<'a, K>, T> {
        Leaf(&mut tree.0)
    }
    fn zip_trees<A: Kind, B: Kind>(
        a: Leaf<A, T>,
        b: Leaf<B, T>,
        _: &mut Walk,
    ) -> Result<Leaf<Pair<A, B>, T>, Mismatch> {
        Ok(Leaf((a.0, b.0)))
    }
    fn map_tree<A: Kind, B: Kind>(tree: Leaf<A, T>, walk: &mut Walk, f: &mut impl MapLeaf<A, B>) -> Leaf<B, T> {
        Leaf(f.leaf(walk, tree.0))
    }
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        if walk.is_frozen() { f.frozen(walk, self) } else { f.leaf(walk, self) }
    }
}

impl<K: Kind, T: Float> Tree<K> for Leaf<K, T> {
    type Model = Tensor<T>;
}
