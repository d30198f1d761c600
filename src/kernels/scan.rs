//! Running results along an axis.

use super::block::Block;
use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::threads;

/// A dense tensor seen along one axis: blocks of `length` neighbours, which are `inner` elements apart.
#[derive(Clone, Copy)]
pub(crate) struct Along {
    pub(crate) length: usize,
    pub(crate) inner: usize,
}

impl Along {
    pub(crate) fn new(shape: &[usize], axis: usize) -> Self {
        Along { length: shape[axis], inner: shape[axis + 1..].iter().product() }
    }
}

/// `x[i] = f(place of x[i], x[i − 1], x[i])` along the axis, from the second on; in reverse from the last but one,
/// with `x[i + 1]`.
pub(crate) fn scan<T: Copy + Send>(
    x: &mut [T],
    Along { length, inner }: Along,
    reverse: bool,
    f: impl Fn(usize, T, T) -> T + Sync,
) {
    if inner == 1 && length > 0 {
        return scan_rows(x, length, reverse, f);
    }
    threads::for_row_chunks(x, length * inner, 1, |first, block| {
        for (outer, x) in block.chunks_exact_mut(length * inner).enumerate() {
            let base = (first + outer) * length * inner;
            vectorized!(|| {
                for step in 1..length {
                    // The line that is read and the line that is written are the two about `middle`.
                    let middle = (if reverse { length - step } else { step }) * inner;
                    let (low, high) = x.split_at_mut(middle);
                    let (below, above) = (&mut low[middle - inner..], &mut high[..inner]);
                    let (place, before, here) =
                        if reverse { (base + middle - inner, above, below) } else { (base + middle, below, above) };
                    for (i, (x, &mut before)) in here.iter_mut().zip(before).enumerate() {
                        *x = f(place + i, before, *x);
                    }
                }
            });
        }
    });
}

/// [`scan`] of rows that lie side by side. Several go together, or each element would wait for the sum before it.
fn scan_rows<T: Copy + Send>(x: &mut [T], length: usize, reverse: bool, f: impl Fn(usize, T, T) -> T + Sync) {
    const TOGETHER: usize = 8;
    let start = if reverse { length - 1 } else { 0 };
    threads::for_row_chunks(x, length, 1, |first, rows| {
        for (group, rows) in rows.chunks_mut(TOGETHER * length).enumerate() {
            let base = (first + group * TOGETHER) * length;
            let (count, mut before) = (rows.len() / length, [rows[start]; TOGETHER]);
            (1..count).for_each(|row| before[row] = rows[row * length + start]);
            for step in 1..length {
                let column = if reverse { start - step } else { step };
                for (row, before) in before[..count].iter_mut().enumerate() {
                    let place = row * length + column;
                    *before = f(base + place, *before, rows[place]);
                    rows[place] = *before;
                }
            }
        }
    });
}

/// `y[i] = x[i − by]` along the axis, `fill` where there is none.
pub(crate) fn shift<T: Pooled + Sync>(x: &[T], along: Along, by: isize, fill: T) -> Block<T> {
    let Along { length, inner } = along;
    let mut out = pool::filled(x.len(), fill);
    let (from, to) = (by.min(0).unsigned_abs().min(length) * inner, by.max(0).unsigned_abs().min(length) * inner);
    let count = length * inner - from.max(to);
    threads::for_row_chunks(&mut out, length * inner, 1, |first, out| {
        for (out, x) in out.chunks_exact_mut(length * inner).zip(x.chunks_exact(length * inner).skip(first)) {
            out[to..to + count].copy_from_slice(&x[from..from + count]);
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::{Along, scan};

    /// Rows that go together and some beside, and lines that are apart; places tell elements from their neighbours.
    #[test]
    fn every_number_of_rows_and_both_ways() {
        for [outer, length, inner] in
            [[1, 5, 1], [8, 7, 1], [19, 4, 1], [20_000, 4, 1], [3, 4, 5], [7, 1, 1], [2, 0, 1]]
        {
            for reverse in [false, true] {
                let x: Vec<i64> = (0..(outer * length * inner) as i64).map(|i| i * 31 % 17).collect();
                let mut y = x.clone();
                scan(&mut y, Along { length, inner }, reverse, |place, before, x| before / 2 + x + place as i64);
                let by = if reverse { inner as isize } else { -(inner as isize) };
                for at in 0..x.len() {
                    let step = at / inner % length;
                    let first = step == if reverse { length - 1 } else { 0 };
                    let expected = if first { x[at] } else { y[at.wrapping_add_signed(by)] / 2 + x[at] + at as i64 };
                    assert_eq!(y[at], expected, "{outer}×{length}×{inner}, {reverse}, at {at}");
                }
            }
        }
    }
}
