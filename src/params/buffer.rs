//! What a model remembers without training it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Kind, MapLeaf, MapModel, Mismatch, Mut, Pair, Params, Ref, Value, Walk};

/// What a [`Buffer`] can hold: anything that can be cloned, sent to another thread and stored.
pub trait Bufferable: Clone + Send + Serialize + DeserializeOwned + 'static {}

impl<B: Clone + Send + Serialize + DeserializeOwned + 'static> Bufferable for B {}

/// State that a forward pass changes and no gradient reaches: running statistics, a dropout's generator.
///
/// The copy of the model on which a gradient is taken shares the buffer, so what `forward` writes stays; `clone`
/// makes an independent one. Checkpoints hold it. Its tree is `()`.
///
/// ```
/// # use sapwood::params::Buffer;
/// let calls = Buffer::new(0u64);
/// calls.update(|n| *n += 1);
/// assert_eq!(calls.get(), 1);
/// ```
pub struct Buffer<B>(Arc<Mutex<B>>);

impl<B> Buffer<B> {
    /// A buffer that holds `value`.
    pub fn new(value: B) -> Self {
        Buffer(Arc::new(Mutex::new(value)))
    }

    /// Replaces the value.
    pub fn set(&self, value: B) {
        *self.lock() = value;
    }

    /// Changes the value in place and returns what `change` does; other threads wait meanwhile.
    pub fn update<R>(&self, change: impl FnOnce(&mut B) -> R) -> R {
        change(&mut self.lock())
    }

    /// Another handle of the same buffer.
    pub(crate) fn share(&self) -> Self {
        Buffer(self.0.clone())
    }

    /// A panic in `update` leaves the value as it stood: there is nothing to protect from.
    fn lock(&self) -> MutexGuard<'_, B> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Clone> Buffer<B> {
    /// A copy of the value.
    pub fn get(&self) -> B {
        self.lock().clone()
    }
}

impl<B: Clone> Clone for Buffer<B> {
    fn clone(&self) -> Self {
        Buffer::new(self.get())
    }
}

impl<B: Default> Default for Buffer<B> {
    fn default() -> Self {
        Buffer::new(B::default())
    }
}

impl<B: fmt::Debug> fmt::Debug for Buffer<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Buffer").field(&*self.lock()).finish()
    }
}

impl<B: PartialEq + Clone> PartialEq for Buffer<B> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<B: Serialize> Serialize for Buffer<B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.lock().serialize(serializer)
    }
}

impl<'de, B: Deserialize<'de>> Deserialize<'de> for Buffer<B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        B::deserialize(deserializer).map(Buffer::new)
    }
}

impl<B: Bufferable> Params for Buffer<B> {
    type Tree<K: Kind> = ();

    fn leaves<'a>(&'a self, _: &mut Walk) -> Self::Tree<Ref<'a, Value>> {}
    fn leaves_mut<'a>(&'a mut self, _: &mut Walk) -> Self::Tree<Mut<'a, Value>> {}
    fn tree_ref<'a, K: Kind + 'a>(_: &'a ()) {}
    fn tree_mut<'a, K: Kind + 'a>(_: &'a mut ()) {}
    fn zip_trees<A: Kind, B2: Kind>(_: (), _: (), _: &mut Walk) -> Result<Self::Tree<Pair<A, B2>>, Mismatch> {
        Ok(())
    }
    fn map_tree<A: Kind, B2: Kind>(_: (), _: &mut Walk, _: &mut impl MapLeaf<A, B2>) {}
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        f.buffer(walk, self)
    }
}
