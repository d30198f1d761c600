//! Run-time choice of the instruction set: one loop, compiled for each.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::sync::atomic::{AtomicU8, Ordering};

/// Sets of instructions, each with all of those before it.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, PartialEq, PartialOrd)]
#[repr(u8)]
pub(super) enum Level {
    /// What every machine has that the crate is compiled for: SSE2 on x86-64.
    Portable = 1,
    /// x86-64-v3: 256 bits.
    Avx2,
    /// x86-64-v4: 512 bits.
    Avx512,
}

/// The level in use; 0 until it is first asked for.
#[cfg(target_arch = "x86_64")]
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// `vectorized!(|| …)` runs a closure compiled for the widest vectors that this machine has, or for those that `SAPWOOD_ISA`
/// names.
///
/// Only the width of the vectors changes, never the order of the arithmetic, so every instruction set gives the same bits. A
/// macro, since what is not inlined runs with the baseline's vectors, however small it is: it marks the closure so. What the
/// closure calls needs `#[inline(always)]` itself.
macro_rules! vectorized {
    ($body:expr) => {
        $crate::kernels::isa::widest(
            #[inline(always)]
            $body,
        )
    };
}
pub(crate) use vectorized;

/// [`vectorized!`] with vectors of 256 bits at most, for loops of divisions and roots over memory: of 512 bits these take
/// twice as long.
macro_rules! vectorized_to_256 {
    ($body:expr) => {
        $crate::kernels::isa::up_to_256(
            #[inline(always)]
            $body,
        )
    };
}
pub(crate) use vectorized_to_256;

/// A function's closure for a vector loop. The function itself, as an argument, may come to the loop as a call, however it is
/// marked: a call an element, with the baseline's instructions.
macro_rules! inlined {
    ($function:path) => {
        #[inline(always)]
        |x| $function(x)
    };
}
pub(crate) use inlined;

/// What [`vectorized!`] calls.
#[inline(always)]
pub(crate) fn widest<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        match level() {
            // SAFETY: `choose` has found that the machine has the instructions of the level and of those before it.
            Level::Avx512 => return unsafe { avx512(body) },
            // SAFETY: as above.
            Level::Avx2 => return unsafe { avx2(body) },
            Level::Portable => {}
        }
    }
    body()
}

/// What [`vectorized_to_256!`] calls.
#[inline(always)]
pub(crate) fn up_to_256<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if level() >= Level::Avx2 {
        // SAFETY: as in `widest`.
        return unsafe { avx2(body) };
    }
    body()
}

/// The highest level that the machine has, up to the one that `SAPWOOD_ISA` names.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn level() -> Level {
    match LEVEL.load(Ordering::Relaxed) {
        0 => choose(),
        level if level == Level::Avx512 as u8 => Level::Avx512,
        level if level == Level::Avx2 as u8 => Level::Avx2,
        _ => Level::Portable,
    }
}

/// Stores and returns the highest level that the machine has, up to the one that `SAPWOOD_ISA` names.
///
/// # Panics
/// Where the variable names no level, or one that the machine has not.
#[cfg(target_arch = "x86_64")]
#[cold]
#[inline(never)]
fn choose() -> Level {
    let highest = if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
    {
        Level::Avx512
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        Level::Avx2
    } else {
        Level::Portable
    };
    let level = match std::env::var("SAPWOOD_ISA").as_deref() {
        Err(_) | Ok("") => highest,
        Ok("portable") => Level::Portable,
        Ok("avx2") => Level::Avx2,
        Ok("avx512") => Level::Avx512,
        Ok(other) => panic!("SAPWOOD_ISA is {other:?}; it may be portable, avx2 or avx512"),
    };
    assert!(level <= highest, "SAPWOOD_ISA asks for instructions that this machine has not");
    LEVEL.store(level as u8, Ordering::Relaxed);
    level
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn avx512<R>(body: impl FnOnce() -> R) -> R {
    body()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<R>(body: impl FnOnce() -> R) -> R {
    body()
}
