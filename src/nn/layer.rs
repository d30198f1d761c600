//! [`Layer`]: what can be applied to a tensor.

use ndarray::IntoDimension;

use super::Outline;
use crate::params::{Frozen, Tied};
use crate::tensor::{Element, Tensor};

/// What can be applied to a tensor, or to whatever else `X` is: all layers, chains of layers, and functions.
///
/// ```
/// use sapwood::prelude::*;
///
/// #[derive(Params)]
/// struct Mlp { hidden: Dense, out: Dense }
///
/// impl Layer for Mlp {
///     type Output = Tensor;
///     fn forward(&self, x: &Tensor) -> Tensor { self.out.forward(&self.hidden.forward(x).relu()) }
/// }
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let mlp = Mlp { hidden: Dense::new(4, 8, &mut rng), out: Dense::new(8, 2, &mut rng) };
/// let model = chain![mlp, |x: &Tensor| x.softmax(1)];
/// assert_eq!(output_shape(&model, (5, 4)), [5, 2]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer that takes `{X}`",
    note = "implement `Layer<{X}>` for it: `type Output` and `fn forward(&self, x: &{X})`",
    note = "a closure must name its argument's type: `|x: &Tensor| …`",
    note = "a chain is a layer where each of its layers takes what the one before gives: one of them does not"
)]
pub trait Layer<X: ?Sized = Tensor> {
    /// What comes out.
    type Output: 'static;

    /// The output for an input.
    fn forward(&self, x: &X) -> Self::Output;

    /// What [`forward`](Self::forward) gives, computed by way of an [`outline`](super::outline()), which adds a row for
    /// each layer that it applies. Only what is made of layers needs to say this, and it may leave it unsaid.
    ///
    /// ```
    /// use sapwood::nn::{Outline, outline};
    /// use sapwood::prelude::*;
    ///
    /// #[derive(Params)]
    /// struct Mlp { hidden: Dense, out: Dense }
    ///
    /// impl Layer for Mlp {
    ///     type Output = Tensor;
    ///     fn forward(&self, x: &Tensor) -> Tensor { self.out.forward(&self.hidden.forward(x).relu()) }
    ///     fn outline(&self, x: &Tensor, outline: &mut Outline) -> Tensor {
    ///         let x = outline.layer("hidden", &self.hidden, x).relu();
    ///         outline.layer("out", &self.out, &x)
    ///     }
    /// }
    ///
    /// let mut rng = StdRng::seed_from_u64(0);
    /// let mlp = Mlp { hidden: Dense::new(4, 8, &mut rng), out: Dense::new(8, 2, &mut rng) };
    /// assert_eq!(outline(&mlp, (1, 4)).rows[2].path, "out");
    /// ```
    #[track_caller]
    fn outline(&self, x: &X, outline: &mut Outline) -> Self::Output {
        let _ = outline;
        self.forward(x)
    }
}

impl<X: ?Sized, Y: 'static, F: Fn(&X) -> Y> Layer<X> for F {
    type Output = Y;

    #[track_caller]
    fn forward(&self, x: &X) -> Y {
        self(x)
    }
}

impl<X: ?Sized, L: Layer<X>> Layer<X> for Frozen<L> {
    type Output = L::Output;

    #[track_caller]
    fn forward(&self, x: &X) -> L::Output {
        (**self).forward(x)
    }

    #[track_caller]
    fn outline(&self, x: &X, outline: &mut Outline) -> L::Output {
        (**self).outline(x, outline)
    }
}

impl<X: ?Sized, L: Layer<X>> Layer<X> for Tied<L> {
    type Output = L::Output;

    #[track_caller]
    fn forward(&self, x: &X) -> L::Output {
        (**self).forward(x)
    }

    #[track_caller]
    fn outline(&self, x: &X, outline: &mut Outline) -> L::Output {
        (**self).outline(x, outline)
    }
}

/// The shape of a layer's output for an input of the given shape, before there is any data.
///
/// It is found by applying the layer to zeros: the first axis may as well be 1.
///
/// # Panics
/// As the layer does for an input of this shape.
///
/// ```
/// # use sapwood::prelude::*;
/// let layer: Dense = Dense::new(3, 2, &mut StdRng::seed_from_u64(0));
/// assert_eq!(output_shape(&layer, (5, 3)), [5, 2]);
/// ```
#[track_caller]
pub fn output_shape<A: Element, B: Element>(
    layer: &impl Layer<Tensor<A>, Output = Tensor<B>>,
    input: impl IntoDimension,
) -> Vec<usize> {
    layer.forward(&Tensor::zeros(input)).shape().to_vec()
}
