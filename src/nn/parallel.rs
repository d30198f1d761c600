//! [`Parallel`].

use serde::{Deserialize, Serialize};

use super::{Function, Layer, Outline};
use crate::params::Params;

/// Layers side by side: y = connection((first(x), second(x), …)). Flux's `Parallel`.
///
/// ```
/// use sapwood::nn::Parallel;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let layers = (Dense::new(4, 2, &mut rng), Dense::new(4, 3, &mut rng));
/// let model = Parallel::new(layers, |(a, b): (Tensor, Tensor)| Tensor::concat(&[a, b], 1));
/// assert_eq!(output_shape(&model, (5, 4)), [5, 5]);
/// ```
#[derive(Params, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parallel<L, F> {
    /// A tuple of two to six layers.
    pub layers: L,
    /// What joins their outputs, which it gets as a tuple.
    pub connection: F,
}

impl<L, F> Parallel<L, Function<F>> {
    /// Joins the outputs of a tuple of layers by a function.
    pub fn new(layers: L, connection: F) -> Self {
        Parallel { layers, connection: Function::new(connection) }
    }
}

macro_rules! tuple {
    ($($L:ident $i:tt),+) => {
        impl<X, Z: 'static, $($L: Layer<X>,)+ F: Fn(($($L::Output,)+)) -> Z> Layer<X> for Parallel<($($L,)+), Function<F>> {
            type Output = Z;

            #[track_caller]
            fn forward(&self, x: &X) -> Z {
                self.connection.get()(($(self.layers.$i.forward(x),)+))
            }

            #[track_caller]
            fn outline(&self, x: &X, outline: &mut Outline) -> Z {
                self.connection.get()(($(outline.layer(concat!("layers.", $i), &self.layers.$i, x),)+))
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, G 5);
