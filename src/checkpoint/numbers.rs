//! Numbers of a tensor as the bytes of a file, little-endian, and back.

use ::safetensors::Dtype;

use super::Precision;
use super::half::{BF16, F16};
use crate::kernels::block::Block;
use crate::tensor::{Float, Tensor};

/// The type to write: the one asked for, else the tensor's own.
pub(super) fn dtype_of<T: Float>(precision: Option<Precision>) -> Dtype {
    match precision {
        Some(Precision::F16) => Dtype::F16,
        Some(Precision::BF16) => Dtype::BF16,
        Some(Precision::F32) => Dtype::F32,
        Some(Precision::F64) => Dtype::F64,
        None if T::NAME == "f64" => Dtype::F64,
        None => Dtype::F32,
    }
}

/// The elements in row-major order, in one of the types of [`dtype_of`].
pub(super) fn encode<T: Float>(tensor: &Tensor<T>, dtype: Dtype) -> Vec<u8> {
    let numbers = tensor.view();
    let numbers = numbers.iter().map(|&x| x.to_f64());
    match dtype {
        Dtype::F16 => numbers.flat_map(|x| F16.bits(x).to_le_bytes()).collect(),
        Dtype::BF16 => numbers.flat_map(|x| BF16.bits(x).to_le_bytes()).collect(),
        Dtype::F64 => numbers.flat_map(f64::to_le_bytes).collect(),
        _ => numbers.flat_map(|x| (x as f32).to_le_bytes()).collect(),
    }
}

/// The tensor of these bytes, or nothing where they hold no floating-point numbers of 16 bits or more.
pub(super) fn decode<T: Float>(bytes: &[u8], dtype: Dtype, shape: &[usize]) -> Option<Tensor<T>> {
    fn numbers<T: Float, const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Block<T> {
        bytes.as_chunks().0.iter().map(|&bytes| T::from_f64(number(bytes))).collect()
    }
    let numbers = match dtype {
        Dtype::F16 => numbers(bytes, |bytes| F16.number(u16::from_le_bytes(bytes))),
        Dtype::BF16 => numbers(bytes, |bytes| BF16.number(u16::from_le_bytes(bytes))),
        Dtype::F32 => numbers(bytes, |bytes| f64::from(f32::from_le_bytes(bytes))),
        Dtype::F64 => numbers(bytes, f64::from_le_bytes),
        _ => return None,
    };
    Some(Tensor::from_dense(numbers, shape))
}
