//! Whole sequences of recurrent cells, forward and back.
//!
//! Tensors are dense, `[batch, time, width]`. The sequences of a batch have nothing to do with each other, so pieces of the
//! batch go their way through time on threads of their own; what is summed over the batch, the gradients to the weights,
//! is left to a matrix product over all of it.

pub(crate) mod gru;
pub(crate) mod lstm;

use super::block::Block;
use super::pool::{self, Pooled};
use super::threads;

/// Sequences that are computed together. At one step, their elements in a tensor are so far apart that they share few places
/// of a cache; so steps are computed in blocks without gaps, and results copied from there.
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
}

impl Sequences {
    /// The steps with the one that each comes after, in the order in which they are computed.
    fn steps(self) -> impl DoubleEndedIterator<Item = (usize, Option<usize>)> {
        let place = move |step| if self.reverse { self.time - 1 - step } else { step };
        (0..self.time).map(move |step| (place(step), step.checked_sub(1).map(place)))
    }

    /// What each step multiplies by its weights, `[batch, time, inputs + hidden]`: its inputs and the state before it, of
    /// the inputs `[batch, time, inputs]`, the states `[batch, time, hidden]` and the first of them `[batch, hidden]`.
    pub(crate) fn factors<T: Pooled + Sync>(self, x: &[T], h: &[T], start: &[T]) -> Block<T> {
        let (inputs, width) = (self.inputs, self.inputs + self.hidden);
        let mut out = pool::buffer(self.batch * self.time * width);
        threads::for_row_chunks(&mut out, self.time * width, 1, |first, out| {
            for (sequence, out) in (first..).zip(out.chunks_exact_mut(self.time * width)) {
                for (step, before) in self.steps() {
                    let (input, state) = out[step * width..][..width].split_at_mut(inputs);
                    input.copy_from_slice(&x[self.at(inputs, sequence, step)]);
                    let first = || &start[sequence * self.hidden..][..self.hidden];
                    state.copy_from_slice(
                        before.map_or_else(first, |before| &h[self.at(self.hidden, sequence, before)]),
                    );
                }
            }
        });
        out
    }

    /// The step that is computed last, of one at least.
    pub(crate) fn last(self) -> usize {
        if self.reverse { 0 } else { self.time - 1 }
    }

    /// The place of one sequence's elements at one step, in a piece of a tensor `[batch, time, width]`.
    fn at(self, width: usize, sequence: usize, step: usize) -> std::ops::Range<usize> {
        let start = (sequence * self.time + step) * width;
        start..start + width
    }

    /// A tensor of `width` elements a sequence by pieces of the batch.
    fn pieces<T>(self, x: &[T], width: usize) -> std::slice::Chunks<'_, T> {
        x.chunks((PIECE * width).max(1))
    }

    fn pieces_mut<T>(self, x: &mut [T], width: usize) -> std::slice::ChunksMut<'_, T> {
        x.chunks_mut((PIECE * width).max(1))
    }

    /// [`pieces_mut`](Self::pieces_mut) of a tensor that may be none.
    fn pieces_of_some<T>(self, x: Option<&mut [T]>, width: usize) -> impl Iterator<Item = Option<&mut [T]>> {
        let mut pieces = x.map(|x| self.pieces_mut(x, width));
        (0..self.batch.div_ceil(PIECE)).map(move |_| pieces.as_mut()?.next())
    }

    /// Whether the work is worth several threads: `cost` multiply-adds a step of a sequence.
    fn shared(self, cost: usize) -> bool {
        threads::worthwhile(self.batch.saturating_mul(self.time).saturating_mul(cost))
    }

    /// Does each piece's work, on several threads where it is enough.
    fn for_each<P>(self, pieces: impl Iterator<Item = P> + Send, cost: usize, work: impl Fn(P) + Sync) {
        threads::share_where(self.shared(cost), pieces, work);
    }
}

/// Four parts of equal length.
#[inline(always)]
fn four<T>(x: &[T]) -> [&[T]; 4] {
    let (low, high) = x.split_at(x.len() / 2);
    let ((a, b), (c, d)) = (low.split_at(low.len() / 2), high.split_at(high.len() / 2));
    [a, b, c, d]
}
