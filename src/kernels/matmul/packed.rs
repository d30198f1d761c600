//! Large products: the right operand is laid out in panels, and the left one in strips where its rows do not lie side by
//! side; each once, whatever the number of threads.

#![allow(unsafe_code)]

use super::panels::{LeftOperand, Panels, ROWS, TERMS};
use super::target::Target;
use super::tiles::COLUMNS;
use super::{Matrix, Sizes};
use crate::kernels::threads::{available, share_where};
use crate::kernels::vector::Wide;

/// Lengths up to which operands are laid out at once: they stay in the processor's memory, and take no more of the
/// machine's than 16 MiB each.
const STRETCH: usize = 2048;

/// Columns of a block of the result: a whole number of panels of every kind, which stay in the second-level cache.
const BLOCK: usize = 128;

/// Multiply-adds that are worth handing to another thread.
pub(super) const PIECE: usize = 1 << 18;

/// Rows from which the panels are laid out first, for all threads. For fewer, each thread lays out the columns that it
/// takes, and uses them while they are at hand.
const TALL: usize = 256;

/// Elements of a result from which it is written past the caches, where that happens once.
const STREAMED: usize = 1 << 20;

/// `target = a · b` plus what the target starts from, on several threads where `shared`.
///
/// # Safety
/// The target has m rows of n elements, which nothing else reads or writes meanwhile.
pub(super) unsafe fn packed<T: Wide>(
    target: Target<T>,
    Sizes { m, k, n }: Sizes,
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    shared: bool,
) {
    let target = if k <= TERMS { target.streamed(Sizes { m, k, n }, STREAMED) } else { target };
    let left = |whole: usize, done: usize| STRETCH.min(whole - done);
    for column in (0..n).step_by(STRETCH) {
        for row in (0..m).step_by(STRETCH) {
            for term in (0..k).step_by(STRETCH) {
                let target = target.after(term).skip(row, column);
                let sizes = Sizes { m: left(m, row), k: left(k, term), n: left(n, column) };
                // SAFETY: the contract.
                unsafe { stretch(target, sizes, (a.skip(row, term), b.skip(term, column)), shared) };
            }
        }
    }
}

/// # Safety
/// As of [`packed`].
unsafe fn stretch<T: Wide>(target: Target<T>, sizes: Sizes, (a, b): (Matrix<'_, T>, Matrix<'_, T>), shared: bool) {
    let Sizes { m, k, n } = sizes;
    let left = LeftOperand::new(a, sizes, shared);
    let rows = |from: usize, to: usize| (from..to).step_by(ROWS).map(move |row| (row, ROWS.min(to - row)));
    if m < TALL {
        let width = if shared { n.div_ceil(2 * available()).next_multiple_of(2 * COLUMNS).min(BLOCK) } else { BLOCK };
        share_where(shared, (0..n).step_by(width), |column| {
            let n = width.min(n - column);
            for term in (0..k).step_by(TERMS) {
                let panels = Panels::new(b.skip(term, column), TERMS.min(k - term), n, false);
                for (row, m) in rows(0, m) {
                    let target = target.after(term).skip(row, column);
                    // SAFETY: the contract; no two blocks have an element in common.
                    unsafe { panels.product(target, m, left.from(row).after(term), 0, n) };
                }
            }
        });
    } else {
        let panels = Panels::new(b, k, n, shared);
        let height = (PIECE / (n.min(BLOCK) * k)).next_multiple_of(ROWS).max(ROWS);
        // Blocks that use the same panels follow each other.
        let tall = m.div_ceil(height);
        share_where(shared, 0..tall * n.div_ceil(BLOCK), |i| {
            let (first, column) = (i % tall * height, i / tall * BLOCK);
            for (row, rows) in rows(first, m.min(first + height)) {
                // SAFETY: as above.
                unsafe {
                    panels.product(target.skip(row, column), rows, left.from(row), column, BLOCK.min(n - column))
                };
            }
        });
    }
}
