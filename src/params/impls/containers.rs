//! Models in arrays, vectors, options, boxes and maps with string keys.

use std::collections::BTreeMap;

use crate::params::{Kind, MapLeaf, MapModel, Mismatch, Mut, Pair, Params, Ref, Tree, Value, Walk};

impl<K: Kind, X: Tree<K>, const N: usize> Tree<K> for [X; N] {
    type Model = [X::Model; N];
}

impl<M: Params, const N: usize> Params for [M; N] {
    type Tree<K: Kind> = [M::Tree<K>; N];

    fn leaves<'a>(&'a self, walk: &mut Walk) -> Self::Tree<Ref<'a, Value>> {
        let mut i = 0;
        self.each_ref().map(|model| element(walk, &mut i, |walk| model.leaves(walk)))
    }
    fn leaves_mut<'a>(&'a mut self, walk: &mut Walk) -> Self::Tree<Mut<'a, Value>> {
        let mut i = 0;
        self.each_mut().map(|model| element(walk, &mut i, |walk| model.leaves_mut(walk)))
    }
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Self::Tree<K>) -> Self::Tree<Ref<'a, K>> {
        tree.each_ref().map(M::tree_ref)
    }
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Self::Tree<K>) -> Self::Tree<Mut<'a, K>> {
        tree.each_mut().map(M::tree_mut)
    }
    fn zip_trees<K: Kind, L: Kind>(
        left: Self::Tree<K>,
        right: Self::Tree<L>,
        walk: &mut Walk,
    ) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
        let pairs = Vec::<M>::zip_trees(left.into(), right.into(), walk)?;
        Ok(pairs.try_into().unwrap_or_else(|_| unreachable!("two arrays of one length make as many pairs")))
    }
    fn map_tree<K: Kind, L: Kind>(tree: Self::Tree<K>, walk: &mut Walk, f: &mut impl MapLeaf<K, L>) -> Self::Tree<L> {
        let mut i = 0;
        tree.map(|tree| element(walk, &mut i, |walk| M::map_tree(tree, walk, f)))
    }
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        let mut i = 0;
        self.each_ref().map(|model| element(walk, &mut i, |walk| model.map_model(walk, f)))
    }
}

/// Walks into element `i`, and back; `i` becomes the next.
fn element<R>(walk: &mut Walk, i: &mut usize, body: impl FnOnce(&mut Walk) -> R) -> R {
    *i += 1;
    walk.index(*i - 1, body)
}

impl<K: Kind, X: Tree<K>> Tree<K> for Vec<X> {
    type Model = Vec<X::Model>;
}

impl<M: Params> Params for Vec<M> {
    type Tree<K: Kind> = Vec<M::Tree<K>>;

    fn leaves<'a>(&'a self, walk: &mut Walk) -> Self::Tree<Ref<'a, Value>> {
        self.iter().enumerate().map(|(i, model)| walk.index(i, |walk| model.leaves(walk))).collect()
    }
    fn leaves_mut<'a>(&'a mut self, walk: &mut Walk) -> Self::Tree<Mut<'a, Value>> {
        self.iter_mut().enumerate().map(|(i, model)| walk.index(i, |walk| model.leaves_mut(walk))).collect()
    }
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Self::Tree<K>) -> Self::Tree<Ref<'a, K>> {
        tree.iter().map(M::tree_ref).collect()
    }
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Self::Tree<K>) -> Self::Tree<Mut<'a, K>> {
        tree.iter_mut().map(M::tree_mut).collect()
    }
    fn zip_trees<K: Kind, L: Kind>(
        left: Self::Tree<K>,
        right: Self::Tree<L>,
        walk: &mut Walk,
    ) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
        if left.len() != right.len() {
            let length = |of| format!("a sequence of length {of}");
            return Err(Mismatch::new(walk, length(left.len()), length(right.len())));
        }
        let pairs = left.into_iter().zip(right).enumerate();
        pairs.map(|(i, (left, right))| walk.index(i, |walk| M::zip_trees(left, right, walk))).collect()
    }
    fn map_tree<K: Kind, L: Kind>(tree: Self::Tree<K>, walk: &mut Walk, f: &mut impl MapLeaf<K, L>) -> Self::Tree<L> {
        tree.into_iter().enumerate().map(|(i, tree)| walk.index(i, |walk| M::map_tree(tree, walk, f))).collect()
    }
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        self.iter().enumerate().map(|(i, model)| walk.index(i, |walk| model.map_model(walk, f))).collect()
    }
}

impl<K: Kind, X: Tree<K>> Tree<K> for Option<X> {
    type Model = Option<X::Model>;
}

impl<M: Params> Params for Option<M> {
    type Tree<K: Kind> = Option<M::Tree<K>>;

    fn leaves<'a>(&'a self, walk: &mut Walk) -> Self::Tree<Ref<'a, Value>> {
        self.as_ref().map(|model| model.leaves(walk))
    }
    fn leaves_mut<'a>(&'a mut self, walk: &mut Walk) -> Self::Tree<Mut<'a, Value>> {
        self.as_mut().map(|model| model.leaves_mut(walk))
    }
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Self::Tree<K>) -> Self::Tree<Ref<'a, K>> {
        tree.as_ref().map(M::tree_ref)
    }
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Self::Tree<K>) -> Self::Tree<Mut<'a, K>> {
        tree.as_mut().map(M::tree_mut)
    }
    fn zip_trees<K: Kind, L: Kind>(
        left: Self::Tree<K>,
        right: Self::Tree<L>,
        walk: &mut Walk,
    ) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
        match (left, right) {
            (Some(left), Some(right)) => M::zip_trees(left, right, walk).map(Some),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Mismatch::new(walk, "`Some`", "`None`")),
            (None, Some(_)) => Err(Mismatch::new(walk, "`None`", "`Some`")),
        }
    }
    fn map_tree<K: Kind, L: Kind>(tree: Self::Tree<K>, walk: &mut Walk, f: &mut impl MapLeaf<K, L>) -> Self::Tree<L> {
        tree.map(|tree| M::map_tree(tree, walk, f))
    }
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        self.as_ref().map(|model| model.map_model(walk, f))
    }
}

impl<K: Kind, X: Tree<K>> Tree<K> for Box<X> {
    type Model = Box<X::Model>;
}

impl<M: Params> Params for Box<M> {
    type Tree<K: Kind> = Box<M::Tree<K>>;

    fn leaves<'a>(&'a self, walk: &mut Walk) -> Self::Tree<Ref<'a, Value>> {
        Box::new(M::leaves(self, walk))
    }
    fn leaves_mut<'a>(&'a mut self, walk: &mut Walk) -> Self::Tree<Mut<'a, Value>> {
        Box::new(M::leaves_mut(self, walk))
    }
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Self::Tree<K>) -> Self::Tree<Ref<'a, K>> {
        Box::new(M::tree_ref(tree))
    }
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Self::Tree<K>) -> Self::Tree<Mut<'a, K>> {
        Box::new(M::tree_mut(tree))
    }
    fn zip_trees<K: Kind, L: Kind>(
        left: Self::Tree<K>,
        right: Self::Tree<L>,
        walk: &mut Walk,
    ) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
        M::zip_trees(*left, *right, walk).map(Box::new)
    }
    fn map_tree<K: Kind, L: Kind>(tree: Self::Tree<K>, walk: &mut Walk, f: &mut impl MapLeaf<K, L>) -> Self::Tree<L> {
        Box::new(M::map_tree(*tree, walk, f))
    }
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        Box::new(M::map_model(self, walk, f))
    }
}

impl<K: Kind, X: Tree<K>> Tree<K> for BTreeMap<String, X> {
    type Model = BTreeMap<String, X::Model>;
}

impl<M: Params> Params for BTreeMap<String, M> {
    type Tree<K: Kind> = BTreeMap<String, M::Tree<K>>;

    fn leaves<'a>(&'a self, walk: &mut Walk) -> Self::Tree<Ref<'a, Value>> {
        self.iter().map(|(key, model)| (key.clone(), walk.key(key, |walk| model.leaves(walk)))).collect()
    }
    fn leaves_mut<'a>(&'a mut self, walk: &mut Walk) -> Self::Tree<Mut<'a, Value>> {
        self.iter_mut().map(|(key, model)| (key.clone(), walk.key(key, |walk| model.leaves_mut(walk)))).collect()
    }
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Self::Tree<K>) -> Self::Tree<Ref<'a, K>> {
        tree.iter().map(|(key, tree)| (key.clone(), M::tree_ref(tree))).collect()
    }
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Self::Tree<K>) -> Self::Tree<Mut<'a, K>> {
        tree.iter_mut().map(|(key, tree)| (key.clone(), M::tree_mut(tree))).collect()
    }
    fn zip_trees<K: Kind, L: Kind>(
        left: Self::Tree<K>,
        right: Self::Tree<L>,
        walk: &mut Walk,
    ) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
        if !left.keys().eq(right.keys()) {
            let (left, right) = (left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
            return Err(Mismatch::new(walk, format!("the keys {left:?}"), format!("the keys {right:?}")));
        }
        let pairs = left.into_iter().zip(right.into_values());
        pairs
            .map(|((key, left), right)| {
                let pair = walk.key(&key, |walk| M::zip_trees(left, right, walk))?;
                Ok((key, pair))
            })
            .collect()
    }
    fn map_tree<K: Kind, L: Kind>(tree: Self::Tree<K>, walk: &mut Walk, f: &mut impl MapLeaf<K, L>) -> Self::Tree<L> {
        let entries = tree.into_iter();
        entries
            .map(|(key, tree)| {
                let tree = walk.key(&key, |walk| M::map_tree(tree, walk, f));
                (key, tree)
            })
            .collect()
    }
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        self.iter().map(|(key, model)| (key.clone(), walk.key(key, |walk| model.map_model(walk, f)))).collect()
    }
}
