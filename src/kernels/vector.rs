//! Vectors of each instruction set behind one trait, for loops whose registers are laid out by hand.

#![allow(unsafe_code)]

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::*;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use num_traits::{Float, Zero};

#[cfg(target_arch = "x86_64")]
use super::isa::{self, Level};
use super::pool::Pooled;

/// Rows and columns of what is transposed at a time.
pub(crate) const SIDE: usize = 8;

/// A vector register.
///
/// # Safety
/// Every function needs a machine with the vector's instruction set; `load` and `store` need `LANES` elements at the
/// pointer, `transpose` all of its elements. `LANES` is a power of two of at most 16.
pub(crate) unsafe trait Vector: Copy {
    /// What it holds.
    type Element: Float;
    /// Elements to a vector.
    const LANES: usize;
    /// How many such registers there are.
    const REGISTERS: usize;

    unsafe fn splat(x: Self::Element) -> Self;
    unsafe fn load(from: *const Self::Element) -> Self;
    unsafe fn store(self, to: *mut Self::Element);
    /// [`store`](Vector::store) past the caches, where the machine can, at an address that is a multiple of the vector's size;
    /// other threads may read it after a [`fence`].
    #[inline(always)]
    unsafe fn stream(self, to: *mut Self::Element) {
        // SAFETY: the contract.
        unsafe { self.store(to) }
    }
    /// self + a · b.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;

    /// Writes the transpose of [`SIDE`]×[`SIDE`] elements, whose rows are `stride` and `to_stride` apart.
    #[inline(always)]
    unsafe fn transpose(from: *const Self::Element, stride: isize, to: *mut Self::Element, to_stride: usize) {
        for row in 0..SIDE {
            for column in 0..SIDE {
                // SAFETY: the contract; row and column are below SIDE.
                unsafe { *to.add(column * to_stride + row) = *from.offset(row as isize * stride).add(column) };
            }
        }
    }

    /// The sum of all lanes, halves added to halves.
    #[inline(always)]
    unsafe fn sum(self) -> Self::Element {
        let mut lanes = [Self::Element::zero(); 16];
        // SAFETY: the contract; there are at most 16 lanes.
        unsafe { self.store(lanes.as_mut_ptr()) };
        let mut width = Self::LANES;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                lanes[i] = lanes[i] + lanes[i + width];
            }
        }
        lanes[0]
    }
}

/// A computation that is compiled for every kind of vector.
pub(crate) trait Work<T> {
    type Output;

    /// # Safety
    /// The machine has the vector's instruction set. Implementations are `#[inline(always)]`, so that they are compiled
    /// for it.
    unsafe fn run<V: Vector<Element = T>>(self) -> Self::Output;
}

/// An element that has vectors.
pub trait Wide: Pooled + Sync + Float + std::ops::AddAssign {
    /// Runs the work with the widest vectors that this machine has, or with those that `SAPWOOD_ISA` names.
    #[allow(private_bounds, private_interfaces)]
    fn wide<W: Work<Self>>(work: W) -> W::Output;
}

/// Has the line of memory at an address brought near. The address may lie anywhere.
#[inline(always)]
pub(super) fn prefetch<T>(at: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: every such machine has the instruction, and it never faults.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = at;
}

/// Waits until what this thread has [streamed](Vector::stream) is in memory.
#[inline(always)]
pub(super) fn fence() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: every such machine has the instruction.
    unsafe {
        _mm_sfence();
    }
}

/// Lanes without any instruction set; the products are rounded before they are added.
macro_rules! portable {
    ($([$T:ident; $lanes:literal], $registers:literal;)*) => {$(
        // SAFETY: no instructions beyond the baseline; the arrays have LANES elements.
        unsafe impl Vector for [$T; $lanes] {
            type Element = $T;
            const LANES: usize = $lanes;
            const REGISTERS: usize = $registers;
            #[inline(always)]
            unsafe fn splat(x: $T) -> Self {
                [x; $lanes]
            }
            #[inline(always)]
            unsafe fn load(from: *const $T) -> Self {
                // SAFETY: the contract of `load`; arrays are aligned as their elements.
                unsafe { *from.cast() }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $T) {
                // SAFETY: as for `load`.
                unsafe { *to.cast() = self }
            }
            #[inline(always)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                std::array::from_fn(|i| self[i] + a[i] * b[i])
            }
        }
    )*};
}

portable! {
    [f32; 4], 16;
    [f64; 4], 16;
}

// AVX-512's lanes and registers, for tests of loops that are laid out for them, on any machine.
#[cfg(test)]
portable! {
    [f32; 16], 32;
    [f64; 8], 32;
}

#[cfg(test)]
pub(crate) mod emulation {
    use std::cell::Cell;

    use rayon::ThreadPoolBuilder;

    thread_local!(static ON: Cell<bool> = const { Cell::new(false) });

    pub(super) fn on() -> bool {
        ON.get()
    }

    /// Calls `f` on a thread whose vectors have the lanes and registers of AVX-512, and which no other helps.
    pub(crate) fn of_wide_vectors<R: Send>(f: impl FnOnce() -> R + Send) -> R {
        let alone = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        alone.install(|| {
            ON.set(true);
            f()
        })
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! instructions {
    ($($V:ident of $lanes:literal $T:ident, $registers:literal: $splat:ident $load:ident $store:ident $fma:ident $($stream:ident $sum:ident $transpose:ident)?;)*) => {$(
        // SAFETY: each function is one instruction of the set that the trait's contract asks for.
        unsafe impl Vector for $V {
            type Element = $T;
            const LANES: usize = $lanes;
            const REGISTERS: usize = $registers;
            #[inline(always)]
            unsafe fn splat(x: $T) -> Self {
                // SAFETY: the contract.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $T) -> Self {
                // SAFETY: the contract.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $T) {
                // SAFETY: the contract.
                unsafe { $store(to, self) }
            }
            $(
                #[inline(always)]
                unsafe fn stream(self, to: *mut $T) {
                    // SAFETY: the contract.
                    unsafe { $stream(to, self) }
                }
            )?
            #[inline(always)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                // SAFETY: the contract.
                unsafe { fma!($fma a, b, self) }
            }
            $(
                #[inline(always)]
                unsafe fn sum(self) -> $T {
                    // SAFETY: the contract.
                    unsafe { $sum(self) }
                }
                #[inline(always)]
                unsafe fn transpose(from: *const $T, stride: isize, to: *mut $T, to_stride: usize) {
                    // SAFETY: the contract.
                    unsafe { $transpose(from, stride, to, to_stride) }
                }
            )?
        }
    )*};
}

/// The sum and its factors in the order in which each architecture has them.
#[cfg(target_arch = "x86_64")]
macro_rules! fma {
    ($fma:ident $a:expr, $b:expr, $sum:expr) => {
        $fma($a, $b, $sum)
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! fma {
    ($fma:ident $a:expr, $b:expr, $sum:expr) => {
        $fma($sum, $a, $b)
    };
}

#[cfg(target_arch = "x86_64")]
instructions! {
    __m512 of 16 f32, 32: _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_fmadd_ps _mm512_stream_ps _mm512_reduce_add_ps transpose_f32;
    __m512d of 8 f64, 32: _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_fmadd_pd _mm512_stream_pd _mm512_reduce_add_pd transpose_f64;
    __m256 of 8 f32, 16: _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_fmadd_ps _mm256_stream_ps sum_of_8 transpose_f32;
    __m256d of 4 f64, 16: _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_fmadd_pd _mm256_stream_pd sum_of_4 transpose_f64;
}

/// Halves added to halves, as in [`Vector::sum`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[inline]
fn sum_of_8(x: __m256) -> f32 {
    let x = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
    let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)))
}

/// As [`sum_of_8`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[inline]
fn sum_of_4(x: __m256d) -> f64 {
    let x = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x));
    _mm_cvtsd_f64(_mm_add_sd(x, _mm_unpackhi_pd(x, x)))
}

#[cfg(target_arch = "aarch64")]
instructions! {
    float32x4_t of 4 f32, 32: vdupq_n_f32 vld1q_f32 vst1q_f32 vfmaq_f32;
    float64x2_t of 2 f64, 32: vdupq_n_f64 vld1q_f64 vst1q_f64 vfmaq_f64;
}

/// [`Vector::transpose`] of 8×8 elements: pairs, then fours, then halves of rows change places.
///
/// # Safety
/// As of [`Vector::transpose`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn transpose_f32(from: *const f32, stride: isize, to: *mut f32, to_stride: usize) {
    // SAFETY: the contract.
    unsafe {
        let mut x = [_mm256_setzero_ps(); 8];
        for (row, x) in x.iter_mut().enumerate() {
            *x = _mm256_loadu_ps(from.offset(row as isize * stride));
        }
        for half in 0..2 {
            let pair = |i: usize| {
                let (a, b) = (x[2 * i], x[2 * i + 1]);
                if half == 0 { _mm256_unpacklo_ps(a, b) } else { _mm256_unpackhi_ps(a, b) }
            };
            let (ab, cd, ef, gh) = (pair(0), pair(1), pair(2), pair(3));
            let low = [_mm256_shuffle_ps::<0x44>(ab, cd), _mm256_shuffle_ps::<0x44>(ef, gh)];
            let high = [_mm256_shuffle_ps::<0xee>(ab, cd), _mm256_shuffle_ps::<0xee>(ef, gh)];
            for (i, fours) in [low, high].iter().enumerate() {
                let row = to.add((2 * half + i) * to_stride);
                _mm256_storeu_ps(row, _mm256_permute2f128_ps::<0x20>(fours[0], fours[1]));
                _mm256_storeu_ps(row.add(4 * to_stride), _mm256_permute2f128_ps::<0x31>(fours[0], fours[1]));
            }
        }
    }
}

/// As [`transpose_f32`], by blocks of 4×4.
///
/// # Safety
/// As of [`Vector::transpose`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn transpose_f64(from: *const f64, stride: isize, to: *mut f64, to_stride: usize) {
    for (row, column) in [(0, 0), (0, 4), (4, 0), (4, 4)] {
        // SAFETY: the contract; the block is one of the four.
        unsafe {
            let (from, to) = (from.offset(row as isize * stride).add(column), to.add(column * to_stride + row));
            let mut x = [_mm256_setzero_pd(); 4];
            for (row, x) in x.iter_mut().enumerate() {
                *x = _mm256_loadu_pd(from.offset(row as isize * stride));
            }
            let even = [_mm256_unpacklo_pd(x[0], x[1]), _mm256_unpacklo_pd(x[2], x[3])];
            let odd = [_mm256_unpackhi_pd(x[0], x[1]), _mm256_unpackhi_pd(x[2], x[3])];
            for (i, pairs) in [even, odd].iter().enumerate() {
                _mm256_storeu_pd(to.add(i * to_stride), _mm256_permute2f128_pd::<0x20>(pairs[0], pairs[1]));
                _mm256_storeu_pd(to.add((2 + i) * to_stride), _mm256_permute2f128_pd::<0x31>(pairs[0], pairs[1]));
            }
        }
    }
}

macro_rules! wide {
    ($T:ident, $V512:ident of $lanes:literal, $V256:ident $V128:ident) => {
        impl Wide for $T {
            #[allow(private_bounds, private_interfaces)]
            fn wide<W: Work<Self>>(work: W) -> W::Output {
                #[cfg(test)]
                if emulation::on() {
                    // SAFETY: arrays need no instructions beyond the baseline.
                    return unsafe { work.run::<[$T; $lanes]>() };
                }
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
                    unsafe fn avx512<W: Work<$T>>(work: W) -> W::Output {
                        // SAFETY: the caller has found the instructions.
                        unsafe { work.run::<$V512>() }
                    }
                    #[target_feature(enable = "avx2,fma")]
                    unsafe fn avx2<W: Work<$T>>(work: W) -> W::Output {
                        // SAFETY: the caller has found the instructions.
                        unsafe { work.run::<$V256>() }
                    }
                    match isa::level() {
                        // SAFETY: the machine has the level's instructions.
                        Level::Avx512 => unsafe { avx512(work) },
                        // SAFETY: as above.
                        Level::Avx2 => unsafe { avx2(work) },
                        // SAFETY: arrays need no instructions beyond the baseline.
                        Level::Portable => unsafe { work.run::<[$T; 4]>() },
                    }
                }
                // SAFETY: every machine of this architecture has the instructions.
                #[cfg(target_arch = "aarch64")]
                unsafe {
                    work.run::<$V128>()
                }
                // SAFETY: as for `Portable`.
                #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
                unsafe {
                    work.run::<[$T; 4]>()
                }
            }
        }
    };
}

wide!(f32, __m512 of 16, __m256 float32x4_t);
wide!(f64, __m512d of 8, __m256d float64x2_t);
