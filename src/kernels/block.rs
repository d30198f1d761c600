//! Elements in memory that begin where a line of the cache does.

use std::ops::{Deref, DerefMut};

use super::pages;
use super::pool::{self, Pooled};

/// Bytes of a line. A vector that does not lie in two of them is loaded and stored faster; one that lies in two pages
/// costs many times as much. What the system's allocator gives starts 16 bytes into a page where it is large.
pub(crate) const LINE: usize = 64;

/// Elements that a block holds within itself: for so few, the system's allocator takes longer than most operations.
const FEW: usize = 16;

/// A run of elements, within memory that may have more before and after them.
///
/// Large blocks that are made here start where a line does; those that take over a `Vec` start where it does. When a block is
/// dropped, its memory goes back to the pool of the thread that drops it.
#[derive(Debug)]
pub(crate) struct Block<T: Pooled> {
    memory: Memory<T>,
    len: usize,
}

/// Where the elements of a block are.
#[derive(Debug)]
enum Memory<T> {
    Here([T; FEW]),
    Heap { elements: Vec<T>, start: usize },
}

impl<T: Pooled> Block<T> {
    /// Elements that memory needs beyond those of a block whose start is to be chosen.
    pub(super) const SLACK: usize = (LINE / size_of::<T>()).saturating_sub(1);

    /// The first `len` elements from the start of a line on; of memory with less than [`SLACK`](Self::SLACK) more, the last.
    pub(super) fn within(memory: Vec<T>, len: usize) -> Self {
        let start = memory.as_ptr().align_offset(LINE).min(memory.len() - len);
        Block::part(memory, start, len)
    }

    /// The default of `len` elements, where so few fit into a block.
    pub(super) fn of_few(len: usize) -> Option<Self> {
        (len <= FEW).then(|| Block { memory: Memory::Here([T::default(); FEW]), len })
    }

    /// `len` elements of some memory, from a place on.
    ///
    /// # Panics
    /// Where the memory ends before.
    pub(crate) fn part(memory: Vec<T>, start: usize, len: usize) -> Self {
        assert!(start + len <= memory.len(), "{len} elements from {start} on do not lie in {}", memory.len());
        Block { memory: Memory::Heap { elements: memory, start }, len }
    }

    /// The memory, and where the elements start in it.
    pub(crate) fn into_memory(mut self) -> (Vec<T>, usize) {
        match &mut self.memory {
            Memory::Here(elements) => (elements[..self.len].to_vec(), 0),
            Memory::Heap { elements, start } => (std::mem::take(elements), *start),
        }
    }

    /// `len` zeros that are to last: not from the pool, but the system's own, which need no filling.
    pub(crate) fn zeros(len: usize) -> Self {
        Block::of_few(len).unwrap_or_else(|| Block::within(pages::zeros(len + Self::SLACK), len))
    }
}

impl<T: Pooled> Drop for Block<T> {
    fn drop(&mut self) {
        if let Memory::Heap { elements, .. } = &mut self.memory {
            pool::recycle(std::mem::take(elements));
        }
    }
}

impl<T: Pooled> Default for Block<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Pooled> Deref for Block<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.memory {
            Memory::Here(elements) => &elements[..self.len],
            Memory::Heap { elements, start } => &elements[*start..start + self.len],
        }
    }
}

impl<T: Pooled> DerefMut for Block<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.memory {
            Memory::Here(elements) => &mut elements[..self.len],
            Memory::Heap { elements, start } => &mut elements[*start..*start + self.len],
        }
    }
}

impl<T: Pooled> From<Vec<T>> for Block<T> {
    /// Takes over the memory.
    fn from(memory: Vec<T>) -> Self {
        let len = memory.len();
        Block::part(memory, 0, len)
    }
}

impl<T: Pooled> FromIterator<T> for Block<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let elements = elements.into_iter();
        let mut block = pool::buffer(elements.size_hint().0);
        let (mut places, mut more) = (block.iter_mut(), vec![]);
        // The iterator runs its own loop: what draws random numbers takes half the time so.
        elements.for_each(|x| match places.next() {
            Some(place) => *place = x,
            None => more.push(x),
        });
        let left = places.len();
        if left == 0 && more.is_empty() {
            return block;
        }
        [&block[..block.len() - left], &more].concat().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_blocks_start_with_a_line() {
        for len in [1024, 1031, 70_000] {
            for block in [pool::buffer::<f32>(len), Block::zeros(len), (0..len).map(|i| i as f32).collect()] {
                assert_eq!((block.as_ptr().addr() % LINE, block.len()), (0, len));
            }
            assert_eq!(pool::buffer::<bool>(len).as_ptr().addr() % LINE, 0);
        }
    }

    #[test]
    fn collecting_does_not_depend_on_what_an_iterator_says_of_its_length() {
        let unknown = (0..3000).filter(|i| i % 2 == 0).collect::<Block<i32>>();
        let expected = (0..1500).map(|i| 2 * i).collect::<Block<i32>>();
        assert_eq!(unknown[..], expected[..]);
        let mut said = vec![7, 8, 9].into_iter();
        let short = std::iter::from_fn(|| said.next());
        assert_eq!(short.collect::<Block<i32>>()[..], [7, 8, 9]);
    }

    #[test]
    fn few_elements_lie_in_the_block() {
        for len in [0, 1, FEW, FEW + 1] {
            let mut block = pool::filled(len, 2.5f64);
            block.iter_mut().zip(0..).for_each(|(x, i)| *x += f64::from(i));
            assert_eq!(matches!(block.memory, Memory::Here(_)), len <= FEW);
            let expected: Vec<f64> = (0..len).map(|i| 2.5 + i as f64).collect();
            assert_eq!((block[..].to_vec(), block.into_memory().0), (expected.clone(), expected));
        }
        assert_eq!(Block::<i32>::zeros(3)[..], [0; 3]);
    }

    #[test]
    fn a_vec_keeps_its_memory() {
        let memory = vec![1.5f64; 3000];
        let place = memory.as_ptr();
        let block = Block::from(memory);
        assert_eq!((block.as_ptr(), block.len()), (place, 3000));
        assert_eq!(block.into_memory(), (vec![1.5; 3000], 0));
    }
}
