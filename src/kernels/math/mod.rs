//! Elementary functions of `f32` and `f64` as straight lines of arithmetic: no branch, no call, so that a loop over them
//! becomes vector instructions under [`vectorized!`](super::isa).
//!
//! Each is a polynomial on a small interval and an exact way there. The polynomials' coefficients are minimax, computed by
//! `benches/coefficients.py`. No product is fused with a sum (`mul_add`): not every machine has the instruction, and
//! without it every instruction set gives the same bits.
//!
//! The largest errors among all `f32`, in units in the last place, as `examples/ulp.rs` finds them; `f64` is sampled
//! (`tests/elementary`):
//!
//! | function | error | at | function | error | at |
//! | --- | --- | --- | --- | --- | --- |
//! | exp | 0.890 | 4.506326 | softplus | 1.662 | −1.2676626 |
//! | exp2 | 0.975 | 0.5609358 | erf | 1.319 | 0.996785 |
//! | exp_m1 | 1.293 | 0.36500657 | gelu | 0.670 | −13.044397 |
//! | ln | 0.840 | 1.4133185 | silu | 2.502 | −1.934501 |
//! | ln_1p | 0.841 | 0.41285577 | mish | 3.925 | −13.8028555 |
//! | log2 | 0.828 | 1.3782145 | sin | 0.501 | 265.46164 |
//! | log10 | 0.735 | 1.3262106 | cos | 0.501 | 0.0002439061 |
//! | tanh | 1.324 | 0.6271159 | pow | 0.500 | many |
//! | sigmoid | 1.368 | −5.173282 | tan | 0.501 | 13825.904 |
//! | asin | 1.334 | 0.50024563 | sinh | 1.619 | 1.4182405 |
//! | acos | 1.142 | 0.61221707 | cosh | 1.351 | 4.506592 |
//! | atan | 0.983 | 1.7393471 | asinh | 1.778 | 0.5181351 |
//! | acosh | 2.003 | 1.0072652 | atanh | 2.017 | 0.120741755 |

// The script prints coefficients with a digit to spare.
#![allow(clippy::excessive_precision)]

mod arc;
mod area;
mod error_function;
mod exp;
mod exp_m1;
mod ln;
mod normal;
mod pow;
mod real;
mod sigmoid;
mod sinh_cosh;
mod tanh;
mod trigonometric;

pub(crate) use arc::{acos, asin, atan, atan2};
pub(crate) use area::{acosh, asinh, atanh};
pub(crate) use error_function::erf;
pub(crate) use exp::{exp, exp_moderate, exp2};
pub(crate) use exp_m1::exp_m1;
pub(crate) use ln::{ln, ln_1p, log2, log10};
pub(crate) use normal::{DENSITY, gelu, gelu_slope, normal_cdf};
pub(crate) use pow::{LARGE_POWER, pow, small_powi};
#[allow(unreachable_pub)] // a bound of the public `Float`
pub use real::Real;
pub(crate) use real::bounded;
pub(crate) use sigmoid::{sigmoid, sigmoid_of_rounded, softplus, tanh_softplus};
pub(crate) use sinh_cosh::{cosh, sinh};
pub(crate) use tanh::tanh;
pub(crate) use trigonometric::{NEAR, cos, cos_near, sin, sin_near, tan, tan_near};
