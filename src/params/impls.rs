//! [`Params`] for tensors, which are the leaves, and for the standard library's types.

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

impl<K: Kind> Tree<K> for () {
    type Model = ();
}

/// What there is nothing to train in: its tree is `()`, a copy of it is a clone.
macro_rules! plain {
    ($({$($generics:tt)*} $T:ty;)*) => {$(
        impl<$($generics)*> Params for $T {
            type Tree<K: Kind> = ();

            fn leaves<'a>(&'a self, _: &mut Walk) -> Self::Tree<Ref<'a, Value>> {}
            fn leaves_mut<'a>(&'a mut self, _: &mut Walk) -> Self::Tree<Mut<'a, Value>> {}
            fn tree_ref<'a, K: Kind + 'a>(_: &'a ()) {}
            fn tree_mut<'a, K: Kind + 'a>(_: &'a mut ()) {}
            fn zip_trees<K: Kind, L: Kind>(_: (), _: (), _: &mut Walk) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
                Ok(())
            }
            fn map_tree<K: Kind, L: Kind>(_: (), _: &mut Walk, _: &mut impl MapLeaf<K, L>) {}
            fn map_model(&self, _: &mut Walk, _: &mut impl MapModel) -> Self {
                self.clone()
            }
        }
    )*};
}

plain! {
    {} ();
    {} bool;
    {} usize;
}

impl<K: Kind, A: Tree<K>, B: Tree<K>> Tree<K> for (A, B) {
    type Model = (A::Model, B::Model);
}

impl<A: Params, B: Params> Params for (A, B) {
    type Tree<K: Kind> = (A::Tree<K>, B::Tree<K>);

    fn leaves<'a>(&'a self, walk: &mut Walk) -> Self::Tree<Ref<'a, Value>> {
        (walk.index(0, |w| self.0.leaves(w)), walk.index(1, |w| self.1.leaves(w)))
    }
    fn leaves_mut<'a>(&'a mut self, walk: &mut Walk) -> Self::Tree<Mut<'a, Value>> {
        (walk.index(0, |w| self.0.leaves_mut(w)), walk.index(1, |w| self.1.leaves_mut(w)))
    }
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Self::Tree<K>) -> Self::Tree<Ref<'a, K>> {
        (A::tree_ref(&tree.0), B::tree_ref(&tree.1))
    }
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Self::Tree<K>) -> Self::Tree<Mut<'a, K>> {
        (A::tree_mut(&mut tree.0), B::tree_mut(&mut tree.1))
    }
    fn zip_trees<K: Kind, L: Kind>(
        a: Self::Tree<K>,
        b: Self::Tree<L>,
        walk: &mut Walk,
    ) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
        Ok((walk.index(0, |w| A::zip_trees(a.0, b.0, w))?, walk.index(1, |w| B::zip_trees(a.1, b.1, w))?))
    }
    fn map_tree<K: Kind, L: Kind>(tree: Self::Tree<K>, walk: &mut Walk, f: &mut impl MapLeaf<K, L>) -> Self::Tree<L> {
        (walk.index(0, |w| A::map_tree(tree.0, w, f)), walk.index(1, |w| B::map_tree(tree.1, w, f)))
    }
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        (walk.index(0, |w| self.0.map_model(w, f)), walk.index(1, |w| self.1.map_model(w, f)))
    }
}
