//! The gradient to the weight: patches times cotangents.

use std::ops::Range;

use super::patches::{Channels, Patches, Planes};
use super::{CUT, MANY, TERMS};
use crate::kernels::block::Block;
use crate::kernels::conv::plan::{self, Filling};
use crate::kernels::conv::{Geometry, PIECES};
use crate::kernels::matmul::Panels;
use crate::kernels::pool;
use crate::kernels::reduce::sum_of_parts;
use crate::kernels::threads::share_where;
use crate::kernels::transpose::transpose;
use crate::kernels::vector::Wide;

/// Patches' rows that are copied at a time: a whole number of strips of every kind.
const ROWS: usize = 48;
/// Elements of all partial gradients together.
const PARTIAL: usize = 1 << 20;

/// What some results give to the gradients of a group: those of some inputs' weights, and of the biases where nobody else makes
/// these.
struct Piece<'a, T> {
    columns: Range<usize>,
    group: usize,
    inputs: Range<usize>,
    /// A row of outputs for each input and tap.
    weight: &'a mut [T],
    bias: Option<&'a mut [T]>,
}

/// The w̄ and b̄ of [`forward`](crate::kernels::conv::forward).
pub(in crate::kernels::conv) fn weight_gradient<T: Wide>(g: &Geometry, x: &[T], y: &[T]) -> [Block<T>; 2] {
    let (source, pass) = plan::forward(g);
    let (filling, patches) = (source.filling(g.x), Patches::new(&source, &pass, g.inputs));
    let (taps, terms, outputs) = (pass.kernel_taps().len(), patches.terms(), g.groups * g.outputs);
    let size = outputs * terms;
    // Inputs are shared out, and results where inputs are few.
    let some = g.inputs.div_ceil((terms / CUT).clamp(1, PIECES));
    let columns = g.batch * patches.results();
    let most = PIECES.min(PARTIAL / size).min(columns / MANY).max(1);
    let parts = PIECES.div_ceil(g.inputs.div_ceil(some) * g.groups).min(most);
    let [mut weights, mut biases] = [size, outputs].map(|length| pool::filled(parts * length, T::zero()));
    let groups = weights.chunks_mut(size / g.groups).zip(biases.chunks_mut(g.outputs)).enumerate();
    let mut pieces = vec![];
    for (i, (weight, bias)) in groups {
        let (part, group) = (i / g.groups, i % g.groups);
        let mut bias = Some(bias);
        for (i, weight) in weight.chunks_mut(some * taps * g.outputs).enumerate() {
            let inputs = i * some..g.inputs.min((i + 1) * some);
            let columns = part * columns / parts..(part + 1) * columns / parts;
            pieces.push(Piece { columns, group, inputs, weight, bias: bias.take() });
        }
    }
    share_where(g.is_shared(), pieces.iter_mut(), |piece| piece.add(g, (&filling, &patches), x, y));
    let turned = sum_of_parts(weights, size);
    let mut weight = pool::buffer(size);
    for (turned, weight) in turned.chunks_exact(size / g.groups).zip(weight.chunks_exact_mut(size / g.groups)) {
        transpose(turned, g.outputs, weight, terms, [terms, g.outputs]);
    }
    [weight, sum_of_parts(biases, outputs)]
}

impl<T: Wide> Piece<'_, T> {
    fn add(&mut self, g: &Geometry, (filling, patches): (&Filling, &Patches), x: &[T], y: &[T]) {
        let (plane, results, terms) = (filling.elements, patches.results(), self.weight.len() / g.outputs);
        let together = (TERMS / results).max(1);
        let ones = [T::one(); TERMS];
        for image in (self.columns.start / results..self.columns.end.div_ceil(results)).step_by(together) {
            let columns = self.columns.start.max(image * results)..self.columns.end.min((image + together) * results);
            let of = Channels {
                x: &x[((image * g.groups + self.group) * g.inputs + self.inputs.start) * plane..],
                images: columns.end.div_ceil(results) - image,
                apart: g.groups * g.inputs * plane,
                channels: self.inputs.len(),
            };
            let planes = Planes::of(filling, of, false);
            for first in columns.clone().step_by(TERMS) {
                let columns = first..columns.end.min(first + TERMS);
                let cotangents = self.cotangents(g, y, columns.clone());
                if let Some(bias) = &mut self.bias {
                    cotangents.add_product(&ones[..columns.len()], columns.len(), bias, 1);
                }
                let columns = columns.start - image * results..columns.end - image * results;
                for row in (0..terms).step_by(ROWS) {
                    let count = ROWS.min(terms - row);
                    let (rows, stride) = patches.rows(&planes, row..row + count, columns.clone());
                    cotangents.add_product(&rows, stride, &mut self.weight[row * g.outputs..], count);
                }
            }
        }
    }

    /// A row of outputs for each of some results.
    fn cotangents(&self, g: &Geometry, y: &[T], columns: Range<usize>) -> Panels<T> {
        let (results, group) = (g.y.iter().product::<usize>(), self.group);
        // Of each image that has some of the columns the first output's, and their number.
        let parts = |columns: Range<usize>| {
            (columns.start / results..columns.end.div_ceil(results)).map(move |image| {
                let of_image = columns.start.max(image * results)..columns.end.min((image + 1) * results);
                ((image * g.groups + group) * g.outputs * results + of_image.start - image * results, of_image.len())
            })
        };
        let (parts, start) = (&parts, columns.start);
        Panels::by(columns.len(), g.outputs, |outputs| {
            move |rows, mut out, width| {
                for (first, length) in parts(start + rows.start..start + rows.end) {
                    let y = &y[first + outputs.start * results..];
                    transpose(y, results, out, width, [outputs.len(), length]);
                    out = &mut out[length * width..];
                }
            }
        })
    }
}
