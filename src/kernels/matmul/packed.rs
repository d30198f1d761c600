//! Large products: the right operand is laid out in panels, and the left one in strips where its rows do not lie side by
//! side; each once, whatever the number of threads.

#![allow(unsafe_code)]

use std::ops::Range;

use super::panels::{LeftOperand, Panels, ROWS, TERMS};
use super::target::Target;
use super::tiles::{COLUMNS, strip};
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
pub(super) const TALL: usize = 256;

/// Parts of a block that is cut, each a whole number of strips of every kind.
const CUTS: usize = 4;
const _: () = assert!(ROWS.is_multiple_of(CUTS * strip(32)) && ROWS.is_multiple_of(CUTS * strip(16)));

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
    let rows = |among: Range<usize>| among.clone().step_by(ROWS).map(move |row| (row, ROWS.min(among.end - row)));
    if m < TALL {
        let width = if shared { n.div_ceil(2 * available()).next_multiple_of(2 * COLUMNS).min(BLOCK) } else { BLOCK };
        share_where(shared, (0..n).step_by(width), |column| {
            let n = width.min(n - column);
            for term in (0..k).step_by(TERMS) {
                let panels = Panels::new(b.skip(term, column), TERMS.min(k - term), n, false);
                for (row, m) in rows(0..m) {
                    let target = target.after(term).skip(row, column);
                    // SAFETY: the contract; no two blocks have an element in common.
                    unsafe { panels.product(target, m, left.from(row).after(term), 0, n) };
                }
            }
        });
    } else {
        let (panels, blocks) = (Panels::new(b, k, n, shared), Blocks::new(sizes, shared));
        share_where(shared, 0..blocks.count(), |i| {
            let (among, column) = blocks.get(i);
            for (row, rows) in rows(among) {
                // SAFETY: as above.
                unsafe {
                    panels.product(target.skip(row, column), rows, left.from(row), column, BLOCK.min(n - column))
                };
            }
        });
    }
}

/// The blocks of a tall result, those that use the same panels one after the other. Where threads share them the last ones are
/// cut, so that all threads end at about the same time.
struct Blocks {
    m: usize,
    height: usize,
    whole: usize,
    cut: usize,
}

impl Blocks {
    fn new(Sizes { m, k, n }: Sizes, shared: bool) -> Self {
        let height = (PIECE / (n.min(BLOCK) * k)).next_multiple_of(ROWS).max(ROWS);
        let blocks = m.div_ceil(height) * n.div_ceil(BLOCK);
        let cut = if shared { blocks.min(2 * available()) } else { 0 };
        Blocks { m, height, whole: blocks - cut, cut }
    }

    fn count(&self) -> usize {
        self.whole + self.cut * CUTS
    }

    /// The rows of a block or a part of one, and its first column.
    fn get(&self, i: usize) -> (Range<usize>, usize) {
        let (block, part, height) = match i.checked_sub(self.whole) {
            None => (i, 0, self.height),
            Some(cut) => (self.whole + cut / CUTS, cut % CUTS, self.height / CUTS),
        };
        let tall = self.m.div_ceil(self.height);
        let first = block % tall * self.height + part * height;
        (self.m.min(first)..self.m.min(first + height), block / tall * BLOCK)
    }
}
