//! What rules remember, and how it is cut into chunks.

use std::fmt::Debug;
use std::iter;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::tensor::{Float, Tensor};

/// What a rule remembers of a leaf, cut into chunks together with it.
pub trait Slots<T: Float>: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync {
    /// The part that belongs to a chunk.
    type Chunk<'a>: Send
    where
        Self: 'a;

    /// The parts that belong to the chunks of `size` elements, in order; at least as many as there are chunks.
    fn chunks(&mut self, size: usize) -> impl Iterator<Item = Self::Chunk<'_>>;

    /// Whether all tensors have the given shape.
    fn fits(&self, shape: &[usize]) -> bool;

    /// Whether this can't be cut: the leaf is then one chunk.
    fn whole(&self) -> bool {
        false
    }
}

impl<T: Float> Slots<T> for () {
    type Chunk<'a> = ();

    fn chunks(&mut self, _: usize) -> impl Iterator<Item = ()> {
        iter::repeat(())
    }
    fn fits(&self, _: &[usize]) -> bool {
        true
    }
}

impl<T: Float> Slots<T> for Tensor<T> {
    type Chunk<'a> = &'a mut [T];

    fn chunks(&mut self, size: usize) -> impl Iterator<Item = &mut [T]> {
        self.as_mut_slice().chunks_mut(size)
    }
    fn fits(&self, shape: &[usize]) -> bool {
        self.shape() == shape
    }
}

impl<T: Float> Slots<T> for [Tensor<T>; 2] {
    type Chunk<'a> = [&'a mut [T]; 2];

    fn chunks(&mut self, size: usize) -> impl Iterator<Item = [&mut [T]; 2]> {
        let [a, b] = self;
        a.chunks(size).zip(b.chunks(size)).map(|(a, b)| [a, b])
    }
    fn fits(&self, shape: &[usize]) -> bool {
        self.iter().all(|tensor| tensor.fits(shape))
    }
}

impl<T: Float> Slots<T> for [Tensor<T>; 3] {
    type Chunk<'a> = [&'a mut [T]; 3];

    fn chunks(&mut self, size: usize) -> impl Iterator<Item = [&mut [T]; 3]> {
        let [a, b, c] = self;
        a.chunks(size).zip(b.chunks(size)).zip(c.chunks(size)).map(|((a, b), c)| [a, b, c])
    }
    fn fits(&self, shape: &[usize]) -> bool {
        self.iter().all(|tensor| tensor.fits(shape))
    }
}

impl<T: Float> Slots<T> for [Tensor<T>; 4] {
    type Chunk<'a> = [&'a mut [T]; 4];

    fn chunks(&mut self, size: usize) -> impl Iterator<Item = [&mut [T]; 4]> {
        let [a, b, c, d] = self;
        let pairs = a.chunks(size).zip(b.chunks(size)).zip(c.chunks(size).zip(d.chunks(size)));
        pairs.map(|((a, b), (c, d))| [a, b, c, d])
    }
    fn fits(&self, shape: &[usize]) -> bool {
        self.iter().all(|tensor| tensor.fits(shape))
    }
}

impl<T: Float, S: Slots<T>> Slots<T> for Option<S> {
    type Chunk<'a>
        = Option<S::Chunk<'a>>
    where
        Self: 'a;

    fn chunks(&mut self, size: usize) -> impl Iterator<Item = Option<S::Chunk<'_>>> {
        let mut chunks = self.as_mut().map(|slots| slots.chunks(size));
        iter::from_fn(move || match &mut chunks {
            Some(chunks) => chunks.next().map(Some),
            None => Some(None),
        })
    }
    fn fits(&self, shape: &[usize]) -> bool {
        self.as_ref().is_none_or(|slots| slots.fits(shape))
    }
    fn whole(&self) -> bool {
        self.as_ref().is_some_and(S::whole)
    }
}

/// What a rule remembers of a leaf as a whole: a count, a number, a tensor of another shape. The leaf is then one chunk,
/// in which the rule gets a mutable reference to the value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerLeaf<V> {
    /// What is remembered.
    pub value: V,
    shape: Vec<usize>,
}

impl<V> PerLeaf<V> {
    /// The value for a leaf.
    pub fn new<T: Float>(value: V, x: &Tensor<T>) -> Self {
        PerLeaf { value, shape: x.shape().to_vec() }
    }
}

impl<T: Float, V> Slots<T> for PerLeaf<V>
where
    V: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Chunk<'a> = &'a mut V;

    fn chunks(&mut self, _: usize) -> impl Iterator<Item = &mut V> {
        iter::once(&mut self.value)
    }
    fn fits(&self, shape: &[usize]) -> bool {
        self.shape == shape
    }
    fn whole(&self) -> bool {
        true
    }
}
