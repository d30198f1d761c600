//! Losses for embeddings: of distances and angles between rows.

use crate::tensor::{Float, Tensor};

/// The mean over all rows of the cosine distance 1 − x·y / (‖x‖‖y‖), from 0 to 2. Where a row is zero it is 1 and its
/// derivative 0 (PyTorch takes norms below 1e-8 for 1e-8, so that the derivative becomes huge there).
///
/// Shapes: both `[…, D]`.
///
/// # Panics
/// Where the shapes differ, or are those of scalars.
///
/// ```
/// # use sapwood::loss::cosine_distance;
/// # use sapwood::prelude::*;
/// let loss = cosine_distance(&Tensor::from([[1.0f32, 0.0], [0.0, 2.0]]), &Tensor::from([[3.0, 0.0], [1.0, 0.0]]));
/// assert_eq!(loss.item(), 0.5);
/// ```
#[track_caller]
pub fn cosine_distance<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    each::cosine_distance(x, y).mean()
}

/// The mean cosine embedding loss over all rows: 1 − cos(x, y) for pairs with the target 1, which belong together;
/// max(0, cos(x, y) − margin) for those with −1, which do not. PyTorch's default margin is 0.
///
/// Shapes: x and y `[…, D]`, target `[…]`.
///
/// # Panics
/// Where the shapes do not fit.
///
/// ```
/// # use sapwood::loss::cosine_embedding;
/// # use sapwood::prelude::*;
/// let x = Tensor::from([[1.0f32, 0.0], [1.0, 0.0]]);
/// let loss = cosine_embedding(&x, &Tensor::from([[0.0, 1.0], [1.0, 0.0]]), &Tensor::from([1.0, -1.0]), 0.5);
/// assert_eq!(loss.item(), (1.0 + 0.5) / 2.0);
/// ```
#[track_caller]
pub fn cosine_embedding<T: Float>(x: &Tensor<T>, y: &Tensor<T>, target: &Tensor<T>, margin: T) -> Tensor<T> {
    each::cosine_embedding(x, y, target, margin).mean()
}

/// The mean triplet loss max(0, ‖a − p‖ − ‖a − n‖ + margin) over all rows of an anchor a, a positive p that belongs to
/// it, and a negative n that does not (Balntas et al., 2016; Schroff et al., 2015, square the norms). PyTorch's default
/// margin is 1; it adds 1e-6 to every difference, which is not done here.
///
/// Shapes: all `[…, D]`.
///
/// # Panics
/// Where the shapes differ, or are those of scalars.
///
/// ```
/// # use sapwood::loss::triplet_margin;
/// # use sapwood::prelude::*;
/// let loss = triplet_margin(
///     &Tensor::from([[0.0f32, 0.0]]),
///     &Tensor::from([[3.0, 4.0]]),
///     &Tensor::from([[0.0, 5.5]]),
///     1.0,
/// );
/// assert_eq!(loss.item(), 0.5);
/// ```
#[track_caller]
pub fn triplet_margin<T: Float>(
    anchor: &Tensor<T>,
    positive: &Tensor<T>,
    negative: &Tensor<T>,
    margin: T,
) -> Tensor<T> {
    each::triplet_margin(anchor, positive, negative, margin).mean()
}

/// The mean contrastive loss (1 − y)·d² + y·max(0, margin − d)² over all distances d of pairs, where y is 0 for pairs
/// that belong together and 1 for those that do not (Hadsell et al., 2006, who halve it; this is Flux's
/// `siamese_contrastive_loss`).
///
/// Shapes: both the same.
///
/// # Panics
/// Where the shapes differ, or the margin is negative.
///
/// ```
/// # use sapwood::loss::contrastive;
/// # use sapwood::prelude::*;
/// let loss = contrastive(&Tensor::from([0.5f32, 0.25]), &Tensor::from([0.0, 1.0]), 1.0);
/// assert_eq!(loss.item(), (0.25 + 0.5625) / 2.0);
/// ```
#[track_caller]
pub fn contrastive<T: Float>(distance: &Tensor<T>, apart: &Tensor<T>, margin: T) -> Tensor<T> {
    each::contrastive(distance, apart, margin).mean()
}

/// InfoNCE (van den Oord et al., 2018): the mean cross-entropy of finding, for each query, its own key among all keys of
/// the batch, by cosine similarities divided by the temperature.
///
/// Shapes: both `[N, D]`; row i of the keys belongs to row i of the queries. For CLIP's symmetric loss take the mean of
/// this and of that with the arguments swapped.
///
/// # Panics
/// Where the shapes differ or have not two axes, or the temperature is not positive.
///
/// ```
/// # use sapwood::loss::info_nce;
/// # use sapwood::prelude::*;
/// // Similarities 1 and 0: ln(1 + e^(−1/τ)).
/// let loss = info_nce(&Tensor::eye(2), &Tensor::eye(2), 0.5f32);
/// assert!((loss.item() - (-2f32).exp().ln_1p()).abs() < 1e-6);
/// ```
#[track_caller]
pub fn info_nce<T: Float>(query: &Tensor<T>, key: &Tensor<T>, temperature: T) -> Tensor<T> {
    each::info_nce(query, key, temperature).mean()
}

pub(super) mod each {
    use crate::loss::{same_rows, same_shape};
    use crate::ops::Keep;
    use crate::tensor::{Float, Tensor};

    /// [`cosine_distance`](crate::loss::cosine_distance) of each pair of rows; shape `[…]`.
    #[track_caller]
    pub fn cosine_distance<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        same_rows("cosine_distance", x, y);
        -cosine(x, y) + T::one()
    }

    /// [`cosine_embedding`](crate::loss::cosine_embedding) of each pair of rows; shape `[…]`.
    #[track_caller]
    pub fn cosine_embedding<T: Float>(x: &Tensor<T>, y: &Tensor<T>, target: &Tensor<T>, margin: T) -> Tensor<T> {
        same_rows("cosine_embedding", x, y);
        let cosine = cosine(x, y);
        same_shape("cosine_embedding (cosines and target)", &cosine, target);
        target.gt(T::zero()).where_(-&cosine + T::one(), (cosine - margin).relu())
    }

    /// [`triplet_margin`](crate::loss::triplet_margin) of each triplet of rows; shape `[…]`.
    #[track_caller]
    pub fn triplet_margin<T: Float>(
        anchor: &Tensor<T>,
        positive: &Tensor<T>,
        negative: &Tensor<T>,
        margin: T,
    ) -> Tensor<T> {
        same_rows("triplet_margin (anchor and positive)", anchor, positive);
        same_rows("triplet_margin (anchor and negative)", anchor, negative);
        ((anchor - positive).norm_axis(-1) - (anchor - negative).norm_axis(-1) + margin).relu()
    }

    /// [`contrastive`](crate::loss::contrastive) of each pair.
    #[track_caller]
    pub fn contrastive<T: Float>(distance: &Tensor<T>, apart: &Tensor<T>, margin: T) -> Tensor<T> {
        same_shape("contrastive", distance, apart);
        assert!(margin >= T::zero(), "contrastive: the margin must be at least 0, not {margin}");
        (-apart + T::one()) * distance.square() + apart * (-distance + margin).relu().square()
    }

    /// [`info_nce`](crate::loss::info_nce) of each query; shape `[N]`.
    #[track_caller]
    pub fn info_nce<T: Float>(query: &Tensor<T>, key: &Tensor<T>, temperature: T) -> Tensor<T> {
        same_rows("info_nce", query, key);
        assert!(query.rank() == 2, "info_nce: queries and keys must have the axes [N, D], not {:?}", query.shape());
        assert!(temperature > T::zero(), "info_nce: the temperature must be positive, not {temperature}");
        let similarities = unit(query).matmul(&unit(key).t()) / temperature;
        crate::loss::each::cross_entropy(&similarities, &Tensor::<usize>::arange(query.shape()[0]))
    }

    /// The cosine of the angle between rows.
    fn cosine<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        (unit(x) * unit(y)).sum_axis(-1)
    }

    /// Rows of norm 1, or of zeros as they were: divided by ∞, so that neither value nor derivative becomes NaN.
    fn unit<T: Float>(x: &Tensor<T>) -> Tensor<T> {
        let norm = x.norm_axis(Keep(-1));
        x / norm.eq(T::zero()).where_(T::infinity(), norm)
    }
}

#[cfg(test)]
mod tests {
    use crate::loss::{contrastive, cosine_distance, each};
    use crate::prelude::*;

    #[test]
    fn cosine_distances_are_optaxs() {
        // optax/losses/_regression_test.py, cosine distance in f64.
        let x = Tensor::from([[10.0, 1.0, -2.0], [1.0, 4.0, 0.2]]);
        let y = Tensor::from([[0.0, 1.2, 0.2], [1.0, -0.3, 0.0]]);
        let each = each::cosine_distance(&x, &y).to_vec();
        let expected = [0.9358252065f64, 1.0464068352];
        assert!(each.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-10), "{each:?}");
    }

    #[test]
    fn a_row_of_zeros_has_no_direction() {
        let x = Tensor::<f64>::zeros((1, 3));
        let y = Tensor::ones((1, 3));
        let (loss, (dx, dy)) = with_gradient(|(x, y)| cosine_distance(x, y), &(x, y));
        assert_eq!(loss, 1.0);
        assert_eq!((dx.get().unwrap().to_vec(), dy.get().unwrap().to_vec()), (vec![0.0; 3], vec![0.0; 3]));
    }

    #[test]
    fn contrastive_losses_are_fluxes() {
        // Flux test/losses.jl, siamese_contrastive_loss: ŷ [.4 .2; .5 .5; .1 .3], y the one-hot of classes 1 and 3.
        let d = Tensor::from([[0.4, 0.5, 0.1], [0.2, 0.5, 0.3f64]]);
        let y = Tensor::from([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
        for (margin, expected) in [(1.0, 0.2333333f64), (0.5, 0.1), (1.5, 0.5333333), (0.0, 0.0916667)] {
            let loss = contrastive(&d, &y, margin).item();
            assert!((loss - expected).abs() < 1e-6, "{margin}: {loss}");
        }
    }

    #[test]
    #[should_panic(expected = "contrastive: the margin must be at least 0, not -1")]
    fn a_negative_margin_is_refused() {
        let _ = contrastive(&Tensor::<f32>::zeros(2), &Tensor::zeros(2), -1.0);
    }

    #[test]
    #[should_panic(expected = "cosine_distance: scalars have no rows")]
    fn scalars_have_no_rows() {
        let _ = cosine_distance(&Tensor::scalar(1.0f32), &Tensor::scalar(1.0));
    }
}
