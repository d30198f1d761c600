//! Memory that is used again: what a step frees, the next step takes.
//!
//! Large blocks from the system come as pages that fault when they are first touched, at several times the cost of
//! the arithmetic on them. So each thread keeps the buffers that tensors free.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// Elements below which the system's allocator is as fast.
const SMALLEST: usize = 1024;
/// Elements that a thread keeps of each type; when more come, it lets go of all it has.
const MOST: usize = 1 << 27;

/// Free buffers by capacity. Their elements are initialised, with whatever they last held.
#[derive(Debug)]
pub struct Pool<T> {
    free: BTreeMap<usize, Vec<Vec<T>>>,
    elements: usize,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Pool { free: BTreeMap::new(), elements: 0 }
    }
}

/// A type that has a pool on each thread.
pub trait Pooled: Copy + Default + Send + 'static {
    /// Calls `f` with this thread's pool; `None` while the thread is ending, or within another call.
    fn with_pool<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R>;
}

macro_rules! pooled {
    ($($t:ty)*) => {$(
        impl Pooled for $t {
            fn with_pool<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R> {
                thread_local!(static POOL: RefCell<Pool<$t>> = RefCell::default());
                POOL.try_with(|pool| pool.try_borrow_mut().ok().map(|mut pool| f(&mut pool))).ok().flatten()
            }
        }
    )*};
}

pooled!(f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 isize usize bool);

/// A buffer of `len` elements of no particular value.
pub(crate) fn buffer<T: Pooled>(len: usize) -> Vec<T> {
    let pooled = (len >= SMALLEST).then(|| T::with_pool(|pool| pool.take(len))).flatten().flatten();
    pooled.unwrap_or_else(|| vec![T::default(); len])
}

/// A buffer of `len` equal elements.
pub(crate) fn filled<T: Pooled>(len: usize, value: T) -> Vec<T> {
    let mut buffer = buffer(len);
    buffer.fill(value);
    buffer
}

/// Keeps a buffer that is no longer needed.
pub(crate) fn recycle<T: Pooled>(buffer: Vec<T>) {
    if buffer.capacity() >= SMALLEST {
        T::with_pool(|pool| pool.give(buffer));
    }
}

impl<T: Copy + Default> Pool<T> {
    /// The smallest buffer that is large enough and not wastefully so.
    fn take(&mut self, len: usize) -> Option<Vec<T>> {
        let (&capacity, buffers) = self.free.range_mut(len..=len + len / 4).next()?;
        let mut buffer = buffers.pop()?;
        if buffers.is_empty() {
            self.free.remove(&capacity);
        }
        self.elements -= capacity;
        buffer.resize(len, T::default());
        Some(buffer)
    }

    fn give(&mut self, buffer: Vec<T>) {
        let capacity = buffer.capacity();
        if self.elements + capacity > MOST {
            self.free.clear();
            self.elements = 0;
        }
        if capacity <= MOST {
            self.elements += capacity;
            self.free.entry(capacity).or_default().push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_buffer_is_used_again() {
        let first = filled::<i16>(5000, 7);
        let place = first.as_ptr();
        recycle(first);
        let second = buffer::<i16>(4500);
        assert_eq!((second.as_ptr(), second.len()), (place, 4500));
        let third = buffer::<i16>(4500);
        assert_ne!(third.as_ptr(), place);
    }

    #[test]
    fn a_buffer_of_another_size_or_too_much_memory_is_not_kept_for_long() {
        recycle(filled::<u16>(100_000, 1));
        assert_eq!(u16::with_pool(|pool| pool.take(2000).is_none()), Some(true));
        recycle(Vec::<u16>::with_capacity(MOST + 1));
        assert_eq!(u16::with_pool(|pool| pool.elements), Some(0));
    }
}
