//! How functions of single elements are differentiated: x̄ = ȳ · dy/dx.
//!
//! Each states dy/dx as a tensor expression, of its input or of its output: whichever is cheaper; only that is kept.
//! The fused forms state it as a function of numbers too, for the case that no outer gradient is watching: then the
//! pullback is a single pass. Their loops are compiled for each function, as the cheap and the common ones need; the
//! system's functions share one loop ([`map_shared`]), which spares the compiler much and costs them a call an element.

use std::any::type_name_of_val;

use super::arithmetic::in_place_with;
use super::broadcast::expanded;
use crate::autodiff::{named, unary};
use crate::kernels::elementwise::{self, Each, EachToTwo, each, each_onto, each_to_two};
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
    computed(x, type_name_of_val(&f), &each(f), At::Input, &|| Slope::new(slope, derivative.clone()))
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
    computed(x, type_name_of_val(&f), &each(f), At::Output, &|| Slope::new(slope, derivative.clone()))
}

/// What dy/dx is a function of.
#[derive(Clone, Copy)]
enum At {
    Input,
    Output,
}

/// dy/dx as a loop and as an expression. Functions that capture nothing take no memory here.
struct Slope<T: Float> {
    /// g ← g · dy/dx
    times: Box<Times<T>>,
    expression: Box<Derivative<T>>,
}

type Times<T> = dyn Fn(&mut [T], &[T]) + Send + Sync;
type Derivative<T> = dyn Fn(&Tensor<T>) -> Tensor<T> + Send;

impl<T: Float> Slope<T> {
    fn new(
        slope: impl Fn(T) -> T + Copy + Send + Sync + 'static,
        derivative: impl Fn(&Tensor<T>) -> Tensor<T> + Send + 'static,
    ) -> Self {
        Slope { times: Box::new(times(slope)), expression: Box::new(derivative) }
    }
}

/// The operation that a function's loops make. It knows the type of the elements alone, so that it is compiled once.
#[track_caller]
fn computed<T: Float>(
    x: &Tensor<T>,
    name: &'static str,
    each: &Each<'_, T, T>,
    at: At,
    slope: &dyn Fn() -> Slope<T>,
) -> Tensor<T> {
    let forward = |[x]: [&Tensor<T>; 1]| (x.map_blocks(each), ());
    named(name, [x], forward, &|[x]: [&Tensor<T>; 1], y: &Tensor<T>, ()| {
        let (at, slope) = (if matches!(at, At::Input) { x } else { y }.clone(), slope());
        move |g: Tensor<T>, _| [Some(fused(g, &at, &slope))]
    })
    .0
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
    let value = each(
        #[inline(always)]
        move |x| f(x).0,
    );
    computed_with_slope(x, type_name_of_val(&f), &value, &each_to_two(f), &|| Box::new(derivative.clone()))
}

#[track_caller]
fn computed_with_slope<T: Float>(
    x: &Tensor<T>,
    name: &'static str,
    value: &Each<'_, T, T>,
    value_and_slope: &EachToTwo<'_, T>,
    derivative: &dyn Fn() -> Box<Derivative<T>>,
) -> Tensor<T> {
    let forward = |[outside]: [&Tensor<T>; 1]| {
        if !x.is_traced() {
            return (outside.map_blocks(value), None);
        }
        let (y, slope) = elementwise::map_to_two(outside.strided(), value_and_slope);
        let of = |elements| Tensor::from_dense(elements, outside.shape());
        (of(y), Some(of(slope)))
    };
    named(name, [x], forward, &|[x]: [&Tensor<T>; 1], _: &Tensor<T>, slope: &Option<Tensor<T>>| {
        let (x, slope, derivative) = (x.clone(), slope.clone(), derivative());
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

/// g times the slope at each element: in one pass, or as tensor operations where an outer gradient is watching.
fn fused<T: Float>(g: Tensor<T>, at: &Tensor<T>, slope: &Slope<T>) -> Tensor<T> {
    if g.is_traced() || at.is_traced() {
        return g * (slope.expression)(at);
    }
    in_place_with(g, at, &slope.times).unwrap_or_else(|g| {
        let g = expanded(&g, at.shape());
        Tensor::from_dense(elementwise::zip_onto_copy(g.strided(), at.strided(), &slope.times), at.shape())
    })
}

/// g · s(x), as a loop onto g.
fn times<T: Float>(slope: impl Fn(T) -> T + Copy + Sync) -> impl Fn(&mut [T], &[T]) + Copy + Sync {
    each_onto(
        #[inline(always)]
        move |g, at| g * slope(at),
    )
}
