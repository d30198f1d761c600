//! One of two rules, leaf by leaf.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, not_global};
use crate::optim::slots::Slots;
use crate::tensor::{Float, Tensor};

/// One of two rules, so that some leaves may have the one and the rest the other: [`setup_by`](crate::optim::setup_by)
/// chooses.
///
/// [`adjust`](crate::optim::OptimiserTree::adjust) gives all leaves one rate; for a rate of its own each, see
/// [`adjust_with`](crate::optim::OptimiserTree::adjust_with). State: the same one of the two rules' states.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Either<A, B> {
    /// The first of the two.
    First(A),
    /// The second of the two.
    Second(B),
}

use Either::{First, Second};

impl<A: Rule, B: Rule> Rule for Either<A, B> {
    type State<T: Float> = Either<A::State<T>, B::State<T>>;

    fn whole_leaf(&self) -> bool {
        match self {
            First(rule) => rule.whole_leaf(),
            Second(rule) => rule.whole_leaf(),
        }
    }

    fn init<T: Float>(&self, x: &Tensor<T>) -> Self::State<T> {
        match self {
            First(rule) => First(rule.init(x)),
            Second(rule) => Second(rule.init(x)),
        }
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, state: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        match (self, state) {
            (First(rule), First(state)) => rule.apply(leaf, state, x, dx),
            (Second(rule), Second(state)) => rule.apply(leaf, state, x, dx),
            _ => panic!("Either: the rule was changed to the other of the two, but its state was not"),
        }
    }

    const GLOBAL: bool = not_global::<A>() || not_global::<B>();

    fn evaluation_point<T: Float>(&self, state: &Self::State<T>, x: Tensor<T>) -> Tensor<T> {
        match (self, state) {
            (First(rule), First(state)) => rule.evaluation_point(state, x),
            (Second(rule), Second(state)) => rule.evaluation_point(state, x),
            _ => x,
        }
    }

    fn rate(&self, step: u64) -> Option<f64> {
        match self {
            First(rule) => rule.rate(step),
            Second(rule) => rule.rate(step),
        }
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        match self {
            First(rule) => rule.set_rate(rate),
            Second(rule) => rule.set_rate(rate),
        }
    }
}

impl<T: Float, A: Slots<T>, B: Slots<T>> Slots<T> for Either<A, B> {
    type Chunk<'a>
        = Either<A::Chunk<'a>, B::Chunk<'a>>
    where
        Self: 'a;

    fn chunk(&mut self) -> Self::Chunk<'_> {
        match self {
            First(slots) => First(slots.chunk()),
            Second(slots) => Second(slots.chunk()),
        }
    }
    #[inline(always)]
    fn split<'a>(chunk: Self::Chunk<'a>, at: usize) -> (Self::Chunk<'a>, Self::Chunk<'a>)
    where
        Self: 'a,
    {
        match chunk {
            First(chunk) => {
                let (head, tail) = A::split(chunk, at);
                (First(head), First(tail))
            }
            Second(chunk) => {
                let (head, tail) = B::split(chunk, at);
                (Second(head), Second(tail))
            }
        }
    }
    fn fits(&self, shape: &[usize]) -> bool {
        match self {
            First(slots) => slots.fits(shape),
            Second(slots) => slots.fits(shape),
        }
    }
    fn whole(&self) -> bool {
        match self {
            First(slots) => slots.whole(),
            Second(slots) => slots.whole(),
        }
    }
}
