//! A model's parameters as one vector, and back.

use ndarray::s;

use super::{MapModel, Params, Walk};
use crate::autodiff::variadic;
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
            panic!("to_vector: `{path}` is of type {dtype}, the vector of {}", T::NAME)
        };
        parts.push(tensor.flatten());
    }
    join(&parts)
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

/// Vectors one after the other; each one's cotangent is its part of the result's.
fn join<T: Float>(parts: &[Tensor<T>]) -> Tensor<T> {
    let forward = |parts: &[Tensor<T>]| {
        let elements: Vec<T> = parts.iter().flat_map(Tensor::to_vec).collect();
        let count = elements.len();
        Tensor::from_dense(elements, &[count])
    };
    variadic(parts, forward, &|parts, _| {
        let lengths: Vec<usize> = parts.iter().map(Tensor::len).collect();
        move |g: Tensor<T>| {
            let mut next = 0;
            let cut = |length| {
                next += length;
                g.slice(s![next - length..next])
            };
            lengths.into_iter().map(cut).collect()
        }
    })
}
