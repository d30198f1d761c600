//! Large blocks of memory from the system.

#![allow(unsafe_code)]

/// Bytes from which a block is asked for in large pages.
const LARGE: usize = 1 << 21;

/// Bytes below which a block is filled here.
const SMALL: usize = 1 << 10;

/// A new block of `len` zeros.
///
/// Where the system lets programs choose (Linux), large blocks come in pages of 2 MiB: there are fewer to look up, and they
/// fault less often. Blocks beside each other in memory share them.
pub(crate) fn zeros<T: Copy + Default>(len: usize) -> Vec<T> {
    // The system's zeros cost more than a small block's own.
    if len * size_of::<T>() < SMALL {
        let mut block = Vec::with_capacity(len);
        block.resize(len, T::default());
        return block;
    }
    let block = vec![T::default(); len];
    if size_of_val(&block[..]) >= LARGE {
        ask_for_large_pages(&block);
    }
    block
}

#[cfg(all(target_os = "linux", not(miri)))]
fn ask_for_large_pages<T>(block: &[T]) {
    /// Requests begin where a page does; where pages are longer, this one may not be heeded.
    const PAGE: usize = 1 << 12;

    let bytes = block.as_ptr_range();
    let (start, end) = (bytes.start.addr() / PAGE * PAGE, bytes.end.addr().next_multiple_of(PAGE));
    let start = block.as_ptr().cast::<libc::c_void>().cast_mut().with_addr(start);
    // SAFETY: the advice changes no memory's contents nor what may be done with it; it is not heeded where it can't be.
    unsafe { libc::madvise(start, end - start.addr(), libc::MADV_HUGEPAGE) };
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn ask_for_large_pages<T>(_: &[T]) {}
