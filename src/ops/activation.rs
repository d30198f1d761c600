//! Activation functions.

use super::pointwise::piecewise;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// max(x, 0), the rectified linear unit; NaN stays NaN. Derivative: 1 where x > 0, else 0, at 0 too.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([-2.0, 0.0, 3.0]);
    /// assert_eq!(x.relu().to_vec(), [0.0, 0.0, 3.0]);
    /// ```
    pub fn relu(&self) -> Tensor<T> {
        let zero = T::zero();
        piecewise(self, move |x| if x < zero { zero } else { x }, move |x| if x <= zero { zero } else { T::one() })
    }
}
