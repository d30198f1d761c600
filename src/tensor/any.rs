//! Tensors of several element types in one list.

use std::fmt;

use super::{Element, Tensor};

/// A tensor of one of the types that differentiate, for lists that mix them.
#[derive(Clone, PartialEq)]
pub enum AnyTensor {
    /// Single precision.
    F32(Tensor<f32>),
    /// Double precision.
    F64(Tensor<f64>),
}

impl fmt::Debug for AnyTensor {
    /// As the tensor, which names its type.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnyTensor::F32(tensor) => tensor.fmt(f),
            AnyTensor::F64(tensor) => tensor.fmt(f),
        }
    }
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

    /// The elements as another type, as [`Tensor::cast`]: to look at, plot or write, whatever the model holds.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let model = (Tensor::from([1.0f32]), Tensor::from([2.0f64]));
    /// let all: Vec<f64> = model.parameters().iter().flat_map(|(_, x)| x.cast::<f64>().to_vec()).collect();
    /// assert_eq!(all, [1.0, 2.0]);
    /// ```
    pub fn cast<T: Element>(&self) -> Tensor<T> {
        match self {
            AnyTensor::F32(tensor) => tensor.cast(),
            AnyTensor::F64(tensor) => tensor.cast(),
        }
    }

    /// One of two functions of a tensor that a gradient watches, and whose type therefore differentiates; in pullbacks
    /// of operations on tensors of any type.
    pub(crate) fn of_watched<T: Element>(
        tensor: Tensor<T>,
        single: impl FnOnce(Tensor<f32>) -> Tensor<f32>,
        double: impl FnOnce(Tensor<f64>) -> Tensor<f64>,
    ) -> Tensor<T> {
        let result = match T::erase(tensor) {
            Some(AnyTensor::F32(tensor)) => T::unwrap(AnyTensor::F32(single(tensor))),
            Some(AnyTensor::F64(tensor)) => T::unwrap(AnyTensor::F64(double(tensor))),
            None => None,
        };
        result.unwrap_or_else(|| unreachable!("only floats are traced"))
    }

    /// [`of_watched`](Self::of_watched) of two tensors.
    pub(crate) fn of_two_watched<T: Element>(
        a: Tensor<T>,
        b: Tensor<T>,
        single: impl FnOnce(Tensor<f32>, Tensor<f32>) -> Tensor<f32>,
        double: impl FnOnce(Tensor<f64>, Tensor<f64>) -> Tensor<f64>,
    ) -> Tensor<T> {
        let result = match (T::erase(a), T::erase(b)) {
            (Some(AnyTensor::F32(a)), Some(AnyTensor::F32(b))) => T::unwrap(AnyTensor::F32(single(a, b))),
            (Some(AnyTensor::F64(a)), Some(AnyTensor::F64(b))) => T::unwrap(AnyTensor::F64(double(a, b))),
            _ => None,
        };
        result.unwrap_or_else(|| unreachable!("only floats are traced"))
    }

    /// Bytes that the elements take.
    pub fn bytes(&self) -> usize {
        self.len() * if matches!(self, AnyTensor::F32(_)) { 4 } else { 8 }
    }
}
