//! How functions of single elements are differentiated: x̄ = ȳ · dy/dx.
//!
//! Each states dy/dx as a tensor expression, of its input or of its output: whichever is cheaper; only that is kept.
//! The fused forms state it as a function of numbers too, for the case that no outer gradient is watching: then the
//! pullback is a single pass. Their loops are compiled for each function, as the cheap and the common ones need; the
//! system's functions share one loop ([`map_shared`]), which spares the compiler much and costs them a call an element.

use super::arithmetic::in_place_with;
use super::broadcast::expanded;
use crate::autodiff::{keeping, unary};
use crate::kernels::elementwise::{self, EachOnto, each_onto};
use crate::tensor::{Float, Tensor};

/// y = f(x), with dy/dx as an expression of x.
#[inline(never)]
#[track_caller]
pub(super) fn of_input<T, D>(x: &Tensor<T>, f: impl FnOnce(&Tensor<T>) -> Tensor<T>, derivative: D) -> Tensor<T>
where
    T: Float,
    D: Fn(&Tensor<T>) -> Tensor<T> + Clone + Send + 'static,
{
    unary(x, f, |x, _| {
        let (x, derivative) = (x.clone(), derivative.clone());
        move |g| g * derivative(&x)
    })
}

/// y = f(x), with dy/dx as an expression of y.
#[inline(never)]
#[track_caller]
pub(super) fn of_output<T, D>(x: &Tensor<T>, f: impl FnOnce(&Tensor<T>) -> Tensor<T>, derivative: D) -> Tensor<T>
where
    T: Float,
    D: Fn(&Tensor<T>) -> Tensor<T> + Clone + Send + 'static,
{
    unary(x, f, |_, y| {
        let (y, derivative) = (y.clone(), derivative.clone());
        move |g| g * derivative(&y)
    })
}

/// y = f(x) element by element, with dy/dx as an expression of x and as a function of the number.
#[inline(never)]
#[track_caller]
pub(super) fn fused_of_input<T, F, S, D>(x: &Tensor<T>, f: F, slope: S, derivative: D) -> Tensor<T>
where
    T: Float,
    F: Fn(T) -> T + Copy + Sync,
    S: Fn(T) -> T + Copy + Send + Sync + 'static,
    D: Fn(&Tensor<T>) -> Tensor<T> + Clone + Send + 'static,
{
    unary(
        x,
        |x| x.map_elements(f),
        |x, _| {
            let (x, slope, derivative) = (x.clone(), slope, derivative.clone());
            move |g| fused(g, &x, &times(slope), &derivative)
        },
    )
}

/// y = f(x) element by element, with dy/dx as an expression of y and as a function of the number.
#[inline(never)]
#[track_caller]
pub(super) fn fused_of_output<T, F, S, D>(x: &Tensor<T>, f: F, slope: S, derivative: D) -> Tensor<T>
where
    T: Float,
    F: Fn(T) -> T + Copy + Sync,
    S: Fn(T) -> T + Copy + Send + Sync + 'static,
    D: Fn(&Tensor<T>) -> Tensor<T> + Clone + Send + 'static,
{
    unary(
        x,
        |x| x.map_elements(f),
        |_, y| {
            let (y, slope, derivative) = (y.clone(), slope, derivative.clone());
            move |g| fused(g, &y, &times(slope), &derivative)
        },
    )
}

/// [`fused_of_input`] for an f and a slope that have their expensive part in common: one function gives both, and where a
/// gradient is watching, the slope is kept.
#[inline(never)]
#[track_caller]
pub(super) fn fused_with_slope<T, F, D>(x: &Tensor<T>, f: F, derivative: D) -> Tensor<T>
where
    T: Float,
    F: Fn(T) -> (T, T) + Copy + Sync,
    D: Fn(&Tensor<T>) -> Tensor<T> + Clone + Send + 'static,
{
    let forward = |[outside]: [&Tensor<T>; 1]| {
        if !x.is_traced() {
            let y = outside.map_elements(
                #[inline(always)]
                move |x| f(x).0,
            );
            return (y, None);
        }
        let (y, slope) = elementwise::map_to_two(outside.strided(), &elementwise::each_to_two(f));
        let of = |elements| Tensor::from_dense(elements, outside.shape());
        (of(y), Some(of(slope)))
    };
    keeping([x], forward, &|[x]: [&Tensor<T>; 1], _: &Tensor<T>, slope: &Option<Tensor<T>>| {
        let (x, slope, derivative) = (x.clone(), slope.clone(), derivative.clone());
        move |g: Tensor<T>, _| match slope {
            Some(slope) if !g.is_traced() && !x.is_traced() => [Some(g * slope)],
            _ => [Some(g * derivative(&x))],
        }
    })
    .0
}

/// y = f(x) for a function that is made of straight pieces: dy/dx is a function of the number x, constant for all
/// further derivatives.
#[track_caller]
pub(super) fn piecewise<T: Float>(
    x: &Tensor<T>,
    f: impl Fn(T) -> T + Copy + Sync,
    slope: impl Fn(T) -> T + Copy + Send + Sync + 'static,
) -> Tensor<T> {
    fused_of_input(x, f, slope, move |x| x.map_elements(slope))
}

/// A function of each element, by a call.
pub(super) fn map_shared<T: Float>(x: &Tensor<T>, f: &(dyn Fn(T) -> T + Sync)) -> Tensor<T> {
    x.map_elements(f)
}

/// g times the slope at each element: in one pass by the loop `times_slope`, or as tensor operations where an outer gradient is
/// watching.
fn fused<T: Float>(
    g: Tensor<T>,
    at: &Tensor<T>,
    times_slope: &EachOnto<'_, T, T>,
    derivative: &dyn Fn(&Tensor<T>) -> Tensor<T>,
) -> Tensor<T> {
    if g.is_traced() || at.is_traced() {
        return g * derivative(at);
    }
    in_place_with(g, at, times_slope).unwrap_or_else(|g| {
        let g = expanded(&g, at.shape());
        Tensor::from_dense(elementwise::zip_onto_copy(g.strided(), at.strided(), times_slope), at.shape())
    })
}

/// g · s(x), as a loop onto g.
fn times<T: Float>(slope: impl Fn(T) -> T + Copy + Sync) -> impl Fn(&mut [T], &[T]) + Copy + Sync {
    each_onto(
        #[inline(always)]
        move |g, at| g * slope(at),
    )
}
