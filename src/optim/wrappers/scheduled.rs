//! Rules whose hyper-parameters follow a schedule.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule};
use crate::optim::schedule::Schedule;
use crate::optim::state::rule_name;
use crate::optim::update::{How, Stretch};
use crate::tensor::{Float, Tensor};

/// A rule whose learning rate, or another hyper-parameter, follows a [`Schedule`] by itself.
///
/// The step is the number of updates that the leaf has had, which its state counts: the first one uses
/// `schedule.at(0)`, and a state that was stored goes on where it stood. A leaf that is frozen for a while waits in its
/// schedule too. [`adjust`](crate::optim::OptimiserTree::adjust) panics on it, as the schedule has the say.
///
/// ```
/// use sapwood::optim::schedule::Cosine;
/// use sapwood::optim::{Adjust, Scheduled};
/// use sapwood::prelude::*;
///
/// let rule = Scheduled::new(Momentum::default(), Cosine::new(0.1, 1000).warm_up(100));
/// # setup(rule, &Tensor::from([1.0f32]));
///
/// // Any other hyper-parameter, by a type that knows where it is:
/// #[derive(Clone, Debug)]
/// struct Rho;
/// impl Adjust<Momentum> for Rho {
///     fn adjust(rule: &mut Momentum, value: f64) { rule.rho = value }
/// }
/// let rule = Scheduled::of::<Rho>(Momentum::new(0.1), Cosine::new(0.9, 1000));
/// # setup(rule, &Tensor::from([1.0f32]));
/// ```
///
/// State: the rule's own.
#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "R: Serialize, S: Serialize", deserialize = "R: Deserialize<'de>, S: Deserialize<'de>"))]
pub struct Scheduled<R, S, A = Rate> {
    /// The rule; what the schedule sets in it does not matter.
    pub rule: R,
    /// The schedule.
    pub schedule: S,
    which: PhantomData<fn(A)>,
}

/// A hyper-parameter of the rule R that a schedule can set.
pub trait Adjust<R>: 'static {
    /// Sets it.
    fn adjust(rule: &mut R, value: f64);
}

/// The learning rate, as [`adjust`](crate::optim::OptimiserTree::adjust) sets it.
#[derive(Clone, Copy, Debug)]
pub enum Rate {}

impl<R: Rule> Adjust<R> for Rate {
    fn adjust(rule: &mut R, value: f64) {
        rule.set_rate(value);
    }
}

impl<R: Rule, S: Schedule> Scheduled<R, S> {
    /// The rule with its learning rate after the schedule.
    ///
    /// # Panics
    /// Where the rule has no learning rate.
    #[track_caller]
    pub fn new(rule: R, schedule: S) -> Self {
        assert!(rule.clone().set_rate(schedule.at(0)), "Scheduled: {} has no learning rate", rule_name::<R>());
        Scheduled { rule, schedule, which: PhantomData }
    }

    /// The rule with the hyper-parameter `A` after the schedule.
    pub fn of<A: Adjust<R>>(rule: R, schedule: S) -> Scheduled<R, S, A> {
        Scheduled { rule, schedule, which: PhantomData }
    }
}

impl<R: Rule, S: Schedule, A: Adjust<R>> Scheduled<R, S, A> {
    /// The rule as it is for a step, counted from 1.
    #[inline(always)]
    fn rule_at(&self, step: u64) -> R {
        let mut rule = self.rule.clone();
        A::adjust(&mut rule, self.schedule.at(step - 1));
        rule
    }
}

impl<R: Clone, S: Clone, A> Clone for Scheduled<R, S, A> {
    fn clone(&self) -> Self {
        Scheduled { rule: self.rule.clone(), schedule: self.schedule.clone(), which: PhantomData }
    }
}

impl<R: fmt::Debug, S: fmt::Debug, A> fmt::Debug for Scheduled<R, S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduled").field("rule", &self.rule).field("schedule", &self.schedule).finish()
    }
}

impl<R: PartialEq, S: PartialEq, A> PartialEq for Scheduled<R, S, A> {
    fn eq(&self, other: &Self) -> bool {
        self.rule == other.rule && self.schedule == other.schedule
    }
}

impl<R: Rule, S: Schedule, A: Adjust<R>> Rule for Scheduled<R, S, A> {
    type State<T: Float> = R::State<T>;

    fn whole_leaf(&self) -> bool {
        self.rule.whole_leaf()
    }

    fn init<T: Float>(&self, x: &Tensor<T>) -> R::State<T> {
        self.rule.init(x)
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, state: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        self.rule_at(leaf.step).apply(leaf, state, x, dx);
    }

    fn take_step<T: Float>(&self, leaf: Stretch<'_, R::State<T>, T>, how: How) {
        self.rule_at(leaf.step()).take_step(leaf, how);
    }

    const GLOBAL: bool = R::GLOBAL;

    fn measure<T: Float>(&self, leaf: LeafInfo, state: &mut R::State<T>, x: &[T], gradient: &[T]) -> [f64; 2] {
        self.rule_at(leaf.step).measure(leaf, state, x, gradient)
    }

    fn conclude(&mut self, sums: [f64; 2]) {
        self.rule.conclude(sums);
    }

    fn evaluation_point<T: Float>(&self, state: &R::State<T>, x: Tensor<T>) -> Tensor<T> {
        self.rule.evaluation_point(state, x)
    }

    fn rate(&self, step: u64) -> Option<f64> {
        self.rule_at(step).rate(step)
    }
}
