//! Memory that is used again: what a step frees, the next step takes.
//!
//! Large blocks from the system come as pages that fault when they are first touched, at several times the cost of
//! the arithmetic on them. So each thread keeps the buffers that tensors free.

use std::cell::RefCell;

use super::block::Block;
use super::{pages, threads};

/// Elements below which the system's allocator is as fast.
const SMALLEST: usize = 1024;
/// Elements that a thread keeps of each type at most.
const MOST: usize = 1 << 27;
/// Sizes that a thread remembers.
const SIZES: usize = 256;

/// Free buffers. Their elements are initialised, with whatever they last held.
#[derive(Debug)]
pub struct Pool<T> {
    /// One for each capacity, the smallest first.
    shelves: Vec<Shelf<T>>,
    /// How many elements are free.
    free: usize,
    /// Counts the buffers that were asked for.
    clock: u64,
}

/// Buffers of one capacity.
#[derive(Debug)]
struct Shelf<T> {
    capacity: usize,
    free: Vec<Vec<T>>,
    /// How many are lent, and were lent at once at most: no more are kept, or what is allocated elsewhere and freed by
    /// tensors would pile up here.
    lent: usize,
    most_lent: usize,
    /// When one of them was last asked for.
    used: u64,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Pool { shelves: vec![], free: 0, clock: 0 }
    }
}

/// A type that has a pool on each thread.
pub trait Pooled: Copy + Default + Send + Sync + 'static {
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

/// A block of `len` elements of no particular value.
pub(crate) fn buffer<T: Pooled>(len: usize) -> Block<T> {
    if len < SMALLEST {
        return Block::of_few(len).unwrap_or_else(|| pages::zeros(len).into());
    }
    let room = len + Block::<T>::SLACK;
    let memory = T::with_pool(|pool| pool.take(room)).flatten();
    Block::within(memory.unwrap_or_else(|| pages::zeros(room)), len)
}

/// A block of `len` equal elements.
pub(crate) fn filled<T: Pooled>(len: usize, value: T) -> Block<T> {
    let mut block = buffer(len);
    threads::for_chunks(&mut block, |_, part| part.fill(value));
    block
}

/// Keeps the memory of a block that is dropped.
pub(super) fn recycle<T: Pooled>(memory: Vec<T>) {
    if memory.capacity() >= SMALLEST {
        T::with_pool(|pool| pool.give(memory));
    }
}

impl<T: Copy + Default> Pool<T> {
    /// The smallest buffer that is large enough and not wastefully so. Where there is none, the caller makes one of that
    /// length, which counts as lent.
    fn take(&mut self, len: usize) -> Option<Vec<T>> {
        self.clock += 1;
        if self.shelves.len() >= SIZES {
            self.shelves.retain(|shelf| !shelf.free.is_empty());
        }
        let at_least = self.shelves.partition_point(|shelf| shelf.capacity < len);
        let fitting = |shelf: &&Shelf<T>| shelf.capacity <= len + len / 4;
        let filled = self.shelves[at_least..].iter().take_while(fitting).position(|shelf| !shelf.free.is_empty());
        let place = at_least + filled.unwrap_or(0);
        if filled.is_none() && self.shelves.get(place).is_none_or(|shelf| shelf.capacity != len) {
            self.shelves.insert(place, Shelf { capacity: len, free: vec![], lent: 0, most_lent: 0, used: 0 });
        }
        let shelf = &mut self.shelves[place];
        shelf.used = self.clock;
        shelf.lent += 1;
        shelf.most_lent = shelf.most_lent.max(shelf.lent);
        let mut buffer = shelf.free.pop()?;
        self.free -= shelf.capacity;
        buffer.resize(len, T::default());
        Some(buffer)
    }

    fn give(&mut self, buffer: Vec<T>) {
        let capacity = buffer.capacity();
        let Ok(place) = self.shelves.binary_search_by_key(&capacity, |shelf| shelf.capacity) else { return };
        let shelf = &mut self.shelves[place];
        shelf.lent = shelf.lent.saturating_sub(1);
        if shelf.free.len() < shelf.most_lent {
            shelf.free.push(buffer);
            self.free += capacity;
        }
        while self.free > MOST {
            self.drop_oldest();
        }
    }

    /// Drops a buffer of the size that was not asked for for the longest time.
    fn drop_oldest(&mut self) {
        let filled = self.shelves.iter_mut().filter(|shelf| !shelf.free.is_empty());
        if let Some(shelf) = filled.min_by_key(|shelf| shelf.used) {
            shelf.free.pop();
            self.free -= shelf.capacity;
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
        drop(first);
        let second = buffer::<i16>(4500);
        assert_eq!((second.as_ptr(), second.len()), (place, 4500));
        let third = buffer::<i16>(4500);
        assert_ne!(third.as_ptr(), place);
    }

    #[test]
    fn no_more_is_kept_than_was_lent() {
        let (first, second) = (filled::<u16>(5000, 1), filled::<u16>(3000, 1));
        recycle(vec![0u16; 6000]);
        drop((first, second));
        let room = 5000 + Block::<u16>::SLACK;
        (0..10).for_each(|_| recycle(vec![0u16; room]));
        assert_eq!(u16::with_pool(|pool| pool.free), Some(3000 + Block::<u16>::SLACK + room));
    }

    #[test]
    fn what_nobody_asks_for_goes_first() {
        let buffers = [MOST / 2, MOST / 2 - 10_000, 20_000].map(buffer::<i8>);
        buffers.into_iter().for_each(drop);
        assert_eq!(i8::with_pool(|pool| pool.free), Some(MOST / 2 + 10_000 + 2 * Block::<i8>::SLACK));
    }

    #[test]
    fn a_wastefully_large_buffer_is_not_taken() {
        drop(filled::<u32>(100_000, 1));
        assert_eq!(u32::with_pool(|pool| pool.take(2000).is_none()), Some(true));
    }
}
