//! A model's parameters as one vector, and back.

use ndarray::s;

use super::{MapModel, Params, Walk, place};
use crate::tensor::{Float, Tensor};

/// All parameters one after the other, each in row-major order, in declaration order; differentiable.
///
/// # Panics
/// Where a parameter is of another type than `T`, with its path.
///
/// ```
/// use sapwood::params::{from_vector, to_vector};
/// use sapwood::prelude::*;
///
/// let model: (Tensor, Tensor) = (Tensor::from([[1.0, 2.0]]), Tensor::scalar(3.0));
/// let vector: Tensor = to_vector(&model);
/// assert_eq!(vector.to_vec(), [1.0, 2.0, 3.0]);
/// assert_eq!(from_vector(&model, &(vector * 2.0)).0, Tensor::from([[2.0, 4.0]]));
/// ```
#[track_caller]
pub fn to_vector<M: Params, T: Float>(model: &M) -> Tensor<T> {
    let mut parts = Vec::new();
    for (path, tensor) in model.parameters() {
        let dtype = tensor.dtype();
        let Some(tensor) = T::unwrap(tensor) else {
            panic!("to_vector: {} is of type {dtype}, the vector of {}", place(&path), T::NAME)
        };
        parts.push(tensor.flatten());
    }
    if parts.is_empty() { Tensor::default() } else { Tensor::concat(&parts, 0) }
}

/// A copy of the model whose parameters are the elements of a vector, in the order of [`to_vector`]; differentiable
/// with respect to the vector.
///
/// # Panics
/// Where the vector is not of one axis or of another length than the model has parameters, or where a parameter is of
/// another type, with its path.
#[track_caller]
pub fn from_vector<M: Params, T: Float>(model: &M, vector: &Tensor<T>) -> M {
    let parameters = model.parameters();
    if let Some((path, tensor)) = parameters.iter().find(|(_, tensor)| tensor.dtype() != T::NAME) {
        panic!("from_vector: `{path}` is of type {}, the vector of {}", tensor.dtype(), T::NAME);
    }
    let count: usize = parameters.iter().map(|(_, tensor)| tensor.len()).sum();
    assert!(
        vector.shape() == [count],
        "from_vector: a vector of shape {:?} does not fill a model of {count} parameters",
        vector.shape()
    );
    model.map_model(&mut Walk::new(), &mut Parts { vector, next: 0 })
}

/// Cuts a vector into parameters.
struct Parts<'a, T: Float> {
    vector: &'a Tensor<T>,
    next: usize,
}

impl<T: Float> MapModel for Parts<'_, T> {
    fn leaf<U: Float>(&mut self, _: &Walk, tensor: &Tensor<U>) -> Tensor<U> {
        let end = self.next + tensor.len();
        let part = self.vector.slice(s![self.next..end]).reshape(tensor.shape());
        self.next = end;
        U::unwrap(T::wrap(part)).unwrap_or_else(|| unreachable!("all types were compared before"))
    }
}
