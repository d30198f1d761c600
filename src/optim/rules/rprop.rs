//! Rprop.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, positive, sign};
use crate::tensor::{Float, Tensor};

/// Rprop (Riedmiller and Braun, 1993), for gradients of all data at once: each parameter has its own step Δ, which
/// grows while the gradient keeps its sign and shrinks when the sign turns. With g′ the gradient before:
/// Δ ← min(η₊Δ, Δₘₐₓ) where gg′ > 0; Δ ← max(η₋Δ, Δₘᵢₙ) and g ← 0 where gg′ < 0; x ← x − Δ sign(g).
///
/// Defaults are PyTorch's. There is no rate to adjust: Δ adapts itself. State: `[Δ, g′]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rprop {
    /// What Δ starts from; 0.01 by default.
    pub first: f64,
    /// The factors η₋ and η₊ by which Δ changes; 0.5 and 1.2 by default.
    pub factors: (f64, f64),
    /// The bounds Δₘᵢₙ and Δₘₐₓ of Δ; 1e-6 and 50 by default.
    pub bounds: (f64, f64),
}

impl Rprop {
    /// The given first step, all else as by default.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn new(first: f64) -> Self {
        Rprop { first: positive("Rprop", "first step", first), factors: (0.5, 1.2), bounds: (1e-6, 50.0) }
    }

    /// Sets η₋ and η₊.
    ///
    /// # Panics
    /// Unless 0 < η₋ < 1 < η₊, both finite.
    #[track_caller]
    pub fn factors(self, less: f64, more: f64) -> Self {
        let fit = 0.0 < less && less < 1.0 && 1.0 < more && more.is_finite();
        assert!(fit, "Rprop: factors must be below 1 and above 1, not {less} and {more}");
        Rprop { factors: (less, more), ..self }
    }

    /// Sets Δₘᵢₙ and Δₘₐₓ.
    ///
    /// # Panics
    /// Where one is negative or not finite, or the first exceeds the second.
    #[track_caller]
    pub fn bounds(self, least: f64, most: f64) -> Self {
        let bounds = (positive("Rprop", "least step", least), positive("Rprop", "largest step", most));
        assert!(least <= most, "Rprop: the least step must be at most the largest, not {least} and {most}");
        Rprop { bounds, ..self }
    }
}

impl Default for Rprop {
    fn default() -> Self {
        Rprop::new(0.01)
    }
}

impl Rule for Rprop {
    type State<T: Float> = [Tensor<T>; 2];

    fn init<T: Float>(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        [Tensor::full(x.shape(), T::from_f64(self.first)), Tensor::zeros_like(x)]
    }

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, [delta, previous]: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let [less, more] = [self.factors.0, self.factors.1].map(T::from_f64);
        let [least, most] = [self.bounds.0, self.bounds.1].map(T::from_f64);
        for ((delta, previous), dx) in delta.iter_mut().zip(previous).zip(dx) {
            let agreement = *dx * *previous;
            if agreement > T::zero() {
                *delta = (*delta * more).min(most);
            } else if agreement < T::zero() {
                *delta = (*delta * less).max(least);
                *dx = T::zero();
            }
            *previous = *dx;
            *dx = *delta * sign(*dx);
        }
    }
}
