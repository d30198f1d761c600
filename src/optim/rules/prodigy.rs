//! Prodigy.

use serde::{Deserialize, Serialize};

use super::norm::{BLOCK, sum, total};
use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::tensor::{Float, Tensor};

/// Prodigy (Mishchenko and Defazio, 2024): [`AdamW`](crate::optim::AdamW) that finds its own learning rate d from how
/// far all parameters together have come from where they started, x₀. With γ = ηd √(1−β₂ᵗ) / (1−β₁ᵗ):
/// a ← √β₂ a + d/d₀ · γ Σ g(x₀ − x); s ← √β₂ s + d/d₀ · γg; d′ = max(d, κa / Σ|s|), sums over all leaves;
/// m ← β₁m + (1−β₁)dg; v ← β₂v + (1−β₂)d²g²; x ← x − γ(m / (√v + d′ε) + λx); d ← d′.
///
/// As optax has it, with its defaults. Leave η at 1, or let a schedule bring it from 1 to 0. As d is one number for the
/// whole model, Prodigy stands first in a chain and in no wrapper but [`Scheduled`](crate::optim::Scheduled) (what
/// would stand before it does not compile): accumulate with [`MeanGradient`](crate::optim::MeanGradient), clip with
/// [`clip_norm`](crate::autodiff::GradientTree::clip_norm).
///
/// ```compile_fail
/// use sapwood::prelude::*;
///
/// let mut w = Tensor::from([1.0f32]);
/// // A global rule must stand first in its chain.
/// let mut state = setup((ClipNorm::new(1.0), Prodigy::default()), &w);
/// let grads = gradient(|w| w.square().sum(), &w);
/// update(&mut state, &mut w, &grads);
/// ```
///
/// State: `[m, v, s, x₀]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prodigy {
    /// The factor η of d; 1 by default.
    pub rate: f64,
    /// The decays β₁ and β₂ of the mean and the mean square; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
    /// Added to the root, against division by zero; 1e-8 by default.
    pub epsilon: f64,
    /// The decoupled weight decay λ; 0 by default.
    pub lambda: f64,
    /// What d starts from, d₀: less than any good rate; 1e-6 by default.
    pub first: f64,
    /// The factor κ of the estimate; 1 by default.
    pub coefficient: f64,
    /// The estimate d of the steps so far.
    estimate: f64,
    /// The estimate of the step before, by which this step goes.
    before: f64,
    /// The weighted sum a.
    progress: f64,
}

impl Prodigy {
    /// The given factor η, all else as by default.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        Prodigy {
            rate: positive("Prodigy", "rate", rate),
            betas: (0.9, 0.999),
            epsilon: 1e-8,
            lambda: 0.0,
            first: 1e-6,
            coefficient: 1.0,
            estimate: 1e-6,
            before: 1e-6,
            progress: 0.0,
        }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        Prodigy { betas: (decay("Prodigy", "beta 1", first), decay("Prodigy", "beta 2", second)), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Prodigy { epsilon: positive("Prodigy", "epsilon", epsilon), ..self }
    }

    /// Sets λ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn lambda(self, lambda: f64) -> Self {
        Prodigy { lambda: positive("Prodigy", "lambda", lambda), ..self }
    }

    /// Sets d₀.
    ///
    /// # Panics
    /// Where it is not above 0 and finite.
    #[track_caller]
    pub fn first(self, first: f64) -> Self {
        assert!(first > 0.0 && first.is_finite(), "Prodigy: the first rate must be above 0 and finite, not {first}");
        Prodigy { first, estimate: first, before: first, ..self }
    }

    /// Sets κ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn coefficient(self, coefficient: f64) -> Self {
        Prodigy { coefficient: positive("Prodigy", "coefficient", coefficient), ..self }
    }

    /// The learning rate d as estimated so far.
    pub fn estimate(&self) -> f64 {
        self.estimate
    }

    /// γ for an estimate.
    fn gamma(&self, estimate: f64, leaf: LeafInfo) -> f64 {
        let correction = |beta: f64| 1.0 - leaf.power(beta);
        self.rate * estimate * correction(self.betas.1).sqrt() / correction(self.betas.0)
    }
}

impl Default for Prodigy {
    fn default() -> Self {
        Prodigy::new(1.0)
    }
}

impl Rule for Prodigy {
    type State<T: Float> = [Tensor<T>; 4];

    const GLOBAL: bool = true;

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 4] {
        let zeros = || Tensor::zeros_like(x);
        [zeros(), zeros(), zeros(), x.clone()]
    }

    fn measure<T: Float>(&self, leaf: LeafInfo, [_, _, s, start]: &mut [Tensor<T>; 4], x: &[T], g: &[T]) -> [f64; 2] {
        let weight = self.estimate / self.first * self.gamma(self.estimate, leaf);
        let [decay, by] = [self.betas.1.sqrt(), weight].map(T::from_f64);
        let s = s.as_mut_slice();
        s.iter_mut().zip(g).for_each(|(s, &g)| *s = decay * *s + by * g);
        let start = start.contiguous();
        let blocks = start.dense().chunks(BLOCK).zip(x.chunks(BLOCK)).zip(g.chunks(BLOCK));
        let ahead = blocks.map(|((start, x), g)| {
            start.iter().zip(x).zip(g).map(|((&start, &x), &g)| (g * (start - x)).to_f64()).sum::<f64>()
        });
        [weight * total(ahead), sum(s, |s| s.to_f64().abs())]
    }

    fn conclude(&mut self, [ahead, length]: [f64; 2]) {
        self.progress = self.betas.1.sqrt() * self.progress + ahead;
        self.before = self.estimate;
        let estimate = self.coefficient * self.progress / length;
        // No gradient at all gives 0 / 0, which says nothing.
        if estimate > self.estimate {
            self.estimate = estimate;
        }
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, [m, v, _, _]: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        let (b1, b2) = self.betas;
        let d = T::from_f64(self.before);
        let gamma = T::from_f64(self.gamma(self.before, leaf));
        let [b1, b2, lambda, epsilon] = [b1, b2, self.lambda, self.estimate * self.epsilon].map(T::from_f64);
        for (((m, v), &x), dx) in m.iter_mut().zip(v).zip(x).zip(dx) {
            let g = d * *dx;
            *m = b1 * *m + (T::one() - b1) * g;
            *v = b2 * *v + (T::one() - b2) * g * g;
            *dx = gamma * (*m / (v.sqrt() + epsilon) + lambda * x);
        }
    }

    fn rate(&self, _: u64) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rate = rate;
        true
    }
}
