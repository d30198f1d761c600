//! [`Maxout`].

use serde::{Deserialize, Serialize};

use super::{Layer, Outline};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// The largest of what several layers say, element by element: y = maxₖ layerₖ(x)
/// ([Goodfellow et al. 2013](https://arxiv.org/abs/1302.4389)).
///
/// ```
/// use sapwood::nn::Maxout;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let model = Maxout::new((0..4).map(|_| Dense::new(5, 7, &mut rng)));
/// let x: Tensor = Tensor::ones((2, 5));
/// assert_eq!(model.forward(&x).shape(), [2, 7]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Maxout<L> {
    /// The layers, at least one.
    pub layers: Vec<L>,
}

impl<L> Maxout<L> {
    /// The largest of these layers.
    ///
    /// # Panics
    /// Where there is none.
    #[track_caller]
    pub fn new(layers: impl IntoIterator<Item = L>) -> Self {
        let layers: Vec<L> = layers.into_iter().collect();
        assert!(!layers.is_empty(), "Maxout: there must be at least one layer");
        Maxout { layers }
    }
}

impl<T: Float, X, L: Layer<X, Output = Tensor<T>>> Layer<X> for Maxout<L> {
    type Output = Tensor<T>;

    /// The largest element at each place.
    ///
    /// # Panics
    /// Where `layers` has been emptied, or their outputs differ in shape.
    #[track_caller]
    fn forward(&self, x: &X) -> Tensor<T> {
        let Some((first, others)) = self.layers.split_first() else { panic!("Maxout: there is no layer") };
        others.iter().fold(first.forward(x), |largest, layer| largest.maximum(layer.forward(x)))
    }

    #[track_caller]
    fn outline(&self, x: &X, outline: &mut Outline) -> Tensor<T> {
        for (i, layer) in self.layers.iter().enumerate() {
            let _ = outline.layer(&format!("layers.{i}"), layer, x);
        }
        self.forward(x)
    }
}
