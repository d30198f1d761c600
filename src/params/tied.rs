//! Weights that several parts of a model share.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Deref;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::{Kind, MapLeaf, MapModel, Mismatch, Mut, Pair, Params, Ref, Tree, Value, Walk};
use crate::tensor::{AnyTensor, Float, Tensor};

/// A part of a model that stands in several places: a handle, whose clones are the same part.
///
/// Within a model, the first handle in declaration order is the owner: its tree has the leaves, on which the gradients
/// of all handles are summed, and a file has them once. The trees of the others are
/// [`Alias`](TiedTree::Alias)es. Handles dereference to the part, to read only; `update` changes all of them.
///
/// A clone of a whole model is independent of it, and its handles are tied among themselves. Don't put handles of two
/// such clones into one model: they count as one tie, and as soon as they hold different values, `gradient` panics and
/// names the place. A tie has a random number, by which it is known again where a whole model was stored with serde: the
/// bytes differ from run to run. A [`Snapshot`](crate::checkpoint::Snapshot) has no such numbers. Handles within a [`Frozen`](super::Frozen) part are not tied to those outside; they keep their value.
///
/// ```
/// use sapwood::params::Tied;
/// use sapwood::prelude::*;
///
/// #[derive(Params)]
/// struct Model { encoder: Tied<Tensor>, decoder: Tied<Tensor> }
///
/// let weight = Tied::new(Tensor::scalar(3.0));
/// let model = Model { encoder: weight.clone(), decoder: weight };
/// // d(w·w)/dw = 2w, both uses together.
/// let grads = gradient(|m| &*m.encoder * &*m.decoder, &model);
/// assert_eq!(grads.encoder.get().unwrap().get().unwrap().item(), 6.0);
/// assert!(grads.decoder.get().is_none());
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Tied<M> {
    id: u64,
    value: M,
}

/// The next tie's number. Numbers stand in files, so they start at random: ties of two programs must not meet.
static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(RandomState::new().build_hasher().finish()));

impl<M> Tied<M> {
    /// The first handle of a new tie; clone it to tie.
    pub fn new(value: M) -> Self {
        Tied { id: NEXT.fetch_add(1, Ordering::Relaxed), value }
    }

    /// Whether both are handles of one tie.
    pub fn is_tied_to(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<M> Deref for Tied<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.value
    }
}

impl<M: fmt::Debug> fmt::Debug for Tied<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tied").field(&self.value).finish()
    }
}

impl<M: PartialEq> PartialEq for Tied<M> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// The tree of a [`Tied`] part: its leaves where the first handle stands, nothing where the others do.
#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "M::Tree<K>: Serialize", deserialize = "M::Tree<K>: Deserialize<'de>"))]
pub enum TiedTree<K: Kind, M: Params> {
    /// The tree of the tie's first handle on a walk in declaration order.
    Owner(M::Tree<K>),
    /// Another handle of a tie that was met before.
    Alias,
}

impl<K: Kind, M: Params> TiedTree<K, M> {
    /// The part's tree, where this is the owner.
    pub fn get(&self) -> Option<&M::Tree<K>> {
        match self {
            TiedTree::Owner(tree) => Some(tree),
            TiedTree::Alias => None,
        }
    }

    /// The part's tree, to change, where this is the owner.
    pub fn get_mut(&mut self) -> Option<&mut M::Tree<K>> {
        match self {
            TiedTree::Owner(tree) => Some(tree),
            TiedTree::Alias => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            TiedTree::Owner(_) => "the owner of a tie",
            TiedTree::Alias => "an alias",
        }
    }
}

impl<K: Kind, M: Params<Tree<K>: Clone>> Clone for TiedTree<K, M> {
    fn clone(&self) -> Self {
        self.get().map_or(TiedTree::Alias, |tree| TiedTree::Owner(tree.clone()))
    }
}

impl<K: Kind, M: Params<Tree<K>: fmt::Debug>> fmt::Debug for TiedTree<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TiedTree::Owner(tree) => f.debug_tuple("Owner").field(tree).finish(),
            TiedTree::Alias => f.write_str("Alias"),
        }
    }
}

impl<K: Kind, M: Params<Tree<K>: PartialEq>> PartialEq for TiedTree<K, M> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<K: Kind, M: Params + 'static> Tree<K> for TiedTree<K, M> {
    type Model = Tied<M>;
}

impl<M: Params + 'static> Params for Tied<M> {
    type Tree<K: Kind> = TiedTree<K, M>;

    fn leaves<'a>(&'a self, walk: &mut Walk) -> Self::Tree<Ref<'a, Value>> {
        if walk.first_of_tie(self.id) { TiedTree::Owner(self.value.leaves(walk)) } else { TiedTree::Alias }
    }
    fn leaves_mut<'a>(&'a mut self, walk: &mut Walk) -> Self::Tree<Mut<'a, Value>> {
        if walk.first_of_tie(self.id) { TiedTree::Owner(self.value.leaves_mut(walk)) } else { TiedTree::Alias }
    }
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Self::Tree<K>) -> Self::Tree<Ref<'a, K>> {
        match tree {
            TiedTree::Owner(tree) => TiedTree::Owner(M::tree_ref(tree)),
            TiedTree::Alias => TiedTree::Alias,
        }
    }
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Self::Tree<K>) -> Self::Tree<Mut<'a, K>> {
        match tree {
            TiedTree::Owner(tree) => TiedTree::Owner(M::tree_mut(tree)),
            TiedTree::Alias => TiedTree::Alias,
        }
    }
    fn zip_trees<K: Kind, L: Kind>(
        left: Self::Tree<K>,
        right: Self::Tree<L>,
        walk: &mut Walk,
    ) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
        match (left, right) {
            (TiedTree::Owner(left), TiedTree::Owner(right)) => M::zip_trees(left, right, walk).map(TiedTree::Owner),
            (TiedTree::Alias, TiedTree::Alias) => Ok(TiedTree::Alias),
            (left, right) => Err(Mismatch::new(walk, left.name(), right.name())),
        }
    }
    fn map_tree<K: Kind, L: Kind>(tree: Self::Tree<K>, walk: &mut Walk, f: &mut impl MapLeaf<K, L>) -> Self::Tree<L> {
        match tree {
            TiedTree::Owner(tree) => TiedTree::Owner(M::map_tree(tree, walk, f)),
            TiedTree::Alias => TiedTree::Alias,
        }
    }
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        let tied = |value| Tied { id: self.id, value };
        // What is frozen is in no tree, so it must not be a tie's first handle here either.
        if walk.is_frozen() {
            return tied(self.value.map_model(walk, f));
        }
        if walk.first_of_tie(self.id) {
            let mapped = self.value.map_model(walk, f);
            walk.keep_for_tie(self.id, Owner { before: same(&self.value), mapped: same(&mapped) });
            return tied(mapped);
        }
        match walk.kept_for_tie::<Owner<M>>(self.id) {
            Some(owner) if walk.is_syncing() || agree(&owner.before, &self.value) => tied(same(&owner.mapped)),
            _ => panic!(
                "`{walk}` is tied to a part that stands before it in the model, but differs from it: do parts of two \
                 clones of a model meet here?"
            ),
        }
    }
}

/// What later handles need to know of the first.
struct Owner<M> {
    before: M,
    mapped: M,
}

/// The same model again: all memory, traces and buffers are shared, where a clone would have buffers of its own.
fn same<M: Params>(model: &M) -> M {
    struct Same;
    impl MapModel for Same {
        fn leaf<T: Float>(&mut self, _: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
            tensor.clone()
        }
    }
    model.map_model(&mut Walk::syncing(), &mut Same)
}

/// Whether the values of two handles are the same; at no cost where they share their memory, as they mostly do.
fn agree<M: Params>(a: &M, b: &M) -> bool {
    fn equal<T: Float>(a: &Tensor<T>, b: &Tensor<T>) -> bool {
        let equal = |(x, y): (T, T)| x == y || x.is_nan() && y.is_nan();
        a.is_same(b) || a.shape() == b.shape() && a.to_vec().into_iter().zip(b.to_vec()).all(equal)
    }
    let (a, b) = (a.parameters(), b.parameters());
    a.len() == b.len()
        && a.iter().zip(&b).all(|pair| match pair {
            ((_, AnyTensor::F32(a)), (_, AnyTensor::F32(b))) => equal(a, b),
            ((_, AnyTensor::F64(a)), (_, AnyTensor::F64(b))) => equal(a, b),
            _ => false,
        })
}

/// Gives all handles of each tie the value of the first, after that was changed in place.
pub(crate) fn sync_ties<M: Params>(model: &mut M) {
    let mut walk = Walk::new();
    model.leaves(&mut walk);
    if walk.met_alias() {
        *model = same(model);
    }
}
