//! [`Chain`] and [`chain!`](crate::chain).

use serde::{Deserialize, Serialize};

use super::{Function, Layer, Outline};
use crate::params::Params;

/// Layers one after another, each with a type of its own: nothing is boxed. [`chain!`](crate::chain) makes one.
///
/// `layers` is a tuple of up to twelve layers (chains nest), or a `Vec` or array of layers of one type whose output is
/// what they take. Where the compiler finds no method `forward` of a chain, one of its layers does not take what the one
/// before gives, or has no `impl Layer`.
///
/// ```
/// use sapwood::nn::Chain;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let blocks = (0..3).map(|_| chain![Dense::new(8, 8, &mut rng), Tensor::tanh]).collect::<Vec<_>>();
/// let model = chain![Dense::new(4, 8, &mut rng), Chain { layers: blocks }, Dense::new(8, 2, &mut rng)];
/// let x: Tensor = Tensor::ones((1, 4));
/// assert_eq!(model.forward(&x).shape(), [1, 2]);
/// assert_eq!(model.parameters()[2].0, "layers.1.layers.0.layers.0.weight");
///
/// let grads = gradient(|m| m.forward(&x).sum(), &model);
/// assert!(grads.layers.2.weight.get().is_some());
/// ```
#[derive(Params, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chain<L> {
    /// The layers, first to last.
    pub layers: L,
}

/// Joins layers to a [`Chain`](crate::nn::Chain), first to last. Functions and closures become layers by themselves;
/// a closure must name its argument's type.
///
/// ```
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let model = chain![
///     Dense::new(4, 8, &mut rng),
///     Tensor::relu,
///     Dense::new(8, 2, &mut rng),
///     |x: &Tensor| x.softmax(1),
/// ];
/// assert_eq!(model.forward(&Tensor::zeros((5, 4))).shape(), [5, 2]);
/// ```
#[macro_export]
macro_rules! chain {
    ($($layer:expr),+ $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::nn::__chain::WrapFunction as _;
        $crate::nn::Chain { layers: ($($crate::nn::__chain::Piece($layer).wrap(),)+) }
    }};
}

/// Tells models from functions for the macro: the method of the type itself goes before that of the trait, but is only
/// there for models.
#[doc(hidden)]
#[derive(Debug)]
pub struct Piece<L>(pub L);

impl<L: Params> Piece<L> {
    pub fn wrap(self) -> L {
        self.0
    }
}

#[doc(hidden)]
pub trait WrapFunction<F> {
    fn wrap(self) -> Function<F>;
}

impl<F> WrapFunction<F> for Piece<F> {
    fn wrap(self) -> Function<F> {
        Function::new(self.0)
    }
}

impl<X: Clone + 'static, L: Layer<X, Output = X>> Layer<X> for Chain<Vec<L>> {
    type Output = X;

    #[track_caller]
    fn forward(&self, x: &X) -> X {
        through(&self.layers, x)
    }

    #[track_caller]
    fn outline(&self, x: &X, outline: &mut Outline) -> X {
        outline_through(&self.layers, x, outline)
    }
}

impl<X: Clone + 'static, L: Layer<X, Output = X>, const N: usize> Layer<X> for Chain<[L; N]> {
    type Output = X;

    #[track_caller]
    fn forward(&self, x: &X) -> X {
        through(&self.layers, x)
    }

    #[track_caller]
    fn outline(&self, x: &X, outline: &mut Outline) -> X {
        outline_through(&self.layers, x, outline)
    }
}

#[track_caller]
fn through<X: Clone, L: Layer<X, Output = X>>(layers: &[L], x: &X) -> X {
    let mut x = x.clone();
    for layer in layers {
        x = layer.forward(&x);
    }
    x
}

#[track_caller]
fn outline_through<X: Clone, L: Layer<X, Output = X>>(layers: &[L], x: &X, outline: &mut Outline) -> X {
    let mut x = x.clone();
    for (i, layer) in layers.iter().enumerate() {
        x = outline.layer(&format!("layers.{i}"), layer, &x);
    }
    x
}

/// Consumes its input, so that no more than one is held at a time.
#[track_caller]
fn then<X, L: Layer<X>>(x: X, layer: &L) -> L::Output {
    layer.forward(&x)
}

macro_rules! tuple {
    ($Out:ident; $First:ident $Y:ident $(, $i:tt $L:ident: $X:ident => $Z:ident)*) => {
        impl<X, $Y, $($Z,)* $First, $($L),*> Layer<X> for Chain<($First, $($L,)*)>
        where
            X: ?Sized,
            $Y: 'static,
            $First: Layer<X, Output = $Y>,
            $($Z: 'static, $L: Layer<$X, Output = $Z>,)*
        {
            type Output = $Out;

            #[track_caller]
            fn forward(&self, x: &X) -> $Out {
                let x = self.layers.0.forward(x);
                $(let x = then(x, &self.layers.$i);)*
                x
            }

            #[track_caller]
            fn outline(&self, x: &X, outline: &mut Outline) -> $Out {
                let x = outline.layer("layers.0", &self.layers.0, x);
                $(let x = outline.layer(concat!("layers.", $i), &self.layers.$i, &x);)*
                x
            }
        }
    };
}

tuple!(Y0; L0 Y0);
tuple!(Y1; L0 Y0, 1 L1: Y0 => Y1);
tuple!(Y2; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2);
tuple!(Y3; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2, 3 L3: Y2 => Y3);
tuple!(Y4; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2, 3 L3: Y2 => Y3, 4 L4: Y3 => Y4);
tuple!(Y5; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2, 3 L3: Y2 => Y3, 4 L4: Y3 => Y4, 5 L5: Y4 => Y5);
tuple!(Y6; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2, 3 L3: Y2 => Y3, 4 L4: Y3 => Y4, 5 L5: Y4 => Y5, 6 L6: Y5 => Y6);
tuple!(Y7; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2, 3 L3: Y2 => Y3, 4 L4: Y3 => Y4, 5 L5: Y4 => Y5, 6 L6: Y5 => Y6,
    7 L7: Y6 => Y7);
tuple!(Y8; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2, 3 L3: Y2 => Y3, 4 L4: Y3 => Y4, 5 L5: Y4 => Y5, 6 L6: Y5 => Y6,
    7 L7: Y6 => Y7, 8 L8: Y7 => Y8);
tuple!(Y9; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2, 3 L3: Y2 => Y3, 4 L4: Y3 => Y4, 5 L5: Y4 => Y5, 6 L6: Y5 => Y6,
    7 L7: Y6 => Y7, 8 L8: Y7 => Y8, 9 L9: Y8 => Y9);
tuple!(Y10; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2, 3 L3: Y2 => Y3, 4 L4: Y3 => Y4, 5 L5: Y4 => Y5, 6 L6: Y5 => Y6,
    7 L7: Y6 => Y7, 8 L8: Y7 => Y8, 9 L9: Y8 => Y9, 10 L10: Y9 => Y10);
tuple!(Y11; L0 Y0, 1 L1: Y0 => Y1, 2 L2: Y1 => Y2, 3 L3: Y2 => Y3, 4 L4: Y3 => Y4, 5 L5: Y4 => Y5, 6 L6: Y5 => Y6,
    7 L7: Y6 => Y7, 8 L8: Y7 => Y8, 9 L9: Y8 => Y9, 10 L10: Y9 => Y10, 11 L11: Y10 => Y11);
