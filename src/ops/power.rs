//! Powers and roots.

use super::pointwise::fused_of_input;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// x². Derivative: 2x.
    pub fn square(&self) -> Tensor<T> {
        fused_of_input(self, |x| x * x, |x| x + x, |x| x + x)
    }
}
