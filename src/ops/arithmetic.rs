//! `+ − × ÷` and negation, between tensors (broadcast by NumPy's rules) and between tensors and numbers.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::broadcast::{common_shape, product_summed_to, shapes, zip_over};
use crate::autodiff::{binary, unary};
use crate::kernels::elementwise::{self, EachInPlace, EachOnto, each_in_place, each_onto};
use crate::tensor::{Float, Tensor};

/// x + y; x̄ = ȳ = z̄, summed to the operand's shape.
#[inline(never)]
#[track_caller]
fn add<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let shape = common_shape("add", x, y);
    binary(
        x,
        y,
        |x, y| zip_over(&shape, x, y, |x, y| x + y),
        |x, y, _| {
            let (xs, ys) = shapes(x, y);
            (move |g: &Tensor<T>| g.clone().summed_to(&xs), move |g: &Tensor<T>| g.clone().summed_to(&ys))
        },
    )
}

/// x − y; x̄ = z̄, ȳ = −z̄.
#[inline(never)]
#[track_caller]
fn sub<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let shape = common_shape("sub", x, y);
    binary(
        x,
        y,
        |x, y| zip_over(&shape, x, y, |x, y| x - y),
        |x, y, _| {
            let (xs, ys) = shapes(x, y);
            (move |g: &Tensor<T>| g.clone().summed_to(&xs), move |g: &Tensor<T>| -g.clone().summed_to(&ys))
        },
    )
}

/// x · y; x̄ = z̄ · y, ȳ = z̄ · x.
#[inline(never)]
#[track_caller]
fn mul<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let shape = common_shape("mul", x, y);
    binary(
        x,
        y,
        |x, y| zip_over(&shape, x, y, |x, y| x * y),
        |x, y, _| {
            let (xs, ys) = shapes(x, y);
            let (x, y) = (x.clone(), y.clone());
            (move |g: &Tensor<T>| product_summed_to(g, &y, &xs), move |g: &Tensor<T>| product_summed_to(g, &x, &ys))
        },
    )
}

/// z = x / y; x̄ = z̄ / y, ȳ = −z̄ · z / y.
#[inline(never)]
#[track_caller]
fn div<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let shape = common_shape("div", x, y);
    binary(
        x,
        y,
        |x, y| zip_over(&shape, x, y, |x, y| x / y),
        |x, y, z| {
            let (xs, ys) = shapes(x, y);
            let (y, y2, z) = (y.clone(), y.clone(), z.clone());
            (move |g: &Tensor<T>| div(g, &y).summed_to(&xs), move |g: &Tensor<T>| -div(&mul(g, &z), &y2).summed_to(&ys))
        },
    )
}

/// x · c for a number c.
#[inline(never)]
#[track_caller]
fn scale<T: Float>(x: &Tensor<T>, by: T) -> Tensor<T> {
    unary(x, |x| x.map_elements(move |x| x * by), |_, _| move |g| g * by)
}

/// x + c for a number c.
#[inline(never)]
#[track_caller]
fn shift<T: Float>(x: &Tensor<T>, by: T) -> Tensor<T> {
    unary(x, |x| x.map_elements(move |x| x + by), |_, _| |g| g)
}

/// x / c for a number c.
#[inline(never)]
#[track_caller]
fn divide<T: Float>(x: &Tensor<T>, by: T) -> Tensor<T> {
    unary(x, |x| x.map_elements(move |x| x / by), |_, _| move |g| g / by)
}

/// c − x for a number c.
#[inline(never)]
#[track_caller]
fn subtract_from<T: Float>(number: T, x: &Tensor<T>) -> Tensor<T> {
    unary(x, |x| x.map_elements(move |x| number - x), |_, _| |g| -g)
}

/// z = c / x for a number c; x̄ = −z̄ · z / x.
#[inline(never)]
#[track_caller]
fn divide_by<T: Float>(number: T, x: &Tensor<T>) -> Tensor<T> {
    unary(
        x,
        |x| x.map_elements(move |x| number / x),
        |x, z| {
            let (x, z) = (x.clone(), z.clone());
            move |g| -(g * z / x)
        },
    )
}

/// Replaces the elements where nobody else sees them and no gradient watches; gives the tensor back elsewhere.
fn in_place<T: Float>(mut x: Tensor<T>, each: &EachInPlace<'_, T>) -> Result<Tensor<T>, Tensor<T>> {
    if x.is_traced() || !x.is_sole_owner() {
        return Err(x);
    }
    elementwise::map_in_place(x.as_mut_slice(), each);
    Ok(x)
}

/// The same for pairs: the result takes the place of `x`, where it has the shape of `x`.
pub(super) fn in_place_with<T: Float>(
    mut x: Tensor<T>,
    y: &Tensor<T>,
    each: &EachOnto<'_, T, T>,
) -> Result<Tensor<T>, Tensor<T>> {
    if x.is_traced() || y.is_traced() || !x.is_sole_owner() {
        return Err(x);
    }
    let Some(layout) = y.layout().broadcast(x.shape()) else { return Err(x) };
    elementwise::zip_in_place(x.as_mut_slice(), layout.of(y.storage()), each);
    Ok(x)
}

/// An operator for owned and borrowed tensors and a number on its right; owned operands lend their memory to the result.
macro_rules! operator {
    ($Trait:ident $method:ident, $Assign:ident $assign:ident, $function:ident, $with_number:expr, $symbol:tt) => {
        impl<T: Float> $Trait<&Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, other: &Tensor<T>) -> Tensor<T> {
                $function(self, other)
            }
        }
        impl<T: Float> $Trait<&Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;
            #[inline(never)]
            #[track_caller]
            fn $method(self, other: &Tensor<T>) -> Tensor<T> {
                match in_place_with(self, other, &each_onto(|x, y| x $symbol y)) {
                    Ok(result) => result,
                    Err(x) => $function(&x, other),
                }
            }
        }
        impl<T: Float> $Trait<Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;
            #[inline(never)]
            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                match in_place_with(other, self, &each_onto(|y, x| x $symbol y)) {
                    Ok(result) => result,
                    Err(y) => $function(self, &y),
                }
            }
        }
        impl<T: Float> $Trait<Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;
            #[inline(never)]
            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                match in_place_with(self, &other, &each_onto(|x, y| x $symbol y)) {
                    Ok(result) => result,
                    Err(x) => &x $symbol other,
                }
            }
        }
        impl<T: Float> $Trait<T> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, number: T) -> Tensor<T> {
                $with_number(self, number)
            }
        }
        impl<T: Float> $Trait<T> for Tensor<T> {
            type Output = Tensor<T>;
            #[inline(never)]
            #[track_caller]
            fn $method(self, number: T) -> Tensor<T> {
                match in_place(self, &each_in_place(move |x| x $symbol number)) {
                    Ok(result) => result,
                    Err(x) => $with_number(&x, number),
                }
            }
        }
        impl<T: Float> $Assign<&Tensor<T>> for Tensor<T> {
            #[track_caller]
            fn $assign(&mut self, other: &Tensor<T>) {
                *self = std::mem::take(self) $symbol other;
            }
        }
        impl<T: Float> $Assign<Tensor<T>> for Tensor<T> {
            #[track_caller]
            fn $assign(&mut self, other: Tensor<T>) {
                *self = std::mem::take(self) $symbol other;
            }
        }
        impl<T: Float> $Assign<T> for Tensor<T> {
            #[track_caller]
            fn $assign(&mut self, number: T) {
                *self = std::mem::take(self) $symbol number;
            }
        }
    };
}

operator!(Add add, AddAssign add_assign, add, shift, +);
operator!(Sub sub, SubAssign sub_assign, sub, |x: &Tensor<T>, number: T| shift(x, -number), -);
operator!(Mul mul, MulAssign mul_assign, mul, scale, *);
operator!(Div div, DivAssign div_assign, div, divide, /);

/// The same with a number on the left, which Rust allows for named types only.
macro_rules! number_on_the_left {
    ($($T:ty)*) => {$(
        number_on_the_left!(impl Add add $T, |number: $T, x: &Tensor<$T>| shift(x, number));
        number_on_the_left!(impl Sub sub $T, subtract_from);
        number_on_the_left!(impl Mul mul $T, |number: $T, x: &Tensor<$T>| scale(x, number));
        number_on_the_left!(impl Div div $T, divide_by);
    )*};
    (impl $Trait:ident $method:ident $T:ty, $function:expr) => {
        impl $Trait<&Tensor<$T>> for $T {
            type Output = Tensor<$T>;
            #[track_caller]
            fn $method(self, x: &Tensor<$T>) -> Tensor<$T> {
                $function(self, x)
            }
        }
        impl $Trait<Tensor<$T>> for $T {
            type Output = Tensor<$T>;
            #[track_caller]
            fn $method(self, x: Tensor<$T>) -> Tensor<$T> {
                $function(self, &x)
            }
        }
    };
}

number_on_the_left!(f32 f64);

impl<T: Float> Neg for &Tensor<T> {
    type Output = Tensor<T>;
    #[inline(never)]
    #[track_caller]
    fn neg(self) -> Tensor<T> {
        unary(self, |x| x.map_elements(|x| -x), |_, _| |g| -g)
    }
}

impl<T: Float> Neg for Tensor<T> {
    type Output = Tensor<T>;
    #[inline(never)]
    #[track_caller]
    fn neg(self) -> Tensor<T> {
        match in_place(self, &each_in_place(|x: T| -x)) {
            Ok(result) => result,
            Err(x) => -&x,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn operators_take_owned_and_borrowed_operands_and_numbers() {
        let x: Tensor = Tensor::from([1.0, 2.0, 4.0]);
        let y: Tensor = Tensor::from([[1.0], [2.0]]);
        assert_eq!((&x + &y).to_vec(), [2.0, 3.0, 5.0, 3.0, 4.0, 6.0]);
        assert_eq!((x.clone() - &y).to_vec(), (&x - y.clone()).to_vec());
        assert_eq!((2.0 * &x - 1.0).to_vec(), [1.0, 3.0, 7.0]);
        assert_eq!((8.0 / x.clone() + 1.0 - &x).to_vec(), [8.0, 3.0, -1.0]);
        let mut z = x.clone();
        z *= &x;
        z /= 2.0;
        assert_eq!((z.to_vec(), x.to_vec()), (vec![0.5, 2.0, 8.0], vec![1.0, 2.0, 4.0]));
    }

    #[test]
    fn division_differentiates() {
        // mithril primitives test_div_2: [2] / [1,2,3,4]ᵀ, cotangent [1,2,3,5].
        let (x, y) = (Tensor::from([2.0f64]), Tensor::from([[1.0], [2.0], [3.0], [4.0]]));
        let (_, back) = pullback(|(x, y)| x / y, &(x, y));
        let (dx, dy) = back(&Tensor::from([[1.0], [2.0], [3.0], [5.0]]));
        assert_eq!(dx.get().unwrap().to_vec(), [4.25]);
        let expected = [-2.0, -1.0, -0.6666667, -0.625];
        assert!(dy.get().unwrap().to_vec().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-7));
    }

    #[test]
    #[should_panic(expected = "mul: the shapes [2] and [3] do not broadcast together")]
    fn shapes_that_do_not_broadcast_panic() {
        let _ = Tensor::<f32>::ones(2) * Tensor::ones(3);
    }
}
