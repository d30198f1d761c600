//! Convolution: forward, gradient to the input and gradient to the weight, each in three ways: by Winograd's tiles, as products
//! with patches (`unfolded`), and as sums of shifted planes.
//!
//! Tensors are dense: x `[batch, groups · inputs, x…]`, y `[batch, groups · outputs, y…]`, w `[groups · outputs, inputs,
//! kernel…]`. Work is cut at places that depend on the geometry alone.

mod plan;
mod tile;
mod unfolded;
mod winograd;

pub(crate) use plan::Geometry;
use plan::{Filling, Pass, Source};
use tile::{PANEL, SLACK};

use super::block::Block;
use super::isa::vectorized;
use super::reduce::{sum, sum_of_parts};
use super::vector::Wide;
use super::{pool, threads};

/// Multiply-adds below which one thread is faster.
const PARALLEL_FROM: usize = 1 << 18;
/// Pieces to cut the work in, at least, where it can be.
const PIECES: usize = 16;
/// Elements of a row of ȳ that are multiplied before the products' sums leave the registers.
const ROW: usize = 1024;
/// Elements of all partial gradients of a weight together.
const PARTIAL: usize = 1 << 24;

/// y = w ⋆ x, plus a number for each channel where there is a bias.
pub(crate) fn forward<T: Wide>(g: &Geometry, x: &[T], w: &[T], bias: Option<&[T]>) -> Block<T> {
    assert!(bias.is_none_or(|bias| bias.len() == g.groups * g.outputs), "the bias does not fit the channels");
    if winograd::suits(g) {
        return winograd::forward(g, x, w, bias);
    }
    let (source, pass) = plan::forward(g);
    let taps = g.kernel.iter().product::<usize>();
    let sums = Sums {
        from: Side { channels: g.inputs, lengths: g.x, weight_stride: taps },
        to: Side { channels: g.outputs, lengths: g.y, weight_stride: taps * g.inputs },
        source,
    };
    sums.of(g, &[pass], (x, w), bias)
}

/// The x̄ of [`forward`].
pub(crate) fn input_gradient<T: Wide>(g: &Geometry, y: &[T], w: &[T]) -> Block<T> {
    if winograd::suits(g) {
        return winograd::input_gradient(g, y, w);
    }
    let (source, passes) = plan::transposed(g);
    let taps = g.kernel.iter().product::<usize>();
    let sums = Sums {
        from: Side { channels: g.outputs, lengths: g.y, weight_stride: taps * g.inputs },
        to: Side { channels: g.inputs, lengths: g.x, weight_stride: taps },
        source,
    };
    sums.of(g, &passes, (y, w), None)
}

/// What the sums are taken of, or what they give.
struct Side {
    /// To a group.
    channels: usize,
    lengths: [usize; 3],
    /// Between the weights of neighbouring channels.
    weight_stride: usize,
}

impl Side {
    fn plane(&self) -> usize {
        self.lengths.iter().product()
    }
}

/// Weighted sums of shifted planes.
struct Sums {
    from: Side,
    to: Side,
    source: Source,
}

/// A pass with its offsets and its weights, panel by panel.
struct Packed<'a, T: Wide> {
    pass: &'a Pass,
    offsets: Vec<usize>,
    weights: Block<T>,
    run: usize,
}

/// Some of a group's channels for one image.
struct Piece<'a, T> {
    image: usize,
    group: usize,
    first: usize,
    out: &'a mut [T],
}

/// What some images give to the gradients of some of a group's outputs.
struct Gradients<'a, T> {
    /// Of the images.
    part: usize,
    group: usize,
    first: usize,
    weight: &'a mut [T],
    bias: &'a mut [T],
}

impl Sums {
    fn of<T: Wide>(&self, g: &Geometry, passes: &[Pass], operands: (&[T], &[T]), bias: Option<&[T]>) -> Block<T> {
        if unfolded::suits(g) {
            self.unfolded(g, passes, operands, bias)
        } else {
            self.compute(g, passes, operands, bias)
        }
    }

    fn compute<T: Wide>(&self, g: &Geometry, passes: &[Pass], (x, w): (&[T], &[T]), bias: Option<&[T]>) -> Block<T> {
        let (channels, plane) = (self.to.channels, self.to.plane());
        let mut out = pool::buffer(g.batch * g.groups * channels * plane);
        if out.is_empty() {
            return out;
        }
        let packed: Vec<_> = passes.iter().map(|pass| self.pack(g, pass, w)).collect();
        let filling = self.source.filling(self.from.lengths);
        let rows = rows_of_a_piece(g, channels);
        let images = out.chunks_mut(channels * plane).enumerate();
        let mut pieces: Vec<_> = images
            .flat_map(|(i, out)| {
                let (image, group) = (i / g.groups, i % g.groups);
                let parts = out.chunks_mut(rows * plane).enumerate();
                parts.map(move |(i, out)| Piece { image, group, first: i * rows, out })
            })
            .collect();
        let least = (PARALLEL_FROM / 8 * pieces.len()).div_ceil(g.work().max(1));
        in_parallel(g, &mut pieces, least, |piece| {
            self.piece(g, &packed, (x, &filling), piece);
            shift(piece.out, plane, bias.map(|bias| &bias[piece.group * channels + piece.first..]));
        });
        out
    }

    /// The weights of all groups, `PANEL` rows side by side.
    fn pack<'a, T: Wide>(&self, g: &Geometry, pass: &'a Pass, w: &[T]) -> Packed<'a, T> {
        let offsets = pass.offsets(&self.source, self.from.channels);
        let (rows, panels) = (self.to.channels, self.to.channels.div_ceil(PANEL));
        let group = w.len() / g.groups;
        let mut weights = pool::buffer(g.groups * panels * offsets.len() * PANEL);
        for (i, panel) in weights.chunks_exact_mut((offsets.len() * PANEL).max(1)).enumerate() {
            let (w, first) = (&w[i / panels * group..], i % panels * PANEL);
            let mut places = panel.chunks_exact_mut(PANEL);
            for channel in 0..self.from.channels {
                for (tap, place) in pass.kernel_taps().zip(&mut places) {
                    for (row, place) in (first..rows).zip(place) {
                        *place = w[row * self.to.weight_stride + channel * self.from.weight_stride + tap];
                    }
                }
            }
        }
        Packed { pass, run: pass.run(&self.source), offsets, weights }
    }

    fn piece<T: Wide>(
        &self,
        g: &Geometry,
        packed: &[Packed<'_, T>],
        (x, filling): (&[T], &Filling),
        piece: &mut Piece<'_, T>,
    ) {
        let (channels, plane) = (self.from.channels, self.from.plane());
        let image = &x[(piece.image * g.groups + piece.group) * channels * plane..][..channels * plane];
        let mut source = pool::buffer(channels * self.source.channel() + SLACK);
        filling.fill(image, &mut source);
        for packed in packed {
            let mut run = pool::buffer(PANEL * packed.run.next_multiple_of(SLACK));
            self.pass(packed, &source, piece, &mut run);
        }
    }

    fn pass<T: Wide>(&self, packed: &Packed<'_, T>, source: &[T], piece: &mut Piece<'_, T>, run: &mut [T]) {
        let plane = self.to.plane();
        let stride = packed.run.next_multiple_of(SLACK);
        let size = packed.offsets.len() * PANEL;
        let first_panel = (piece.group * self.to.channels.div_ceil(PANEL)) + piece.first / PANEL;
        for (i, out) in piece.out.chunks_mut(PANEL * plane).enumerate() {
            let rows = out.len() / plane;
            let weights = &packed.weights[(first_panel + i) * size..][..size];
            tile::correlate(source, &packed.offsets, weights, run, rows, packed.run);
            for (out, run) in out.chunks_exact_mut(plane).zip(run.chunks_exact(stride.max(1))) {
                packed.pass.put(run, &self.source, self.to.lengths, out);
            }
        }
    }
}

/// Of so many channels of a group, those to compute together: all where there are enough images to share.
fn rows_of_a_piece(g: &Geometry, channels: usize) -> usize {
    channels.div_ceil(PIECES.div_ceil(g.batch * g.groups)).next_multiple_of(PANEL)
}

/// Adds to each plane a number, where there are some. The planes have just been computed: they are at hand.
fn shift<T: Wide>(planes: &mut [T], plane: usize, by: Option<&[T]>) {
    for (plane, &by) in planes.chunks_exact_mut(plane).zip(by.unwrap_or_default()) {
        vectorized!(|| plane.iter_mut().for_each(|x| *x += by));
    }
}

fn in_parallel<P: Send>(g: &Geometry, pieces: &mut [P], least: usize, body: impl Fn(&mut P) + Send + Sync) {
    let pieces = pieces.chunks_mut(least.max(1));
    threads::share_where(g.is_shared(), pieces, |pieces| pieces.iter_mut().for_each(&body));
}

/// The w̄ and b̄ of [`forward`]: ȳ is at hand for both at once.
pub(crate) fn weight_gradient<T: Wide>(g: &Geometry, x: &[T], y: &[T]) -> [Block<T>; 2] {
    if winograd::suits(g) {
        return winograd::weight_gradient(g, x, y);
    }
    if unfolded::suits(g) {
        return unfolded::weight_gradient(g, x, y);
    }
    let taps = g.kernel.iter().product::<usize>();
    let (row, outputs) = (g.inputs * taps, g.groups * g.outputs);
    let size = outputs * row;
    let plan = plan::forward(g);
    if size == 0 || plan.1.run(&plan.0) == 0 || g.batch == 0 {
        return [size, outputs].map(|length| pool::filled(length, T::zero()));
    }
    let fillings = [plan.0.filling(g.x), plan.0.of_results().filling(g.y)];
    // The images are cut into parts, whose gradients are added in a fixed tree.
    let parts = g.batch.min(PIECES).min((PARTIAL / size).max(1));
    let cuts = PIECES.div_ceil(parts * g.groups);
    let rows = g.outputs.div_ceil(cuts).next_multiple_of(4);
    let [mut weights, mut biases] = [size, outputs].map(|length| pool::filled(parts * length, T::zero()));
    let groups = weights.chunks_mut(g.outputs * row).zip(biases.chunks_mut(g.outputs)).enumerate();
    let mut pieces: Vec<_> = groups
        .flat_map(|(i, (weight, bias))| {
            let (part, group) = (i / g.groups, i % g.groups);
            let rows_of = weight.chunks_mut(rows * row).zip(bias.chunks_mut(rows)).enumerate();
            rows_of.map(move |(i, (weight, bias))| Gradients { part, group, first: i * rows, weight, bias })
        })
        .collect();
    let least = (PARALLEL_FROM / 8 * pieces.len()).div_ceil(g.work().max(1));
    in_parallel(g, &mut pieces, least, |piece| {
        let images = piece.part * g.batch / parts..(piece.part + 1) * g.batch / parts;
        partial_gradient(g, &plan, &fillings, (x, y), images, piece);
    });
    [sum_of_parts(weights, size), sum_of_parts(biases, outputs)]
}

/// Adds to a piece of the gradients what some images give.
fn partial_gradient<T: Wide>(
    g: &Geometry,
    (source, pass): &(Source, Pass),
    [of_x, of_y]: &[Filling; 2],
    (x, y): (&[T], &[T]),
    images: std::ops::Range<usize>,
    piece: &mut Gradients<'_, T>,
) {
    let offsets = pass.offsets(source, g.inputs);
    let rows = piece.bias.len();
    let (x_plane, y_plane) = (g.x.iter().product::<usize>(), g.y.iter().product::<usize>());
    let run = pass.run(source);
    let stride = run.next_multiple_of(SLACK);
    let together = (ROW / stride).clamp(1, images.len());
    let x_image = g.inputs * source.channel() + SLACK;
    let mut xs = pool::filled(together * x_image, T::zero());
    let mut ys = pool::filled(together * rows * stride, T::zero());
    for first in images.clone().step_by(together) {
        let count = together.min(images.end - first);
        for i in 0..count {
            let group = (first + i) * g.groups + piece.group;
            let x = &x[group * g.inputs * x_plane..][..g.inputs * x_plane];
            of_x.fill(x, &mut xs[i * x_image..][..x_image - SLACK]);
            let y = &y[(group * g.outputs + piece.first) * y_plane..][..rows * y_plane];
            let outs = ys[i * rows * stride..].chunks_exact_mut(stride).zip(&mut *piece.bias);
            for (y, (out, bias)) in y.chunks_exact(y_plane).zip(outs) {
                of_y.fill_channel(y, &mut out[..run]);
                *bias += sum(y);
            }
        }
        tile::dots(&xs[..count * x_image], &ys[..count * rows * stride], count, &offsets, piece.weight, rows);
    }
}
