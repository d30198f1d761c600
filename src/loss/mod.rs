//! Losses, which return their mean as a scalar tensor, and metrics, which return a number.
//!
//! Prediction and target must have exactly the shapes that a loss documents: nothing is broadcast here, where a
//! forgotten axis would go unseen.

mod classification;
mod metrics;
mod regression;

pub use classification::{ClassTarget, CrossEntropy, binary_cross_entropy_with_logits, cross_entropy};
pub use metrics::accuracy;
pub use regression::{huber, mae, mse};

use crate::tensor::{Float, Tensor};

#[track_caller]
fn same_shape<T: Float>(loss: &str, prediction: &Tensor<T>, target: &Tensor<T>) {
    let (p, t) = (prediction.shape(), target.shape());
    assert!(p == t, "{loss}: the prediction has the shape {p:?}, the target {t:?}; they must be equal");
}
