//! Elementary functions of `f32` and `f64` as straight lines of arithmetic: no branch, no call, so that a loop over them
//! becomes vector instructions under [`vectorized`](super::isa::vectorized).
//!
//! Each is a polynomial on a small interval and an exact way there. The polynomials' coefficients are minimax, computed by
//! `benches/coefficients.py`. No product is fused with a sum (`mul_add`): not every machine has the instruction, and
//! without it every instruction set gives the same bits.
//!
//! The largest errors among every 101st `f32`, in units in the last place, as `examples/ulp.rs` finds them; `f64`, on
//! sampled arguments, keeps the same bounds (`tests/elementary`):
//!
//! | function | error | at | function | error | at |
//! | --- | --- | --- | --- | --- | --- |
//! | exp | 0.85 | 16.330238 | softplus | 1.55 | 0.31029823 |
//! | exp2 | 0.96 | 3.5387015 | erf | 1.23 | −0.9557165 |
//! | exp_m1 | 1.28 | 0.3760133 | gelu | 3.93 | −2.5246248 |
//! | ln | 0.77 | 1.4062747 | silu | 3.11 | −7.601589 |
//! | ln_1p | 0.80 | −0.29351026 | mish | 3.73 | −6.889969 |
//! | log2 | 0.73 | 1.3604017 | sin | 0.501 | −3.520845e28 |
//! | log10 | 0.67 | 1.3320833 | cos | 0.501 | 0.0021699434 |
//! | tanh | 1.27 | −0.6282789 | pow | 0.500 | many |
//! | sigmoid | 2.22 | −2.722348 | | | |

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
