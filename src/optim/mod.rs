//! Optimisers: a [`Rule`] says how a gradient becomes a step, [`setup`] makes a model's state, [`update`] takes the
//! step.
//!
//! A rule is a struct of hyper-parameters, a file each; a chain of rules is a tuple of them. The state of a model is
//! a tree of the model's shape with a [`LeafState`] at each leaf: the leaf's own copy of the rule, what the rule
//! remembers, the number of steps taken, and whether the leaf is frozen. How memory is swept is [`update`]'s business;
//! rules know nothing of it.
//!
//! | for | what |
//! | --- | --- |
//! | gradient descent | [`Descent`], [`Momentum`], [`Nesterov`] |
//! | a step for each parameter | [`AdaGrad`], [`AdaDelta`], [`RMSProp`], [`Rprop`] |
//! | Adam and its kin | [`Adam`], [`AdamW`], [`AdaMax`], [`AMSGrad`], [`NAdam`], [`RAdam`], [`OAdam`], [`AdaBelief`], [`Lion`] |
//! | whole leaves | [`LAMB`], [`LARS`] (large batches), [`Adafactor`] (little memory), [`Muon`] (matrices) |
//! | no rate, or no schedule, to choose | [`Prodigy`], [`ScheduleFree`] |
//! | before other rules in a chain | [`WeightDecay`], [`SignDecay`], [`ClipGrad`], [`ClipNorm`], [`GradientNoise`] |
//! | around a rule | [`AccumGrad`], [`Lookahead`], [`SkipNotFinite`], [`Scheduled`] with a [`schedule`] |
//! | a rule for each leaf | [`setup_by`], [`Either`] |
//! | with the loss itself | [`LBFGS`], [`sam_gradient`] |
//! | averaged weights | [`Average`], [`evaluation_model`] |
//!
//! To clip by the norm of the whole model, clip the gradient's tree: `update(&mut state, &mut model,
//! &grads.clip_norm(1.0))`.

mod average;
mod global;
mod lbfgs;
mod rule;
mod rules;
mod sam;
pub mod schedule;
mod slots;
mod state;
#[cfg(test)]
mod tests;
mod update;
mod wrappers;

pub use average::Average;
pub(crate) use rule::positive;
pub(crate) use state::rule_name;

pub use lbfgs::{LBFGS, Progress};
pub use rule::{Chunk, LeafInfo, Rule};
pub use rules::{
    AMSGrad, AdaBelief, AdaDelta, AdaGrad, AdaMax, Adafactor, Adam, AdamW, ClipGrad, ClipNorm, Descent, GradientNoise,
    LAMB, LARS, Lion, Momentum, Muon, NAdam, Nesterov, OAdam, Prodigy, RAdam, RMSProp, Rprop, ScheduleFree, SignDecay,
    WeightDecay,
};
pub use sam::sam_gradient;
pub use slots::{PerLeaf, Slots};
pub use state::{LeafState, OptimiserTree, Optimising, Place, State, evaluation_model, setup, setup_by};
pub use update::update;
pub use wrappers::{AccumGrad, Adjust, Either, Lookahead, MeanGradient, Rate, Scheduled, SkipNotFinite};
