//! Clipping of each leaf on its own. [`clip_norm`](crate::autodiff::GradientTree::clip_norm) clips by the norm of the
//! whole tree.

use serde::{Deserialize, Serialize};

use crate::kernels::reduce;
use crate::optim::rule::{Chunk, LeafInfo, Rule, positive};
use crate::tensor::{Float, Tensor};

/// Clips every entry of the gradient to [−δ, δ], for the rules behind it in a chain. NaN stays NaN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClipGrad {
    /// The largest absolute value δ.
    pub delta: f64,
}

impl ClipGrad {
    /// Entries of at most δ.
    ///
    /// # Panics
    /// Where δ is negative or not finite.
    #[track_caller]
    pub fn new(delta: f64) -> Self {
        ClipGrad { delta: positive("ClipGrad", "delta", delta) }
    }
}

impl Rule for ClipGrad {
    type State<T: Float> = ();

    fn init<T: Float>(&self, _: &Tensor<T>) {}

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, (): Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let delta = T::from_f64(self.delta);
        // Not min and max, which would hide a NaN.
        let clip = |x: T| {
            if x > delta {
                delta
            } else if x < -delta {
                -delta
            } else {
                x
            }
        };
        dx.iter_mut().for_each(|dx| *dx = clip(*dx));
    }
}

/// Scales the gradient of each leaf on its own to a Euclidean norm of at most ω, for the rules behind it in a chain.
///
/// A norm that is infinite or NaN leaves NaN in the parameters: nothing is hidden, and [`train`](crate::train::train)
/// stops at the loss that follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClipNorm {
    /// The largest norm ω.
    pub omega: f64,
}

impl ClipNorm {
    /// Norms of at most ω.
    ///
    /// # Panics
    /// Where ω is negative or not finite.
    #[track_caller]
    pub fn new(omega: f64) -> Self {
        ClipNorm { omega: positive("ClipNorm", "omega", omega) }
    }
}

impl Rule for ClipNorm {
    type State<T: Float> = ();

    fn whole_leaf(&self) -> bool {
        true
    }

    fn init<T: Float>(&self, _: &Tensor<T>) {}

    fn apply<T: Float>(&self, _: LeafInfo, (): Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let squares: Vec<T> = dx.iter().map(|&dx| dx * dx).collect();
        let norm = reduce::sum(&squares).sqrt();
        let omega = T::from_f64(self.omega);
        if norm <= omega {
            return;
        }
        let scale = omega / norm;
        dx.iter_mut().for_each(|dx| *dx *= scale);
    }
}
