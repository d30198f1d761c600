//! What stands at the leaves of a tree.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::tensor::{Float, Tensor};

/// What stands at each leaf of a tree: a type for every scalar type.
///
/// Gradients, optimiser states and whatever else has a model's shape are kinds; a model's tree is generic over them.
pub trait Kind {
    /// What stands where the model has a `Tensor<T>`.
    type Leaf<T: Float>;
}

/// A leaf of a tree: a transparent wrapper of what the [`Kind`] puts there, to which it dereferences.
pub struct Leaf<K: Kind, T: Float>(pub K::Leaf<T>);

impl<K: Kind, T: Float> Deref for Leaf<K, T> {
    type Target = K::Leaf<T>;
    fn deref(&self) -> &K::Leaf<T> {
        &self.0
    }
}

impl<K: Kind, T: Float> DerefMut for Leaf<K, T> {
    fn deref_mut(&mut self) -> &mut K::Leaf<T> {
        &mut self.0
    }
}

impl<K: Kind<Leaf<T>: Clone>, T: Float> Clone for Leaf<K, T> {
    fn clone(&self) -> Self {
        Leaf(self.0.clone())
    }
}

impl<K: Kind<Leaf<T>: fmt::Debug>, T: Float> fmt::Debug for Leaf<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K: Kind<Leaf<T>: PartialEq>, T: Float> PartialEq for Leaf<K, T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Kind<Leaf<T>: Serialize>, T: Float> Serialize for Leaf<K, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, K: Kind<Leaf<T>: Deserialize<'de>>, T: Float> Deserialize<'de> for Leaf<K, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Leaf(Deserialize::deserialize(deserializer)?))
    }
}

/// The kind of a model's own leaves: tensors.
#[derive(Clone, Copy, Debug)]
pub enum Value {}

impl Kind for Value {
    type Leaf<T: Float> = Tensor<T>;
}

/// The kind of a tree of nothing, for walks that only look.
#[derive(Clone, Copy, Debug)]
pub enum Nothing {}

impl Kind for Nothing {
    type Leaf<T: Float> = ();
}

/// References to the leaves of another tree.
#[derive(Clone, Copy, Debug)]
pub struct Ref<'a, K>(PhantomData<&'a K>);

impl<'a, K: Kind + 'a> Kind for Ref<'a, K> {
    type Leaf<T: Float> = &'a K::Leaf<T>;
}

/// Mutable references to the leaves of another tree.
#[derive(Debug)]
pub struct Mut<'a, K>(PhantomData<&'a mut K>);

impl<'a, K: Kind + 'a> Kind for Mut<'a, K> {
    type Leaf<T: Float> = &'a mut K::Leaf<T>;
}

/// The leaves of two trees side by side.
#[derive(Clone, Copy, Debug)]
pub struct Pair<A, B>(PhantomData<(A, B)>);

impl<A: Kind, B: Kind> Kind for Pair<A, B> {
    type Leaf<T: Float> = (A::Leaf<T>, B::Leaf<T>);
}
