//! Updates that are skipped.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, not_global};
use crate::optim::slots::PerLeaf;
use crate::tensor::{Float, Tensor};

/// Skips the update of a leaf whose gradient is infinite or NaN somewhere: neither the leaf nor what the rule remembers
/// changes, and the rule does not count the step.
///
/// Each leaf is judged on its own. To skip a step of the whole model, ask its gradient:
/// `if grads.is_finite() { update(&mut state, &mut model, &grads) }`.
///
/// State: `(skipped, the rule's own)`, where `skipped` counts.
///
/// ```
/// use sapwood::optim::SkipNotFinite;
/// use sapwood::prelude::*;
///
/// let mut w = Tensor::from([0.0f32, 1.0]);
/// let mut state = setup(SkipNotFinite::new(Adam::default()), &w);
/// // √x has no finite slope at 0.
/// let grads = gradient(|w| w.sqrt().sum(), &w);
/// update(&mut state, &mut w, &grads);
/// assert_eq!((w.to_vec(), state.state.0.value), (vec![0.0, 1.0], 1));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkipNotFinite<R> {
    /// The rule that steps.
    pub rule: R,
}

impl<R: Rule> SkipNotFinite<R> {
    /// The rule's steps, where gradients are finite.
    pub fn new(rule: R) -> Self {
        SkipNotFinite { rule }
    }
}

impl<R: Rule> Rule for SkipNotFinite<R> {
    type State<T: Float> = (PerLeaf<u64>, R::State<T>);

    fn init<T: Float>(&self, x: &Tensor<T>) -> Self::State<T> {
        (PerLeaf::new(0, x), self.rule.init(x))
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, (skipped, state): Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        if dx.iter().all(|dx| dx.is_finite()) {
            self.rule.apply(leaf.at_step(leaf.step - *skipped), state, x, dx);
        } else {
            *skipped += 1;
            dx.fill(T::zero());
        }
    }

    const GLOBAL: bool = not_global::<R>();

    fn evaluation_point<T: Float>(&self, state: &Self::State<T>, x: Tensor<T>) -> Tensor<T> {
        self.rule.evaluation_point(&state.1, x)
    }

    fn rate(&self, step: u64) -> Option<f64> {
        self.rule.rate(step)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rule.set_rate(rate)
    }
}
