//! An operand of an elementwise operation, read in dense blocks whatever its layout.

use smallvec::SmallVec;

use super::block::Block;
use super::copy::{self, copy_line};
use super::pool::Pooled;
use super::strided::{Lines, Strided};

/// Elements that are put together at a time: few enough that all operands' stay in the first-level cache.
const BLOCK: usize = 512;

/// Lines at least so long are cut into blocks of their own, which are read where they stand.
const LONG: usize = 128;

/// Where a block is put together that does not stand in the operand as it is.
pub(super) struct Scratch<T> {
    elements: SmallVec<[T; BLOCK]>,
    /// Where on its line the first element stands.
    phase: usize,
}

impl<T> Scratch<T> {
    pub(super) fn new() -> Self {
        Scratch { elements: SmallVec::new(), phase: 0 }
    }
}

/// A tensor, as it is read.
pub(super) enum Operand<'a, T: Pooled> {
    /// All elements side by side.
    Dense(&'a [T]),
    /// A copy of those whose innermost axis is neither dense nor repeats one element.
    Copied(Block<T>),
    /// One number, again and again.
    Number(T),
    Lines(InLines<'a, T>),
}

/// A tensor whose innermost axis is dense or repeats one element.
pub(super) struct InLines<'a, T> {
    data: &'a [T],
    lines: Lines<1>,
    /// Whether all lines are the same one: so it is with a row that is broadcast.
    repeats: bool,
}

impl<'a, T: Pooled + Sync> Operand<'a, T> {
    pub(super) fn new(x: Strided<'a, T>) -> Self {
        if let Some(data) = x.dense() {
            return Operand::Dense(data);
        }
        if x.shape.iter().zip(x.strides).all(|(&length, &stride)| length == 1 || stride == 0)
            && let Some(&number) = x.data.get(x.offset)
        {
            return Operand::Number(number);
        }
        let lines = Lines::new(x.shape, [x.strides], [x.offset]);
        if matches!(lines.strides, [0 | 1]) {
            return Operand::Lines(InLines { data: x.data, repeats: lines.repeat(), lines });
        }
        Operand::Copied(copy::dense(x))
    }

    /// How many of `length` elements from `start` on make a block that needs no putting together, or the same as the
    /// one before.
    #[inline]
    pub(super) fn cut(&self, start: usize, length: usize) -> usize {
        match self {
            Operand::Dense(_) | Operand::Copied(_) => length,
            Operand::Number(_) => length.min(BLOCK),
            Operand::Lines(x) => x.cut(start, length),
        }
    }

    /// The elements from `start` on in row-major order, as many as [`cut`](Self::cut) allows at most.
    #[inline]
    pub(super) fn block<'b>(&'b self, start: usize, length: usize, scratch: &'b mut Scratch<T>) -> &'b [T] {
        match self {
            Operand::Dense(data) => &data[start..start + length],
            Operand::Copied(block) => &block[start..start + length],
            Operand::Number(number) => {
                if scratch.elements.len() < length {
                    scratch.elements.resize(length, *number);
                }
                &scratch.elements[..length]
            }
            Operand::Lines(x) => x.block(start, length, scratch),
        }
    }
}

impl<T: Pooled> InLines<'_, T> {
    fn cut(&self, start: usize, length: usize) -> usize {
        let (line, dense) = (self.lines.length, self.lines.strides == [1]);
        if self.repeats && line <= BLOCK {
            let most = length.min(BLOCK);
            if most > line { most - most % line } else { most }
        } else if dense && line >= LONG {
            length.min(line - start % line)
        } else {
            length.min(BLOCK)
        }
    }

    fn block<'b>(&'b self, start: usize, length: usize, scratch: &'b mut Scratch<T>) -> &'b [T] {
        let lines = &self.lines;
        let phase = start % lines.length;
        if lines.strides == [1] && phase + length <= lines.length {
            let from = lines.start(start / lines.length)[0] + phase;
            return &self.data[from..from + length];
        }
        let again = self.repeats && scratch.phase == phase;
        if !again || scratch.elements.len() < length {
            scratch.phase = phase;
            self.put_together(start, length, &mut scratch.elements);
        }
        &scratch.elements[..length]
    }

    #[inline(never)]
    fn put_together(&self, start: usize, length: usize, block: &mut SmallVec<[T; BLOCK]>) {
        let Lines { length: line, strides: [stride], .. } = self.lines;
        block.resize(length, T::default());
        let (mut rest, mut phase) = (&mut block[..length], start % line);
        self.lines.for_each(start / line, (phase + length).div_ceil(line), |[start]| {
            let count = (line - phase).min(rest.len());
            let (here, others) = std::mem::take(&mut rest).split_at_mut(count);
            copy_line(here, self.data, start.wrapping_add_signed(stride * phase as isize), stride);
            (rest, phase) = (others, 0);
        });
    }
}
