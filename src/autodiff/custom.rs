//! Operations of a user's own.

use std::panic::Location;
use std::sync::Arc;

use super::op;
use crate::tensor::{Float, Tensor};

/// An operation of your own: `forward` computes it, `pullback` differentiates it.
///
/// `forward` gets the inputs as constants. `pullback` gets the inputs, the output, and the cotangent of the output
/// (the derivative of the loss by it), and returns the cotangent of each input. Where it is made of tensor operations
/// on what it got, the operation differentiates to any order; what either captures is constant.
///
/// # Panics
/// When the gradient is taken, where the pullback returns a cotangent of another shape than its input's.
///
/// ```
/// use sapwood::autodiff::custom;
/// use sapwood::prelude::*;
///
/// /// The identity, whose gradient is halved on the way back.
/// fn halve_gradient(x: &Tensor) -> Tensor {
///     custom([x], |[x]| x.clone(), |_, _, cotangent| [cotangent * 0.5])
/// }
///
/// /// x y, by the product rule.
/// fn product(x: &Tensor, y: &Tensor) -> Tensor {
///     custom([x, y], |[x, y]| x * y, |[x, y], _, cotangent| [cotangent * y, cotangent * x])
/// }
///
/// let x: Tensor = Tensor::scalar(3.0);
/// let g = gradient(|x| product(x, &halve_gradient(x)), &x);
/// assert_eq!(g.get().unwrap().item(), 3.0 + 0.5 * 3.0);
/// ```
#[track_caller]
pub fn custom<T: Float, const N: usize>(
    inputs: [&Tensor<T>; N],
    forward: impl FnOnce([&Tensor<T>; N]) -> Tensor<T>,
    pullback: impl Fn([&Tensor<T>; N], &Tensor<T>, &Tensor<T>) -> [Tensor<T>; N] + Send + Sync + 'static,
) -> Tensor<T> {
    let caller = Location::caller();
    let pullback = Arc::new(pullback);
    // A traced tensor that the function captured must not come out as its result.
    let forward = |inputs: [&Tensor<T>; N]| forward(inputs).stop_gradient();
    op(inputs, forward, &|inputs: [&Tensor<T>; N], output: &Tensor<T>| {
        let (inputs, output, pullback) = (inputs.map(Tensor::clone), output.clone(), pullback.clone());
        move |cotangent: Tensor<T>, _| {
            let cotangents = pullback(inputs.each_ref(), &output, &cotangent);
            for (i, (cotangent, input)) in cotangents.iter().zip(&inputs).enumerate() {
                assert!(
                    cotangent.shape() == input.shape(),
                    "custom ({caller}): the pullback's cotangent for input {i} has the shape {:?}, the input {:?}",
                    cotangent.shape(),
                    input.shape()
                );
            }
            cotangents.map(Some)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::custom;
    use crate::prelude::*;

    fn cube(x: &Tensor<f64>) -> Tensor<f64> {
        custom([x], |[x]| x * x * x, |[x], _, g| [g * 3.0 * x * x])
    }

    #[test]
    fn an_operation_of_ones_own_differentiates_twice() {
        let slope = |x: &Tensor<f64>| gradient(cube, x).get().unwrap().clone();
        let x = Tensor::scalar(2.0);
        assert_eq!((slope(&x).item(), gradient(slope, &x).get().unwrap().item()), (12.0, 12.0));
    }

    #[test]
    fn what_is_captured_is_constant() {
        let g = gradient(
            |x: &Tensor<f64>| {
                let captured = x.clone();
                custom([x], move |[x]| x * &captured, |[x], _, g| [g * x])
            },
            &Tensor::scalar(3.0),
        );
        assert_eq!(g.get().unwrap().item(), 3.0);
    }

    #[test]
    #[should_panic(expected = "the pullback's cotangent for input 1 has the shape [], the input [2]")]
    fn a_cotangent_has_its_inputs_shape() {
        let (x, y) = (Tensor::scalar(1.0), Tensor::from([1.0, 2.0]));
        let product =
            |x: &Tensor, y: &Tensor| custom([x, y], |[x, y]| x * y, |[x, y], _, g| [(g * y).sum(), (g * x).sum()]);
        let _ = gradient(|(x, y)| product(x, y).sum(), &(x, y));
    }
}
