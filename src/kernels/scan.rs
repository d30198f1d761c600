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
