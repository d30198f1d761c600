//! Cross-entropy over classes.

use super::labels::{Labels, classes, cross_entropy_of_labels, labels};
use super::same_shape;
use crate::tensor::{Float, Tensor};

/// The mean cross-entropy between softmax(logits) and the target.
///
/// Shapes: logits `[…, C]` for C classes; the target is either integer labels `[…]` (any integer type) or
/// probabilities `[…, C]` of the logits' type. [`CrossEntropy`] has options: label smoothing, weights of classes, a
/// label to ignore.
///
/// Of a model that gives probabilities p (Flux's `crossentropy`) or their logarithms (PyTorch's `nll_loss`), take it of
/// ln p: softmax leaves logarithms of probabilities as they are. Logits are better, as no small p is lost.
///
/// # Panics
/// Where the shapes do not fit, or a label is not in 0..C.
///
/// ```
/// # use sapwood::prelude::*;
/// // MLX's tests: 0.04858735 for each row.
/// let logits: Tensor = Tensor::from([[2.0, -1.0], [-1.0, 2.0]]);
/// let loss = cross_entropy(&logits, &Tensor::from([0u8, 1]));
/// assert!((loss.item() - 0.04858735).abs() < 1e-7);
///
/// let p: Tensor = Tensor::from([[0.5, 0.25, 0.25]]);
/// assert!((cross_entropy(&p.ln(), &Tensor::from([1u8])).item() - 4f32.ln()).abs() < 1e-6);
/// ```
#[track_caller]
pub fn cross_entropy<T: Float>(logits: &Tensor<T>, target: &impl ClassTarget<T>) -> Tensor<T> {
    CrossEntropy::new().loss(logits, target)
}

pub(super) mod each {
    use super::{ClassTarget, CrossEntropy};
    use crate::tensor::{Float, Tensor};

    /// [`cross_entropy`](crate::loss::cross_entropy) of each row; shape `[…]`.
    #[track_caller]
    pub fn cross_entropy<T: Float>(logits: &Tensor<T>, target: &impl ClassTarget<T>) -> Tensor<T> {
        CrossEntropy::new().each(logits, target)
    }
}

/// Cross-entropy with options: `CrossEntropy::new().label_smoothing(0.1).loss(&logits, &labels)`.
///
/// For each row z of logits with target probabilities q: −Σ w·q·log softmax(z), where w are the weights of the classes,
/// 1 unless set. A label y is the row q that is 1 at y. Smoothing by α replaces q by (1−α)q + α/C (Szegedy et al.,
/// 2016).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    label_smoothing: f64,
    class_weights: Option<Vec<f64>>,
    ignored: Option<i64>,
}

impl CrossEntropy {
    /// No smoothing, no weights, no label ignored.
    pub fn new() -> Self {
        CrossEntropy::default()
    }

    /// Sets α.
    ///
    /// # Panics
    /// Where it is not in [0, 1].
    #[track_caller]
    pub fn label_smoothing(self, alpha: f64) -> Self {
        assert!((0.0..=1.0).contains(&alpha), "CrossEntropy: label smoothing must lie in [0, 1], not {alpha}");
        CrossEntropy { label_smoothing: alpha, ..self }
    }

    /// Sets the weight of each class, as many as there are classes. The mean of labels' losses is divided by the sum
    /// of the weights of the labels, as PyTorch's; that of probabilities by the number of rows.
    ///
    /// # Panics
    /// Where a weight is negative or not finite.
    #[track_caller]
    pub fn class_weights(self, weights: &[f64]) -> Self {
        let good = weights.iter().all(|&weight| weight >= 0.0 && weight.is_finite());
        assert!(good, "CrossEntropy: the weights of classes must be finite numbers, at least 0, not {weights:?}");
        CrossEntropy { class_weights: Some(weights.to_vec()), ..self }
    }

    /// Rows with this label have no loss, and do not count in the mean. It may be any number, such as −100 or 255.
    pub fn ignore(self, label: i64) -> Self {
        CrossEntropy { ignored: Some(label), ..self }
    }

    /// The mean over all rows; NaN where there is none. See [`cross_entropy`] for shapes and panics.
    #[track_caller]
    pub fn loss<T: Float>(&self, logits: &Tensor<T>, target: &impl ClassTarget<T>) -> Tensor<T> {
        let (losses, count) = self.losses(logits, target);
        losses.sum() / count
    }

    /// The loss of each row; shape `[…]`. 0 for rows that are ignored.
    #[track_caller]
    pub fn each<T: Float>(&self, logits: &Tensor<T>, target: &impl ClassTarget<T>) -> Tensor<T> {
        self.losses(logits, target).0
    }

    #[track_caller]
    fn losses<T: Float>(&self, logits: &Tensor<T>, target: &impl ClassTarget<T>) -> (Tensor<T>, T) {
        assert!(logits.rank() > 0, "cross_entropy: the logits are a scalar; their last axis must count the classes");
        if let Some(weights) = &self.class_weights {
            let classes = classes(logits);
            assert!(
                weights.len() == classes,
                "cross_entropy: {} weights of classes, but the logits of shape {:?} have {classes} classes",
                weights.len(),
                logits.shape()
            );
        }
        target.cross_entropy(logits, self)
    }

    /// The weights of the classes, where there are any.
    fn weights<T: Float>(&self) -> Option<Vec<T>> {
        self.class_weights.as_ref().map(|weights| weights.iter().map(|&weight| T::from_f64(weight)).collect())
    }

    /// What smoothing gives to a label's class beside its even share, and the even share of each of the C classes.
    fn shares<T: Float>(&self, classes: usize) -> (T, T) {
        (T::from_f64(1.0 - self.label_smoothing), T::from_f64(self.label_smoothing / classes as f64))
    }
}

/// What can be a target of [`cross_entropy`]: integer labels, or probabilities of the logits' type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no target for logits of `{T}`",
    note = "targets are tensors of integer labels, such as `Tensor::from(vec![0i64, 2])`, or of probabilities of the logits' own type"
)]
pub trait ClassTarget<T: Float> {
    /// The loss of each row, and what their sum is divided by for the mean.
    #[doc(hidden)]
    fn cross_entropy(&self, logits: &Tensor<T>, options: &CrossEntropy) -> (Tensor<T>, T);
}

impl<T: Float> ClassTarget<T> for Tensor<T> {
    #[track_caller]
    fn cross_entropy(&self, logits: &Tensor<T>, options: &CrossEntropy) -> (Tensor<T>, T) {
        same_shape("cross_entropy", logits, self);
        assert!(
            options.ignored.is_none(),
            "cross_entropy: a label to ignore is set, but the targets are probabilities"
        );
        let classes = classes(logits);
        let (on, off) = options.shares::<T>(classes);
        let mut target = if off == T::zero() { self.clone() } else { self * on + off };
        if let Some(weights) = options.weights() {
            target *= Tensor::from_vec(weights, classes);
        }
        let logs = logits.log_softmax(-1);
        // An impossible class that is not wanted costs nothing: 0 · ∞ would be NaN.
        let impossible = logs.eq(T::neg_infinity()).and(&target.eq(T::zero()));
        let rows = logits.len() / classes.max(1);
        (-(target * impossible.where_(T::zero(), logs)).sum_axis(-1), T::from_f64(rows as f64))
    }
}

macro_rules! labels {
    ($($I:ty)*) => {$(
        impl<T: Float> ClassTarget<T> for Tensor<$I> {
            #[track_caller]
            fn cross_entropy(&self, logits: &Tensor<T>, options: &CrossEntropy) -> (Tensor<T>, T) {
                let classes = classes(logits);
                let (on, off) = options.shares(classes);
                let labels = labels("cross_entropy", self, logits, options.ignored);
                let weights = options.weights().unwrap_or_else(|| vec![T::one(); classes]);
                let target = Labels { labels, classes, on, off, weights };
                let count = target.labels.iter().flatten().map(|&label| target.weights[label]).sum();
                (cross_entropy_of_labels(logits, target, self.shape()), count)
            }
        }
    )*};
}

labels!(i8 i16 i32 i64 u8 u16 u32 u64 isize usize);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[track_caller]
    fn assert_close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-7, "{a} is not {b}");
    }

    #[test]
    fn labels_give_mlxs_numbers() {
        // MLX python/tests/test_losses.py.
        let logits = Tensor::from([[2.0, -1.0], [-1.0, 2.0]]);
        let labels = Tensor::from([0i64, 1]);
        assert_close(cross_entropy(&logits, &labels).item(), 0.04858735);
        let each = loss::each::cross_entropy(&logits, &labels) * Tensor::from([1.0, 2.0]);
        assert_close(each.to_vec()[0], 0.04858735);
        assert_close(each.to_vec()[1], 0.0971747);
        assert_close(CrossEntropy::new().label_smoothing(0.3).loss(&logits, &labels).item(), 0.49858734);
        for big in [0.0, 1e20] {
            assert_close(
                cross_entropy(&Tensor::from([[big, big]]), &Tensor::from([1u8])).item(),
                std::f64::consts::LN_2,
            );
        }
    }

    #[test]
    fn probabilities_give_optaxs_numbers() {
        // optax/losses/_classification_test.py; the two rows' losses are 9.0001295 and 3.0696733.
        let logits = Tensor::from([[10.0, 1.0, -2.0], [1.0, 4.0, 0.2]]);
        let target = Tensor::from([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]);
        assert_close(cross_entropy(&logits, &target).item(), (9.0001295 + 3.0696733) / 2.0);
        assert_close(cross_entropy(&logits, &Tensor::from([1usize, 0])).item(), (9.0001295 + 3.0696733) / 2.0);
    }

    #[test]
    fn labels_and_their_probabilities_agree_under_all_options() {
        let logits = Tensor::<f64>::normal((3, 4, 5), 0.0, 1.0, &mut StdRng::seed_from_u64(1));
        let labels = Tensor::from_vec((0..12usize).map(|i| i % 5).collect(), (3, 4));
        let one_hot: Tensor<f64> = labels.one_hot(5);
        let options = CrossEntropy::new().label_smoothing(0.2).class_weights(&[0.5, 1.0, 2.0, 0.0, 3.0]);
        let (a, da) = with_gradient(|z| options.each(z, &labels).sum(), &logits);
        let (b, db) = with_gradient(|z| options.each(z, &one_hot).sum(), &logits);
        assert_close(a, b);
        let difference = (da.get().unwrap() - db.get().unwrap()).to_vec();
        assert!(difference.iter().all(|d| d.abs() < 1e-12));
    }

    #[test]
    fn second_derivatives_of_labels_are_those_of_their_probabilities() {
        let rng = &mut StdRng::seed_from_u64(1);
        let (z, v) = (Tensor::<f64>::normal((6, 5), 0.0, 1.0, rng), Tensor::<f64>::normal((6, 5), 0.0, 1.0, rng));
        let labels = Tensor::from_vec((0..6usize).map(|i| i % 5).collect(), 6);
        let one_hot: Tensor<f64> = labels.one_hot(5);
        let options = CrossEntropy::new().label_smoothing(0.2).class_weights(&[0.5, 1.0, 2.0, 0.0, 3.0]);
        fn hvp(loss: impl Fn(&Tensor<f64>) -> Tensor<f64>, z: &Tensor<f64>, v: &Tensor<f64>) -> Vec<f64> {
            let g = gradient(|z| (gradient(&loss, z).get().unwrap() * v).sum(), z);
            g.get().unwrap().to_vec()
        }
        // The square has the loss' own cotangent depend on the logits.
        let a = hvp(|z| options.each(z, &labels).square().sum(), &z, &v);
        let b = hvp(|z| options.each(z, &one_hot).square().sum(), &z, &v);
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} is not {b:?}");
        // Only the cotangent is watched from outside.
        fn of_weights(each: impl Fn(&Tensor<f64>) -> Tensor<f64>, z: &Tensor<f64>, v: &Tensor<f64>) -> Vec<f64> {
            let pulled = |w: &Tensor<f64>| (gradient(|z| (each(z) * w).sum(), z).get().unwrap() * v).sum();
            gradient(pulled, &Tensor::ones(6)).get().unwrap().to_vec()
        }
        let a = of_weights(|z| options.each(z, &labels), &z, &v);
        let b = of_weights(|z| options.each(z, &one_hot), &z, &v);
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} is not {b:?}");
    }

    #[test]
    fn ignored_rows_do_not_count_whatever_stands_in_them() {
        let logits = Tensor::from([[2.0, -1.0], [f64::NAN, f64::NEG_INFINITY], [-1.0, 2.0]]);
        let ignoring = CrossEntropy::new().ignore(-100);
        let labels = Tensor::from([0i64, -100, 1]);
        let (loss, g) = with_gradient(|z| ignoring.loss(z, &labels), &logits);
        assert_close(loss, 0.04858735);
        let g = g.get().unwrap().to_vec();
        assert!(g.iter().all(|g| g.is_finite()) && g[2] == 0.0 && g[3] == 0.0 && g[0] != 0.0);
        // 255 as an unsigned label.
        let labels = Tensor::from([0u8, 255, 1]);
        assert_close(CrossEntropy::new().ignore(255).loss(&logits, &labels).item(), 0.04858735);
        assert!(CrossEntropy::new().ignore(0).loss(&logits, &Tensor::from([0u8, 0, 0])).item().is_nan());
    }

    #[test]
    fn masked_classes_cost_nothing_unless_they_are_wanted() {
        let z = Tensor::from([[0.0, f64::NEG_INFINITY, 0.0]]);
        let q = Tensor::from([[0.5, 0.0, 0.5]]);
        for (loss, g) in
            [with_gradient(|z| cross_entropy(z, &q), &z), with_gradient(|z| cross_entropy(z, &Tensor::from([0u8])), &z)]
        {
            assert_close(loss, std::f64::consts::LN_2);
            assert!(g.is_finite());
        }
        assert_eq!(cross_entropy(&z, &Tensor::from([1u8])).item(), f64::INFINITY);
    }

    #[test]
    #[should_panic(expected = "cross_entropy: label 10 of row 1 is not one of 10 classes (0..10)")]
    fn labels_out_of_range_are_named() {
        let _ = cross_entropy(&Tensor::<f32>::zeros((2, 10)), &Tensor::from([0u8, 10]));
    }

    #[test]
    #[should_panic(expected = "cross_entropy: label -1 of row 0 is not one of 10 classes (0..10)")]
    fn negative_labels_are_named() {
        let _ = cross_entropy(&Tensor::<f32>::zeros((2, 10)), &Tensor::from([-1i64, 0]));
    }

    #[test]
    #[should_panic(expected = "cross_entropy: logits of shape [2, 10] need labels of shape [2], not [2, 1]")]
    fn labels_must_have_the_shape_of_the_rows() {
        let _ = cross_entropy(&Tensor::<f32>::zeros((2, 10)), &Tensor::<i64>::zeros((2, 1)));
    }

    #[test]
    #[should_panic(expected = "CrossEntropy: label smoothing must lie in [0, 1], not 1.2")]
    fn smoothing_out_of_range_is_refused() {
        let _ = CrossEntropy::new().label_smoothing(1.2);
    }

    #[test]
    #[should_panic(expected = "cross_entropy: 2 weights of classes, but the logits of shape [1, 3] have 3 classes")]
    fn weights_must_be_as_many_as_classes() {
        let _ =
            CrossEntropy::new().class_weights(&[1.0, 2.0]).loss(&Tensor::<f32>::zeros((1, 3)), &Tensor::from([0u8]));
    }
}
