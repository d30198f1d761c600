//! Positions, added to what stands there: [`SinusoidalPositions`], [`LearnedPositions`].

use ndarray::s;
use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use crate::nn::{Init, Layer};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// Adds sin(p / 10,000^(2i/width)) to each even component 2i at position p, and the cosine to each odd one
/// ([Vaswani et al. 2017](https://arxiv.org/abs/1706.03762)). There is nothing to learn.
///
/// Shapes: x `[…, time, width]`, y as x.
///
/// ```
/// use sapwood::nn::SinusoidalPositions;
/// use sapwood::prelude::*;
///
/// let y = SinusoidalPositions.forward(&Tensor::<f64>::zeros((2, 4)));
/// assert_eq!(y.slice(s![0, ..]).to_vec(), [0.0, 1.0, 0.0, 1.0]);
/// assert_eq!(y[[1, 2]], 0.01f64.sin());
/// ```
#[derive(Params, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinusoidalPositions;

impl<T: Float> Layer<Tensor<T>> for SinusoidalPositions {
    type Output = Tensor<T>;

    /// x with its positions.
    ///
    /// # Panics
    /// Where there are not two axes.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let [.., time, width] = *x.shape() else {
            panic!("SinusoidalPositions: an input of shape {:?}, where […, time, width] is needed", x.shape())
        };
        let at = |p: usize, i: usize| {
            let angle = p as f64 * 10_000f64.powf(-((i - i % 2) as f64) / width as f64);
            T::from_f64(if i.is_multiple_of(2) { angle.sin() } else { angle.cos() })
        };
        let table = (0..time).flat_map(|p| (0..width).map(move |i| at(p, i))).collect();
        x + Tensor::from_dense(table, &[time, width])
    }
}

/// Adds a learnt vector at each position.
///
/// Shapes: x `[…, time, width]` of at most `positions` steps, y as x, `weight` `[positions, width]`.
///
/// ```
/// use sapwood::nn::LearnedPositions;
/// use sapwood::prelude::*;
///
/// let layer: LearnedPositions = LearnedPositions::new(10, 4, &mut StdRng::seed_from_u64(0));
/// assert_eq!(output_shape(&layer, (2, 7, 4)), [2, 7, 4]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct LearnedPositions<T: Float = f32> {
    /// A row a position.
    pub weight: Tensor<T>,
}

impl<T: Float> LearnedPositions<T> {
    /// Vectors for positions 0 to `positions` − 1, normal of deviation 0.02 as GPT-2's.
    ///
    /// # Panics
    /// Where there are no positions or the width is zero.
    #[track_caller]
    pub fn new(positions: usize, width: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(positions > 0 && width > 0, "LearnedPositions: {positions} positions of width {width}");
        LearnedPositions { weight: Init::Normal(0.0, 0.02).weight(&[positions, width], positions, width, rng) }
    }
}

impl<T: Float> Layer<Tensor<T>> for LearnedPositions<T> {
    type Output = Tensor<T>;

    /// x with its positions.
    ///
    /// # Panics
    /// Where there are more steps than positions, or the width differs.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let &[positions, width] = self.weight.shape() else { unreachable!("weights are a matrix") };
        let shape = x.shape();
        assert!(
            shape.len() >= 2 && shape[shape.len() - 1] == width && shape[shape.len() - 2] <= positions,
            "LearnedPositions: an input of shape {shape:?}, where […, at most {positions}, {width}] is needed"
        );
        x + self.weight.slice(s![..shape[shape.len() - 2], ..])
    }
}
