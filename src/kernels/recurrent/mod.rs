//! Whole sequences of recurrent cells, forward and back.
//!
//! Tensors are dense, `[batch, time, width]`; records, which only the way back reads, lie as they are written (see
//! [`Sequences::step`]). The sequences of a batch have nothing to do with each other, so pieces of the
//! batch go their way through time on threads of their own; what is summed over the batch, the gradients to the weights,
//! is left to a matrix product over all of it.

pub(crate) mod gru;
pub(crate) mod lstm;

use super::block::Block;
use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::threads;

/// Sequences that are computed together. At one step, their elements in a tensor are so far apart that they share few places
/// of a cache, and the processor reads none of them ahead; in a record they lie side by side.
const PIECE: usize = 16;

/// The lengths of a batch of sequences, and which way they go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sequences {
    pub(crate) batch: usize,
    pub(crate) time: usize,
    pub(crate) inputs: usize,
    pub(crate) hidden: usize,
    /// From the last step to the first.
    pub(crate) reverse: bool,
    /// Whether there will be a way back, which needs records of all steps.
    pub(crate) recorded: bool,
}

impl Sequences {
    /// The steps with the one that each comes after, in the order in which they are computed.
    fn steps(self) -> impl DoubleEndedIterator<Item = (usize, Option<usize>)> {
        let place = move |step| if self.reverse { self.time - 1 - step } else { step };
        (0..self.time).map(move |step| (place(step), step.checked_sub(1).map(place)))
    }

    /// A record of `width` elements at each step of a sequence; of the step at hand where none is [`recorded`](Self::recorded).
    pub(crate) fn record<T: Pooled>(self, width: usize) -> Block<T> {
        pool::buffer(self.batch * self.steps_of_record() * width)
    }

    fn steps_of_record(self) -> usize {
        if self.recorded { self.time } else { 1 }
    }

    /// Fills what a step of a piece multiplies by its weights, `inputs + hidden` wide: the inputs of its sequences, of which the
    /// piece has those from number `first` on, and the states before it, from h `[sequences of the piece, time, hidden]` or where
    /// there is no step before, `start`.
    fn fill_factors<T: Copy>(
        self,
        factors: &mut [T],
        (first, x): (usize, &[T]),
        (t, before): (usize, Option<usize>),
        [h, start]: [&[T]; 2],
    ) {
        let n = self.hidden;
        for (row, factors) in factors.chunks_exact_mut(self.inputs + n).enumerate() {
            let (input, state) = factors.split_at_mut(self.inputs);
            input.copy_from_slice(&x[self.at(self.inputs, first + row, t)]);
            let start = || &start[row * n..][..n];
            state.copy_from_slice(before.map_or_else(start, |before| &h[self.at(n, row, before)]));
        }
    }

    /// The place of one sequence's elements at one step, in a piece of a tensor `[batch, time, width]`.
    fn at(self, width: usize, sequence: usize, step: usize) -> std::ops::Range<usize> {
        let start = (sequence * self.time + step) * width;
        start..start + width
    }

    /// The place of all sequences' elements at one step, in a piece of a record `[pieces, time, sequences of a piece, width]`.
    fn step(self, width: usize, sequences: usize, step: usize) -> std::ops::Range<usize> {
        let (length, step) = (sequences * width, if self.recorded { step } else { 0 });
        step * length..(step + 1) * length
    }

    /// A tensor of `width` elements a sequence by pieces of the batch.
    fn pieces<T>(self, x: &[T], width: usize) -> std::slice::Chunks<'_, T> {
        x.chunks((PIECE * width).max(1))
    }

    fn pieces_mut<T>(self, x: &mut [T], width: usize) -> std::slice::ChunksMut<'_, T> {
        x.chunks_mut((PIECE * width).max(1))
    }

    /// A record of `width` elements by pieces of the batch.
    fn record_pieces<T>(self, x: &[T], width: usize) -> std::slice::Chunks<'_, T> {
        self.pieces(x, width * self.steps_of_record())
    }

    fn record_pieces_mut<T>(self, x: &mut [T], width: usize) -> std::slice::ChunksMut<'_, T> {
        self.pieces_mut(x, width * self.steps_of_record())
    }

    /// [`pieces_mut`](Self::pieces_mut) of a tensor that may be none.
    fn pieces_of_some<T>(self, x: Option<&mut [T]>, width: usize) -> impl Iterator<Item = Option<&mut [T]>> {
        let mut pieces = x.map(|x| self.pieces_mut(x, width));
        (0..self.batch.div_ceil(PIECE)).map(move |_| pieces.as_mut()?.next())
    }

    /// Zeros, as many as a row has for each piece: sums that do not depend on the number of threads.
    fn sums<T: Pooled + num_traits::Zero>(self, width: usize) -> Block<T> {
        pool::filled(self.batch.div_ceil(PIECE) * width, T::zero())
    }

    /// Whether the work is worth several threads: `cost` multiply-adds a step of a sequence.
    fn shared(self, cost: usize) -> bool {
        threads::worthwhile(self.batch.saturating_mul(self.time).saturating_mul(cost))
    }

    /// Does each piece's work, on several threads where it is enough.
    fn for_each<P: Send>(self, pieces: impl Iterator<Item = P>, cost: usize, work: impl Fn(P) + Sync) {
        threads::share_where(self.shared(cost), pieces.collect::<Vec<_>>().into_iter(), work);
    }
}

/// Adds rows to sums, in order: few enough to be work for one thread.
fn sum_rows<T: num_traits::Float>(rows: &[T], sums: &mut [T]) {
    let width = sums.len();
    vectorized!(|| for row in rows.chunks_exact(width) {
        sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum = *sum + x);
    });
}

/// Four parts of equal length.
#[inline(always)]
fn four<T>(x: &[T]) -> [&[T]; 4] {
    let (low, high) = x.split_at(x.len() / 2);
    let ((a, b), (c, d)) = (low.split_at(low.len() / 2), high.split_at(high.len() / 2));
    [a, b, c, d]
}
