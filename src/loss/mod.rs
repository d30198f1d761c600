//! Losses, which return their mean as a scalar tensor, and metrics, which return numbers.
//!
//! Prediction and target must have exactly the shapes that a loss documents: nothing is broadcast here, where a
//! forgotten axis would go unseen. A loss gives no gradient where its documented derivative is 0, and its values and
//! gradients stay finite for all finite inputs that its documentation does not exclude.
//!
//! Other reductions, and weights: [`each`] has every loss by the same name, not reduced.
//!
//! ```
//! use sapwood::prelude::*;
//!
//! let (p, t) = (Tensor::from([1.0f32, 2.0]), Tensor::from([0.0, 4.0]));
//! assert_eq!(mse(&p, &t).item(), 2.5);
//! assert_eq!(loss::each::mse(&p, &t).sum().item(), 5.0);
//! let weights = Tensor::from([3.0, 1.0]);
//! let weighted = (loss::each::mse(&p, &t) * &weights).sum() / weights.sum();
//! assert_eq!(weighted.item(), 7.0 / 4.0);
//! ```

mod binary;
mod cross_entropy;
mod ctc;
mod focal;
mod labels;
mod likelihood;
mod metrics;
mod overlap;
mod regression;
mod scores;
mod similarity;

pub use binary::{binary_cross_entropy, binary_cross_entropy_with_logits, hinge, squared_hinge};
pub use cross_entropy::{ClassTarget, CrossEntropy, cross_entropy};
pub use ctc::{Ctc, ctc};
pub use focal::{binary_focal, focal};
pub use likelihood::{gaussian_nll, kl_divergence, poisson_nll};
pub use metrics::{accuracy, confusion_matrix, f1, precision, recall, top_k_accuracy};
pub use overlap::{dice, tversky};
pub use regression::{huber, log_cosh, mae, mse, msle, quantile, smooth_l1};
pub use scores::{auc, perplexity, r2};
pub use similarity::{contrastive, cosine_distance, cosine_embedding, info_nce, triplet_margin};

/// Every loss, not reduced: a tensor with the loss of each element, or of each row where the loss is one of rows.
///
/// The functions have the names, arguments and panics of those in [`loss`](crate::loss), which are the means of these.
pub mod each {
    pub use super::binary::each::*;
    pub use super::cross_entropy::each::*;
    pub use super::ctc::each::*;
    pub use super::focal::each::*;
    pub use super::likelihood::each::*;
    pub use super::regression::each::*;
    pub use super::similarity::each::*;
}

use crate::tensor::{Float, Tensor};

#[track_caller]
fn same_shape<T: Float>(loss: &str, prediction: &Tensor<T>, target: &Tensor<T>) {
    let (p, t) = (prediction.shape(), target.shape());
    assert!(p == t, "{loss}: the prediction has the shape {p:?}, the target {t:?}; they must be equal");
}

/// Two tensors of one shape whose last axis holds the rows.
#[track_caller]
fn same_rows<T: Float>(loss: &str, prediction: &Tensor<T>, target: &Tensor<T>) {
    same_shape(loss, prediction, target);
    assert!(prediction.rank() > 0, "{loss}: scalars have no rows");
}
