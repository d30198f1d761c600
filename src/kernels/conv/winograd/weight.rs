//! The kernels' transform, and the gradient to them: w̄ = Gᵀ [Σ over tiles of (A ȳ Aᵀ) ⊙ (Bᵀ x B)] G.

use std::mem::take;
use std::ops::Range;

use super::patches::{Images, Scratch, Tiles, Transformed, transform_patches};
use super::transform::{Input, Kernel, KernelGradient, OutputGradient, Places, transform};
use super::{GROUP, OF_ONES, PLACES};
use crate::kernels::block::Block;
use crate::kernels::conv::{Geometry, PARTIAL, PIECES, in_parallel};
use crate::kernels::isa::vectorized;
use crate::kernels::matmul::{Matrix, Sizes, product};
use crate::kernels::pool;
use crate::kernels::reduce::sum_of_parts;
use crate::kernels::threads::{available, for_row_chunks};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::Wide;

/// Tiles that are computed together: what the products are summed over at a time.
const RUN: usize = 64;

/// Tiles of a part at least: each part's sums are transformed back and added to those of the others.
const PART: usize = 128;

/// Inputs whose kernels are transformed together.
const INPUTS: usize = 8;

/// Kernels of three by three numbers, from each input to each output.
pub(super) struct Kernels<'a, T> {
    pub(super) w: &'a [T],
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    /// Elements from the kernel of one output to that of the next, and of one input.
    pub(super) strides: [usize; 2],
    /// Half round.
    pub(super) turned: bool,
}

impl<T: Wide> Kernels<'_, T> {
    /// G w Gᵀ of all: `[groups of outputs, 36, inputs, GROUP]`.
    pub(super) fn transformed(&self) -> Block<T> {
        let group = PLACES * self.inputs * GROUP;
        let mut out = pool::buffer(self.outputs.div_ceil(GROUP) * group);
        for_row_chunks(&mut out, group, 1, |first, out| {
            for (i, out) in out.chunks_exact_mut(group).enumerate() {
                self.transform_group((first + i) * GROUP, out);
            }
        });
        out
    }

    fn transform_group(&self, first: usize, out: &mut [T]) {
        let outputs = GROUP.min(self.outputs - first);
        let (mut taps, mut columns) = ([T::zero(); 9 * INPUTS * GROUP], [T::zero(); 18 * INPUTS * GROUP]);
        for input in (0..self.inputs).step_by(INPUTS) {
            let count = INPUTS.min(self.inputs - input);
            let tap = count * GROUP;
            for i in 0..count {
                let from = &self.w[first * self.strides[0] + (input + i) * self.strides[1]..];
                transpose(from, self.strides[0], &mut taps[i * GROUP..], tap, [outputs, 9]);
            }
            let (starts, ends) = (self.in_order(3 * tap), Places::new(0, 3 * tap));
            transform::<_, Kernel, 3, 6>((&taps, starts), (&mut columns, ends), 3 * tap, 1);
            let place = self.inputs * GROUP;
            let ends = Places::new(input * GROUP, place).step(6 * place);
            transform::<_, Kernel, 3, 6>((&columns, self.in_order(tap).step(3 * tap)), (out, ends), tap, 6);
        }
    }

    /// Three places at a distance.
    fn in_order(&self, distance: usize) -> Places<3> {
        let Places { mut starts, step } = Places::new(0, distance);
        if self.turned {
            starts.reverse();
        }
        Places { starts, step }
    }
}

/// What some images give to the gradient to some groups of inputs: `[groups of inputs, taps, outputs, GROUP]`; and with the
/// first of these, to the gradient of the biases.
struct Piece<'a, T> {
    images: Range<usize>,
    inputs: Range<usize>,
    out: &'a mut [T],
    biases: &'a mut [T],
}

/// The w̄ and b̄ of a convolution.
pub(in crate::kernels::conv) fn weight_gradient<T: Wide>(g: &Geometry, x: &[T], y: &[T]) -> [Block<T>; 2] {
    let (groups, tap) = (g.inputs.div_ceil(GROUP), g.outputs * GROUP);
    let size = groups * 9 * tap;
    let x = Images::inputs(g, x);
    let y = Images { elements: y, channels: g.outputs, lengths: [g.y[1], g.y[2]], before: [0; 2] };
    let parts =
        (g.batch * Tiles::of(g, RUN).of_image() / PART).clamp(1, g.batch.min(PIECES)).min((PARTIAL / size).max(1));
    let part = |part: usize| part * g.batch / parts;
    // Inputs are shared only where parts are fewer than threads: each piece transforms all outputs.
    let together = groups.div_ceil(available().div_ceil(parts));
    let mut partial = pool::buffer(parts * size);
    let mut biases = pool::filled(parts * g.outputs, T::zero());
    let mut pieces: Vec<_> = partial
        .chunks_exact_mut(size)
        .zip(biases.chunks_exact_mut(g.outputs))
        .enumerate()
        .flat_map(|(i, (out, mut biases))| {
            let some = out.chunks_mut(together * 9 * tap).zip((0..g.inputs).step_by(together * GROUP));
            some.map(move |(out, first)| {
                let inputs = first..g.inputs.min(first + together * GROUP);
                Piece { images: part(i)..part(i + 1), inputs, out, biases: take(&mut biases) }
            })
        })
        .collect();
    in_parallel(g, &mut pieces, 1, |piece| of_images(g, x, y, piece));
    let sums = sum_of_parts(partial, size);
    let mut out = pool::buffer(g.outputs * g.inputs * 9);
    for_row_chunks(&mut out, g.inputs * 9, 1, |first, out| {
        for (output, kernels) in (first..).zip(out.chunks_exact_mut(g.inputs * 9)) {
            for (sums, kernels) in sums.chunks_exact(9 * tap).zip(kernels.chunks_mut(GROUP * 9)) {
                transpose(&sums[output * GROUP..], tap, kernels, 9, [9, kernels.len() / 9]);
            }
        }
    });
    [out, sum_of_parts(biases, g.outputs)]
}

/// Adds to the biases' gradients, where there are any, the sums of some tiles.
fn add_sums<T: Wide>(of_tiles: Matrix<'_, T>, tiles: usize, biases: &mut [T]) {
    // First by themselves: of many tiles one after the other, the last would lose their digits.
    let mut sums = pool::filled(biases.len(), T::zero());
    vectorized!(|| {
        for tile in (0..tiles).filter_map(|tile| of_tiles.row(tile, biases.len())) {
            sums.iter_mut().zip(tile).for_each(|(sum, &x)| *sum += x);
        }
        biases.iter_mut().zip(&*sums).for_each(|(bias, &sum)| *bias += sum);
    });
}

fn of_images<T: Wide>(g: &Geometry, x: Images<'_, T>, y: Images<'_, T>, piece: &mut Piece<'_, T>) {
    let tiles = Tiles::of(g, RUN);
    let tap = g.outputs * GROUP;
    let groups = piece.inputs.len().div_ceil(GROUP);
    let mut scratch = Scratch::new(tiles);
    let mut xs = Transformed::by_groups(tiles, piece.inputs.len());
    let mut ys = Transformed::by_tiles(tiles, g.outputs);
    let mut sums = pool::buffer(PLACES * groups * tap);
    for (block, rows) in tiles.blocks(piece.images.clone()).enumerate() {
        let run = rows.len() * tiles.columns;
        transform_patches::<_, Input, 6>(x, tiles, rows.clone(), piece.inputs.clone(), &mut xs, &mut scratch);
        transform_patches::<_, OutputGradient, 4>(y, tiles, rows, 0..g.outputs, &mut ys, &mut scratch);
        add_sums(ys.place(OF_ONES), run, piece.biases);
        for (i, (x, sums)) in xs.groups().zip(sums.chunks_exact_mut(tap)).enumerate() {
            let sizes = Sizes { m: g.outputs, k: run, n: GROUP };
            product(sums, sizes, ys.place(i / groups).t(), &x[..run * GROUP], block > 0);
        }
    }
    let mut columns = pool::buffer(3 * 6 * tap);
    for (group, out) in piece.out.chunks_exact_mut(9 * tap).enumerate() {
        let place = groups * tap;
        let starts = Places::new(group * tap, 6 * place).step(place);
        let (from, to) = ((&sums[..], starts), (&mut columns[..], Places::new(0, 6 * tap).step(tap)));
        transform::<_, KernelGradient, 6, 3>(from, to, tap, 6);
        let (from, to) = ((&columns[..], Places::new(0, tap).step(6 * tap)), (out, Places::new(0, tap).step(3 * tap)));
        transform::<_, KernelGradient, 6, 3>(from, to, tap, 3);
    }
}
