//! Copying and adding by index.

use smallvec::SmallVec;

use super::block::Block;
use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::strided::{Lines, Strided};
use super::threads;

/// Copies row `rows[i]` of `x` (rows of `width` elements) to row `i` of the result, in parallel.
pub(crate) fn gather_rows<T: Pooled + Sync>(x: &[T], width: usize, rows: &[usize]) -> Block<T> {
    let mut out = pool::buffer(rows.len() * width);
    threads::for_row_chunks(&mut out, width, 1, |first, out| {
        if width == 1 {
            return out.iter_mut().zip(&rows[first..]).for_each(|(out, &row)| *out = x[row]);
        }
        for (out, &row) in out.chunks_exact_mut(width).zip(&rows[first..]) {
            out.copy_from_slice(&x[row * width..][..width]);
        }
    });
    out
}

/// Adds row `i` of `source` to row `rows[i]` of `out`, in order.
pub(crate) fn add_rows<T>(out: &mut [T], width: usize, rows: &[usize], source: &[T])
where
    T: Copy + std::ops::AddAssign,
{
    if width == 0 {
        return;
    }
    if width == 1 {
        return rows.iter().zip(source).for_each(|(&row, &s)| out[row] += s);
    }
    for (source, &row) in source.chunks_exact(width).zip(rows) {
        let out = &mut out[row * width..][..width];
        vectorized!(|| out.iter_mut().zip(source).for_each(|(o, &s)| *o += s));
    }
}

/// For each place of `shape`, the element of `x` there, but at `index` along `axis`; indices are within range.
pub(crate) fn gather_along<T: Pooled + Sync>(
    x: Strided<'_, T>,
    axis: usize,
    shape: &[usize],
    index: &[usize],
) -> Block<T> {
    let (lines, step) = across(shape, x.strides, axis, x.offset);
    let mut out = pool::buffer(index.len());
    threads::for_row_chunks(&mut out, lines.length, 2, |first, out| {
        let mut rest = out.chunks_exact_mut(lines.length).zip(index[first * lines.length..].chunks_exact(lines.length));
        let count = rest.len();
        lines.for_each(first, count, |[start]| {
            let Some((out, index)) = rest.next() else { return };
            for (i, (out, &index)) in out.iter_mut().zip(index).enumerate() {
                *out = x.data[start.wrapping_add_signed(lines.strides[0] * i as isize + step * index as isize)];
            }
        });
    });
    out
}

/// The transpose of [`gather_along`]: adds each element of `source` to the element of `out` that its index names.
/// `out` is dense, with the given strides.
pub(crate) fn add_along<T>(
    out: &mut [T],
    strides: &[isize],
    axis: usize,
    shape: &[usize],
    index: &[usize],
    source: &[T],
) where
    T: Copy + std::ops::AddAssign,
{
    let (lines, step) = across(shape, strides, axis, 0);
    let mut rest = index.iter().zip(source);
    lines.for_each(0, lines.count, |[start]| {
        for (i, (&index, &source)) in rest.by_ref().take(lines.length).enumerate() {
            out[start.wrapping_add_signed(lines.strides[0] * i as isize + step * index as isize)] += source;
        }
    });
}

/// Lines of `shape` that stand still along `axis`, and the stride of that axis.
fn across(shape: &[usize], strides: &[isize], axis: usize, offset: usize) -> (Lines<1>, isize) {
    let mut strides: SmallVec<[isize; 4]> = strides.into();
    let step = std::mem::replace(&mut strides[axis], 0);
    (Lines::new(shape, [&strides], [offset]), step)
}
