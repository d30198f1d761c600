//! Patches of images as the columns of a matrix ("im2col", [Chellapilla et al. 2006](https://inria.hal.science/inria-00112631)):
//! a row for each channel and tap, a column for each result, image after image.

use std::ops::{Deref, Range};

use super::super::plan::{Filling, Pass, Source};
use crate::kernels::block::Block;
use crate::kernels::isa::vectorized;
use crate::kernels::matmul::Panels;
use crate::kernels::pool;
use crate::kernels::threads::share_where;
use crate::kernels::vector::Wide;

/// Elements that are copied at a time: what is copied beyond a run's end is written over by what comes next.
const TOGETHER: usize = 16;

/// Channels of some images, in padded planes.
pub(super) struct Planes<'a, T: Wide> {
    data: Data<'a, T>,
    /// Elements from one image to the next.
    apart: usize,
}

enum Data<'a, T: Wide> {
    /// The images themselves.
    Lying(&'a [T]),
    Padded(Block<T>),
}

impl<T: Wide> Deref for Data<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Data::Lying(x) => x,
            Data::Padded(planes) => planes,
        }
    }
}

/// Channels of images from `x`'s first element on, `apart` elements from one image to the next.
#[derive(Clone, Copy)]
pub(super) struct Channels<'a, T> {
    pub(super) x: &'a [T],
    pub(super) images: usize,
    pub(super) apart: usize,
    pub(super) channels: usize,
}

impl<'a, T: Wide> Planes<'a, T> {
    /// Pads the channels, on several threads where `shared`.
    pub(super) fn of(filling: &Filling, of: Channels<'a, T>, shared: bool) -> Self {
        let Channels { x, images, apart, channels } = of;
        if filling.is_plain() {
            return Planes { data: Data::Lying(x), apart };
        }
        let [image, length] = [filling.channel, filling.elements].map(|elements| channels * elements);
        let mut planes = pool::buffer(images * image + TOGETHER);
        share_where(shared, planes.chunks_exact_mut(image).take(images).enumerate(), |(i, planes)| {
            filling.fill(&x[i * apart..][..length], planes);
        });
        Planes { data: Data::Padded(planes), apart: image }
    }
}

/// Where in an image's planes the elements of patches lie: those of a column, and the columns.
pub(super) struct Patches {
    offsets: Vec<usize>,
    places: Vec<usize>,
}

/// Columns whose places are a step apart.
pub(super) struct Run {
    pub(super) column: usize,
    /// The first one's place.
    pub(super) at: usize,
    pub(super) length: usize,
}

/// Columns of images that are `image` elements apart, each with its columns at `places`: in runs of `most` columns at most.
pub(super) fn runs(places: &[usize], image: usize, columns: Range<usize>, step: usize, most: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = vec![];
    for (column, number) in columns.enumerate() {
        let at = number / places.len() * image + places[number % places.len()];
        match runs.last_mut() {
            Some(run) if run.length < most && run.at + run.length * step == at => run.length += 1,
            _ => runs.push(Run { column, at, length: 1 }),
        }
    }
    runs
}

impl Patches {
    /// The patches of a pass, of so many channels.
    pub(super) fn new(source: &Source, pass: &Pass, channels: usize) -> Self {
        Patches { offsets: pass.offsets(source, channels), places: pass.places(source) }
    }

    /// Rows of the matrix.
    pub(super) fn terms(&self) -> usize {
        self.offsets.len()
    }

    /// Columns of an image.
    pub(super) fn results(&self) -> usize {
        self.places.len()
    }

    /// Some rows and columns of the matrix as a right operand.
    pub(super) fn panels<T: Wide>(
        &self,
        planes: &Planes<'_, T>,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Panels<T> {
        let offsets = &self.offsets[rows];
        Panels::by(offsets.len(), columns.len(), |panel| {
            let runs = self.runs(planes.apart, columns.start + panel.start..columns.start + panel.end);
            move |rows, out, width| copy(&planes.data, &offsets[rows], &runs, out, width)
        })
    }

    /// Some rows and columns of the matrix, and the elements from one row to the next.
    pub(super) fn rows<T: Wide>(
        &self,
        planes: &Planes<'_, T>,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> (Block<T>, usize) {
        // Rows that are no power of two apart have different places in the cache.
        let stride = columns.len().next_multiple_of(TOGETHER) + TOGETHER;
        let mut out = pool::buffer(rows.len() * stride);
        copy(&planes.data, &self.offsets[rows], &self.runs(planes.apart, columns), &mut out, stride);
        (out, stride)
    }

    /// Columns whose elements lie side by side in a plane.
    fn runs(&self, apart: usize, columns: Range<usize>) -> Vec<Run> {
        runs(&self.places, apart, columns, 1, TOGETHER)
    }
}

/// Copies the runs at each of the offsets to rows `stride` elements apart.
fn copy<T: Wide>(planes: &[T], offsets: &[usize], runs: &[Run], out: &mut [T], stride: usize) {
    vectorized!(|| {
        for (row, &offset) in offsets.iter().enumerate() {
            for run in runs {
                let (from, to) = (&planes[offset + run.at..], &mut out[row * stride + run.column..]);
                match (from.first_chunk::<TOGETHER>(), to.first_chunk_mut::<TOGETHER>()) {
                    (Some(from), Some(to)) => *to = *from,
                    _ => to[..run.length].copy_from_slice(&from[..run.length]),
                }
            }
        }
    });
}
