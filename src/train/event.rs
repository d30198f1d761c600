//! What a run tells its hooks.

use std::fmt;
use std::ops::ControlFlow;

use super::history::{EpochRecord, History};
use crate::autodiff::{GradientTree, Grads};
use crate::error::Result;
use crate::params::Params;

/// What the hooks of a [`Trainer`](super::Trainer) see: after each step, and at the end of each epoch.
///
/// A hook is a closure that gets a reference to it. It may print, draw, write files, or [say stop](Verdict).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a, M: Params> {
    /// A step was taken.
    Step(Step<'a, M>),
    /// An epoch is over, validation included.
    Epoch(EpochEnd<'a, M>),
}

/// A step that was just taken.
#[non_exhaustive]
pub struct Step<'a, M: Params> {
    /// How many steps the run has taken, this one included.
    pub step: u64,
    /// The epoch's number, counted from 0.
    pub epoch: u64,
    /// How many epochs the run is to have, where it is not limited in another way.
    pub epochs: Option<u64>,
    /// How many batches the epoch has taken, this step's included.
    pub batch: usize,
    /// How many batches the epoch has.
    pub batches: usize,
    /// The loss before the update.
    pub loss: f64,
    /// The gradient that the update took, clipped where it was to be.
    pub grads: &'a Grads<M>,
    /// The model after the update.
    pub model: &'a M,
    /// The norm of the gradient before it was clipped, where that was done.
    pub(super) norm: Option<f64>,
    pub(super) rate: &'a dyn Fn() -> Option<f64>,
}

impl<M: Params> Step<'_, M> {
    /// The learning rate of this step, where the rule has one.
    pub fn rate(&self) -> Option<f64> {
        (self.rate)()
    }

    /// The Euclidean norm of the whole gradient, before it was clipped. It is computed when asked for.
    pub fn gradient_norm(&self) -> f64 {
        self.norm.unwrap_or_else(|| self.grads.norm())
    }
}

impl<M: Params> fmt::Debug for Step<'_, M> {
    /// The numbers; models and gradients have no `Debug` of their own in general.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { step, epoch, batch, loss, .. } = self;
        f.debug_struct("Step")
            .field("step", step)
            .field("epoch", epoch)
            .field("batch", batch)
            .field("loss", loss)
            .finish_non_exhaustive()
    }
}

/// An epoch that is over.
#[non_exhaustive]
pub struct EpochEnd<'a, M> {
    /// What the epoch gave.
    pub record: &'a EpochRecord,
    /// The run so far, this epoch included.
    pub history: &'a History,
    /// How many epochs the run is to have, where it is not limited in another way.
    pub epochs: Option<u64>,
    /// The model as it was validated: where weights are averaged, the average.
    pub model: &'a M,
}

impl<M> fmt::Debug for EpochEnd<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EpochEnd").field("record", self.record).finish_non_exhaustive()
    }
}

/// What a hook may return: nothing, whether the run goes on, or the error that ends it.
#[diagnostic::on_unimplemented(
    message = "a hook returns nothing, a `ControlFlow<()>` or a `sapwood::Result` of these, not `{Self}`"
)]
pub trait Verdict {
    /// Whether the run goes on.
    fn verdict(self) -> Result<ControlFlow<()>>;
}

impl Verdict for () {
    fn verdict(self) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }
}

impl Verdict for ControlFlow<()> {
    fn verdict(self) -> Result<ControlFlow<()>> {
        Ok(self)
    }
}

impl<V: Verdict> Verdict for Result<V> {
    fn verdict(self) -> Result<ControlFlow<()>> {
        self?.verdict()
    }
}
