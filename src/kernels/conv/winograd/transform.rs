//! The one-dimensional transforms, on runs of numbers side by side.

#![allow(unsafe_code)]
// Registers are numbered, as in the formulas.
#![allow(clippy::needless_range_loop)]

use std::array::from_fn;
use std::marker::PhantomData;

use num_traits::{NumCast, Zero};

use super::GROUP;
use crate::kernels::vector::{Vector, Wide, Work};

/// `I` numbers become `O`.
pub(super) trait Transform<const I: usize, const O: usize> {
    /// # Safety
    /// The machine has the vector's instruction set.
    unsafe fn apply<V: Vector>(x: [V; I]) -> [V; O];
}

/// Bᵀ: six neighbours of the input.
pub(super) struct Input;

/// Aᵀ: four neighbours of the output, from the products.
pub(super) struct Output;

/// A: what a cotangent of four outputs is to the products.
pub(super) struct OutputGradient;

/// G: three numbers of the kernel.
pub(super) struct Kernel;

/// Gᵀ: the gradient to three numbers of the kernel.
pub(super) struct KernelGradient;

/// A number in all lanes.
///
/// # Safety
/// The machine has the vector's instruction set.
#[inline(always)]
unsafe fn number<V: Vector>(x: f64) -> V {
    // SAFETY: the contract.
    unsafe { V::splat(<V::Element as NumCast>::from(x).unwrap_or_else(V::Element::zero)) }
}

/// a + c · b.
///
/// # Safety
/// The machine has the vector's instruction set.
#[inline(always)]
unsafe fn plus<V: Vector>(a: V, c: f64, b: V) -> V {
    // SAFETY: the contract.
    unsafe { a.add_product(number(c), b) }
}

impl Transform<6, 6> for Input {
    #[inline(always)]
    unsafe fn apply<V: Vector>([a, b, c, d, e, f]: [V; 6]) -> [V; 6] {
        // SAFETY: the contract.
        unsafe {
            let (even, odd) = (plus(e, -4.0, c), plus(d, -4.0, b));
            let (far_even, far_odd) = (plus(e, -1.0, c), plus(d, -1.0, b));
            [
                plus(plus(e, -5.0, c), 4.0, a),
                plus(even, 1.0, odd),
                plus(even, -1.0, odd),
                plus(far_even, 2.0, far_odd),
                plus(far_even, -2.0, far_odd),
                plus(plus(f, -5.0, d), 4.0, b),
            ]
        }
    }
}

impl Transform<6, 4> for Output {
    #[inline(always)]
    unsafe fn apply<V: Vector>([a, b, c, d, e, f]: [V; 6]) -> [V; 4] {
        // SAFETY: the contract.
        unsafe {
            let (sum, difference) = (plus(b, 1.0, c), plus(b, -1.0, c));
            let (far_sum, far_difference) = (plus(d, 1.0, e), plus(d, -1.0, e));
            [
                plus(plus(a, 1.0, sum), 1.0, far_sum),
                plus(difference, 2.0, far_difference),
                plus(sum, 4.0, far_sum),
                plus(plus(difference, 8.0, far_difference), 1.0, f),
            ]
        }
    }
}

impl Transform<4, 6> for OutputGradient {
    #[inline(always)]
    unsafe fn apply<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 6] {
        // SAFETY: the contract.
        unsafe {
            let (even, odd) = (plus(a, 1.0, c), plus(b, 1.0, d));
            let (far_even, half_odd) = (plus(a, 4.0, c), plus(b, 4.0, d));
            [
                a,
                plus(even, 1.0, odd),
                plus(even, -1.0, odd),
                plus(far_even, 2.0, half_odd),
                plus(far_even, -2.0, half_odd),
                d,
            ]
        }
    }
}

impl Transform<3, 6> for Kernel {
    #[inline(always)]
    unsafe fn apply<V: Vector>([a, b, c]: [V; 3]) -> [V; 6] {
        // SAFETY: the contract.
        unsafe {
            let zero = number(0.0);
            let (even, odd) = (plus(zero, -1.0 / 6.0, plus(a, 1.0, c)), plus(zero, 1.0 / 6.0, b));
            let far = plus(plus(zero, 1.0 / 24.0, a), 1.0 / 6.0, c);
            [
                plus(zero, 0.25, a),
                plus(even, -1.0, odd),
                plus(even, 1.0, odd),
                plus(far, 0.5, odd),
                plus(far, -0.5, odd),
                c,
            ]
        }
    }
}

impl Transform<6, 3> for KernelGradient {
    #[inline(always)]
    unsafe fn apply<V: Vector>([a, b, c, d, e, f]: [V; 6]) -> [V; 3] {
        // SAFETY: the contract.
        unsafe {
            let (near, far) = (plus(b, 1.0, c), plus(d, 1.0, e));
            let (near_apart, far_apart) = (plus(c, -1.0, b), plus(d, -1.0, e));
            let zero = number(0.0);
            let sixth = plus(zero, -1.0 / 6.0, near);
            [
                plus(plus(sixth, 0.25, a), 1.0 / 24.0, far),
                plus(plus(zero, 1.0 / 6.0, near_apart), 1.0 / 12.0, far_apart),
                plus(plus(sixth, 1.0 / 6.0, far), 1.0, f),
            ]
        }
    }
}

/// Where the numbers of a transform stand: at `starts`, and `step` further on in each repetition.
#[derive(Clone, Copy)]
pub(super) struct Places<const N: usize> {
    pub(super) starts: [usize; N],
    pub(super) step: usize,
}

impl<const N: usize> Places<N> {
    /// At `first` and each `distance` further on.
    pub(super) fn new(first: usize, distance: usize) -> Self {
        Places { starts: from_fn(|i| first + i * distance), step: 0 }
    }

    pub(super) fn step(self, step: usize) -> Self {
        Places { step, ..self }
    }

    /// Panics unless `times` runs of `len` elements lie within a slice.
    fn check(&self, len: usize, times: usize, slice: usize) {
        let last = self.starts.iter().max().map_or(0, |start| start + (times - 1) * self.step);
        assert!(last + len <= slice, "a run of {len} at {last} reaches outside its {slice} elements");
    }
}

/// The transform of the runs of `len` numbers at `starts`, to those at `ends`, as many times as the last argument says;
/// `len` is a multiple of [`GROUP`].
pub(super) fn transform<T: Wide, F: Transform<I, O>, const I: usize, const O: usize>(
    (from, starts): (&[T], Places<I>),
    (to, ends): (&mut [T], Places<O>),
    len: usize,
    times: usize,
) {
    if times == 0 {
        return;
    }
    assert!(len.is_multiple_of(GROUP), "runs of {len} are not in whole vectors");
    starts.check(len, times, from.len());
    ends.check(len, times, to.len());
    T::wide(Runs::<T, F, I, O> { from, starts, to, ends, len, times, rule: PhantomData });
}

struct Runs<'a, T, F, const I: usize, const O: usize> {
    from: &'a [T],
    starts: Places<I>,
    to: &'a mut [T],
    ends: Places<O>,
    len: usize,
    times: usize,
    rule: PhantomData<F>,
}

impl<T: Wide, F: Transform<I, O>, const I: usize, const O: usize> Work<T> for Runs<'_, T, F, I, O> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(self) {
        let (from, to) = (self.from.as_ptr(), self.to.as_mut_ptr());
        for time in 0..self.times {
            let (from, to) = (from.wrapping_add(time * self.starts.step), to.wrapping_add(time * self.ends.step));
            for p in (0..self.len).step_by(V::LANES) {
                // SAFETY: the machine has the instruction set, as the caller promises; `transform` has checked that all
                // runs lie within their slices, and their length is a whole number of vectors.
                unsafe {
                    let mut x = [V::splat(T::zero()); I];
                    for i in 0..I {
                        x[i] = V::load(from.add(self.starts.starts[i] + p));
                    }
                    let y = F::apply(x);
                    for o in 0..O {
                        y[o].store(to.add(self.ends.starts[o] + p));
                    }
                }
            }
        }
    }
}
