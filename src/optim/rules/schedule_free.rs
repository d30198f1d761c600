//! Schedule-free AdamW.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// AdamW without a schedule (Defazio et al., 2024): the model holds y, between the fast z and their average x, which is
/// to be evaluated: d = g / (√v̂ + ε) + λy; z ← z − ηd; x ← (1−c)x + cz; y = (1−β₁)z + β₁x, with the mean square
/// v ← β₂v + (1−β₂)g², v̂ = v / (1−β₂ᵗ).
///
/// Evaluate and store x: [`evaluation_model`](crate::optim::evaluation_model) gives it. c is the step's weight among
/// all so far: 1/t, and during a warm-up of w steps, where the rate is ηt/w, weights grow with its square, as in the
/// authors' program. Defaults are the authors'. State: `[z, v]`.
///
/// ```
/// use sapwood::optim::{ScheduleFree, evaluation_model};
/// use sapwood::prelude::*;
///
/// let mut w = Tensor::from([1.0f64, -2.0]);
/// let mut state = setup(ScheduleFree::new(0.3), &w);
/// for _ in 0..1000 {
///     let grads = gradient(|w| (w - 3.0).square().sum(), &w);
///     update(&mut state, &mut w, &grads);
/// }
/// let best = evaluation_model(&state, &w);
/// assert!((best - 3.0).abs().max().item() < 0.1);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleFree {
    /// The learning rate η; 0.0025 by default.
    pub rate: f64,
    /// The place β₁ of y between z and x, and the decay β₂ of the mean square; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// Added to the root, against division by zero; 1e-8 by default.
    pub epsilon: f64,
    /// The weight decay λ; 0 by default.
    pub lambda: f64,
    /// The steps w of the warm-up; none by default.
    pub warm_up: u64,
}

impl ScheduleFree {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        let rate = positive("ScheduleFree", "rate", rate);
        ScheduleFree { rate, betas: (0.9, 0.999), epsilon: 1e-8, lambda: 0.0, warm_up: 0 }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1), or β₁ is 0: y would say nothing of x.
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        assert!(first > 0.0, "ScheduleFree: beta 1 must be above 0, not {first}");
        ScheduleFree {
            betas: (decay("ScheduleFree", "beta 1", first), decay("ScheduleFree", "beta 2", second)),
            ..self
        }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        ScheduleFree { epsilon: positive("ScheduleFree", "epsilon", epsilon), ..self }
    }

    /// Sets λ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn lambda(self, lambda: f64) -> Self {
        ScheduleFree { lambda: positive("ScheduleFree", "lambda", lambda), ..self }
    }

    /// Sets w.
    pub fn warm_up(self, steps: u64) -> Self {
        ScheduleFree { warm_up: steps, ..self }
    }

    /// The part of the rate that step t takes, and the step's part of all weights so far.
    fn warmth(&self, step: u64) -> (f64, f64) {
        let (t, w) = (step as f64, self.warm_up as f64);
        if step <= self.warm_up {
            // t² among 1² + 2² + … + t².
            (t / w, 6.0 * t / ((t + 1.0) * (2.0 * t + 1.0)))
        } else {
            let before = if self.warm_up == 0 { 0.0 } else { (w + 1.0) * (2.0 * w + 1.0) / (6.0 * w) };
            (1.0, 1.0 / (before + t - w))
        }
    }
}

impl Default for ScheduleFree {
    fn default() -> Self {
        ScheduleFree::new(0.0025)
    }
}

impl Rule for ScheduleFree {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [x.clone(), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [z, v]: Chunk<'_, Self, T>, y: &[T], dy: &mut [T]) {
        let (warmth, c) = self.warmth(leaf.step);
        let (b1, b2) = self.betas;
        let root = T::from_f64(1.0 / (1.0 - leaf.power(b2)).sqrt());
        let rate = self.rate * warmth;
        // y moves toward the old z as x does, and by what the step in z adds to it.
        let [along, c] = [rate * (1.0 - b1 * (1.0 - c)), c].map(T::from_f64);
        let [rate, b2, epsilon, lambda] = [rate, b2, self.epsilon, self.lambda].map(T::from_f64);
        for (((z, v), &y), dy) in z.iter_mut().zip(v).zip(y).zip(dy) {
            *v = b2 * *v + (T::one() - b2) * *dy * *dy;
            let d = *dy / (v.sqrt() * root + epsilon) + lambda * y;
            *dy = c * (y - *z) + along * d;
            *z -= rate * d;
        }
    }

    fn rate(&self, _: u64) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rate = rate;
        true
    }

    fn evaluation_point<T: Float>(&self, [z, _]: &[Tensor<T>; 2], y: Tensor<T>) -> Tensor<T> {
        // x from y = (1−β₁)z + β₁x.
        let b1 = T::from_f64(self.betas.0);
        (y - z * (T::one() - b1)) / b1
    }
}
