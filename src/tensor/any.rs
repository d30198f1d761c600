//! Tensors of several element types in one list.

use super::Tensor;

/// A tensor of one of the types that differentiate, for lists that mix them.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyTensor {
    /// Single precision.
    F32(Tensor<f32>),
    /// Double precision.
    F64(Tensor<f64>),
}

impl AnyTensor {
    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        match self {
            AnyTensor::F32(tensor) => tensor.shape(),
            AnyTensor::F64(tensor) => tensor.shape(),
        }
    }

    /// The element type's name: `"f32"` or `"f64"`.
    pub fn dtype(&self) -> &'static str {
        match self {
            AnyTensor::F32(_) => "f32",
            AnyTensor::F64(_) => "f64",
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the elements take.
    pub fn bytes(&self) -> usize {
        self.len() * if matches!(self, AnyTensor::F32(_)) { 4 } else { 8 }
    }
}
