//! Schedules: a hyper-parameter as a function of the step.
//!
//! A [`Schedule`] is a pure function: the first update has step 0, and asking twice gives the same answer. So it needs
//! no state of its own, and a stored step is all that it takes to go on. [`Plateau`] alone has a state, as it follows a
//! metric.
//!
//! There are two ways to use one. By hand, for any hyper-parameter:
//!
//! ```
//! use sapwood::optim::schedule::Cosine;
//! use sapwood::prelude::*;
//!
//! let mut w = Tensor::from([1.0f32, -2.0]);
//! let mut state = setup(Momentum::default(), &w);
//! let rate = Cosine::new(0.1, 100);
//! for step in 0..100 {
//!     state.adjust(rate.at(step));
//!     let grads = gradient(|w| w.square().sum(), &w);
//!     update(&mut state, &mut w, &grads);
//! }
//! ```
//!
//! Or within the rule, where the state counts the steps: `setup(Scheduled::new(Momentum::default(), rate), &w)`; see
//! [`Scheduled`](super::Scheduled).

mod cosine;
mod cyclic;
mod decay;
mod linear;
mod one_cycle;
mod plateau;
mod sequence;
mod step;

pub use cosine::{Cosine, CosineRestarts};
pub use cyclic::{Cyclic, Triangle};
pub use decay::{Exponential, InverseSqrt, Polynomial};
pub use linear::{Constant, Linear};
pub use one_cycle::OneCycle;
pub use plateau::Plateau;
pub use sequence::{Then, WarmUp};
pub use step::{MultiStep, StepDecay};

/// A value for every step.
pub trait Schedule: Clone + Send + Sync + 'static {
    /// The value for a step; the first update has step 0.
    fn at(&self, step: u64) -> f64;

    /// This schedule for the first `steps` steps, then `next` from its own step 0.
    fn then<S: Schedule>(self, steps: u64, next: S) -> Then<Self, S> {
        Then::new(self, steps, next)
    }

    /// A linear rise from 0 to this schedule's first value in `steps` steps, then this schedule from its step 0.
    ///
    /// # Panics
    /// Where `steps` is 0.
    #[track_caller]
    fn warm_up(self, steps: u64) -> WarmUp<Self> {
        WarmUp::new(steps, self)
    }
}

/// The value of an option that counts steps.
#[track_caller]
fn count(schedule: &str, option: &str, value: u64) -> u64 {
    assert!(value > 0, "{schedule}: {option} must be at least 1, not 0");
    value
}
