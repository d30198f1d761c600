//! Models as trees: [`Params`] and its derive, [`Kind`]s of leaves, and walks through trees in declaration order.
//!
//! A model is any type that implements [`Params`]. For every [`Kind`] of leaf there is a tree of the model's shape,
//! `M::Tree<K>`: with [`Gradient`](crate::autodiff::Gradient) it is what `gradient` returns, with
//! [`Optimising`](crate::optim::Optimising) what `setup` returns. All that is done with trees is made of seven
//! structural functions, which the derive writes:
//!
//! | function | from | to |
//! | --- | --- | --- |
//! | [`leaves`](Params::leaves), [`leaves_mut`](Params::leaves_mut) | a model | a tree of references to its tensors |
//! | [`tree_ref`](Params::tree_ref), [`tree_mut`](Params::tree_mut) | a tree | a tree of references to its leaves |
//! | [`zip_trees`](Params::zip_trees) | two trees | a tree of pairs |
//! | [`map_tree`](Params::map_tree) | a tree | a tree of another kind |
//! | [`map_model`](Params::map_model) | a model | a model with other tensors |

mod buffer;
mod frozen;
mod impls;
mod kind;
mod mode;
mod summary;
mod tied;
mod vector;
mod walk;

pub use buffer::{Buffer, Bufferable};
pub use frozen::Frozen;
pub use kind::{Kind, Leaf, Mut, Nothing, Pair, Ref, Value};
pub use mode::Mode;
pub use sapwood_derive::Params;
pub(crate) use summary::grouped;
pub use summary::{Summary, SummaryRow};
pub(crate) use tied::sync_ties;
pub use tied::{Tied, TiedTree};
pub use vector::{from_vector, to_vector};
pub use walk::{Mismatch, Walk};
pub(crate) use walk::{place, within};

use crate::tensor::{AnyTensor, Float, Tensor};

/// A model: a type whose tensors can be trained.
///
/// Derive it for your structs and enums. It is implemented for [`Tensor`]s of `f32` and `f64` (the leaves), for
/// tuples, arrays, `Vec`, `Option`, `Box` and string-keyed `BTreeMap`s of models, and, with the tree `()`, for what
/// has nothing to train: numbers, `bool`, strings, function pointers, `PhantomData`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a parameter tree",
    label = "nothing says what there is to train in this type",
    note = "if it is a model of yours, put `#[derive(Params)]` on it",
    note = "if there is nothing to train in it, put `#[params(skip)]` on the field",
    note = "a map of models is a `BTreeMap<String, M>` (`HashMap` has no order); parts that are shared are `Tied<M>`"
)]
pub trait Params: Sized {
    /// The model's own fields, with `K` at the leaves; `()` where there is nothing to train.
    type Tree<K: Kind>: Tree<K>;

    /// References to all tensors that train.
    fn leaves<'a>(&'a self, walk: &mut Walk) -> Self::Tree<Ref<'a, Value>>;

    /// Mutable references to all tensors that train.
    fn leaves_mut<'a>(&'a mut self, walk: &mut Walk) -> Self::Tree<Mut<'a, Value>>;

    /// References to the leaves of a tree.
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Self::Tree<K>) -> Self::Tree<Ref<'a, K>>;

    /// Mutable references to the leaves of a tree.
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Self::Tree<K>) -> Self::Tree<Mut<'a, K>>;

    /// Two trees side by side, or where they differ.
    fn zip_trees<A: Kind, B: Kind>(
        a: Self::Tree<A>,
        b: Self::Tree<B>,
        walk: &mut Walk,
    ) -> Result<Self::Tree<Pair<A, B>>, Mismatch>;

    /// The tree that has `f` of each leaf, visited in declaration order.
    fn map_tree<A: Kind, B: Kind>(tree: Self::Tree<A>, walk: &mut Walk, f: &mut impl MapLeaf<A, B>) -> Self::Tree<B>;

    /// A copy of the model with `f` of each tensor, visited in declaration order. All else is cloned.
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self;

    /// The tensors that train, with their paths (`layers.0.weight`), in declaration order. A tied one comes once.
    fn parameters(&self) -> Vec<(String, AnyTensor)> {
        summary::parameters(self)
    }

    /// How many numbers there are to train.
    fn num_parameters(&self) -> usize {
        self.parameters().iter().map(|(_, tensor)| tensor.len()).sum()
    }

    /// A table of all tensors of `f32` and `f64`, to be printed: paths, shapes, types, sizes, which are frozen, totals.
    /// (A table of the layers, with the shapes of their outputs, is [`nn::outline`](crate::nn::outline()).)
    fn summary(&self) -> Summary {
        Summary::new(self)
    }

    /// Layers that behave otherwise in training, such as dropout, do so always: sets every [`Mode`] of the model.
    fn train_mode(&mut self) {
        mode::set(self, Mode::Train);
    }

    /// Layers that behave otherwise in training never do so, even while a gradient is being taken.
    fn test_mode(&mut self) {
        mode::set(self, Mode::Test);
    }

    /// Layers that behave otherwise in training do so while a gradient is being taken: the default.
    fn auto_mode(&mut self) {
        mode::set(self, Mode::Auto);
    }
}

/// A tree of a model, with `K` at its leaves.
pub trait Tree<K: Kind>: Sized {
    /// A model whose tree this is.
    type Model: Params<Tree<K> = Self>;
}

/// What [`Params::map_tree`] does with a leaf.
pub trait MapLeaf<A: Kind, B: Kind> {
    /// The new leaf, for the leaf where the walk stands.
    fn leaf<T: Float>(&mut self, walk: &Walk, leaf: A::Leaf<T>) -> B::Leaf<T>;
}

/// What [`Params::map_model`] does with a tensor.
pub trait MapModel {
    /// The new tensor, for one that trains.
    fn leaf<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T>;

    /// The new tensor, for one within a [`Frozen`] part: the same where nothing else is said.
    fn frozen<T: Float>(&mut self, _walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        tensor.clone()
    }

    /// The new buffer: the same one, shared, where nothing else is said.
    fn buffer<B: Bufferable>(&mut self, _walk: &Walk, buffer: &Buffer<B>) -> Buffer<B> {
        buffer.share()
    }

    /// The new mode: the same where nothing else is said.
    fn mode(&mut self, _walk: &Walk, mode: Mode) -> Mode {
        mode
    }
}
