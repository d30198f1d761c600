//! What a tensor can hold, and which of it can be differentiated.

use std::fmt::{Debug, Display};

use ndarray_rand::rand::distr::uniform::SampleUniform;
use num_traits::{FloatConst, NumAssign, NumCast, ToPrimitive};
use serde::{Serialize, de::DeserializeOwned};

use crate::params::Params;
use crate::tensor::{AnyTensor, Tensor};

mod sealed {
    pub trait Sealed {}
}

/// A type that a [`Tensor`] can hold: `f32`, `f64`, the integers, and `bool`.
///
/// Only [`Float`] types differentiate; the others carry labels, tokens and masks.
#[diagnostic::on_unimplemented(
    message = "a tensor can't hold `{Self}`",
    label = "elements are `f32`, `f64`, integers of up to 64 bits, and `bool`"
)]
pub trait Element:
    Copy
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + Serialize
    + DeserializeOwned
    + sealed::Sealed
    + crate::kernels::pool::Pooled
    + 'static
{
    /// The type's name as error messages and files spell it, such as `"f32"`.
    const NAME: &'static str;

    /// Whether gradients pass through tensors of this type: whether it is a [`Float`].
    #[doc(hidden)]
    const DIFFERENTIATES: bool = false;

    /// The value as `f64`; `bool` becomes 0 or 1, an integer beyond 2⁵³ is rounded.
    fn to_f64(self) -> f64;

    /// The value nearest to `value`: integers truncate and saturate (NaN becomes 0), `bool` is `value != 0`.
    fn from_f64(value: f64) -> Self;

    /// The tensor as one that differentiates, where its type does.
    #[doc(hidden)]
    fn erase(_: Tensor<Self>) -> Option<AnyTensor> {
        None
    }

    /// The tensor within, where it is of this type.
    #[doc(hidden)]
    fn unwrap(_: AnyTensor) -> Option<Tensor<Self>> {
        None
    }
}

/// An element that can be an index or a class label: any integer type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of labels or indices",
    label = "labels and indices are integers; `cast` converts, as in `labels.cast::<i64>()`"
)]
pub trait Index: Element {
    /// The value as an index, or `None` where it is negative.
    fn to_index(self) -> Option<usize>;

    /// The index as this type.
    ///
    /// # Panics
    /// Where the type is too narrow for the index.
    fn from_index(index: usize) -> Self;
}

/// An element that differentiates: `f32` or `f64`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not differentiate",
    label = "only `f32` and `f64` do; `cast` converts, as in `x.cast::<f32>()`"
)]
pub trait Float:
    Element
    + crate::kernels::math::Real
    + num_traits::Float
    + FloatConst
    + NumAssign
    + SampleUniform
    + std::iter::Sum
    + Params
    + crate::kernels::vector::Wide
{
    /// Wraps a tensor of this type, so that tensors of several types can stand in one list.
    #[doc(hidden)]
    fn wrap(tensor: Tensor<Self>) -> AnyTensor;
}

macro_rules! numbers {
    ($($t:ident $(=> $variant:ident)?),*) => {$(
        impl sealed::Sealed for $t {}
        impl Element for $t {
            const NAME: &'static str = stringify!($t);
            #[inline(always)]
            fn to_f64(self) -> f64 { self as f64 }
            #[inline(always)]
            fn from_f64(value: f64) -> Self { value as $t }
            $(
                const DIFFERENTIATES: bool = true;
                #[inline]
                fn erase(tensor: Tensor<Self>) -> Option<AnyTensor> { Some(AnyTensor::$variant(tensor)) }
                #[inline]
                fn unwrap(tensor: AnyTensor) -> Option<Tensor<Self>> {
                    match tensor {
                        AnyTensor::$variant(tensor) => Some(tensor),
                        _ => None,
                    }
                }
            )?
        }
        $(
            impl Float for $t {
                #[inline]
                fn wrap(tensor: Tensor<Self>) -> AnyTensor { AnyTensor::$variant(tensor) }
            }
        )?
    )*};
}

macro_rules! indices {
    ($($t:ident)*) => {$(
        impl Index for $t {
            fn to_index(self) -> Option<usize> { ToPrimitive::to_usize(&self) }
            fn from_index(index: usize) -> Self {
                NumCast::from(index).unwrap_or_else(|| panic!("index {index} does not fit into {}", stringify!($t)))
            }
        }
    )*};
}

numbers!(f32 => F32, f64 => F64, i8, i16, i32, i64, u8, u16, u32, u64, isize, usize);
indices!(i8 i16 i32 i64 u8 u16 u32 u64 isize usize);

impl sealed::Sealed for bool {}
impl Element for bool {
    const NAME: &'static str = "bool";
    fn to_f64(self) -> f64 {
        if self { 1.0 } else { 0.0 }
    }
    fn from_f64(value: f64) -> Self {
        value != 0.0
    }
}
