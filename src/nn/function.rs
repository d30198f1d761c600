//! Functions as layers.

use std::any::type_name;
use std::fmt;

use super::Layer;
use crate::params::Params;

/// A function or closure as a part of a model: there is nothing to train in it.
///
/// [`chain!`](crate::chain) wraps functions by itself.
///
/// ```
/// use sapwood::nn::Function;
/// use sapwood::prelude::*;
///
/// let double = Function::new(|x: &Tensor| x * 2.0);
/// assert_eq!(double.forward(&Tensor::scalar(3.0)).item(), 6.0);
/// assert_eq!(double.num_parameters(), 0);
/// ```
#[derive(Params, Clone, Copy)]
#[params(bound = "F: Clone")]
pub struct Function<F> {
    #[params(skip)]
    f: F,
}

impl<F> Function<F> {
    /// Wraps a function.
    pub fn new(f: F) -> Self {
        Function { f }
    }

    /// The function.
    pub fn get(&self) -> &F {
        &self.f
    }
}

impl<F> fmt::Debug for Function<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", type_name::<F>())
    }
}

impl<X: ?Sized, F: Layer<X>> Layer<X> for Function<F> {
    type Output = F::Output;

    #[track_caller]
    fn forward(&self, x: &X) -> F::Output {
        self.f.forward(x)
    }
}
