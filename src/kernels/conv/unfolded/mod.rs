//! Convolutions as matrix products of weights and patches, which are copied to where the products' tiles want them, a block of
//! columns at a time.

#![allow(unsafe_code)]

mod patches;
mod weight;

use std::ops::Range;

use patches::{Channels, Patches, Planes, Run, runs};
pub(super) use weight::weight_gradient;

use super::plan::{self, Pass};
use super::tile::SLACK;
use super::{Geometry, Sums};
use crate::kernels::block::Block;
use crate::kernels::isa::vectorized;
use crate::kernels::matmul::{Start, Target};
use crate::kernels::pool;
use crate::kernels::threads::{PARALLEL_FROM, available, share_where};
use crate::kernels::vector::Wide;

/// Channels, each of inputs and outputs, below which it does not pay to copy patches.
const FEWEST: usize = 16;
/// Terms of a sum that are added at a time.
const TERMS: usize = 512;
/// Elements of planes, and of patches, that stay in the second-level cache.
const AT_HAND: usize = 1 << 16;
/// Columns at a time, at least and at most.
const COLUMNS: [usize; 2] = [32, 1024];
/// Columns for which it pays to read all weights.
const MANY: usize = 128;
/// Rows beside which it costs little to copy the patches once more.
const CUT: usize = 192;

/// Whether this way is taken for a convolution, its gradient to the input and its gradient to the weight: where sums of planes
/// go through many places that are no results, or few images have their planes filled several times. The numbers are measured.
pub(super) fn suits(g: &Geometry) -> bool {
    let channels = g.inputs.min(g.outputs);
    if channels < FEWEST || g.batch == 0 || g.y.contains(&0) {
        return false;
    }
    let (source, pass) = plan::forward(g);
    let [results, planes, runs] =
        [g.y.iter().product(), source.channel(), pass.run(&source).next_multiple_of(SLACK)].map(|n: usize| n as f64);
    let rows = super::rows_of_a_piece(g, g.outputs);
    let again = (1.0 - rows as f64 / g.outputs as f64).max(0.0);
    // The times of both ways, as multiples of the products' alone.
    let summed = runs / results + again * 20.0 * planes / results / (rows * pass.kernel_taps().len()) as f64;
    let unfolded = 1.01 + 10.0 / channels as f64;
    summed > unfolded
}

/// The results of a pass for the channels of a group: what they are made of, and where they belong.
struct Results<'a, T: Wide> {
    patches: Patches,
    /// A row for each channel of the result, if not as they lie.
    weights: Option<Block<T>>,
    /// Within a plane, and the elements between neighbours of a row.
    targets: Vec<usize>,
    step: usize,
    bias: Option<&'a [T]>,
}

/// The planes of some images' results; `image` elements from one image to the next.
struct Out<T> {
    first: *mut T,
    image: usize,
    plane: usize,
}

// SAFETY: threads that share it write results of their own, as `Results::write` demands.
unsafe impl<T: Send> Sync for Out<T> {}

/// Some channels of the result at some places of some images.
struct Piece {
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Sums {
    /// The sums of the passes, group by group: weights times patches.
    pub(super) fn unfolded<T: Wide>(
        &self,
        g: &Geometry,
        passes: &[Pass],
        (x, w): (&[T], &[T]),
        bias: Option<&[T]>,
    ) -> Block<T> {
        let (inputs, channels) = (self.from.channels, self.to.channels);
        let [x_image, y_image] = [&self.from, &self.to].map(|side| g.groups * side.channels * side.plane());
        let length = g.batch * y_image;
        let taken = || passes.iter().filter(|pass| pass.kernel_taps().len() > 0);
        let complete = taken().count() == passes.len();
        let mut out = if complete { pool::buffer(length) } else { pool::filled(length, T::zero()) };
        let filling = self.source.filling(self.from.lengths);
        for group in 0..g.groups {
            let w = &w[group * w.len() / g.groups..];
            let bias = bias.map(|bias| &bias[group * channels..][..channels]);
            let results: Vec<_> = taken().map(|pass| self.results(pass, w, bias)).collect();
            let fewest = results.iter().map(|results| results.targets.len()).min().unwrap_or(1);
            let image = inputs * self.source.channel();
            let images = |elements: usize| (elements / image).max(MANY.div_ceil(fewest)).min(g.batch);
            // Threads share images, each with planes of its own, or what is made of a few.
            let (some, enough) = (images(AT_HAND), 4 * available());
            let apart = g.batch.div_ceil(some) >= enough;
            let some = if apart { some } else { images(enough * AT_HAND) };
            let out = Out { first: out.as_mut_ptr(), image: y_image, plane: self.to.plane() };
            share_where(g.is_shared() && apart, (0..g.batch).step_by(some), |first| {
                let (images, shared) = (some.min(g.batch - first), g.is_shared() && !apart);
                let x = &x[first * x_image + group * x_image / g.groups..];
                let planes = Planes::of(&filling, Channels { x, images, apart: x_image, channels: inputs }, shared);
                let out = out.skip(first, group * channels);
                for results in &results {
                    share_where(shared, results.pieces(images, channels, shared).into_iter(), |piece| {
                        // SAFETY: there are as many images and channels; pieces, passes, images and groups have no result in
                        // common.
                        unsafe { results.write(&out, &piece, w, &planes) };
                    });
                }
            });
        }
        out
    }

    fn results<'a, T: Wide>(&self, pass: &Pass, w: &[T], bias: Option<&'a [T]>) -> Results<'a, T> {
        Results {
            patches: Patches::new(&self.source, pass, self.from.channels),
            weights: self.rows_of_weights(pass, w),
            targets: pass.targets(self.to.lengths),
            step: pass.step(),
            bias,
        }
    }

    /// A pass' weights of a group as a row for each channel of the result; `None` where they lie so.
    fn rows_of_weights<T: Wide>(&self, pass: &Pass, w: &[T]) -> Option<Block<T>> {
        let taps: Vec<_> = pass.kernel_taps().collect();
        let terms = self.from.channels * taps.len();
        if self.to.weight_stride == terms && self.from.weight_stride == taps.len() {
            return None;
        }
        let mut weights = pool::buffer(self.to.channels * terms);
        share_where(weights.len() >= PARALLEL_FROM, weights.chunks_mut(terms.max(1)).enumerate(), |(row, weights)| {
            for (channel, weights) in weights.chunks_exact_mut(taps.len()).enumerate() {
                let w = &w[row * self.to.weight_stride + channel * self.from.weight_stride..];
                weights.iter_mut().zip(&taps).for_each(|(weight, &tap)| *weight = w[tap]);
            }
        });
        Some(weights)
    }
}

impl<T> Out<T> {
    /// Without the first images and channels.
    fn skip(&self, images: usize, channels: usize) -> Self {
        Out { first: self.first.wrapping_add(images * self.image + channels * self.plane), ..*self }
    }
}

impl<T: Wide> Results<'_, T> {
    /// Pieces of the results for some images and so many channels.
    fn pieces(&self, images: usize, channels: usize, shared: bool) -> Vec<Piece> {
        let (results, terms, enough) =
            (self.targets.len(), self.patches.terms(), if shared { 4 * available() } else { 1 });
        let [least, most] = COLUMNS;
        // By image, results are written where they belong; what does not fill vectors is computed and dropped.
        let dropped = results.next_multiple_of(SLACK) - results;
        let by_image = results >= least && dropped * terms <= 16 * results;
        let (lines, line) = if by_image { (images, results) } else { (1, images * results) };
        let width = (AT_HAND / terms.clamp(1, TERMS)).min(images * results / enough).clamp(least, most);
        let width = line.div_ceil(line.div_ceil(width)).next_multiple_of(least);
        let blocks = lines * line.div_ceil(width);
        let height = channels.div_ceil((channels / CUT).min(enough.div_ceil(blocks)).max(1));
        let firsts = (0..lines).flat_map(|i| (0..line).step_by(width).map(move |first| (i, first)));
        let columns = firsts.map(|(i, first)| i * line + first..i * line + line.min(first + width));
        let rows = || (0..channels).step_by(height).map(|first| first..channels.min(first + height));
        columns.flat_map(|columns| rows().map(move |rows| Piece { rows, columns: columns.clone() })).collect()
    }

    /// Makes the results of a piece.
    ///
    /// # Safety
    /// `out` has room for all images that have these columns and for the channels; nothing else reads or writes these results
    /// meanwhile.
    unsafe fn write(&self, out: &Out<T>, piece: &Piece, weights: &[T], planes: &Planes<'_, T>) {
        let Piece { rows, columns } = piece;
        let runs = runs(&self.targets, out.image, columns.clone(), self.step, usize::MAX);
        let out = out.skip(0, rows.start);
        if let ([run], 1) = (&runs[..], self.step) {
            let first = out.first.wrapping_add(run.at);
            // SAFETY: the contract: the results of each row lie side by side.
            unsafe {
                self.product(first, out.plane, piece, weights, planes);
                self.shift(first, out.plane, piece);
            }
        } else {
            let mut sums = pool::buffer(rows.len() * columns.len());
            // SAFETY: `sums` holds the rows; for `put`, the contract.
            unsafe {
                self.product(sums.as_mut_ptr(), columns.len(), piece, weights, planes);
                self.put(&sums, &runs, &out, piece);
            }
        }
    }

    /// Adds the biases to results whose rows start `stride` elements apart.
    ///
    /// # Safety
    /// The rows are there, and nothing else reads or writes them meanwhile.
    unsafe fn shift(&self, first: *mut T, stride: usize, piece: &Piece) {
        let bias = self.bias.map_or(&[][..], |bias| &bias[piece.rows.clone()]);
        for (row, &bias) in bias.iter().enumerate() {
            // SAFETY: the contract.
            let row = unsafe { std::slice::from_raw_parts_mut(first.add(row * stride), piece.columns.len()) };
            vectorized!(|| row.iter_mut().for_each(|y| *y += bias));
        }
    }

    /// Puts the sums of a piece where they belong, plus the biases; `out` starts with the piece's first channel.
    ///
    /// # Safety
    /// As of [`write`](Self::write).
    unsafe fn put(&self, sums: &[T], runs: &[Run], out: &Out<T>, piece: &Piece) {
        for (channel, sums) in sums.chunks_exact(piece.columns.len()).enumerate() {
            let bias = self.bias.map_or(T::zero(), |bias| bias[piece.rows.start + channel]);
            for run in runs {
                let to = out.first.wrapping_add(channel * out.plane + run.at);
                // SAFETY: the contract.
                let put = |(i, &sum): (usize, &T)| unsafe { *to.add(i * self.step) = sum + bias };
                sums[run.column..][..run.length].iter().enumerate().for_each(put);
            }
        }
    }

    /// Weights times patches, in rows `stride` elements apart.
    ///
    /// # Safety
    /// There is room for the piece's rows and columns, which nothing else reads or writes meanwhile.
    unsafe fn product(&self, out: *mut T, stride: usize, piece: &Piece, weights: &[T], planes: &Planes<'_, T>) {
        let Piece { rows, columns } = piece;
        let (weights, terms) = (self.weights.as_deref().unwrap_or(weights), self.patches.terms());
        for term in (0..terms).step_by(TERMS) {
            let panels = self.patches.panels(planes, term..terms.min(term + TERMS), columns.clone());
            let start = if term == 0 { Start::Zero } else { Start::Out };
            let target = Target { out, stride, start, streamed: false };
            // SAFETY: the contract.
            unsafe { panels.rows(&weights[rows.start * terms + term..], terms, target, rows.len()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::suits;
    use crate::kernels::conv::Geometry;

    fn geometry(batch: usize, [inputs, outputs]: [usize; 2], side: usize, [kernel, stride]: [usize; 2]) -> Geometry {
        let (before, y) = (kernel / 2, (side + kernel / 2 * 2 - kernel) / stride + 1);
        let [x, y, kernel, stride] = [side, y, kernel, stride].map(|length| [1, length, length]);
        Geometry {
            batch,
            groups: 1,
            inputs,
            outputs,
            x,
            y,
            kernel,
            stride,
            dilation: [1; 3],
            before: [0, before, before],
        }
    }

    #[test]
    fn which_convolutions_are_unfolded() {
        // Measured beside the sums of planes (`examples/operations`): those listed first took 0.5 to 0.9 times as long.
        let unfolded = [
            geometry(32, [32, 64], 8, [5, 1]),
            geometry(128, [256, 256], 2, [1, 1]),
            geometry(16, [512, 512], 7, [3, 2]),
            geometry(8, [256, 64], 14, [1, 1]),
            geometry(1, [64, 64], 56, [1, 1]),
            geometry(4, [256, 512], 28, [1, 2]),
        ];
        let summed = [
            geometry(16, [16, 16], 28, [5, 1]),
            geometry(64, [32, 32], 32, [7, 1]),
            geometry(32, [64, 64], 56, [1, 1]),
            geometry(32, [3, 64], 28, [7, 2]),
            geometry(1, [32, 32], 56, [5, 1]),
        ];
        unfolded.iter().for_each(|g| assert!(suits(g), "{g:?}"));
        summed.iter().for_each(|g| assert!(!suits(g), "{g:?}"));
    }
}
