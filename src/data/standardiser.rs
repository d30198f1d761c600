//! [`Standardiser`].

use serde::{Deserialize, Serialize};

use crate::tensor::{Float, Tensor};

/// Features to mean 0 and deviation 1, by the statistics of the training data: fit it there, apply it everywhere.
///
/// It serialises, so that a model's numbers and those of its data stay together.
///
/// ```
/// use sapwood::data::Standardiser;
/// use sapwood::prelude::*;
///
/// let train: Tensor = Tensor::from([[1.0, 10.0], [3.0, 30.0]]);
/// let scale = Standardiser::fit(&train);
/// assert_eq!(scale.apply(&train).to_vec(), [-1.0, -1.0, 1.0, 1.0]);
/// assert_eq!(scale.undo(&Tensor::zeros((1, 2))).to_vec(), [2.0, 20.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Standardiser<T: Float = f32> {
    mean: Tensor<T>,
    deviation: Tensor<T>,
}

impl<T: Float> Standardiser<T> {
    /// Mean and standard deviation (of n) of each feature over the first axis. A feature that never changes keeps its
    /// deviation: it becomes 0, not NaN.
    ///
    /// # Panics
    /// Where there are no observations.
    #[track_caller]
    pub fn fit(x: &Tensor<T>) -> Self {
        assert!(
            x.shape().first().is_some_and(|&observations| observations > 0),
            "Standardiser: data of shape {:?} has no observations",
            x.shape()
        );
        let deviation = x.std_axis(0, 0);
        Standardiser { mean: x.mean_axis(0), deviation: deviation.eq(T::zero()).where_(T::one(), &deviation) }
    }

    /// (x − mean) / deviation, for data of the same features.
    ///
    /// # Panics
    /// Where the axes after the first are others.
    #[track_caller]
    pub fn apply(&self, x: &Tensor<T>) -> Tensor<T> {
        self.check(x);
        (x - &self.mean) / &self.deviation
    }

    /// y · deviation + mean: back to the units of the data.
    ///
    /// # Panics
    /// Where the axes after the first are others.
    #[track_caller]
    pub fn undo(&self, y: &Tensor<T>) -> Tensor<T> {
        self.check(y);
        y * &self.deviation + &self.mean
    }

    #[track_caller]
    fn check(&self, x: &Tensor<T>) {
        assert!(
            x.rank() > 0 && &x.shape()[1..] == self.mean.shape(),
            "Standardiser: data of shape {:?}, where [observations, {:?}] is needed",
            x.shape(),
            self.mean.shape()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::Standardiser;
    use crate::prelude::*;

    #[test]
    fn a_constant_feature_becomes_zero() {
        let x: Tensor = Tensor::from([[5.0, 1.0], [5.0, 2.0]]);
        assert_eq!(Standardiser::fit(&x).apply(&x).to_vec(), [0.0, -1.0, 0.0, 1.0]);
    }
}
