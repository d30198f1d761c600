//! Weight decay.

use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, positive};
use crate::tensor::{Float, Tensor};

/// Weight decay: g ← g + λx, the gradient of λ/2 · ‖x‖², for the rules behind it in a chain:
/// `(WeightDecay::new(1e-4), Momentum::new(0.1))`. For decay outside of the rule see [`AdamW`](crate::optim::AdamW).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightDecay {
    /// The weight decay λ.
    pub lambda: f64,
}

impl WeightDecay {
    /// Decay by the given λ.
    ///
    /// # Panics
    /// Where λ is negative or not finite.
    #[track_caller]
    pub fn new(lambda: f64) -> Self {
        WeightDecay { lambda: positive("WeightDecay", "lambda", lambda) }
    }
}

impl Rule for WeightDecay {
    type State<T: Float> = ();

    fn init<T: Float>(&self, _: &Tensor<T>) {}

    #[inline(always)]
    fn apply<T: Float>(&self, _: LeafInfo, (): Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        let lambda = T::from_f64(self.lambda);
        dx.iter_mut().zip(x).for_each(|(dx, &x)| *dx += lambda * x);
    }
}
