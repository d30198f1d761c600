//! Gradients of several batches as one.

use serde::{Deserialize, Serialize};

use crate::autodiff::{Gradient, GradientTree};
use crate::optim::rule::{Chunk, LeafInfo, Rule, not_global};
use crate::params::Tree;
use crate::tensor::{Float, Tensor};

/// Lets a rule step every n updates, with the mean of the n gradients; the updates between change no parameter.
///
/// For batches of one size. Batches of different sizes need their weights: see [`MeanGradient`].
///
/// State: `(sum, the rule's own)`.
///
/// ```
/// use sapwood::optim::AccumGrad;
/// use sapwood::prelude::*;
///
/// let mut w = Tensor::from([1.0f64]);
/// let mut state = setup(AccumGrad::new(2, Descent::new(0.1)), &w);
/// for by in [33.0, 444.0] {
///     let grads = gradient(|w| w.sum() * by, &w);
///     update(&mut state, &mut w, &grads);
/// }
/// assert!((w.item() - (1.0 - 0.1 * (33.0 + 444.0) / 2.0)).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccumGrad<R> {
    /// How many gradients make a step.
    pub count: u64,
    /// The rule that steps.
    pub rule: R,
}

impl<R: Rule> AccumGrad<R> {
    /// Steps of the rule by the mean of `count` gradients.
    ///
    /// # Panics
    /// Where `count` is 0.
    #[track_caller]
    pub fn new(count: u64, rule: R) -> Self {
        assert!(count > 0, "AccumGrad: count must be at least 1, not 0");
        AccumGrad { count, rule }
    }
}

impl<R: Rule> Rule for AccumGrad<R> {
    type State<T: Float> = (Tensor<T>, R::State<T>);

    fn whole_leaf(&self) -> bool {
        self.rule.whole_leaf()
    }

    fn init<T: Float>(&self, x: &Tensor<T>) -> Self::State<T> {
        (Tensor::zeros_like(x), self.rule.init(x))
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, (sum, state): Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        let first = (leaf.step - 1).is_multiple_of(self.count);
        for (sum, &mut dx) in sum.iter_mut().zip(&mut *dx) {
            *sum = if first { dx } else { *sum + dx };
        }
        if leaf.step.is_multiple_of(self.count) {
            let count = T::from_f64(self.count as f64);
            dx.iter_mut().zip(sum).for_each(|(dx, sum)| *dx = *sum / count);
            self.rule.apply(leaf.at_step(leaf.step / self.count), state, x, dx);
        } else {
            dx.fill(T::zero());
        }
    }

    const GLOBAL: bool = not_global::<R>();

    fn evaluation_point<T: Float>(&self, state: &Self::State<T>, x: Tensor<T>) -> Tensor<T> {
        self.rule.evaluation_point(&state.1, x)
    }

    fn rate(&self, step: u64) -> Option<f64> {
        self.rule.rate(step.div_ceil(self.count))
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rule.set_rate(rate)
    }
}

/// The mean of gradients, each weighted by the number of observations behind it: what the gradient of one large batch
/// would be, where a loss is a mean over its batch and the batches are of different sizes.
///
/// ```
/// use sapwood::optim::MeanGradient;
/// use sapwood::prelude::*;
///
/// let w = Tensor::from([2.0f64]);
/// let loss = |w: &Tensor<f64>, x: &Tensor<f64>| (w * x).square().mean();
/// let (three, one) = (Tensor::from([1.0, 2.0, 3.0]), Tensor::from([4.0]));
/// let mut mean = MeanGradient::new();
/// for batch in [&three, &one] {
///     mean.add(gradient(|w| loss(w, batch), &w), batch.len());
/// }
/// // 2w · (1 + 4 + 9 + 16) / 4
/// assert!((mean.take().get().unwrap().item() - 30.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, Default)]
pub struct MeanGradient<G> {
    sum: Option<G>,
    weight: f64,
}

impl<G: Tree<Gradient>> MeanGradient<G> {
    /// The mean of no gradients so far.
    pub fn new() -> Self {
        MeanGradient { sum: None, weight: 0.0 }
    }

    /// Adds the gradient of a batch of `count` observations.
    ///
    /// # Panics
    /// Where `count` is 0, or the gradient differs from those before in structure or shapes, with the path.
    #[track_caller]
    pub fn add(&mut self, grads: G, count: usize) {
        assert!(count > 0, "MeanGradient: a gradient of 0 observations");
        self.weight += count as f64;
        match &mut self.sum {
            Some(sum) => sum.axpy(count as f64, &grads),
            None => self.sum = Some(grads.scale(count as f64)),
        }
    }

    /// The mean, after which the next begins.
    ///
    /// # Panics
    /// Where nothing was added.
    #[track_caller]
    pub fn take(&mut self) -> G {
        let weight = std::mem::take(&mut self.weight);
        match self.sum.take() {
            Some(sum) => sum.scale(1.0 / weight),
            None => panic!("MeanGradient: the mean of no gradients"),
        }
    }
}
