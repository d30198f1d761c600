//! What is measured and not trained by.

use super::labels::labels as indices;
use crate::tensor::{Float, Index, Tensor};

/// The share of rows whose largest logit is that of their label, the first of several being the largest; NaN where
/// there is no row. A row with a NaN in it is wrong, whatever its label.
///
/// Shapes: logits `[…, C]`, labels `[…]`.
///
/// # Panics
/// Where the shapes do not fit, or a label is not in 0..C.
///
/// ```
/// # use sapwood::prelude::*;
/// let logits: Tensor = Tensor::from([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]);
/// assert_eq!(accuracy(&logits, &Tensor::from([1u8, 0, 0, 0])), 0.75);
/// ```
#[track_caller]
pub fn accuracy<T: Float, I: Index>(logits: &Tensor<T>, labels: &Tensor<I>) -> f64 {
    assert!(logits.rank() > 0, "accuracy: the logits are a scalar; their last axis must count the classes");
    let labels = indices("accuracy", labels, logits, None);
    let (predicted, largest) = (logits.argmax_axis(-1).to_vec(), logits.max_axis(-1).to_vec());
    let hits = predicted.iter().zip(&labels).zip(largest);
    let hits = hits.filter(|((predicted, label), largest)| Some(**predicted) == **label && !largest.is_nan()).count();
    hits as f64 / labels.len() as f64
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn a_model_that_has_diverged_is_not_right_about_the_first_class() {
        let logits = Tensor::from([[f32::NAN, 0.0], [1.0, 0.0], [f32::INFINITY, 0.0]]);
        assert_eq!(accuracy(&logits, &Tensor::from([0u8, 0, 0])), 2.0 / 3.0);
    }
}
