//! One element in, one element out.
//!
//! What is compiled for each function is its loop alone, which [`each`] and its like make of it; the functions that lead it over
//! tensors of any layout, in parallel, are compiled for the types.
//!
//! The functions are moved into the loops (`Copy`): for all the compiler knows,
//! a number that one refers to may lie where the loop writes. So let them hold numbers (`move |x| …`), not references.

use super::block::Block;
use super::isa::vectorized;
use super::operand::{Operand, Scratch};
use super::pool::{self, Pooled};
use super::strided::Strided;
use super::threads;

/// Loops over slices of one length, which write those that are `&mut`.
pub(crate) type Each<'a, T, U> = dyn Fn(&[T], &mut [U]) + Sync + 'a;
pub(crate) type EachToTwo<'a, T> = dyn Fn(&[T], &mut [T], &mut [T]) + Sync + 'a;
pub(crate) type EachPair<'a, A, B, U> = dyn Fn(&[A], &[B], &mut [U]) + Sync + 'a;
pub(crate) type EachTriple<'a, A, B, C, U> = dyn Fn(&[A], &[B], &[C], &mut [U]) + Sync + 'a;
/// A loop that replaces every element.
pub(crate) type EachInPlace<'a, T> = dyn Fn(&mut [T]) + Sync + 'a;
/// A loop that replaces every element of the first slice.
pub(crate) type EachOnto<'a, T, B> = dyn Fn(&mut [T], &[B]) + Sync + 'a;

/// y = f(x), as a loop.
pub(crate) fn each<T: Copy, U>(f: impl Fn(T) -> U + Copy + Sync) -> impl Fn(&[T], &mut [U]) + Copy + Sync {
    move |x, y| {
        vectorized!(move || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = f(x);
            }
        });
    }
}

/// (y, z) = f(x), as a loop.
pub(crate) fn each_to_two<T: Copy>(
    f: impl Fn(T) -> (T, T) + Copy + Sync,
) -> impl Fn(&[T], &mut [T], &mut [T]) + Copy + Sync {
    move |x, y, z| {
        vectorized!(move || {
            for ((y, z), &x) in y.iter_mut().zip(z).zip(x) {
                (*y, *z) = f(x);
            }
        });
    }
}

/// y = f(a, b), as a loop.
pub(crate) fn each_pair<A: Copy, B: Copy, U>(
    f: impl Fn(A, B) -> U + Copy + Sync,
) -> impl Fn(&[A], &[B], &mut [U]) + Copy + Sync {
    move |a, b, y| {
        vectorized!(move || {
            for (y, (&a, &b)) in y.iter_mut().zip(a.iter().zip(b)) {
                *y = f(a, b);
            }
        });
    }
}

/// y = f(a, b, c), as a loop.
pub(crate) fn each_triple<A: Copy, B: Copy, C: Copy, U>(
    f: impl Fn(A, B, C) -> U + Copy + Sync,
) -> impl Fn(&[A], &[B], &[C], &mut [U]) + Copy + Sync {
    move |a, b, c, y| {
        vectorized!(move || {
            for (y, ((&a, &b), &c)) in y.iter_mut().zip(a.iter().zip(b).zip(c)) {
                *y = f(a, b, c);
            }
        });
    }
}

/// x ← f(x), as a loop.
pub(crate) fn each_in_place<T: Copy>(f: impl Fn(T) -> T + Copy + Sync) -> impl Fn(&mut [T]) + Copy + Sync {
    move |x| {
        vectorized!(move || {
            for x in x {
                *x = f(*x);
            }
        });
    }
}

/// x ← f(x, y), as a loop.
pub(crate) fn each_onto<T: Copy, B: Copy>(
    f: impl Fn(T, B) -> T + Copy + Sync,
) -> impl Fn(&mut [T], &[B]) + Copy + Sync {
    move |x, y| {
        vectorized!(move || {
            for (x, &y) in x.iter_mut().zip(y) {
                *x = f(*x, y);
            }
        });
    }
}

/// A function of every element, in row-major order.
pub(crate) fn map<T, U>(x: Strided<'_, T>, each: &Each<'_, T, U>) -> Block<U>
where
    T: Pooled + Sync,
    U: Pooled,
{
    let mut out = pool::buffer(x.len());
    let x = Operand::new(x);
    threads::for_chunks(&mut out, |start, out| {
        let mut scratch = Scratch::new();
        let cut = |start, length| x.cut(start, length);
        for_blocks(start, out, cut, |start, out| each(x.block(start, out.len(), &mut scratch), out));
    });
    out
}

/// The two results of a function of every element, in row-major order.
pub(crate) fn map_to_two<T: Pooled + Sync>(x: Strided<'_, T>, each: &EachToTwo<'_, T>) -> (Block<T>, Block<T>) {
    let (mut first, mut second) = (pool::buffer(x.len()), pool::buffer(x.len()));
    let x = Operand::new(x);
    threads::for_chunk_pairs(&mut first, &mut second, |start, first, second| {
        let mut scratch = Scratch::new();
        let mut rest = second;
        let cut = |start, length| x.cut(start, length);
        for_blocks(start, first, cut, |start, first| {
            let (second, others) = std::mem::take(&mut rest).split_at_mut(first.len());
            rest = others;
            each(x.block(start, first.len(), &mut scratch), first, second);
        });
    });
    (first, second)
}

/// A function of every pair, in row-major order; both have the same shape.
pub(crate) fn zip<A, B, U>(a: Strided<'_, A>, b: Strided<'_, B>, each: &EachPair<'_, A, B, U>) -> Block<U>
where
    A: Pooled + Sync,
    B: Pooled + Sync,
    U: Pooled,
{
    let mut out = pool::buffer(a.len());
    let (a, b) = (Operand::new(a), Operand::new(b));
    threads::for_chunks(&mut out, |start, out| {
        let (mut scratch_a, mut scratch_b) = (Scratch::new(), Scratch::new());
        let cut = |start, length| b.cut(start, a.cut(start, length));
        for_blocks(start, out, cut, |start, out| {
            let n = out.len();
            each(a.block(start, n, &mut scratch_a), b.block(start, n, &mut scratch_b), out);
        });
    });
    out
}

/// A function of every triple, in row-major order; all have the same shape.
pub(crate) fn zip3<A, B, C, U>(
    a: Strided<'_, A>,
    b: Strided<'_, B>,
    c: Strided<'_, C>,
    each: &EachTriple<'_, A, B, C, U>,
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
        let cut = |start, length| c.cut(start, b.cut(start, a.cut(start, length)));
        for_blocks(start, out, cut, |start, out| {
            let n = out.len();
            let (a, b) = (a.block(start, n, &mut scratch_a), b.block(start, n, &mut scratch_b));
            each(a, b, c.block(start, n, &mut scratch_c), out);
        });
    });
    out
}

/// Replaces every element.
pub(crate) fn map_in_place<T: Send>(x: &mut [T], each: &EachInPlace<'_, T>) {
    threads::for_chunks(x, |_, x| each(x));
}

/// Replaces every element of `x` by a function of it and its partner in `y`, which has the shape of `x`.
pub(crate) fn zip_in_place<T, B>(x: &mut [T], y: Strided<'_, B>, each: &EachOnto<'_, T, B>)
where
    T: Send,
    B: Pooled + Sync,
{
    let y = Operand::new(y);
    threads::for_chunks(x, |start, x| {
        let mut scratch = Scratch::new();
        let cut = |start, length| y.cut(start, length);
        for_blocks(start, x, cut, |start, x| each(x, y.block(start, x.len(), &mut scratch)));
    });
}

/// Elements that are copied at a time to be replaced: few enough to be in the first-level cache then.
const COPIED: usize = 1024;

/// [`zip_in_place`] on a copy of `x`.
pub(crate) fn zip_onto_copy<T, B>(x: Strided<'_, T>, y: Strided<'_, B>, each: &EachOnto<'_, T, B>) -> Block<T>
where
    T: Pooled + Sync,
    B: Pooled + Sync,
{
    let mut out = pool::buffer(x.len());
    let (x, y) = (Operand::new(x), Operand::new(y));
    threads::for_chunks(&mut out, |start, out| {
        let (mut scratch_x, mut scratch_y) = (Scratch::new(), Scratch::new());
        let cut = |start, length: usize| y.cut(start, x.cut(start, length.min(COPIED)));
        for_blocks(start, out, cut, |start, out| {
            let n = out.len();
            out.copy_from_slice(x.block(start, n, &mut scratch_x));
            each(out, y.block(start, n, &mut scratch_y));
        });
    });
    out
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
