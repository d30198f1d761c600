//! The gradient to the weight: w̄ = Gᵀ [Σ over tiles of (A ȳ Aᵀ) ⊙ (Bᵀ x B)] G.

use std::array::from_fn;
use std::ops::Range;

use super::transform::{Input, OutputGradient, kernel_gradient};
use super::{Images, PLACES, Scratch, Tiles, transform_patches, transposed};
use crate::kernels::conv::{Geometry, PARTIAL, PIECES, in_parallel, sum_of_parts};
use crate::kernels::matmul::{Matrix, Sizes, add_product};
use crate::kernels::pool;
use crate::kernels::vector::Wide;

/// Places of a run: they are what the products are summed over, so there are more of them than forward.
const RUN: usize = 160;

/// What some images give to the products.
struct Piece<'a, T> {
    images: Range<usize>,
    out: &'a mut [T],
}

/// The w̄ of a convolution.
pub(in crate::kernels::conv) fn weight_gradient<T: Wide>(g: &Geometry, x: &[T], y: &[T]) -> Vec<T> {
    let size = PLACES * g.outputs * g.inputs;
    let x = Images { elements: x, channels: g.inputs, lengths: [g.x[1], g.x[2]], before: [g.before[1], g.before[2]] };
    let y = Images { elements: y, channels: g.outputs, lengths: [g.y[1], g.y[2]], before: [0; 2] };
    let parts = g.batch.min(PIECES).min((PARTIAL / size).max(1));
    let mut partial = pool::filled(parts * size, T::zero());
    let pieces = partial.chunks_exact_mut(size).enumerate();
    let part = |part: usize| part * g.batch / parts;
    let mut pieces: Vec<_> = pieces.map(|(i, out)| Piece { images: part(i)..part(i + 1), out }).collect();
    in_parallel(g, &mut pieces, 1, |piece| add_products(g, x, y, piece));
    let products = sum_of_parts(partial, size, parts);
    let mut out = pool::buffer(g.outputs * g.inputs * 9);
    for (pair, out) in out.chunks_exact_mut(9).enumerate() {
        let rows: [[T; 6]; 6] = from_fn(|a| from_fn(|b| products[(a * 6 + b) * g.outputs * g.inputs + pair]));
        let columns = transposed(rows.map(kernel_gradient));
        for (i, row) in transposed(columns.map(kernel_gradient)).iter().enumerate() {
            out[3 * i..3 * i + 3].copy_from_slice(row);
        }
    }
    pool::recycle(products);
    out
}

fn add_products<T: Wide>(g: &Geometry, x: Images<'_, T>, y: Images<'_, T>, piece: &mut Piece<'_, T>) {
    let tiles = Tiles::of(g, RUN);
    let stride = tiles.stride();
    let mut scratch = Scratch::new(tiles);
    let mut xs = pool::filled(PLACES * g.inputs * stride, T::zero());
    let mut ys = pool::filled(PLACES * g.outputs * stride, T::zero());
    for rows in tiles.blocks(piece.images.clone()) {
        let run = rows.len() * tiles.width();
        transform_patches::<_, Input, 6>(x, tiles, rows.clone(), &mut xs, &mut scratch);
        // Beyond the image's width ȳ is zero: so are the places that belong to no tile.
        transform_patches::<_, OutputGradient, 4>(y, tiles, rows, &mut ys, &mut scratch);
        let places = xs.chunks_exact(g.inputs * stride).zip(ys.chunks_exact(g.outputs * stride));
        for ((x, y), out) in places.zip(piece.out.chunks_exact_mut(g.outputs * g.inputs)) {
            let y = Matrix { data: y, offset: 0, row_stride: stride as isize, col_stride: 1 };
            let x = Matrix { data: x, offset: 0, row_stride: 1, col_stride: stride as isize };
            add_product(out, Sizes { m: g.outputs, k: run, n: g.inputs }, (y, x));
        }
    }
    scratch.recycle();
    [xs, ys].into_iter().for_each(pool::recycle);
}
