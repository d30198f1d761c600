//! Winograd's F(4×4, 3×3) ([Lavin and Gray 2015](https://arxiv.org/abs/1509.09308)): a tile of 4×4 outputs by 36 products
//! for each pair of channels where the sum over taps takes 144.
//!
//! For a kernel w and a 6×6 patch x of the input, y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ x B)] A, summed over the channels within the
//! brackets: 36 matrix products of tiles × channels, one for each place of the transformed patch. Channels come in groups of
//! 16, whose elements lie side by side in the transforms' scratch memory: there every number of a formula is a run of
//! vectors.
//!
//! In `f32` the errors are some ten times those of the plain sum: a few 10⁻⁶ of the largest result.

mod patches;
mod transform;
mod weight;

use std::ops::Range;

use patches::{Images, Scratch, Tiles, Transformed, transform_patches};
use transform::{Input, Output, Places, transform};
use weight::Kernels;
pub(super) use weight::weight_gradient;

use super::{Geometry, PIECES, in_parallel};
use crate::kernels::block::Block;
use crate::kernels::matmul::{COLUMNS, Sizes, product};
use crate::kernels::pool;
use crate::kernels::threads::available;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::Wide;

/// Outputs of a tile along an axis.
const TILE: usize = 4;
/// Places of a transformed patch.
const PLACES: usize = 36;
/// The place whose number is added to every output: where a bias belongs. Of outputs' cotangents it has the sum of a tile.
const OF_ONES: usize = 7;
/// Channels whose elements lie side by side.
const GROUP: usize = COLUMNS;
/// Tiles to be computed together: what the transforms write should stay in the second-level cache.
const RUN: usize = 48;
/// Inputs and outputs below which the transforms take longer than what they save.
const CHANNELS: usize = 8;

/// Whether this way is taken for a convolution, its gradient to the input and its gradient to the weight.
pub(super) fn suits(g: &Geometry) -> bool {
    let plane = g.kernel == [1, 3, 3] && g.stride == [1; 3] && g.dilation == [1; 3] && g.y[0] == 1 && g.x[0] == 1;
    let padding = g.before[0] == 0 && g.before[1] <= 2 && g.before[2] <= 2;
    let enough = g.inputs.min(g.outputs) >= CHANNELS && g.y[1].min(g.y[2]) >= TILE;
    plane && padding && enough && g.groups == 1 && g.batch > 0
}

/// y = w ⋆ x, plus a number for each channel where there is a bias.
pub(super) fn forward<T: Wide>(g: &Geometry, x: &[T], w: &[T], bias: Option<&[T]>) -> Block<T> {
    let kernels = Kernels { w, outputs: g.outputs, inputs: g.inputs, strides: [g.inputs * 9, 9], turned: false };
    compute(g, x, kernels.transformed(), bias)
}

/// x̄ = ȳ ⋆ w, turned half round, with what is missing of the padding around it.
pub(super) fn input_gradient<T: Wide>(g: &Geometry, y: &[T], w: &[T]) -> Block<T> {
    let kernels = Kernels { w, outputs: g.inputs, inputs: g.outputs, strides: [9, g.inputs * 9], turned: true };
    let before = [0, 2 - g.before[1], 2 - g.before[2]];
    let turned = Geometry { inputs: g.outputs, outputs: g.inputs, x: g.y, y: g.x, before, ..g.clone() };
    compute(&turned, y, kernels.transformed(), None)
}

/// Some channels, from the start of a group on, of some images of the result.
struct Piece<'a, T> {
    images: Range<usize>,
    channels: Range<usize>,
    out: &'a mut [T],
}

fn compute<T: Wide>(g: &Geometry, x: &[T], weights: Block<T>, bias: Option<&[T]>) -> Block<T> {
    let plane = g.y[1] * g.y[2];
    let x = Images::inputs(g, x);
    let mut out = pool::buffer(g.batch * g.outputs * plane);
    // Channels are shared only where images are fewer than threads: each piece transforms all inputs.
    let groups = g.outputs.div_ceil(GROUP).div_ceil(available().div_ceil(g.batch));
    let channels = g.outputs.min(groups * GROUP);
    let images = if channels < g.outputs { 1 } else { g.batch.div_ceil(PIECES.max(2 * available())) };
    let some = out.chunks_mut(images * g.outputs * plane).enumerate();
    let mut pieces: Vec<_> = some
        .flat_map(|(i, out)| {
            let images = i * images..g.batch.min((i + 1) * images);
            let parts = out.chunks_mut(images.len() * channels * plane).zip((0..g.outputs).step_by(channels));
            parts.map(move |(out, first)| {
                let channels = first..g.outputs.min(first + channels);
                Piece { images: images.clone(), channels, out }
            })
        })
        .collect();
    in_parallel(g, &mut pieces, 1, |piece| compute_piece(g, x, &weights, bias, piece));
    out
}

fn compute_piece<T: Wide>(g: &Geometry, x: Images<'_, T>, weights: &[T], bias: Option<&[T]>, piece: &mut Piece<'_, T>) {
    let tiles = Tiles::of(g, RUN);
    let groups = piece.channels.len().div_ceil(GROUP);
    let mut scratch = Scratch::new(tiles);
    let mut inputs = Transformed::by_tiles(tiles, g.inputs);
    let mut products = Transformed::by_groups(tiles, piece.channels.len());
    for rows in tiles.blocks(piece.images.clone()) {
        transform_patches::<_, Input, 6>(x, tiles, rows.clone(), 0..g.inputs, &mut inputs, &mut scratch);
        let run = rows.len() * tiles.columns;
        for (i, out) in products.groups_mut().enumerate() {
            let (place, channel) = (i / groups, piece.channels.start + i % groups * GROUP);
            let out = &mut out[..run * GROUP];
            let bias = bias.filter(|_| place == OF_ONES).map(|bias| &bias[channel..]);
            if let Some(bias) = bias {
                out.chunks_exact_mut(GROUP).for_each(|tile| tile.iter_mut().zip(bias).for_each(|(sum, &b)| *sum = b));
            }
            let panel = &weights[(channel / GROUP * PLACES + place) * g.inputs * GROUP..][..g.inputs * GROUP];
            product(out, Sizes { m: run, k: g.inputs, n: GROUP }, inputs.place(place), panel, bias.is_some());
        }
        put_tiles(g, tiles, rows, &products, piece, &mut scratch);
    }
}

/// Aᵀ m A of all channels to where it belongs in the result.
fn put_tiles<T: Wide>(
    g: &Geometry,
    tiles: Tiles,
    rows: Range<usize>,
    products: &Transformed<T>,
    piece: &mut Piece<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let [_, height, length] = g.y;
    let line = tiles.columns * TILE * GROUP;
    let channels = piece.channels.len();
    for (group, first) in (0..channels).step_by(GROUP).enumerate() {
        let count = GROUP.min(channels - first);
        for (i, row) in rows.clone().enumerate() {
            for a in 0..6 {
                let starts = products.places(a * 6, group, i * tiles.columns);
                let to = (&mut scratch.turned[..], Places::new(a * line, GROUP).step(TILE * GROUP));
                transform::<_, Output, 6, 4>((&products.data, starts), to, GROUP, tiles.columns);
            }
            let (starts, ends) = (Places::new(0, line), Places::new(0, line));
            transform::<_, Output, 6, 4>((&scratch.turned, starts), (&mut scratch.rows, ends), line, 1);
            let (image, top) = tiles.place(row);
            let plane = ((image - piece.images.start) * channels + first) * height;
            for (row, from) in (top..height.min(top + TILE)).zip(scratch.rows.chunks_exact(line)) {
                let to = &mut piece.out[(plane + row) * length..];
                transpose(from, GROUP, to, height * length, [length, count]);
            }
        }
    }
}
