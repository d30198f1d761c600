//! [`SkipConnection`].

use std::ops::Add;

use serde::{Deserialize, Serialize};

use super::{Function, Layer, Outline};
use crate::params::Params;

/// A layer whose input goes around it: y = connection(layer(x), x). Flux's `SkipConnection`.
///
/// ```
/// use sapwood::nn::SkipConnection;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let block = SkipConnection::residual(Dense::new(4, 4, &mut rng));
/// let joined = SkipConnection::new(Dense::new(4, 3, &mut rng), |y: Tensor, x: &Tensor| Tensor::concat(&[y, x.clone()], 1));
/// assert_eq!(output_shape(&chain![block, joined], (5, 4)), [5, 7]);
/// ```
#[derive(Params, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkipConnection<L, F> {
    /// The layer.
    pub layer: L,
    /// What joins its output with its input.
    pub connection: F,
}

impl<L, F> SkipConnection<L, Function<F>> {
    /// Joins the layer's output, by value, with its input, by reference.
    pub fn new(layer: L, connection: F) -> Self {
        SkipConnection { layer, connection: Function::new(connection) }
    }
}

/// y + x.
#[derive(Params, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum;

impl<L> SkipConnection<L, Sum> {
    /// y = layer(x) + x, the block of residual networks ([He et al. 2015](https://arxiv.org/abs/1512.03385)).
    pub fn residual(layer: L) -> Self {
        SkipConnection { layer, connection: Sum }
    }
}

impl<X, Y: 'static, Z: 'static, L: Layer<X, Output = Y>, F: Fn(Y, &X) -> Z> Layer<X>
    for SkipConnection<L, Function<F>>
{
    type Output = Z;

    #[track_caller]
    fn forward(&self, x: &X) -> Z {
        self.connection.get()(self.layer.forward(x), x)
    }

    #[track_caller]
    fn outline(&self, x: &X, outline: &mut Outline) -> Z {
        self.connection.get()(outline.layer("layer", &self.layer, x), x)
    }
}

impl<X, Y: for<'a> Add<&'a X, Output = Y> + 'static, L: Layer<X, Output = Y>> Layer<X> for SkipConnection<L, Sum> {
    type Output = Y;

    #[track_caller]
    fn forward(&self, x: &X) -> Y {
        self.layer.forward(x) + x
    }

    #[track_caller]
    fn outline(&self, x: &X, outline: &mut Outline) -> Y {
        outline.layer("layer", &self.layer, x) + x
    }
}
