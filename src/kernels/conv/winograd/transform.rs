//! The one-dimensional transforms, on runs of numbers side by side.

#![allow(unsafe_code)]

use num_traits::{NumCast, Zero};

use crate::kernels::conv::tile::SLACK;
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

/// a + c · b.
///
/// # Safety
/// The machine has the vector's instruction set.
#[inline(always)]
unsafe fn plus<V: Vector>(a: V, c: f64, b: V) -> V {
    let c = <V::Element as NumCast>::from(c).unwrap_or_else(V::Element::zero);
    // SAFETY: the contract.
    unsafe { a.add_product(V::splat(c), b) }
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

/// The transform of the numbers that stand at `from[starts[..] + p]`, to `to[ends[..] + p]`, for p below `len`. Up to
/// `SLACK` more are read and written.
pub(super) fn transform<T: Wide, F: Transform<I, O>, const I: usize, const O: usize>(
    from: &[T],
    starts: [usize; I],
    to: &mut [T],
    ends: [usize; O],
    len: usize,
) {
    let len = len.next_multiple_of(SLACK);
    assert!(starts.iter().all(|start| start + len <= from.len()), "a run reaches outside its source");
    assert!(ends.iter().all(|end| end + len <= to.len()), "a run does not fit");
    T::wide(Runs::<T, F, I, O> { from, starts, to, ends, len, rule: std::marker::PhantomData });
}

struct Runs<'a, T, F, const I: usize, const O: usize> {
    from: &'a [T],
    starts: [usize; I],
    to: &'a mut [T],
    ends: [usize; O],
    len: usize,
    rule: std::marker::PhantomData<F>,
}

impl<T: Wide, F: Transform<I, O>, const I: usize, const O: usize> Work<T> for Runs<'_, T, F, I, O> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(self) {
        let (from, to) = (self.from.as_ptr(), self.to.as_mut_ptr());
        for p in (0..self.len).step_by(V::LANES) {
            // SAFETY: the machine has the instruction set, as the caller promises; `transform` has checked that all runs
            // lie within their slices, and their length is a whole number of vectors.
            unsafe {
                let x = self.starts.map(|start| V::load(from.add(start + p)));
                let y = F::apply(x);
                for (&end, y) in self.ends.iter().zip(y) {
                    y.store(to.add(end + p));
                }
            }
        }
    }
}

/// Every fourth number to a run of its own: `runs[phase · stride + p] = row[4p + phase]`.
pub(super) fn part<T: Copy>(row: &[T], runs: &mut [T], stride: usize) {
    let (a, rest) = runs.split_at_mut(stride);
    let (b, rest) = rest.split_at_mut(stride);
    let (c, d) = rest.split_at_mut(stride);
    for ((((row, a), b), c), d) in row.chunks_exact(4).zip(a).zip(b).zip(c).zip(d) {
        (*a, *b, *c, *d) = (row[0], row[1], row[2], row[3]);
    }
}

/// The inverse of [`part`].
pub(super) fn join<T: Copy>(runs: &[T], stride: usize, row: &mut [T]) {
    let (a, rest) = runs.split_at(stride);
    let (b, rest) = rest.split_at(stride);
    let (c, d) = rest.split_at(stride);
    for ((((row, &a), &b), &c), &d) in row.chunks_exact_mut(4).zip(a).zip(b).zip(c).zip(d) {
        row.copy_from_slice(&[a, b, c, d]);
    }
}

/// G: three numbers of the kernel become six.
pub(super) fn kernel<T: Wide>([a, b, c]: [T; 3]) -> [T; 6] {
    let number = |x: f64| <T as NumCast>::from(x).unwrap_or_else(T::zero);
    let (sixth, twelfth, twenty_fourth) = (number(1.0 / 6.0), number(1.0 / 12.0), number(1.0 / 24.0));
    let (even, far) = ((a + c) * sixth, a * twenty_fourth + c * sixth);
    [a * number(0.25), T::zero() - even - b * sixth, b * sixth - even, far + b * twelfth, far - b * twelfth, c]
}

/// Gᵀ: the gradient of [`kernel`].
pub(super) fn kernel_gradient<T: Wide>([a, b, c, d, e, f]: [T; 6]) -> [T; 3] {
    let number = |x: f64| <T as NumCast>::from(x).unwrap_or_else(T::zero);
    let (sum, difference) = ((b + c) * number(1.0 / 6.0), (c - b) * number(1.0 / 6.0));
    let (far, apart) = (d + e, (d - e) * number(1.0 / 12.0));
    [a * number(0.25) - sum + far * number(1.0 / 24.0), difference + apart, far * number(1.0 / 6.0) - sum + f]
}
