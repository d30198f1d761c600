//! Bringing elements into row-major order, and from there to places that strides name.

#![allow(unsafe_code)]

use smallvec::SmallVec;

use super::block::{Block, LINE};
use super::pool::{self, Pooled};
use super::strided::{Lines, Strided, merged};
use super::threads;
use super::transpose::transpose;
use super::vector::SIDE;

/// Side of the tiles in which a transpose is copied: a cache line that is read serves the whole tile.
const TILE: usize = 32;

/// The elements in row-major order.
#[inline(never)]
pub(crate) fn dense<T: Pooled + Sync>(x: Strided<'_, T>) -> Block<T> {
    let mut out = pool::buffer(x.len());
    let axes = merged(x.shape, [x.strides]);
    let Some(&(_, [stride])) = axes.first() else {
        out.iter_mut().for_each(|out| *out = x.data[x.offset]);
        return out;
    };
    let width: usize = axes[1..].iter().map(|(length, _)| length).product();
    // Where neighbours of the source come to different rows, these are not cut within a line of the cache.
    let line = LINE / size_of::<T>();
    let together = if stride == 1 && axes[0].0 >= 2 * line { line } else { 1 };
    threads::for_row_chunks(&mut out, together * width, 1, |first, out| {
        let start = x.offset.wrapping_add_signed(stride * (first * together) as isize);
        type List<T> = SmallVec<[T; 4]>;
        let (mut shape, strides): (List<_>, List<_>) = axes.iter().map(|&(length, [stride])| (length, stride)).unzip();
        shape[0] = out.len() / width;
        copy(out, Strided { data: x.data, shape: &shape, strides: &strides, offset: start });
    });
    out
}

/// Copies merged axes, one of them at least.
fn copy<T: Pooled>(out: &mut [T], x: Strided<'_, T>) {
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
        -1 => {
            let from = data[..=start].iter().rev();
            out.iter_mut().zip(from).for_each(|(out, &x)| *out = x);
        }
        _ => {
            out.iter_mut().enumerate().for_each(|(i, out)| *out = data[start.wrapping_add_signed(stride * i as isize)])
        }
    }
}

/// `rows` rows, each of a row of every part, one after the other; a part is its elements and the width of its rows.
pub(crate) fn side_by_side<T: Pooled + Sync>(parts: &[(&[T], usize)], rows: usize) -> Block<T> {
    let width: usize = parts.iter().map(|(_, width)| width).sum();
    let mut out = pool::buffer(rows * width);
    if rows == 1 {
        let mut rest = &mut out[..];
        for (x, width) in parts {
            let (here, others) = rest.split_at_mut(*width);
            threads::for_chunks(here, |start, here| here.copy_from_slice(&x[start..][..here.len()]));
            rest = others;
        }
        return out;
    }
    threads::for_row_chunks(&mut out, width, 1, |first, out| {
        let mut start = 0;
        for &(x, part) in parts {
            let pairs = out.chunks_exact_mut(width).zip(x[first * part..].chunks_exact(part.max(1)));
            match part {
                0 => {}
                // A call a row takes longer than a few elements.
                1 => pairs.for_each(|(out, x)| out[start] = x[0]),
                _ => pairs.for_each(|(out, x)| out[start..start + part].copy_from_slice(x)),
            }
            start += part;
        }
    });
    out
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
fn copy_tiles<T: Pooled>(out: &mut [T], x: Strided<'_, T>, axis: usize) {
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
            if x.strides[axis] == 1 && x.strides[last] > 0 && rows.min(columns) >= SIDE {
                let (from, to) = (&x.data[from..], &mut out[to..]);
                if transpose_bits(from, x.strides[last] as usize, to, dense[axis] as usize, [columns, rows]) {
                    continue;
                }
            }
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

/// [`transpose`] of numbers that have a float's size, as whose bits they are moved; `false` for others.
fn transpose_bits<T: Pooled>(from: &[T], stride: usize, to: &mut [T], to_stride: usize, lengths: [usize; 2]) -> bool {
    /// The same bits.
    ///
    /// # Safety
    /// Both are numbers of one size.
    unsafe fn bits<'a, T, U>(from: &'a [T], to: &'a mut [T]) -> (&'a [U], &'a mut [U]) {
        // SAFETY: the contract; numbers have no bits that another number of the size could not have.
        unsafe {
            let (length, first) = (to.len(), to.as_mut_ptr());
            let from = std::slice::from_raw_parts(from.as_ptr().cast(), from.len());
            (from, std::slice::from_raw_parts_mut(first.cast(), length))
        }
    }
    match size_of::<T>() {
        4 => {
            // SAFETY: what pools hold are numbers and, of one byte, truth values.
            let (from, to) = unsafe { bits::<T, f32>(from, to) };
            transpose(from, stride, to, to_stride, lengths);
        }
        8 => {
            // SAFETY: as above.
            let (from, to) = unsafe { bits::<T, f64>(from, to) };
            transpose(from, stride, to, to_stride, lengths);
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements by the definition of strides.
    fn one_by_one<T: Copy>(x: Strided<'_, T>) -> Vec<T> {
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
        comes_out((0..200_000_i32).collect());
        comes_out((0..200_000_i64).map(|i| i << 40).collect());
        comes_out((0..200_000_u32).map(|i| (i % 251) as u8).collect());
        // A NaN that signals, whose bits arithmetic would change.
        comes_out((0..200_000).map(|i| 0x7fa0_0000 + i).collect::<Vec<u32>>());
    }

    fn comes_out<T: Pooled + PartialEq>(data: Vec<T>) {
        let layouts: [(&[usize], &[isize], usize); 11] = [
            (&[], &[], 7),
            (&[300, 301], &[1, 300], 0),
            (&[33, 65], &[1, 33], 5),
            (&[70, 40, 50], &[1, 70, 2800], 0),
            (&[40, 70, 50], &[50, 2000, 1], 0),
            (&[3, 50, 40], &[2000, 1, 50], 0),
            (&[40, 3, 50, 2], &[1, 0, 40, -2000], 2000),
            (&[100, 50], &[-1, -100], 4999),
            (&[30, 50], &[50, -1], 49),
            (&[30, 50], &[100, 2], 3),
            (&[5, 0, 3], &[1, 1, 1], 0),
        ];
        for (shape, strides, offset) in layouts {
            let x = Strided { data: &data, shape, strides, offset };
            assert!(dense(x)[..] == one_by_one(x), "{shape:?} {strides:?}");
        }
    }
}
