//! Products of many terms with a small result, such as the weights' gradient of a narrow layer: threads share the terms,
//! and operands are read a block at a time, which stays at hand.

#![allow(unsafe_code)]

use super::target::{Start, Target};
use super::unpacked::AT_HAND;
use super::{FEW, Matrix, PIECE, Sizes, Way, product_by};
use crate::kernels::pool;
use crate::kernels::reduce::sum_of_parts;
use crate::kernels::threads::share_where;
use crate::kernels::vector::Wide;

/// Elements of a result that is small.
const SMALL: usize = 1 << 14;

/// How many times as many terms there are as rows or columns, at least: of longer rows fewer at a time are at hand.
const LONGER: usize = 32;

/// Terms beside which to add up the pieces' results costs little.
const TERMS: usize = 1 << 10;

/// Pieces at most. The sizes alone say how the sum is cut, so that the number of threads changes no bit.
const PIECES: usize = 16;

/// Terms of a piece at least.
fn fewest(Sizes { m, n, .. }: Sizes) -> usize {
    (PIECE / (m * n)).max(TERMS)
}

/// Terms of which both operands stay at hand; too few to be cut again.
fn block(sizes: Sizes) -> usize {
    (AT_HAND / (2 * sizes.m.max(sizes.n))).min(fewest(sizes))
}

/// Whether there are pieces to share.
pub(super) fn is_long(sizes: Sizes) -> bool {
    let Sizes { m, k, n } = sizes;
    m.min(n) <= FEW && m * n <= SMALL && k >= LONGER * m.max(n) && k >= 2 * fewest(sizes)
}

/// `target = a · b` plus what the target starts from, as the sum of the products of pieces, on several threads where
/// `shared`.
///
/// # Safety
/// The target has m rows of n elements, which nothing else reads or writes meanwhile, and starts from as many.
pub(super) unsafe fn long<T: Wide>(
    target: Target<T>,
    sizes: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    shared: bool,
) {
    let Sizes { m, k, n } = sizes;
    let (piece, block) = (fewest(sizes).max(k.div_ceil(PIECES)), block(sizes));
    let mut sums = pool::buffer(k.div_ceil(piece) * m * n);
    share_where(shared, sums.chunks_exact_mut(m * n).enumerate(), |(i, sums)| {
        let (start, end) = (i * piece, k.min((i + 1) * piece));
        let sum = Target { out: sums.as_mut_ptr(), stride: n, start: Start::Zero, streamed: false };
        for first in (start..end).step_by(block) {
            let sizes = Sizes { k: block.min(end - first), ..sizes };
            let pair = (a.skip(0, first), b.skip(first, 0));
            // SAFETY: `sums` holds m rows of n elements and is borrowed mutably.
            unsafe { product_by(Way::of(sizes, pair), sum.after(first - start), sizes, pair, false) };
        }
    });
    for (at, &sum) in sum_of_parts(sums, m * n).iter().enumerate() {
        // SAFETY: the contract.
        unsafe { target.put(at / n, at % n, sum) };
    }
}
