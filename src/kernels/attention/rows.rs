//! The rows of one head, which lie between those of others.

#![allow(unsafe_code)]

use std::marker::PhantomData;

/// Rows of one head's matrix in a dense `[groups, length, heads, width]`, to write to.
pub(super) struct Rows<'a, T> {
    first: *mut T,
    count: usize,
    width: usize,
    /// From one row to the next.
    stride: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: they stand for mutable slices; no two have an element in common.
unsafe impl<T: Send> Send for Rows<'_, T> {}

impl<'a, T> Rows<'a, T> {
    /// Those of each head: of all heads of one group, then the next's.
    pub(super) fn of_heads(
        x: &'a mut [T],
        groups: usize,
        heads: usize,
        width: usize,
    ) -> impl Iterator<Item = Rows<'a, T>> {
        let stride = heads * width;
        let count = x.len() / (groups * stride);
        assert!(count > 0 && x.len() == groups * count * stride, "no whole rows");
        let first = x.as_mut_ptr();
        (0..groups * heads).map(move |head| {
            let start = head / heads * count * stride + head % heads * width;
            // SAFETY: the start of the first row, which the slice has.
            Rows { first: unsafe { first.add(start) }, count, width, stride, slice: PhantomData }
        })
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn row(&mut self, row: usize) -> &mut [T] {
        assert!(row < self.count, "there are {} rows", self.count);
        // SAFETY: there is such a row, which is nobody else's, and the borrow of `self` guards it.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(row * self.stride), self.width) }
    }

    /// Consecutive pieces of at most `length` rows.
    pub(super) fn pieces(self, length: usize) -> impl Iterator<Item = Rows<'a, T>> {
        (0..self.count).step_by(length).map(move |row| Rows {
            // SAFETY: there is such a row.
            first: unsafe { self.first.add(row * self.stride) },
            count: length.min(self.count - row),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn every_element_belongs_to_one_piece_of_one_head() {
        let [groups, length, heads, width] = [2, 5, 3, 4];
        let mut x = vec![0; groups * length * heads * width];
        for (head, rows) in Rows::of_heads(&mut x, groups, heads, width).enumerate() {
            for (piece, mut rows) in rows.pieces(2).enumerate() {
                assert_eq!(rows.count(), if piece == 2 { 1 } else { 2 });
                for row in 0..rows.count() {
                    rows.row(row).iter_mut().for_each(|x| *x += 100 * head + 10 * piece + row + 1);
                }
            }
        }
        for (at, &x) in x.iter().enumerate() {
            let (group, row, head) = (at / (length * heads * width), at / (heads * width) % length, at / width % heads);
            assert_eq!(x, 100 * (group * heads + head) + 10 * (row / 2) + row % 2 + 1);
        }
    }

    #[test]
    #[should_panic(expected = "there are 5 rows")]
    fn a_row_that_is_not_there() {
        let mut x = [0; 10];
        let mut rows = Rows::of_heads(&mut x, 1, 2, 1).next().unwrap();
        rows.row(5);
    }
}
