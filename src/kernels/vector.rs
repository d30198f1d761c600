//! Vectors of each instruction set behind one trait, for loops whose registers are laid out by hand.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use num_traits::{Float, Zero};

use crate::kernels::pool::Pooled;

/// A vector register.
///
/// # Safety
/// Every function needs a machine with the vector's instruction set; `load` and `store` need `LANES` elements at the
/// pointer. `LANES` is a power of two of at most 16.
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
    /// self + a · b.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;

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
    /// # Safety
    /// The machine has the vector's instruction set. Implementations are `#[inline(always)]`, so that they are compiled
    /// for it.
    unsafe fn run<V: Vector<Element = T>>(self);
}

/// An element that has vectors.
pub trait Wide: Pooled + Sync + Float + std::ops::AddAssign {
    /// Runs the work with the widest vectors that this machine has.
    #[allow(private_bounds)]
    fn wide(work: impl Work<Self>);
}

/// Four lanes without any instruction set; the products are rounded before they are added.
macro_rules! portable {
    ($($T:ident)*) => {$(
        // SAFETY: no instructions beyond the baseline; the arrays have LANES elements.
        unsafe impl Vector for [$T; 4] {
            type Element = $T;
            const LANES: usize = 4;
            const REGISTERS: usize = 16;
            #[inline(always)]
            unsafe fn splat(x: $T) -> Self {
                [x; 4]
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

portable!(f32 f64);

#[cfg(target_arch = "x86_64")]
macro_rules! x86 {
    ($($V:ident of $lanes:literal $T:ident, $registers:literal: $splat:ident $load:ident $store:ident $fma:ident $($sum:ident)?;)*) => {$(
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
            #[inline(always)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                // SAFETY: the contract.
                unsafe { $fma(a, b, self) }
            }
            $(
                #[inline(always)]
                unsafe fn sum(self) -> $T {
                    // SAFETY: the contract.
                    unsafe { $sum(self) }
                }
            )?
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
x86! {
    __m512 of 16 f32, 32: _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_fmadd_ps _mm512_reduce_add_ps;
    __m512d of 8 f64, 32: _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_fmadd_pd _mm512_reduce_add_pd;
    __m256 of 8 f32, 16: _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_fmadd_ps;
    __m256d of 4 f64, 16: _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_fmadd_pd;
}

macro_rules! wide {
    ($T:ident, $V512:ident $V256:ident) => {
        impl Wide for $T {
            #[allow(private_bounds)]
            fn wide(work: impl Work<Self>) {
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
                    unsafe fn avx512(work: impl Work<$T>) {
                        // SAFETY: the caller has found the instructions.
                        unsafe { work.run::<$V512>() }
                    }
                    #[target_feature(enable = "avx2,fma")]
                    unsafe fn avx2(work: impl Work<$T>) {
                        // SAFETY: the caller has found the instructions.
                        unsafe { work.run::<$V256>() }
                    }
                    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                        // SAFETY: the machine has the instructions, as just detected.
                        return unsafe { avx512(work) };
                    }
                    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                        // SAFETY: as above.
                        return unsafe { avx2(work) };
                    }
                }
                // SAFETY: arrays need no instructions beyond the baseline.
                unsafe { work.run::<[$T; 4]>() }
            }
        }
    };
}

wide!(f32, __m512 __m256);
wide!(f64, __m512d __m256d);
