//! Decay towards zero by constant steps.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, positive, sign};
use crate::tensor::{Float, Tensor};

/// Decay by the sign: g ← g + λ sign(x), the gradient of λ Σ|x| (an L1 penalty; sign(0) = 0), for the rules behind it in
/// a chain: `(SignDecay::new(1e-4), Momentum::new(0.1))`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignDecay {
    /// The decay λ.
    pub lambda: f64,
}

impl SignDecay {
    /// Decay by the given λ.
    ///
    /// # Panics
    /// Where λ is negative or not finite.
    #[track_caller]
    pub fn new(lambda: f64) -> Self {
        SignDecay { lambda: positive("SignDecay", "lambda", lambda) }
    }
}

impl Rule for SignDecay {
    type State<T: Float> = ();

    fn init<T: Float>(&self, _: &Tensor<T>) {}

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, (): Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        let lambda = T::from_f64(self.lambda);
        dx.iter_mut().zip(x).for_each(|(dx, &x)| *dx += lambda * sign(x));
    }
}
