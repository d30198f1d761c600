//! How images are cut into patches, and where these are once transformed.

use std::array::from_fn;
use std::ops::Range;

use super::transform::{Places, Transform, transform};
use super::{GROUP, PLACES, TILE};
use crate::kernels::block::{Block, LINE};
use crate::kernels::conv::Geometry;
use crate::kernels::matmul::Matrix;
use crate::kernels::pool;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{Wide, prefetch};

/// How the outputs of an image are cut into tiles.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    /// Rows of tiles in an image.
    rows: usize,
    /// Tiles in a row.
    pub(super) columns: usize,
    /// Rows of tiles, of whatever images, that are computed together.
    together: usize,
}

impl Tiles {
    /// Some `run` tiles are computed together.
    pub(super) fn of(g: &Geometry, run: usize) -> Self {
        let [_, height, width] = g.y;
        let (rows, columns) = (height.div_ceil(TILE), width.div_ceil(TILE));
        Tiles { rows, columns, together: (run / columns).max(1) }
    }

    /// Tiles of an image.
    pub(super) fn of_image(self) -> usize {
        self.rows * self.columns
    }

    /// Tiles that are computed together.
    fn run(self) -> usize {
        self.together * self.columns
    }

    /// The rows of tiles of some images by those that are computed together; a row's number counts through the images.
    pub(super) fn blocks(self, images: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let (first, end) = (images.start * self.rows, images.end * self.rows);
        (first..end).step_by(self.together).map(move |row| row..(row + self.together).min(end))
    }

    /// The image of a row of tiles, and its first row of elements.
    pub(super) fn place(self, row: usize) -> (usize, usize) {
        (row / self.rows, row % self.rows * TILE)
    }
}

/// Images `[batch, channels, height, width]` with zeros around them.
#[derive(Clone, Copy)]
pub(super) struct Images<'a, T> {
    pub(super) elements: &'a [T],
    pub(super) channels: usize,
    pub(super) lengths: [usize; 2],
    pub(super) before: [usize; 2],
}

impl<'a, T: Wide> Images<'a, T> {
    /// The x of a convolution.
    pub(super) fn inputs(g: &Geometry, x: &'a [T]) -> Self {
        Images { elements: x, channels: g.inputs, lengths: [g.x[1], g.x[2]], before: [g.before[1], g.before[2]] }
    }

    /// Copies padded rows of a group of channels to `[rows, width, GROUP]`.
    fn rows(&self, image: usize, first_channel: usize, first: usize, out: &mut [T], width: usize) {
        let [height, length] = self.lengths;
        let channels = GROUP.min(self.channels - first_channel);
        let from = (image * self.channels + first_channel) * height * length;
        let left = self.before[1].min(width);
        let end = (left + length).min(width);
        for (row, out) in (first..).zip(out.chunks_exact_mut(width * GROUP)) {
            let Some(row) = row.checked_sub(self.before[0]).filter(|&row| row < height) else {
                out.fill(T::zero());
                continue;
            };
            if channels < GROUP {
                out.fill(T::zero());
            }
            out[..left * GROUP].fill(T::zero());
            out[end * GROUP..].fill(T::zero());
            let from = &self.elements[from + row * length..];
            // A group has more planes than the processor reads ahead by itself.
            for channel in 0..channels {
                let next = from.as_ptr().wrapping_add(channel * height * length + length);
                (0..length).step_by(LINE / size_of::<T>()).for_each(|column| prefetch(next.wrapping_add(column)));
            }
            transpose(from, height * length, &mut out[left * GROUP..], GROUP, [channels, end - left]);
        }
    }
}

/// Transformed patches: 36 matrices of tiles × channels, filled up to whole groups.
pub(super) struct Transformed<T: Wide> {
    pub(super) data: Block<T>,
    /// Elements from one place to the next, from a group of channels to the next, from a tile to the next.
    place: usize,
    group: usize,
    tile: usize,
}

impl<T: Wide> Transformed<T> {
    /// All channels of a tile side by side.
    pub(super) fn by_tiles(tiles: Tiles, channels: usize) -> Self {
        let tile = channels.next_multiple_of(GROUP);
        Self::new(tiles.run() * tile, GROUP, tile)
    }

    /// All tiles of a group of channels one after the other.
    pub(super) fn by_groups(tiles: Tiles, channels: usize) -> Self {
        let group = tiles.run() * GROUP;
        Self::new(group * channels.div_ceil(GROUP), group, GROUP)
    }

    fn new(place: usize, group: usize, tile: usize) -> Self {
        Transformed { data: pool::buffer(PLACES * place), place, group, tile }
    }

    /// The matrix of tiles × channels of a place, where it is by tiles.
    pub(super) fn place(&self, place: usize) -> Matrix<'_, T> {
        Matrix { data: &self.data, offset: place * self.place, row_stride: self.tile as isize, col_stride: 1 }
    }

    /// The groups of all places in turn, where it is by groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &[T]> {
        self.data.chunks_exact(self.group)
    }

    /// The same, to be written.
    pub(super) fn groups_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        self.data.chunks_exact_mut(self.group)
    }

    /// Where six places from number `first` on have a group of channels, from number `tile` of the tiles on.
    pub(super) fn places(&self, first: usize, group: usize, tile: usize) -> Places<6> {
        Places::new(first * self.place + group * self.group + tile * self.tile, self.place).step(self.tile)
    }
}

/// What a piece of work needs besides its inputs and outputs.
pub(super) struct Scratch<T: Wide> {
    /// Padded rows of a group of channels.
    pub(super) rows: Block<T>,
    /// Rows after one of the two transforms.
    pub(super) turned: Block<T>,
}

impl<T: Wide> Scratch<T> {
    pub(super) fn new(tiles: Tiles) -> Self {
        let [rows, turned] = from_fn(|_| pool::buffer(6 * (tiles.columns * TILE + 2) * GROUP));
        Scratch { rows, turned }
    }
}

/// The transform `F`, of columns and then of rows, of the patches of `N`×`N` in some groups of channels for some rows of tiles.
pub(super) fn transform_patches<T: Wide, F: Transform<N, 6>, const N: usize>(
    x: Images<'_, T>,
    tiles: Tiles,
    rows: Range<usize>,
    channels: Range<usize>,
    out: &mut Transformed<T>,
    scratch: &mut Scratch<T>,
) {
    let width = tiles.columns * TILE + N - TILE;
    let line = width * GROUP;
    for (group, first_channel) in channels.step_by(GROUP).enumerate() {
        for (i, row) in rows.clone().enumerate() {
            let (image, first) = tiles.place(row);
            x.rows(image, first_channel, first, &mut scratch.rows[..N * line], width);
            let (starts, ends) = (Places::new(0, line), Places::new(0, line));
            transform::<_, F, N, 6>((&scratch.rows, starts), (&mut scratch.turned, ends), line, 1);
            for a in 0..6 {
                let starts = Places::new(a * line, GROUP).step(TILE * GROUP);
                let ends = out.places(a * 6, group, i * tiles.columns);
                transform::<_, F, N, 6>((&scratch.turned, starts), (&mut out.data, ends), GROUP, tiles.columns);
            }
        }
    }
}
