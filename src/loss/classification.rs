//! Losses for classes.

use super::same_shape;
use crate::autodiff::{binary, unary};
use crate::kernels::reduce::{fold_dense, map_rows};
use crate::ops::broadcast::zip_elements;
use crate::tensor::{Float, Index, Tensor};

/// The mean cross-entropy between softmax(logits) and the target.
///
/// Shapes: logits `[…, C]` for C classes; the target is either integer labels `[…]` (any integer type) or
/// probabilities `[…, C]` of the logits' type. See [`CrossEntropy`] for label smoothing.
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
/// ```
#[track_caller]
pub fn cross_entropy<T: Float>(logits: &Tensor<T>, target: &impl ClassTarget<T>) -> Tensor<T> {
    CrossEntropy::new().loss(logits, target)
}

/// Cross-entropy with options: `CrossEntropy::new().label_smoothing(0.1).loss(&logits, &labels)`.
///
/// For each row z of logits with target probabilities q: −Σ q·log softmax(z). A label y is the row that is 1 at y.
/// Smoothing by α replaces q by (1−α)q + α/C (Szegedy et al., 2016).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    label_smoothing: f64,
}

impl CrossEntropy {
    /// No smoothing.
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
        CrossEntropy { label_smoothing: alpha }
    }

    /// The mean over all rows; see [`cross_entropy`] for shapes and panics.
    #[track_caller]
    pub fn loss<T: Float>(&self, logits: &Tensor<T>, target: &impl ClassTarget<T>) -> Tensor<T> {
        assert!(logits.rank() > 0, "cross_entropy: the logits are a scalar; their last axis must count the classes");
        target.cross_entropy(logits, T::from_f64(self.label_smoothing))
    }
}

/// What can be a target of [`cross_entropy`]: integer labels, or probabilities of the logits' type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no target for logits of `{T}`",
    note = "targets are tensors of integer labels, such as `Tensor::from(vec![0i64, 2])`, or of probabilities of the logits' own type"
)]
pub trait ClassTarget<T: Float> {
    #[doc(hidden)]
    fn cross_entropy(&self, logits: &Tensor<T>, smoothing: T) -> Tensor<T>;
}

impl<T: Float> ClassTarget<T> for Tensor<T> {
    #[track_caller]
    fn cross_entropy(&self, logits: &Tensor<T>, smoothing: T) -> Tensor<T> {
        same_shape("cross_entropy", logits, self);
        let classes = classes(logits);
        let rows = T::from_f64((logits.len() / classes.max(1)) as f64);
        let target = if smoothing == T::zero() {
            self.clone()
        } else {
            self * (T::one() - smoothing) + smoothing / T::from_f64(classes as f64)
        };
        -(target * logits.log_softmax(-1)).sum() / rows
    }
}

macro_rules! labels {
    ($($I:ty)*) => {$(
        impl<T: Float> ClassTarget<T> for Tensor<$I> {
            #[track_caller]
            fn cross_entropy(&self, logits: &Tensor<T>, smoothing: T) -> Tensor<T> {
                of_labels(logits, labels("cross_entropy", self, logits), smoothing)
            }
        }
    )*};
}

labels!(i8 i16 i32 i64 u8 u16 u32 u64 isize usize);

fn classes<T: Float>(logits: &Tensor<T>) -> usize {
    logits.shape().last().copied().unwrap_or(0)
}

/// The labels as indices, checked against the logits.
#[track_caller]
pub(super) fn labels<T: Float, I: Index>(operation: &str, labels: &Tensor<I>, logits: &Tensor<T>) -> Vec<usize> {
    let classes = classes(logits);
    let rows = &logits.shape()[..logits.rank().saturating_sub(1)];
    assert!(
        labels.shape() == rows,
        "{operation}: logits of shape {:?} need labels of shape {rows:?}, not {:?}",
        logits.shape(),
        labels.shape()
    );
    let mut indices = Vec::with_capacity(labels.len());
    for (row, label) in labels.to_vec().into_iter().enumerate() {
        match label.to_index().filter(|&label| label < classes) {
            Some(label) => indices.push(label),
            None => panic!("{operation}: label {label} of row {row} is not one of {classes} classes (0..{classes})"),
        }
    }
    indices
}

/// Row losses ln Σ e^z − (1−α)·z[y] − α·mean(z) with z shifted by its largest, their mean; z̄ = (softmax(z) − q) · ȳ / rows.
fn of_labels<T: Float>(logits: &Tensor<T>, labels: Vec<usize>, smoothing: T) -> Tensor<T> {
    let classes = classes(logits);
    let rows = T::from_f64(labels.len() as f64);
    let (on, off) = (T::one() - smoothing, smoothing / T::from_f64(classes as f64));
    let forward = |z: &Tensor<T>| {
        let z = z.contiguous();
        let mut losses: Vec<(usize, T)> = labels.iter().map(|&label| (label, T::zero())).collect();
        map_rows(z.dense(), classes, &mut losses, 1, 16, |z, loss| {
            let (label, loss) = &mut loss[0];
            let top = z.iter().copied().fold(T::neg_infinity(), T::max);
            // Where the largest is infinite, or none is a number, the differences would be NaN for the wrong reason.
            let shift = if top.is_finite() { top } else { T::zero() };
            let log_sum = z.iter().map(|&z| (z - shift).exp()).sum::<T>().ln();
            let smooth = if off == T::zero() { T::zero() } else { off * z.iter().map(|&z| z - shift).sum::<T>() };
            *loss = log_sum - on * (z[*label] - shift) - smooth;
        });
        let losses: Vec<T> = losses.into_iter().map(|(_, loss)| loss).collect();
        Tensor::scalar(fold_dense(&losses, &(T::zero(), |a, b| a + b)) / rows)
    };
    unary(logits, forward, |z, _| {
        let (z, labels) = (z.clone(), labels.clone());
        move |g| {
            let mut target = vec![off; z.len()];
            labels.iter().enumerate().for_each(|(row, label)| target[row * classes + label] += on);
            (z.softmax(-1) - Tensor::from_dense(target, z.shape())) * (g / rows)
        }
    })
}

/// The mean binary cross-entropy between σ(logits) and the targets in [0, 1], over all elements:
/// max(z, 0) − z·y + ln(1 + e^−|z|), which does not overflow. z̄ = (σ(z) − y) · ȳ / n.
///
/// # Panics
/// Where the shapes differ.
#[track_caller]
pub fn binary_cross_entropy_with_logits<T: Float>(logits: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    same_shape("binary_cross_entropy_with_logits", logits, target);
    let count = T::from_f64(logits.len() as f64);
    binary(
        logits,
        target,
        |z, y| {
            let each = |z: T, y: T| z.max(T::zero()) - z * y + (-z.abs()).exp().ln_1p();
            let losses = zip_elements("binary_cross_entropy_with_logits", z, y, each);
            Tensor::scalar(fold_dense(losses.dense(), &(T::zero(), |a, b| a + b)) / count)
        },
        |z, y, _| {
            let (z, y, z2) = (z.clone(), y.clone(), z.clone());
            (move |g: &Tensor<T>| (z.sigmoid() - &y) * (g / count), move |g: &Tensor<T>| -(&z2 * &(g / count)))
        },
    )
}

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
    fn labels_and_their_probabilities_agree_under_smoothing() {
        let logits = Tensor::<f64>::normal((3, 4, 5), 0.0, 1.0, &mut StdRng::seed_from_u64(1));
        let labels = Tensor::from_vec((0..12usize).map(|i| i % 5).collect(), (3, 4));
        let one_hot: Vec<f64> =
            labels.to_vec().iter().flat_map(|&y| (0..5).map(move |c| if c == y { 1.0 } else { 0.0 })).collect();
        let one_hot = Tensor::from_vec(one_hot, (3, 4, 5));
        let smooth = CrossEntropy::new().label_smoothing(0.2);
        let (a, da) = with_gradient(|z| smooth.loss(z, &labels), &logits);
        let (b, db) = with_gradient(|z| smooth.loss(z, &one_hot), &logits);
        assert_close(a, b);
        let difference = (da.get().unwrap() - db.get().unwrap()).to_vec();
        assert!(difference.iter().all(|d| d.abs() < 1e-12));
    }

    #[test]
    fn binary_cross_entropy_gives_mlxs_numbers() {
        // MLX python/tests/test_losses.py: .747215, .810930, .262365, .336472.
        let logits = Tensor::from([0.105361, 0.223144, 1.20397, 0.916291]);
        let loss = binary_cross_entropy_with_logits(&logits, &Tensor::from([0.0, 0.0, 1.0, 1.0])).item();
        assert!((loss - (0.747215f64 + 0.810930 + 0.262365 + 0.336472) / 4.0).abs() < 1e-6);
        let far = binary_cross_entropy_with_logits(&Tensor::from([1e4f32, -1e4]), &Tensor::from([0.0, 0.0]));
        assert_eq!(far.item(), 5e3);
    }

    #[test]
    fn gradients_hold_at_both_orders() {
        let mut rng = StdRng::seed_from_u64(2);
        let z = Tensor::<f64>::normal((3, 4), 0.0, 1.0, &mut rng);
        let q = Tensor::uniform((3, 4), 0.1..0.9, &mut rng);
        let labels = Tensor::from([3u8, 0, 2]);
        let smooth = CrossEntropy::new().label_smoothing(0.1);
        check_gradient(|z| smooth.loss(z, &labels), &z).assert_within(1e-8);
        check_gradient(|z| gradient(|z| smooth.loss(z, &labels), z).dot(&crate::params::Leaf(Some(q.clone()))), &z)
            .assert_within(1e-7);
        check_gradient(|(z, q)| smooth.loss(z, q), &(z.clone(), q.clone())).assert_within(1e-8);
        let both = (z, q.clone());
        check_gradient(|(z, q)| binary_cross_entropy_with_logits(z, q), &both).assert_within(1e-8);
        let w = (crate::params::Leaf(Some(q.clone())), crate::params::Leaf(Some(q)));
        check_gradient(|m| gradient(|(z, q)| binary_cross_entropy_with_logits(z, q), m).dot(&w), &both)
            .assert_within(1e-7);
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
}
