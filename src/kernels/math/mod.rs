//! Elementary functions of `f32` and `f64` as straight lines of arithmetic: no branch, no call, so that a loop over them
//! becomes vector instructions under [`vectorized`](super::isa::vectorized).
//!
//! Each is a polynomial on a small interval and an exact way there. The polynomials' coefficients are minimax, computed by
//! `benches/coefficients.py`. No product is fused with a sum (`mul_add`): not every machine has the instruction, and
//! without it every instruction set gives the same bits.

// The script prints coefficients with a digit to spare.
#![allow(clippy::excessive_precision)]

mod error_function;
mod exp;
mod exp_m1;
mod ln;
mod pow;
mod real;
mod sigmoid;
mod sin_cos;
mod tanh;

pub(crate) use error_function::{erf, gelu, normal_cdf};
pub(crate) use exp::{exp, exp2};
pub(crate) use exp_m1::exp_m1;
pub(crate) use ln::{ln, ln_1p, log2, log10};
pub(crate) use pow::pow;
#[allow(unreachable_pub)] // a bound of the public `Float`
pub use real::Real;
pub(crate) use sigmoid::{sigmoid, softplus, tanh_softplus};
pub(crate) use sin_cos::{NEAR, cos, cos_near, sin, sin_near};
pub(crate) use tanh::tanh;
