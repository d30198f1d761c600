//! Differentiation: [`gradient`] and its kin, the tape that they record on, and the door for operations.

mod algebra;
mod check;
mod custom;
mod find;
mod gradient;
mod jacobian;
mod moved;
mod record;
mod tape;

pub use algebra::GradientTree;
pub(crate) use algebra::clip;
pub use check::{GradientCheck, check_gradient};
pub use custom::custom;
pub use find::{NotFinite, Operation, find_not_finite};
pub use gradient::{Gradient, Grads, Objective, gradient, is_active, pullback, with_gradient};
pub use jacobian::{hessian, jacobian, pushforward};
pub use moved::moved;
pub(crate) use record::{accumulating, binary, fused, keeping, named, op, unary, variadic};
pub(crate) use tape::Trace;
