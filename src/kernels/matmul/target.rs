//! Where a product is written, and what it is added to.

#![allow(unsafe_code)]

use super::Sizes;
use crate::kernels::block;
use crate::kernels::vector::Wide;

/// Rows of a result, where one of its elements is, and where sums start.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct Target<T> {
    pub(in crate::kernels) out: *mut T,
    /// Elements from one row to the next.
    pub(in crate::kernels) stride: usize,
    pub(in crate::kernels) start: Start<T>,
    /// Whether whole vectors are written past the caches; rows start with a line then.
    pub(in crate::kernels) streamed: bool,
}

// SAFETY: threads that share a target write elements of their own, as the functions that take one demand.
unsafe impl<T: Send> Sync for Target<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Target<T> {}

/// What is added to a product.
#[derive(Clone, Copy)]
pub(in crate::kernels) enum Start<T> {
    Zero,
    /// What the result was before.
    Out,
    /// The same row to each.
    Row(*const T),
}

impl<T: Wide> Target<T> {
    /// The target, written past the caches where its lines allow it and it has no fewer than `from` elements: it would not stay
    /// in a cache until it is read, and each line would be read from memory before it is written.
    pub(super) fn streamed(self, Sizes { m, n, .. }: Sizes, from: usize) -> Self {
        let streamed = m * n >= from && self.begins_lines() && !matches!(self.start, Start::Out);
        Target { streamed, ..self }
    }

    /// Whether each row starts where a line does, and every vector where vectors are aligned.
    pub(super) fn begins_lines(self) -> bool {
        [self.out.addr(), self.stride * size_of::<T>()].into_iter().all(|bytes| bytes.is_multiple_of(block::LINE))
    }

    /// The target without its first rows and columns.
    pub(super) fn skip(self, rows: usize, columns: usize) -> Self {
        let start = match self.start {
            Start::Row(row) => Start::Row(row.wrapping_add(columns)),
            start => start,
        };
        Target { out: self.out.wrapping_add(rows * self.stride + columns), start, ..self }
    }

    /// The target for the terms from number `term` on, once those before have been added.
    pub(super) fn after(self, term: usize) -> Self {
        if term == 0 { self } else { Target { start: Start::Out, ..self } }
    }

    /// Where the sums start from, and the elements from one row of it to the next; none for zeros.
    #[inline(always)]
    pub(super) fn origin(self) -> Option<(*const T, usize)> {
        match self.start {
            Start::Zero => None,
            Start::Out => Some((self.out.cast_const(), self.stride)),
            Start::Row(row) => Some((row, 0)),
        }
    }

    /// Writes an element of the product, plus what it starts from.
    ///
    /// # Safety
    /// The element lies within the target, and nothing else reads or writes it meanwhile.
    #[inline(always)]
    pub(super) unsafe fn put(self, row: usize, column: usize, product: T) {
        // SAFETY: the contract.
        unsafe { *self.out.add(row * self.stride + column) = self.first(row, column) + product };
    }

    /// What the sum at a row and a column starts from.
    ///
    /// # Safety
    /// The element lies within the target.
    #[inline(always)]
    pub(super) unsafe fn first(self, row: usize, column: usize) -> T {
        // SAFETY: the contract.
        unsafe { self.origin().map_or(T::zero(), |(start, stride)| *start.add(row * stride + column)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Start, Target};
    use crate::kernels::block::LINE;
    use crate::kernels::matmul::Sizes;

    #[test]
    fn what_cannot_be_written_past_the_caches() {
        let (mut out, sizes) = ([0.0_f32; 33 * 64], Sizes { m: 32, k: 1, n: 64 });
        let line = out.as_ptr().align_offset(LINE);
        let target = Target { out: out[line..].as_mut_ptr(), stride: 64, start: Start::Zero, streamed: false };
        assert!(target.streamed(sizes, 32 * 64).streamed);
        assert!(!target.streamed(sizes, 32 * 64 + 1).streamed, "too small");
        assert!(!target.skip(0, 1).streamed(sizes, 0).streamed, "rows within a line");
        assert!(!Target { stride: 66, ..target }.streamed(sizes, 0).streamed, "rows that start at different places");
        assert!(!Target { start: Start::Out, ..target }.streamed(sizes, 0).streamed, "what is read first");
    }
}
