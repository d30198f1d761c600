//! One element in, one element out.
//!
//! The functions are moved into the loops (`Copy`): for all the compiler knows,
//! a number that one refers to may lie where the loop writes. So let them hold numbers (`move |x| …`), not references.

use super::block::Block;
use super::isa::vectorized;
use super::operand::{Operand, Scratch};
use super::pool::{self, Pooled};
use super::strided::Strided;
use super::threads;

/// `f` of every element, in row-major order.
pub(crate) fn map<T, U>(x: Strided<'_, T>, f: impl Fn(T) -> U + Copy + Sync) -> Block<U>
where
    T: Pooled + Sync,
    U: Pooled,
{
    let mut out = pool::buffer(x.len());
    let x = Operand::new(x);
    threads::for_chunks(&mut out, |start, out| {
        let mut scratch = Scratch::new();
        for_blocks(
            start,
            out,
            |start, length| x.cut(start, length),
            #[inline(always)]
            |start, out| {
                let x = x.block(start, out.len(), &mut scratch);
                vectorized!(move || {
                    for (out, &x) in out.iter_mut().zip(x) {
                        *out = f(x);
                    }
                });
            },
        );
    });
    out
}

/// The two results of `f` for every element, in row-major order.
pub(crate) fn map_to_two<T: Pooled + Sync>(
    x: Strided<'_, T>,
    f: impl Fn(T) -> (T, T) + Copy + Sync,
) -> (Block<T>, Block<T>) {
    let (mut first, mut second) = (pool::buffer(x.len()), pool::buffer(x.len()));
    let x = Operand::new(x);
    threads::for_chunk_pairs(&mut first, &mut second, |start, first, second| {
        let mut scratch = Scratch::new();
        let mut rest = second;
        for_blocks(
            start,
            first,
            |start, length| x.cut(start, length),
            #[inline(always)]
            |start, first| {
                let x = x.block(start, first.len(), &mut scratch);
                let (second, others) = std::mem::take(&mut rest).split_at_mut(first.len());
                rest = others;
                vectorized!(move || {
                    for ((first, second), &x) in first.iter_mut().zip(second).zip(x) {
                        (*first, *second) = f(x);
                    }
                });
            },
        );
    });
    (first, second)
}

/// `f` of every pair, in row-major order; both have the same shape.
pub(crate) fn zip<A, B, U>(a: Strided<'_, A>, b: Strided<'_, B>, f: impl Fn(A, B) -> U + Copy + Sync) -> Block<U>
where
    A: Pooled + Sync,
    B: Pooled + Sync,
    U: Pooled,
{
    let mut out = pool::buffer(a.len());
    let (a, b) = (Operand::new(a), Operand::new(b));
    threads::for_chunks(&mut out, |start, out| {
        let (mut scratch_a, mut scratch_b) = (Scratch::new(), Scratch::new());
        for_blocks(
            start,
            out,
            |start, length| b.cut(start, a.cut(start, length)),
            #[inline(always)]
            |start, out| {
                let (a, b) = (a.block(start, out.len(), &mut scratch_a), b.block(start, out.len(), &mut scratch_b));
                vectorized!(move || {
                    for (out, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
                        *out = f(a, b);
                    }
                });
            },
        );
    });
    out
}

/// `f` of every triple, in row-major order; all have the same shape.
pub(crate) fn zip3<A, B, C, U>(
    a: Strided<'_, A>,
    b: Strided<'_, B>,
    c: Strided<'_, C>,
    f: impl Fn(A, B, C) -> U + Copy + Sync,
) -> Block<U>
where
    A: Pooled + Sync,
    B: Pooled + Sync,
    C: Pooled + Sync,
    U: Pooled,
{
    let mut out = pool::buffer(a.len());
    let (a, b, c) = (Operand::new(a), Operand::new(b), Operand::new(c));
    threads::for_chunks(&mut out, |start, out| {
        let (mut scratch_a, mut scratch_b, mut scratch_c) = (Scratch::new(), Scratch::new(), Scratch::new());
        for_blocks(
            start,
            out,
            |start, length| c.cut(start, b.cut(start, a.cut(start, length))),
            #[inline(always)]
            |start, out| {
                let n = out.len();
                let (a, b) = (a.block(start, n, &mut scratch_a), b.block(start, n, &mut scratch_b));
                let c = c.block(start, n, &mut scratch_c);
                vectorized!(move || {
                    for (out, ((&a, &b), &c)) in out.iter_mut().zip(a.iter().zip(b).zip(c)) {
                        *out = f(a, b, c);
                    }
                });
            },
        );
    });
    out
}

/// Replaces every element by `f` of it.
pub(crate) fn map_in_place<T: Copy + Send>(x: &mut [T], f: impl Fn(T) -> T + Copy + Sync) {
    threads::for_chunks(x, |_, x| {
        vectorized!(move || {
            for x in x {
                *x = f(*x);
            }
        });
    });
}

/// Replaces every element of `x` by `f` of it and its partner in `y`, which has the shape of `x`.
pub(crate) fn zip_in_place<T, B>(x: &mut [T], y: Strided<'_, B>, f: impl Fn(T, B) -> T + Copy + Sync)
where
    T: Copy + Send,
    B: Pooled + Sync,
{
    let y = Operand::new(y);
    threads::for_chunks(x, |start, x| {
        let mut scratch = Scratch::new();
        for_blocks(
            start,
            x,
            |start, length| y.cut(start, length),
            #[inline(always)]
            |start, x| {
                let y = y.block(start, x.len(), &mut scratch);
                vectorized!(move || {
                    for (x, &y) in x.iter_mut().zip(y) {
                        *x = f(*x, y);
                    }
                });
            },
        );
    });
}

/// Calls `body(start, piece)` for consecutive pieces of `out`, which are the elements from number `first` on;
/// `cut` says how long a piece that starts at a place may be.
#[inline(always)]
fn for_blocks<U>(
    first: usize,
    out: &mut [U],
    cut: impl Fn(usize, usize) -> usize,
    mut body: impl FnMut(usize, &mut [U]),
) {
    let (mut start, mut rest) = (first, out);
    while !rest.is_empty() {
        let length = cut(start, rest.len());
        let (piece, others) = rest.split_at_mut(length);
        body(start, piece);
        start += length;
        rest = others;
    }
}
