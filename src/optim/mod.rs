//! Optimisers: a [`Rule`] says how a gradient becomes a step, [`setup`] makes a model's state, [`update`] takes the step.
//!
//! A rule is a struct of hyper-parameters, a file each; a chain of rules is a tuple of them. The state of a model is
//! a tree of the model's shape with a [`LeafState`] at each leaf: the leaf's own copy of the rule, what the rule
//! remembers, the number of steps taken, and whether the leaf is frozen. How memory is swept is [`update`]'s business;
//! rules know nothing of it.

mod accumulate;
mod adabelief;
mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod amsgrad;
mod average;
mod chain;
mod clip;
mod descent;
mod either;
mod lion;
mod lookahead;
mod momentum;
mod nadam;
mod nesterov;
mod noise;
mod oadam;
mod radam;
mod rmsprop;
mod rprop;
mod rule;
pub mod schedule;
mod scheduled;
mod sign_decay;
mod skip;
mod slots;
mod state;
#[cfg(test)]
mod tests;
mod update;
mod weight_decay;

pub use accumulate::{AccumGrad, MeanGradient};
pub use adabelief::AdaBelief;
pub use adadelta::AdaDelta;
pub use adagrad::AdaGrad;
pub use adam::Adam;
pub use adamax::AdaMax;
pub use adamw::AdamW;
pub use amsgrad::AMSGrad;
pub use average::Average;
pub use clip::{ClipGrad, ClipNorm};
pub use descent::Descent;
pub use either::Either;
pub use lion::Lion;
pub use lookahead::Lookahead;
pub use momentum::Momentum;
pub use nadam::NAdam;
pub use nesterov::Nesterov;
pub use noise::GradientNoise;
pub use oadam::OAdam;
pub use radam::RAdam;
pub use rmsprop::RMSProp;
pub use rprop::Rprop;
pub use rule::{Chunk, LeafInfo, Rule};
pub use scheduled::{Adjust, Rate, Scheduled};
pub use sign_decay::SignDecay;
pub use skip::SkipNotFinite;
pub use slots::{PerLeaf, Slots};
pub use state::{LeafState, OptimiserTree, Optimising, Place, State, setup, setup_by};
pub use update::update;
pub use weight_decay::WeightDecay;
