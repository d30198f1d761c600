//! Changing precision.

use crate::autodiff::unary;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// The elements in single or double precision. Derivative: x̄ = ȳ in the precision of x.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::scalar(0.5);
    /// let y: Tensor<f64> = x.cast();
    /// assert_eq!(y.item(), 0.5);
    /// ```
    pub fn cast<U: Float>(&self) -> Tensor<U> {
        unary(self, |x| x.to_type(), |_, _| |g: Tensor<U>| g.cast())
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn gradients_come_back_in_the_precision_of_the_input() {
        let x: Tensor = Tensor::from([1.0, 2.0]);
        let g = gradient(|x| (x.cast::<f64>() * Tensor::from([0.1, 0.2])).sum_to(()), &x);
        assert_eq!(g.get().unwrap().to_vec(), [0.1f32, 0.2]);
    }
}
