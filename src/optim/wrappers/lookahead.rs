//! Lookahead.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, not_global};
use crate::tensor::{Float, Tensor};

/// Lookahead (Zhang et al., 2019): the rule takes k steps ahead, then the slow weights s follow them and the rule goes
/// on from there: s ← s + α(x − s); x ← s.
///
/// What the rule remembers stays at that moment. [`evaluation_model`](crate::optim::evaluation_model) gives s. State:
/// `(s, the rule's own)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lookahead<R> {
    /// The rule of the fast weights.
    pub rule: R,
    /// The number k of steps ahead; 5 by default, as in the paper.
    pub steps: u64,
    /// The part α of the way that the slow weights follow; 0.5 by default, as in the paper.
    pub alpha: f64,
}

impl<R: Rule> Lookahead<R> {
    /// Looks ahead with the given rule.
    pub fn new(rule: R) -> Self {
        Lookahead { rule, steps: 5, alpha: 0.5 }
    }

    /// Sets k.
    ///
    /// # Panics
    /// Where it is 0.
    #[track_caller]
    pub fn steps(self, steps: u64) -> Self {
        assert!(steps > 0, "Lookahead: steps must be at least 1, not 0");
        Lookahead { steps, ..self }
    }

    /// Sets α.
    ///
    /// # Panics
    /// Where it is not between 0 and 1.
    #[track_caller]
    pub fn alpha(self, alpha: f64) -> Self {
        assert!((0.0..=1.0).contains(&alpha), "Lookahead: alpha must be between 0 and 1, not {alpha}");
        Lookahead { alpha, ..self }
    }
}

impl<R: Rule> Rule for Lookahead<R> {
    type State<T: Float> = (Tensor<T>, R::State<T>);

    fn whole_leaf(&self) -> bool {
        self.rule.whole_leaf()
    }

    fn init<T: Float>(&self, x: &Tensor<T>) -> Self::State<T> {
        (x.clone(), self.rule.init(x))
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, (slow, state): Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        self.rule.apply(leaf, state, x, dx);
        if leaf.step.is_multiple_of(self.steps) {
            let alpha = T::from_f64(self.alpha);
            for ((slow, &x), dx) in slow.iter_mut().zip(x).zip(dx) {
                *slow += alpha * (x - *dx - *slow);
                *dx = x - *slow;
            }
        }
    }

    const GLOBAL: bool = not_global::<R>();

    /// The slow weights.
    fn evaluation_point<T: Float>(&self, (slow, _): &Self::State<T>, _: Tensor<T>) -> Tensor<T> {
        slow.clone()
    }

    fn rate(&self, step: u64) -> Option<f64> {
        self.rule.rate(step)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rule.set_rate(rate)
    }
}
