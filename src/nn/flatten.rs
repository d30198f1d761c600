//! [`Flatten`] and [`Reshape`].

use ndarray::{Dimension, IntoDimension};
use serde::{Deserialize, Serialize};

use super::Layer;
use crate::params::Params;
use crate::tensor::{Element, Tensor};

/// All axes but the first as one: `[batch, …]` becomes `[batch, product]`.
///
/// ```
/// use sapwood::nn::Flatten;
/// use sapwood::prelude::*;
///
/// assert_eq!(Flatten.forward(&Tensor::<f32>::zeros((5, 3, 4))).shape(), [5, 12]);
/// ```
#[derive(Params, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flatten;

impl<T: Element> Layer<Tensor<T>> for Flatten {
    type Output = Tensor<T>;

    /// The same elements, in two axes.
    ///
    /// # Panics
    /// On a scalar.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        assert!(x.rank() > 0, "Flatten: the input is a scalar, where [batch, …] is needed");
        x.reshape((x.shape()[0], x.shape()[1..].iter().product::<usize>()))
    }
}

/// Other axes after the first: `[batch, …]` becomes `[batch, shape]`.
///
/// ```
/// use sapwood::nn::Reshape;
/// use sapwood::prelude::*;
///
/// assert_eq!(Reshape::new((3, 4)).forward(&Tensor::<f32>::zeros((5, 12))).shape(), [5, 3, 4]);
/// ```
#[derive(Params, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reshape {
    shape: Vec<usize>,
}

impl Reshape {
    /// The shape of each observation.
    pub fn new(shape: impl IntoDimension) -> Self {
        Reshape { shape: shape.into_dimension().slice().to_vec() }
    }
}

impl<T: Element> Layer<Tensor<T>> for Reshape {
    type Output = Tensor<T>;

    /// The same elements in other axes.
    ///
    /// # Panics
    /// Where an observation has another number of elements.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        assert!(
            x.rank() > 0 && x.shape()[1..].iter().product::<usize>() == self.shape.iter().product::<usize>(),
            "Reshape: an input of shape {:?} can't become [batch, {:?}]",
            x.shape(),
            self.shape
        );
        x.reshape([&x.shape()[..1], &self.shape].concat())
    }
}
