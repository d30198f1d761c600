//! What rules remember, and how it is cut into chunks.

use std::fmt::Debug;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::tensor::{Float, Tensor};

/// What a rule remembers of a leaf, cut into chunks together with it.
pub trait Slots<T: Float>: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync {
    /// The part that belongs to a chunk.
    type Chunk<'a>: Send
    where
        Self: 'a;

    /// The part that belongs to the whole leaf.
    fn chunk(&mut self) -> Self::Chunk<'_>;

    /// The parts of a chunk's first `at` elements and of those after them. Never asked of what is
    /// [`whole`](Slots::whole).
    fn split<'a>(chunk: Self::Chunk<'a>, at: usize) -> (Self::Chunk<'a>, Self::Chunk<'a>)
    where
        Self: 'a;

    /// Whether all tensors have the given shape.
    fn fits(&self, shape: &[usize]) -> bool;

    /// Whether this can't be cut: the leaf is then one chunk.
    fn whole(&self) -> bool {
        false
    }
}

impl<T: Float> Slots<T> for () {
    type Chunk<'a> = ();

    fn chunk(&mut self) {}

    #[inline(always)]
    fn split<'a>(_: (), _: usize) -> ((), ())
    where
        Self: 'a,
    {
        ((), ())
    }
    fn fits(&self, _: &[usize]) -> bool {
        true
    }
}

impl<T: Float> Slots<T> for Tensor<T> {
    type Chunk<'a> = &'a mut [T];

    fn chunk(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
    #[inline(always)]
    fn split<'a>(chunk: &'a mut [T], at: usize) -> (&'a mut [T], &'a mut [T])
    where
        Self: 'a,
    {
        chunk.split_at_mut(at)
    }
    fn fits(&self, shape: &[usize]) -> bool {
        self.shape() == shape
    }
}

macro_rules! tensors {
    ($count:literal, $($a:ident)+) => {
        impl<T: Float> Slots<T> for [Tensor<T>; $count] {
            type Chunk<'a> = [&'a mut [T]; $count];

            fn chunk(&mut self) -> Self::Chunk<'_> {
                self.each_mut().map(Tensor::as_mut_slice)
            }
            #[inline(always)]
            fn split<'a>([$($a),+]: Self::Chunk<'a>, at: usize) -> (Self::Chunk<'a>, Self::Chunk<'a>)
            where
                Self: 'a,
            {
                $(let $a = $a.split_at_mut(at);)+
                ([$($a.0),+], [$($a.1),+])
            }
            fn fits(&self, shape: &[usize]) -> bool {
                self.iter().all(|tensor| tensor.fits(shape))
            }
        }
    };
}

tensors!(2, a b);
tensors!(3, a b c);
tensors!(4, a b c d);

impl<T: Float, S: Slots<T>> Slots<T> for Option<S> {
    type Chunk<'a>
        = Option<S::Chunk<'a>>
    where
        Self: 'a;

    fn chunk(&mut self) -> Option<S::Chunk<'_>> {
        self.as_mut().map(S::chunk)
    }
    #[inline(always)]
    fn split<'a>(chunk: Option<S::Chunk<'a>>, at: usize) -> (Option<S::Chunk<'a>>, Option<S::Chunk<'a>>)
    where
        Self: 'a,
    {
        chunk.map(|chunk| S::split(chunk, at)).unzip()
    }
    fn fits(&self, shape: &[usize]) -> bool {
        self.as_ref().is_none_or(|slots| slots.fits(shape))
    }
    fn whole(&self) -> bool {
        self.as_ref().is_some_and(S::whole)
    }
}

/// What a rule remembers of a leaf as a whole: a count, a number, a tensor of another shape. The leaf is then one
/// chunk, in which the rule gets a mutable reference to the value.
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

    fn chunk(&mut self) -> &mut V {
        &mut self.value
    }
    fn split<'a>(_: &'a mut V, _: usize) -> (&'a mut V, &'a mut V)
    where
        Self: 'a,
    {
        unreachable!("what is remembered of a leaf as a whole is not cut")
    }
    fn fits(&self, shape: &[usize]) -> bool {
        self.shape == shape
    }
    fn whole(&self) -> bool {
        true
    }
}
