//! Changing the element type.

use crate::autodiff::unary;
use crate::tensor::{Element, Tensor};

impl<T: Element> Tensor<T> {
    /// The elements as another type: integers truncate and saturate (NaN becomes 0), `bool` is whether they differ from
    /// zero; beyond 2⁵³ integers are rounded on the way.
    ///
    /// Derivative: x̄ = ȳ in the type of x, between `f32` and `f64`; integers and `bool` are constants.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([0.5, 2.0]);
    /// assert_eq!(x.cast::<f64>().to_vec(), [0.5, 2.0]);
    /// assert_eq!(x.cast::<i64>().to_vec(), [0, 2]);
    /// ```
    #[track_caller]
    pub fn cast<U: Element>(&self) -> Tensor<U> {
        let convert = |x: &Tensor<T>| x.map_elements(|x| U::from_f64(x.to_f64()));
        if !U::DIFFERENTIATES {
            return convert(self);
        }
        unary(self, convert, |_, _| |g: Tensor<U>| g.cast())
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn gradients_come_back_in_the_precision_of_the_input() {
        let x: Tensor = Tensor::from([1.0, 2.0]);
        let g = gradient(|x| (x.cast::<f64>() * Tensor::from([0.1, 0.2])).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [0.1f32, 0.2]);
    }

    #[test]
    fn integers_are_constants() {
        let x: Tensor = Tensor::from([1.7, -2.2]);
        let g = gradient(|x| (x * x.cast::<i32>().cast()).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [1.0, -2.0]);
        assert_eq!(Tensor::from([f64::NAN, 300.0]).cast::<u8>().to_vec(), [0, 255]);
        assert_eq!(Tensor::from([0, -3]).cast::<bool>().to_vec(), [false, true]);
    }
}
