//! [`Tensor`]: an array of any rank with shared storage, and how it is made, read, shown and stored.
//!
//! What can be computed with tensors is in [`ops`](crate::ops).

mod any;
mod convert;
mod create;
mod display;
mod element;
mod layout;
mod serde;

use std::ops::Index as Indexing;
use std::sync::Arc;

pub use any::AnyTensor;
pub use create::IntoTensor;
pub use element::{Element, Float, Index};
pub(crate) use layout::{Layout, Shape, Strides, broadcast_shapes, list};

use crate::autodiff::Trace;
use crate::kernels::block::Block;
use crate::kernels::{Strided, copy, elementwise};

/// An array of any rank: row-major, with shared storage that is copied when it is written to (`clone` is cheap).
///
/// `T` is `f32` where nothing else is said. `f32` and `f64` differentiate ([`Float`]); integers and `bool` carry
/// labels, tokens and masks. Views (slices, transposes, broadcasts) share the storage of what they view.
///
/// Where the compiler asks for a type (`type annotations needed for Tensor<_>`), write `let x: Tensor = …`, or
/// `Tensor::<f64>::zeros(3)`.
///
/// Two tensors are equal (`==`) when their shapes and elements are; whether they are traced does not matter.
///
/// ```
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!(x.shape(), [2, 3]);
/// assert_eq!(x.t().slice(s![1.., 0]).to_vec(), [2.0, 3.0]);
/// assert_eq!((&x * 2.0 + 1.0).sum().item(), 48.0);
/// ```
#[must_use = "operations make new tensors and leave the old ones as they are"]
#[derive(Clone)]
pub struct Tensor<T: Element = f32> {
    storage: Arc<Block<T>>,
    layout: Layout,
    trace: Option<Trace>,
}

impl<T: Element> Tensor<T> {
    /// A dense tensor of elements in row-major order.
    pub(crate) fn from_dense(data: Block<T>, shape: &[usize]) -> Self {
        debug_assert_eq!(data.len(), shape.iter().product::<usize>());
        Tensor::from_layout(data, Layout::contiguous(shape))
    }

    pub(crate) fn from_layout(data: Block<T>, layout: Layout) -> Self {
        Tensor { storage: Arc::new(data), layout, trace: None }
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.layout.shape
    }

    /// The number of axes; 0 for a scalar.
    pub fn rank(&self) -> usize {
        self.layout.rank()
    }

    /// The number of elements; 1 for a scalar.
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the elements lie in row-major order without gaps, so that [`as_slice`](Self::as_slice) gives them.
    pub fn is_contiguous(&self) -> bool {
        self.layout.is_contiguous()
    }

    /// The elements in row-major order, where they lie so in the storage; see [`contiguous`](Self::contiguous).
    pub fn as_slice(&self) -> Option<&[T]> {
        self.is_contiguous().then(|| self.dense())
    }

    /// The elements, to write to. The storage is copied first where it is shared or not contiguous.
    ///
    /// # Panics
    /// On a tensor that is being differentiated: what is written would escape the gradient.
    #[track_caller]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        assert!(!self.is_traced(), "as_mut_slice: a tensor that is being differentiated can't be written to");
        self.trace = None;
        // `get_mut`, which is asked below, waits for other processors.
        if !self.is_contiguous() || Arc::strong_count(&self.storage) > 1 {
            *self = self.dense_copy();
        }
        let range = self.layout.offset..self.layout.offset + self.len();
        match Arc::get_mut(&mut self.storage) {
            Some(elements) => &mut elements[range],
            None => unreachable!("a fresh copy has one owner"),
        }
    }

    /// The same elements, contiguous in memory; a cheap clone where they are so already. Derivative: x̄ = ȳ.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).t();
    /// assert_eq!(x.as_slice(), None);
    /// assert_eq!(x.contiguous().as_slice(), Some(&[1.0, 3.0, 2.0, 4.0][..]));
    /// ```
    pub fn contiguous(&self) -> Tensor<T> {
        if self.is_contiguous() {
            return self.clone();
        }
        self.dense_copy().with_trace(self.trace.clone())
    }

    /// The only element of a tensor that has one.
    ///
    /// On a tensor that is being differentiated the number is a constant from there on.
    ///
    /// # Panics
    /// Where there is not exactly one element.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// assert_eq!(Tensor::scalar(3.0).item(), 3.0);
    /// ```
    #[track_caller]
    pub fn item(&self) -> T {
        assert!(
            self.len() == 1,
            "item: the tensor has {} elements, not one; its shape is {:?}",
            self.len(),
            self.shape()
        );
        self.storage[self.layout.offset]
    }

    /// The elements in row-major order.
    pub fn to_vec(&self) -> Vec<T> {
        match self.as_slice() {
            Some(elements) => elements.to_vec(),
            None => self.dense_copy().dense().to_vec(),
        }
    }

    /// The element at an index, one number an axis; `None` where it is out of range.
    pub fn get(&self, index: &[usize]) -> Option<&T> {
        if index.len() != self.rank() || index.iter().zip(self.shape()).any(|(i, length)| i >= length) {
            return None;
        }
        let steps = index.iter().zip(&self.layout.strides).map(|(&i, &stride)| i as isize * stride);
        self.storage.get(self.layout.offset.wrapping_add_signed(steps.sum()))
    }

    /// The dense elements; only for a contiguous tensor.
    pub(crate) fn dense(&self) -> &[T] {
        debug_assert!(self.is_contiguous());
        let len = self.len();
        if len == 0 { &[] } else { &self.storage[self.layout.offset..self.layout.offset + len] }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The whole storage, beyond what the layout reaches too.
    pub(crate) fn storage(&self) -> &[T] {
        &self.storage
    }

    /// Whether both tensors view the same elements of the same storage.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.storage, &other.storage) && self.layout == other.layout
    }

    /// Whether nobody else holds this storage, all of which this dense tensor views.
    pub(crate) fn is_sole_owner(&self) -> bool {
        Arc::strong_count(&self.storage) == 1 && self.is_contiguous() && self.len() == self.storage.len()
    }

    /// The same storage under another layout, untraced.
    pub(crate) fn with_layout(&self, layout: Layout) -> Self {
        Tensor { storage: self.storage.clone(), layout, trace: None }
    }

    pub(crate) fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    #[inline]
    pub(crate) fn with_trace(mut self, trace: Option<Trace>) -> Self {
        self.trace = trace;
        self
    }

    /// Whether a gradient that is being taken now watches this tensor, on whichever thread.
    pub fn is_traced(&self) -> bool {
        self.trace.as_ref().is_some_and(|trace| trace.live().is_some())
    }

    pub(crate) fn strided(&self) -> Strided<'_, T> {
        self.layout.of(&self.storage)
    }

    /// The elements in row-major order, in memory of their own; not differentiated.
    fn dense_copy(&self) -> Tensor<T> {
        Tensor::from_dense(copy::dense(self.strided()), self.shape())
    }

    /// `f` of every element; not differentiated.
    pub(crate) fn map_elements<U: Element>(&self, f: impl Fn(T) -> U + Copy + Sync) -> Tensor<U> {
        self.map_blocks(&elementwise::each(f))
    }

    /// [`map_elements`](Self::map_elements) by a loop.
    pub(crate) fn map_blocks<U: Element>(&self, each: &elementwise::Each<'_, T, U>) -> Tensor<U> {
        Tensor::from_dense(elementwise::map(self.strided(), each), self.shape())
    }
}

impl<T: Element> Default for Tensor<T> {
    /// An empty tensor of shape `[0]`.
    fn default() -> Self {
        Tensor::from_dense(Block::default(), &[0])
    }
}

impl<T: Element> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        if self.shape() != other.shape() {
            return false;
        }
        match (self.as_slice(), other.as_slice()) {
            (Some(a), Some(b)) => a == b,
            _ => self.view() == other.view(),
        }
    }
}

impl<T: Element, const N: usize> Indexing<[usize; N]> for Tensor<T> {
    type Output = T;

    /// The element at an index, one number an axis.
    #[track_caller]
    fn index(&self, index: [usize; N]) -> &T {
        match self.get(&index) {
            Some(element) => element,
            None if N != self.rank() => {
                panic!("index {index:?} has {N} numbers, but the shape {:?} has {} axes", self.shape(), self.rank())
            }
            None => panic!("index {index:?} is out of range for a tensor of shape {:?}", self.shape()),
        }
    }
}
