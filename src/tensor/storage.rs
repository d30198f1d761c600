//! The memory behind tensors.

use std::ops::{Deref, DerefMut};

use super::Element;
use crate::kernels::pool;

/// Elements that go back to the pool of the thread that drops them.
pub(super) struct Storage<T: Element>(Vec<T>);

impl<T: Element> Storage<T> {
    pub(super) fn new(elements: Vec<T>) -> Self {
        Storage(elements)
    }

    /// The elements, out of the pool's reach.
    pub(super) fn into_vec(mut self) -> Vec<T> {
        std::mem::take(&mut self.0)
    }
}

impl<T: Element> Drop for Storage<T> {
    fn drop(&mut self) {
        pool::recycle(std::mem::take(&mut self.0));
    }
}

impl<T: Element> Deref for Storage<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Element> DerefMut for Storage<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}
