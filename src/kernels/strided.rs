//! Reading slices through shapes and strides.

use smallvec::SmallVec;

/// Elements of a slice laid out by a shape, strides and an offset (see `tensor::layout`).
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) shape: &'a [usize],
    pub(crate) strides: &'a [isize],
    pub(crate) offset: usize,
}

impl<'a, T> Strided<'a, T> {
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The elements in row-major order, where they lie so side by side.
    pub(crate) fn dense(&self) -> Option<&'a [T]> {
        if !is_dense(self.shape, self.strides) {
            return None;
        }
        self.data.get(self.offset..self.offset + self.len())
    }
}

/// Whether the elements, in row-major order, are neighbours.
#[inline]
pub(crate) fn is_dense(shape: &[usize], strides: &[isize]) -> bool {
    let mut expected = 1;
    for (&length, &stride) in shape.iter().zip(strides).rev() {
        if length == 0 {
            return true;
        }
        if length != 1 {
            if stride != expected {
                return false;
            }
            expected *= length as isize;
        }
    }
    true
}

/// One innermost line after the other, through `N` operands of one shape at once.
///
/// Neighbouring axes that every operand walks evenly are merged first, so a dense tensor of any rank is one line.
pub(crate) struct Lines<const N: usize> {
    outer: SmallVec<[(usize, [isize; N]); 4]>,
    /// Elements to a line.
    pub(crate) length: usize,
    /// Distance between neighbours on a line, for each operand.
    pub(crate) strides: [isize; N],
    /// How many lines there are.
    pub(crate) count: usize,
    offsets: [usize; N],
}

impl<const N: usize> Lines<N> {
    pub(crate) fn new(shape: &[usize], strides: [&[isize]; N], offsets: [usize; N]) -> Self {
        let mut merged = merged(shape, strides);
        let (length, strides) = merged.pop().unwrap_or((1, [1; N]));
        let count = merged.iter().map(|(length, _)| length).product();
        Lines { outer: merged, length, strides, count, offsets }
    }

    /// Whether all lines are the same one.
    pub(super) fn repeat(&self) -> bool {
        self.outer.iter().all(|(_, strides)| *strides == [0; N])
    }

    /// The offsets of the first elements of a line.
    pub(super) fn start(&self, line: usize) -> [usize; N] {
        let (mut offsets, mut rest) = (self.offsets, line);
        for (length, strides) in self.outer.iter().rev() {
            for i in 0..N {
                offsets[i] = offsets[i].wrapping_add_signed(strides[i] * (rest % length) as isize);
            }
            rest /= length;
        }
        offsets
    }

    /// Calls `visit` with the offsets of each line's first elements, for `count` lines from number `first`.
    #[inline(always)]
    pub(crate) fn for_each(&self, first: usize, count: usize, mut visit: impl FnMut([usize; N])) {
        if self.length == 0 || count == 0 {
            return;
        }
        let mut offsets = self.offsets;
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, self.outer.len());
        let mut rest = first;
        for (axis, (length, strides)) in self.outer.iter().enumerate().rev() {
            index[axis] = rest % length;
            rest /= length;
            for i in 0..N {
                offsets[i] = offsets[i].wrapping_add_signed(strides[i] * index[axis] as isize);
            }
        }
        for _ in 0..count {
            visit(offsets);
            for (axis, (length, strides)) in self.outer.iter().enumerate().rev() {
                index[axis] += 1;
                for i in 0..N {
                    offsets[i] = offsets[i].wrapping_add_signed(strides[i]);
                }
                if index[axis] < *length {
                    break;
                }
                index[axis] = 0;
                for i in 0..N {
                    offsets[i] = offsets[i].wrapping_add_signed(-strides[i] * *length as isize);
                }
            }
        }
    }
}

/// The axes longer than one, each with the strides of the operands; neighbours that every operand walks evenly as one.
pub(super) fn merged<const N: usize>(shape: &[usize], strides: [&[isize]; N]) -> SmallVec<[(usize, [isize; N]); 4]> {
    let mut merged: SmallVec<[(usize, [isize; N]); 4]> = SmallVec::new();
    for axis in 0..shape.len() {
        let here = strides.map(|strides| strides[axis]);
        let length = shape[axis];
        if length == 1 {
            continue;
        }
        match merged.last_mut() {
            Some((before, coarse)) if (0..N).all(|i| coarse[i] == here[i] * length as isize) => {
                *before *= length;
                *coarse = here;
            }
            _ => merged.push((length, here)),
        }
    }
    merged
}
