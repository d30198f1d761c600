//! One element in, one element out.

use super::isa::vectorized;
use super::pool::{self, Pooled};
use super::strided::{Lines, Strided};
use super::threads;

/// `f` of every element, in row-major order.
pub(crate) fn map<T, U>(x: Strided<'_, T>, f: impl Fn(T) -> U + Sync) -> Vec<U>
where
    T: Copy + Sync,
    U: Pooled,
{
    let mut out = pool::buffer(x.len());
    let lines = Lines::new(x.shape, [x.strides], [x.offset]);
    over_lines(&mut out, &lines, |out, [start]| {
        if lines.strides == [1] {
            let x = &x.data[start..start + out.len()];
            vectorized(|| out.iter_mut().zip(x).for_each(|(o, &x)| *o = f(x)));
        } else {
            out.iter_mut().zip(x.line(start, lines.strides[0], lines.length)).for_each(|(o, x)| *o = f(x));
        }
    });
    out
}

/// `f` of every pair, in row-major order; both have the same shape.
pub(crate) fn zip<A, B, U>(a: Strided<'_, A>, b: Strided<'_, B>, f: impl Fn(A, B) -> U + Sync) -> Vec<U>
where
    A: Copy + Sync,
    B: Copy + Sync,
    U: Pooled,
{
    let mut out = pool::buffer(a.len());
    let lines = Lines::new(a.shape, [a.strides, b.strides], [a.offset, b.offset]);
    over_lines(&mut out, &lines, |out, [i, j]| match lines.strides {
        [1, 1] => {
            let (a, b) = (&a.data[i..i + out.len()], &b.data[j..j + out.len()]);
            vectorized(|| out.iter_mut().zip(a.iter().zip(b)).for_each(|(o, (&a, &b))| *o = f(a, b)));
        }
        [1, 0] => {
            let (a, b) = (&a.data[i..i + out.len()], b.data[j]);
            vectorized(|| out.iter_mut().zip(a).for_each(|(o, &a)| *o = f(a, b)));
        }
        [0, 1] => {
            let (a, b) = (a.data[i], &b.data[j..j + out.len()]);
            vectorized(|| out.iter_mut().zip(b).for_each(|(o, &b)| *o = f(a, b)));
        }
        [s, t] => {
            let pairs = a.line(i, s, out.len()).zip(b.line(j, t, out.len()));
            out.iter_mut().zip(pairs).for_each(|(o, (a, b))| *o = f(a, b));
        }
    });
    out
}

/// `f` of every triple, in row-major order; all have the same shape.
pub(crate) fn zip3<A, B, C, U>(
    a: Strided<'_, A>,
    b: Strided<'_, B>,
    c: Strided<'_, C>,
    f: impl Fn(A, B, C) -> U + Sync,
) -> Vec<U>
where
    A: Copy + Sync,
    B: Copy + Sync,
    C: Copy + Sync,
    U: Pooled,
{
    let mut out = pool::buffer(a.len());
    let lines = Lines::new(a.shape, [a.strides, b.strides, c.strides], [a.offset, b.offset, c.offset]);
    over_lines(&mut out, &lines, |out, [i, j, k]| {
        let n = out.len();
        if lines.strides == [1; 3] {
            let (a, b, c) = (&a.data[i..i + n], &b.data[j..j + n], &c.data[k..k + n]);
            vectorized(|| (0..n).for_each(|i| out[i] = f(a[i], b[i], c[i])));
        } else {
            let [s, t, u] = lines.strides;
            let triples = a.line(i, s, n).zip(b.line(j, t, n)).zip(c.line(k, u, n));
            out.iter_mut().zip(triples).for_each(|(o, ((a, b), c))| *o = f(a, b, c));
        }
    });
    out
}

/// Replaces every element by `f` of it.
pub(crate) fn map_in_place<T: Copy + Send>(x: &mut [T], f: impl Fn(T) -> T + Sync) {
    threads::for_chunks(x, |_, x| vectorized(|| x.iter_mut().for_each(|x| *x = f(*x))));
}

/// Replaces every element of `x` by `f` of it and its partner in `y`, which has the shape of `x`.
pub(crate) fn zip_in_place<T, B>(x: &mut [T], y: Strided<'_, B>, f: impl Fn(T, B) -> T + Sync)
where
    T: Copy + Send,
    B: Copy + Sync,
{
    let lines = Lines::new(y.shape, [y.strides], [y.offset]);
    over_lines(x, &lines, |x, [start]| match lines.strides {
        [1] => {
            let y = &y.data[start..start + x.len()];
            vectorized(|| x.iter_mut().zip(y).for_each(|(x, &y)| *x = f(*x, y)));
        }
        [0] => {
            let y = y.data[start];
            vectorized(|| x.iter_mut().for_each(|x| *x = f(*x, y)));
        }
        [stride] => x.iter_mut().zip(y.line(start, stride, lines.length)).for_each(|(x, y)| *x = f(*x, y)),
    });
}

/// Calls `body` with each line of a dense output and the operands' offsets there, lines shared out among threads;
/// one long line is cut into pieces.
fn over_lines<U: Send, const N: usize>(out: &mut [U], lines: &Lines<N>, body: impl Fn(&mut [U], [usize; N]) + Sync) {
    if lines.count == 1 {
        threads::for_chunks(out, |start, out| {
            lines.for_each(0, 1, |offsets| {
                let mut moved = offsets;
                for (offset, stride) in moved.iter_mut().zip(lines.strides) {
                    *offset = offset.wrapping_add_signed(stride * start as isize);
                }
                body(&mut *out, moved);
            });
        });
    } else {
        threads::for_row_chunks(out, lines.length, 1, |first, out| {
            let mut rest = out.chunks_exact_mut(lines.length);
            let count = rest.len();
            lines.for_each(first, count, |offsets| {
                if let Some(line) = rest.next() {
                    body(line, offsets);
                }
            });
        });
    }
}
