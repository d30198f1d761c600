//! Winograd's F(4×4, 3×3) ([Lavin and Gray 2015](https://arxiv.org/abs/1509.09308)): a tile of 4×4 outputs by 36 products
//! for each pair of channels where the sum over taps takes 144.
//!
//! For a kernel w and a 6×6 patch x of the input, y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ x B)] A, summed over the channels within the
//! brackets: 36 matrix products of channels, one for each place of the transformed patch. Tiles of a row of an image lie
//! side by side, one place apart from the row's end to the next row, which belongs to no tile: so patches at the distance
//! of four elements are neighbours, and the transforms and products go over flat runs.
//!
//! In `f32` the errors are some ten times those of the plain sum: a few 10⁻⁶ of the largest result.

mod transform;
mod weight;

use std::array::from_fn;
use std::ops::Range;

use transform::{Input, Output, Transform, join, kernel, part, transform};
pub(super) use weight::weight_gradient;

use super::tile::{PANEL, SLACK, correlate};
use super::{Geometry, PIECES, in_parallel};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Outputs of a tile along an axis.
const TILE: usize = 4;
/// Places of a transformed patch.
const PLACES: usize = 36;
/// Places of a run to be computed together: the transformed inputs should stay in the second-level cache.
const RUN: usize = 80;
/// Channels below which the transforms take longer than what they save.
const CHANNELS: usize = 16;

/// Whether this way is taken for a convolution, its gradient to the input and its gradient to the weight.
pub(super) fn suits(g: &Geometry) -> bool {
    let plane = g.kernel == [1, 3, 3] && g.stride == [1; 3] && g.dilation == [1; 3] && g.y[0] == 1 && g.x[0] == 1;
    let padding = g.before[0] == 0 && g.before[1] <= 2 && g.before[2] <= 2;
    let enough = g.inputs.min(g.outputs) >= CHANNELS && g.batch >= 4 && g.y[1].min(g.y[2]) >= 2 * TILE;
    plane && padding && enough && g.groups == 1
}

/// How the outputs of an image are cut into tiles.
#[derive(Clone, Copy)]
struct Tiles {
    /// Rows of tiles in an image.
    rows: usize,
    /// Tiles in a row.
    columns: usize,
    /// Rows of tiles, of whatever images, that are computed together.
    together: usize,
}

impl Tiles {
    fn of(g: &Geometry, run: usize) -> Self {
        let [_, height, width] = g.y;
        let (rows, columns) = (height.div_ceil(TILE), width.div_ceil(TILE));
        Tiles { rows, columns, together: (run / (columns + 1)).max(1) }
    }

    /// Places in the run of a row of tiles, with the one that belongs to none.
    fn width(self) -> usize {
        self.columns + 1
    }

    /// Elements that a run takes in memory.
    fn stride(self) -> usize {
        (self.together * self.width()).next_multiple_of(SLACK)
    }

    /// The rows of tiles of some images by those that are computed together; a row's number counts through the images.
    fn blocks(self, images: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let (first, end) = (images.start * self.rows, images.end * self.rows);
        (first..end).step_by(self.together).map(move |row| row..(row + self.together).min(end))
    }

    /// The image of a row of tiles, and its first row of elements.
    fn place(self, row: usize) -> (usize, usize) {
        (row / self.rows, row % self.rows * TILE)
    }
}

/// Images `[batch, channels, height, width]` with zeros around them.
#[derive(Clone, Copy)]
struct Images<'a, T> {
    elements: &'a [T],
    channels: usize,
    lengths: [usize; 2],
    before: [usize; 2],
}

impl<T: Wide> Images<'_, T> {
    /// Copies rows of a padded channel to rows of `width` elements.
    fn rows(&self, image: usize, channel: usize, first: usize, out: &mut [T], width: usize) {
        let [height, length] = self.lengths;
        let plane = &self.elements[(image * self.channels + channel) * height * length..][..height * length];
        for (row, out) in (first..).zip(out.chunks_exact_mut(width)) {
            out.fill(T::zero());
            if let Some(row) = row.checked_sub(self.before[0]).filter(|&row| row < height) {
                let end = (self.before[1] + length).min(width);
                out[self.before[1]..end].copy_from_slice(&plane[row * length..][..end - self.before[1]]);
            }
        }
    }
}

/// The transform `F`, of rows and then of columns, of the patches of `N`×`N` in all channels for some rows of tiles:
/// `[36, channels, run]`. Memory for `stride` elements a run.
fn transform_patches<T: Wide, F: Transform<N, 6>, const N: usize>(
    x: Images<'_, T>,
    tiles: Tiles,
    rows: Range<usize>,
    out: &mut [T],
    scratch: &mut Scratch<T>,
) {
    let (stride, width) = (tiles.stride(), scratch.width);
    let Scratch { rows: padded, turned, parted, .. } = scratch;
    let run = rows.len() * tiles.width();
    for channel in 0..x.channels {
        for (i, row) in rows.clone().enumerate() {
            let (image, first) = tiles.place(row);
            x.rows(image, channel, first, &mut padded[..N * width], width);
            transform::<_, F, N, 6>(padded, from_fn(|i| i * width), turned, from_fn(|i| i * width), width);
            for (a, row) in turned.chunks_exact(width).enumerate() {
                let runs = &mut parted[a * TILE * scratch.parted_stride + i * tiles.width()..];
                part(&row[..TILE * tiles.width()], runs, scratch.parted_stride);
            }
        }
        for a in 0..6 {
            // Patches of six overlap by two: neighbours' first elements are these ones' fifth and sixth.
            let starts = from_fn(|b| (a * TILE + b % TILE) * scratch.parted_stride + b / TILE);
            let ends = from_fn(|b| ((a * 6 + b) * x.channels + channel) * stride);
            transform::<_, F, N, 6>(parted, starts, out, ends, run);
        }
    }
}

/// What a piece of work needs besides its inputs and outputs.
struct Scratch<T> {
    /// Elements of a padded row.
    width: usize,
    /// Elements of a run of every fourth element.
    parted_stride: usize,
    rows: Vec<T>,
    turned: Vec<T>,
    parted: Vec<T>,
}

impl<T: Wide> Scratch<T> {
    fn new(tiles: Tiles) -> Self {
        let width = (TILE * tiles.width()).next_multiple_of(SLACK);
        let parted_stride = tiles.stride() + SLACK;
        let zeros = |len| pool::filled(len, T::zero());
        let (rows, turned) = (zeros(6 * width), zeros(6 * width));
        Scratch { width, parted_stride, rows, turned, parted: zeros(6 * TILE * parted_stride) }
    }

    fn recycle(self) {
        [self.rows, self.turned, self.parted].into_iter().for_each(pool::recycle);
    }
}

/// The weights' transforms: `[36, panels, inputs, PANEL]`, with `w(output, input)` the kernel's nine numbers.
fn transform_weights<T: Wide>(outputs: usize, inputs: usize, w: impl Fn(usize, usize) -> [[T; 3]; 3]) -> Vec<T> {
    let panels = outputs.div_ceil(PANEL);
    let mut out = pool::filled(PLACES * panels * inputs * PANEL, T::zero());
    for (output, input) in (0..outputs).flat_map(|output| (0..inputs).map(move |input| (output, input))) {
        let columns = transposed(w(output, input).map(kernel));
        for (a, row) in transposed(columns.map(kernel)).iter().enumerate() {
            for (b, &value) in row.iter().enumerate() {
                let panel = (a * 6 + b) * panels + output / PANEL;
                out[(panel * inputs + input) * PANEL + output % PANEL] = value;
            }
        }
    }
    out
}

fn transposed<T: Copy, const R: usize, const C: usize>(x: [[T; C]; R]) -> [[T; R]; C] {
    from_fn(|c| from_fn(|r| x[r][c]))
}

/// y = w ⋆ x, plus a number for each channel where there is a bias.
pub(super) fn forward<T: Wide>(g: &Geometry, x: &[T], w: &[T], bias: Option<&[T]>) -> Vec<T> {
    let weights = transform_weights(g.outputs, g.inputs, |output, input| {
        let w = &w[(output * g.inputs + input) * 9..][..9];
        from_fn(|i| from_fn(|j| w[3 * i + j]))
    });
    compute(g, x, weights, bias)
}

/// x̄ = ȳ ⋆ w, turned half round, with what is missing of the padding around it.
pub(super) fn input_gradient<T: Wide>(g: &Geometry, y: &[T], w: &[T]) -> Vec<T> {
    let weights = transform_weights(g.inputs, g.outputs, |input, output| {
        let w = &w[(output * g.inputs + input) * 9..][..9];
        from_fn(|i| from_fn(|j| w[8 - 3 * i - j]))
    });
    let before = [0, 2 - g.before[1], 2 - g.before[2]];
    let turned = Geometry { inputs: g.outputs, outputs: g.inputs, x: g.y, y: g.x, before, ..g.clone() };
    compute(&turned, y, weights, None)
}

/// Some images of the result.
struct Piece<'a, T> {
    first: usize,
    out: &'a mut [T],
}

fn compute<T: Wide>(g: &Geometry, x: &[T], weights: Vec<T>, bias: Option<&[T]>) -> Vec<T> {
    let image = g.outputs * g.y[1] * g.y[2];
    let x = Images { elements: x, channels: g.inputs, lengths: [g.x[1], g.x[2]], before: [g.before[1], g.before[2]] };
    let mut out = pool::buffer(g.batch * image);
    let images = g.batch.div_ceil(PIECES);
    let pieces = out.chunks_mut(images * image).enumerate();
    let mut pieces: Vec<_> = pieces.map(|(i, out)| Piece { first: i * images, out }).collect();
    in_parallel(g, &mut pieces, 1, |piece| compute_piece(g, x, &weights, bias, piece));
    pool::recycle(weights);
    out
}

fn compute_piece<T: Wide>(g: &Geometry, x: Images<'_, T>, weights: &[T], bias: Option<&[T]>, piece: &mut Piece<'_, T>) {
    let tiles = Tiles::of(g, RUN);
    let (stride, panels) = (tiles.stride(), g.outputs.div_ceil(PANEL));
    let images = piece.first..piece.first + piece.out.len() / (g.outputs * g.y[1] * g.y[2]);
    let mut scratch = Scratch::new(tiles);
    let mut inputs = pool::filled(PLACES * g.inputs * stride, T::zero());
    let mut products = pool::buffer(PLACES * PANEL * stride);
    let offsets: Vec<_> = (0..g.inputs).map(|channel| channel * stride).collect();
    for rows in tiles.blocks(images) {
        let run = rows.len() * tiles.width();
        transform_patches::<_, Input, 6>(x, tiles, rows.clone(), &mut inputs, &mut scratch);
        for panel in 0..panels {
            let first = panel * PANEL;
            let count = PANEL.min(g.outputs - first);
            for (place, inputs) in inputs.chunks_exact(g.inputs * stride).enumerate() {
                let weights = &weights[(place * panels + panel) * g.inputs * PANEL..][..g.inputs * PANEL];
                // The same stride as `correlate` gives its rows.
                let stride = run.next_multiple_of(SLACK);
                let out = &mut products[place * PANEL * tiles.stride()..][..PANEL * stride];
                correlate(inputs, &offsets, weights, out, count, run);
            }
            for channel in 0..count {
                let bias = bias.map(|bias| bias[first + channel]);
                put_tiles(g, tiles, rows.clone(), &products, (first, channel, bias), piece, &mut scratch);
            }
        }
    }
    scratch.recycle();
    [inputs, products].into_iter().for_each(pool::recycle);
}

/// Aᵀ m A of one channel, plus its bias, to where it belongs in the result.
fn put_tiles<T: Wide>(
    g: &Geometry,
    tiles: Tiles,
    rows: Range<usize>,
    products: &[T],
    (first, channel, bias): (usize, usize, Option<T>),
    piece: &mut Piece<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let run = rows.len() * tiles.width();
    let products_stride = run.next_multiple_of(SLACK);
    let (stride, width, [_, height, length]) = (scratch.parted_stride, scratch.width, g.y);
    for a in 0..6 {
        let starts = from_fn(|b| (a * 6 + b) * PANEL * tiles.stride() + channel * products_stride);
        let ends = from_fn(|b| (a * TILE + b) * stride);
        transform::<_, Output, 6, 4>(products, starts, &mut scratch.parted, ends, run);
    }
    for (i, row) in rows.enumerate() {
        for (a, turned) in scratch.turned.chunks_exact_mut(width).enumerate() {
            let runs = &scratch.parted[a * TILE * stride + i * tiles.width()..];
            join(runs, stride, &mut turned[..TILE * tiles.columns]);
        }
        let starts = from_fn(|a| a * width);
        transform::<_, Output, 6, 4>(&scratch.turned, starts, &mut scratch.rows, from_fn(|b| b * width), width);
        let (image, top) = tiles.place(row);
        let plane = ((image - piece.first) * g.outputs + first + channel) * height;
        for (row, from) in (top..height.min(top + TILE)).zip(scratch.rows.chunks_exact(width)) {
            let to = &mut piece.out[(plane + row) * length..][..length];
            match bias {
                None => to.copy_from_slice(&from[..length]),
                Some(bias) => to.iter_mut().zip(from).for_each(|(to, &from)| *to = from + bias),
            }
        }
    }
}
