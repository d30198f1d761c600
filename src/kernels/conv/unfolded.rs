//! Convolutions of small images as matrix products: the patches of many images are copied to the rows of a matrix ("im2col",
//! [Chellapilla et al. 2006](https://inria.hal.science/inria-00112631)). Planes of a few elements fill no vectors, and weights
//! that are read anew for each image come from memory.

use super::plan::{self, Pass, Source};
use super::{Geometry, Sums};
use crate::kernels::block::Block;
use crate::kernels::matmul::{Matrix, Sizes, matmul};
use crate::kernels::pool;
use crate::kernels::threads::share_where;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::Wide;

/// Elements of a plane of y that may be small.
const SMALL: usize = 64;
/// Results, inputs and outputs, each, below which it does not pay to copy patches.
const FEWEST: usize = 16;
/// Elements of patches that are copied at a time.
const BLOCK: usize = 1 << 20;

/// Whether this way is taken for a convolution, its gradient to the input and its gradient to the weight.
pub(super) fn suits(g: &Geometry) -> bool {
    let (plane, channels) = (g.y.iter().product::<usize>(), g.inputs.min(g.outputs));
    plane <= channels.min(SMALL) && g.batch * plane >= FEWEST && channels >= FEWEST
}

/// Patches of some channels: a row of channels × taps for each result.
struct Patches<'a> {
    source: &'a Source,
    /// Channels and their lengths.
    channels: usize,
    lengths: [usize; 3],
    /// Of a row's elements, and of the patches, within an image.
    offsets: Vec<usize>,
    places: Vec<usize>,
}

impl<'a> Patches<'a> {
    fn new(source: &'a Source, pass: &Pass, channels: usize, lengths: [usize; 3]) -> Self {
        let (offsets, places) = (pass.offsets(source, channels), pass.places(source));
        Patches { source, channels, lengths, offsets, places }
    }

    /// Images whose patches are copied at a time.
    fn images(&self) -> usize {
        (BLOCK / (self.offsets.len() * self.places.len()).max(1)).max(1)
    }

    /// The patches of a group's channels of some images, `apart` elements from one image to the next.
    fn unfold<T: Wide>(&self, x: &[T], apart: usize, images: usize, shared: bool) -> Block<T> {
        let Patches { source, channels, lengths, offsets, places } = self;
        let mut patches = pool::buffer(images * places.len() * offsets.len());
        let rows = patches.chunks_mut((places.len() * offsets.len()).max(1)).enumerate();
        share_where(shared, rows, |(image, patches)| {
            let mut planes = pool::buffer(channels * source.channel());
            source.fill(&x[image * apart..][..channels * lengths.iter().product::<usize>()], *lengths, &mut planes);
            for (patch, &place) in patches.chunks_exact_mut(offsets.len()).zip(places) {
                let planes = &planes[place..];
                patch.iter_mut().zip(offsets).for_each(|(element, &offset)| *element = planes[offset]);
            }
        });
        patches
    }
}

impl Sums {
    /// The sums of the passes, group by group: patches times weights.
    pub(super) fn unfolded<T: Wide>(
        &self,
        g: &Geometry,
        passes: &[Pass],
        (x, w): (&[T], &[T]),
        bias: Option<&[T]>,
    ) -> Block<T> {
        let (channels, shared) = (self.to.channels, g.is_shared());
        let [x_group, y_group] = [&self.from, &self.to].map(|side| side.channels * side.plane());
        let [x_image, y_image] = [x_group, y_group].map(|group| g.groups * group);
        let mut out = pool::buffer(g.batch * y_image);
        for pass in passes {
            let patches = Patches::new(&self.source, pass, self.from.channels, self.from.lengths);
            let (terms, places, targets) = (patches.offsets.len(), patches.places.len(), pass.targets(self.to.lengths));
            for group in 0..g.groups {
                let w = &w[group * w.len() / g.groups..];
                let copied = self.rows_of_weights(pass, w, shared);
                let weights = by_rows(copied.as_deref().unwrap_or(w), terms);
                let bias = bias.map(|bias| &bias[group * channels..][..channels]);
                for first in (0..g.batch).step_by(patches.images()) {
                    let images = patches.images().min(g.batch - first);
                    let rows = patches.unfold(&x[first * x_image + group * x_group..], x_image, images, shared);
                    let mut results = pool::buffer(images * places * channels);
                    let sizes = Sizes { m: images * places, k: terms, n: channels };
                    matmul(&mut results, sizes, bias, |_| (by_rows(&rows, terms), weights.t()));
                    let results = results.chunks_exact((places * channels).max(1));
                    let pairs = out[first * y_image..].chunks_exact_mut(y_image).zip(results);
                    share_where(shared, pairs, |(out, results)| {
                        put(results, &targets, &mut out[group * y_group..][..y_group], channels);
                    });
                }
            }
        }
        out
    }

    /// A pass' weights of a group as a row for each channel of the result; `None` where they lie so.
    fn rows_of_weights<T: Wide>(&self, pass: &Pass, w: &[T], shared: bool) -> Option<Block<T>> {
        let taps: Vec<_> = pass.kernel_taps().collect();
        let terms = self.from.channels * taps.len();
        if self.to.weight_stride == terms && self.from.weight_stride == taps.len() {
            return None;
        }
        let mut weights = pool::buffer(self.to.channels * terms);
        share_where(shared, weights.chunks_mut(terms.max(1)).enumerate(), |(row, weights)| {
            for (channel, weights) in weights.chunks_exact_mut(taps.len()).enumerate() {
                let w = &w[row * self.to.weight_stride + channel * self.from.weight_stride..];
                weights.iter_mut().zip(&taps).for_each(|(weight, &tap)| *weight = w[tap]);
            }
        });
        Some(weights)
    }
}

/// Puts results, a row of channels for each target, where they belong in the channels' planes.
fn put<T: Copy>(results: &[T], targets: &[usize], out: &mut [T], channels: usize) {
    for (channel, out) in out.chunks_exact_mut(out.len() / channels).enumerate() {
        let results = results[channel..].iter().step_by(channels);
        targets.iter().zip(results).for_each(|(&target, &result)| out[target] = result);
    }
}

/// The w̄ and b̄ of [`forward`](super::forward): cotangents times patches.
pub(super) fn weight_gradient<T: Wide>(g: &Geometry, x: &[T], y: &[T]) -> [Block<T>; 2] {
    let (source, pass) = plan::forward(g);
    let patches = Patches::new(&source, &pass, g.inputs, g.x);
    let (terms, places) = (patches.offsets.len(), patches.places.len());
    let (x_group, y_group) = (g.inputs * g.x.iter().product::<usize>(), g.outputs * places);
    let mut weight = pool::filled(g.groups * g.outputs * terms, T::zero());
    let mut bias = pool::filled(g.groups * g.outputs, T::zero());
    for (group, (weight, bias)) in weight.chunks_mut(g.outputs * terms).zip(bias.chunks_mut(g.outputs)).enumerate() {
        for first in (0..g.batch).step_by(patches.images()) {
            let images = patches.images().min(g.batch - first);
            let rows =
                patches.unfold(&x[(first * g.groups + group) * x_group..], g.groups * x_group, images, g.is_shared());
            // As the patches: a row of channels for each place.
            let mut cotangents = pool::buffer(images * y_group);
            for (image, turned) in cotangents.chunks_exact_mut(y_group).enumerate() {
                let y = &y[((first + image) * g.groups + group) * y_group..][..y_group];
                transpose(y, places, turned, g.outputs, [g.outputs, places]);
            }
            for cotangents in cotangents.chunks_exact(g.outputs) {
                bias.iter_mut().zip(cotangents).for_each(|(sum, &y)| *sum += y);
            }
            let mut part = pool::buffer(g.outputs * terms);
            matmul(&mut part, Sizes { m: g.outputs, k: images * places, n: terms }, None, |_| {
                (by_rows(&cotangents, g.outputs).t(), by_rows(&rows, terms))
            });
            weight.iter_mut().zip(&*part).for_each(|(sum, &part)| *sum += part);
        }
    }
    [weight, bias]
}

fn by_rows<T>(data: &[T], width: usize) -> Matrix<'_, T> {
    Matrix { data, offset: 0, row_stride: width as isize, col_stride: 1 }
}
