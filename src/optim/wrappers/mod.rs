//! Rules made of rules.

mod accumulate;
mod chain;
mod either;
mod lookahead;
mod scheduled;
mod skip;

pub use accumulate::{AccumGrad, MeanGradient};
pub use either::Either;
pub use lookahead::Lookahead;
pub use scheduled::{Adjust, Rate, Scheduled};
pub use skip::SkipNotFinite;
