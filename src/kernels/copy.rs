//! Bringing elements into row-major order, and from there to places that strides name.

use super::block::Block;
use super::pool::{self, Pooled};
use super::strided::{Lines, Strided, merged};
use super::threads;

/// Side of the tiles in which a transpose is copied: a cache line that is read serves the whole tile.
const TILE: usize = 32;

/// The elements in row-major order.
pub(crate) fn dense<T: Pooled + Sync>(x: Strided<'_, T>) -> Block<T> {
    let mut out = pool::buffer(x.len());
    let axes = merged(x.shape, [x.strides]);
    let Some(&(_, [stride])) = axes.first() else {
        out.iter_mut().for_each(|out| *out = x.data[x.offset]);
        return out;
    };
    let width = axes[1..].iter().map(|(length, _)| length).product();
    threads::for_row_chunks(&mut out, width, 1, |first, out| {
        let start = x.offset.wrapping_add_signed(stride * first as isize);
        let (mut shape, strides): (Vec<_>, Vec<_>) = axes.iter().map(|&(length, [stride])| (length, stride)).unzip();
        shape[0] = out.len() / width;
        copy(out, Strided { data: x.data, shape: &shape, strides: &strides, offset: start });
    });
    out
}

/// Copies merged axes, one of them at least.
fn copy<T: Copy>(out: &mut [T], x: Strided<'_, T>) {
    let last = x.shape.len() - 1;
    let (length, stride) = (x.shape[last], x.strides[last]);
    let fastest = (0..last).filter(|&axis| x.strides[axis] != 0).min_by_key(|&axis| x.strides[axis].unsigned_abs());
    match fastest {
        // Lines along the last axis are lines of the source too, or the source has no better ones.
        Some(axis) if x.strides[axis].abs() < stride.abs() => copy_tiles(out, x, axis),
        _ => {
            let lines = Lines::new(x.shape, [x.strides], [x.offset]);
            let mut rest = out.chunks_exact_mut(length);
            lines.for_each(0, lines.count, |[start]| {
                let Some(out) = rest.next() else { return };
                copy_line(out, x.data, start, stride);
            });
        }
    }
}

/// `stride` apart from `start` on.
pub(super) fn copy_line<T: Copy>(out: &mut [T], data: &[T], start: usize, stride: isize) {
    match stride {
        1 => out.copy_from_slice(&data[start..start + out.len()]),
        0 => out.fill(data[start]),
        _ => {
            out.iter_mut().enumerate().for_each(|(i, out)| *out = data[start.wrapping_add_signed(stride * i as isize)])
        }
    }
}

/// Changes the elements of `out` that the strides and the offset of `place` name, each by its partner in `x`.
pub(crate) fn update_at<T: Copy>(
    out: &mut [T],
    (strides, offset): (&[isize], usize),
    x: Strided<'_, T>,
    f: impl Fn(T, T) -> T,
) {
    let lines = Lines::new(x.shape, [strides, x.strides], [offset, x.offset]);
    lines.for_each(0, lines.count, |[to, from]| {
        let length = lines.length;
        match lines.strides {
            [1, 1] => out[to..to + length]
                .iter_mut()
                .zip(&x.data[from..from + length])
                .for_each(|(out, &x)| *out = f(*out, x)),
            [1, 0] => out[to..to + length].iter_mut().for_each(|out| *out = f(*out, x.data[from])),
            [across, along] => (0..length as isize).for_each(|i| {
                let to = to.wrapping_add_signed(across * i);
                out[to] = f(out[to], x.data[from.wrapping_add_signed(along * i)]);
            }),
        }
    });
}

/// Copies planes of the last axis and another one, whose elements are closer together in the source.
fn copy_tiles<T: Copy>(out: &mut [T], x: Strided<'_, T>, axis: usize) {
    let last = x.shape.len() - 1;
    let dense: Vec<isize> = (0..=last).map(|axis| x.shape[axis + 1..].iter().product::<usize>() as isize).collect();
    let others =
        |of: &[isize]| -> Vec<isize> { (0..last).filter(|&other| other != axis).map(|axis| of[axis]).collect() };
    let shape: Vec<usize> = (0..last).filter(|&other| other != axis).map(|axis| x.shape[axis]).collect();
    let planes = Lines::new(&shape, [&others(x.strides), &others(&dense)], [x.offset, 0]);
    let (rows, columns) = (x.shape[axis], x.shape[last]);
    let at = |start: usize, i: usize, by: isize| start.wrapping_add_signed(by * i as isize);
    planes.for_each(0, planes.count, |[from, to]| {
        for plane in 0..planes.length {
            let (from, to) = (at(from, plane, planes.strides[0]), at(to, plane, planes.strides[1]));
            for row in (0..rows).step_by(TILE) {
                for column in (0..columns).step_by(TILE) {
                    for i in row..rows.min(row + TILE) {
                        let from = at(at(from, i, x.strides[axis]), column, x.strides[last]);
                        let out = &mut out[at(to, i, dense[axis]) + column..][..TILE.min(columns - column)];
                        copy_line(out, x.data, from, x.strides[last]);
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements by the definition of strides.
    fn one_by_one(x: Strided<'_, i32>) -> Vec<i32> {
        (0..x.len())
            .map(|mut rest| {
                let mut place = x.offset as isize;
                for (length, stride) in x.shape.iter().zip(x.strides).rev() {
                    place += stride * (rest % length) as isize;
                    rest /= length;
                }
                x.data[place as usize]
            })
            .collect()
    }

    #[test]
    fn any_layout_comes_out_in_row_major_order() {
        let data: Vec<i32> = (0..200_000).collect();
        let layouts: [(&[usize], &[isize], usize); 9] = [
            (&[], &[], 7),
            (&[300, 301], &[1, 300], 0),
            (&[33, 65], &[1, 33], 5),
            (&[70, 40, 50], &[1, 70, 2800], 0),
            (&[40, 70, 50], &[50, 2000, 1], 0),
            (&[3, 50, 40], &[2000, 1, 50], 0),
            (&[40, 3, 50, 2], &[1, 0, 40, -2000], 2000),
            (&[100, 50], &[-1, -100], 4999),
            (&[5, 0, 3], &[1, 1, 1], 0),
        ];
        for (shape, strides, offset) in layouts {
            let x = Strided { data: &data, shape, strides, offset };
            assert!(dense(x)[..] == one_by_one(x), "{shape:?} {strides:?}");
        }
    }
}
