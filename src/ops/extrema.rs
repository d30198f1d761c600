//! The largest and the smallest elements, and where they are.

use super::axes::{IntoAxes, IntoAxis, Reduction, resolve_axis, rows};
use super::broadcast::zip_over;
use crate::autodiff::unary;
use crate::kernels::block::Block;
use crate::kernels::pool;
use crate::kernels::reduce::{Fold, fold_dense, position};
use crate::kernels::rows::map_rows;
use crate::tensor::{Float, Shape, Tensor};

impl<T: Float> Tensor<T> {
    /// The largest of all elements; NaN if any is. See [`max_axis`](Self::max_axis).
    ///
    /// # Panics
    /// Where there are no elements.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([3.0, 1.0, 3.0]);
    /// assert_eq!(x.max().item(), 3.0);
    /// let g = gradient(|x| x.max(), &x);
    /// assert_eq!(g.get().unwrap().to_vec(), [0.5, 0.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn max(&self) -> Tensor<T> {
        extremum("max", self, Reduction::all(self.shape()), Largest)
    }

    /// The smallest of all elements; NaN if any is. See [`min_axis`](Self::min_axis).
    ///
    /// # Panics
    /// Where there are no elements.
    #[track_caller]
    pub fn min(&self) -> Tensor<T> {
        extremum("min", self, Reduction::all(self.shape()), Smallest)
    }

    /// The largest elements along some axes ([`IntoAxes`]); NaN where any is.
    ///
    /// Derivative: x̄ = ȳ where x is the largest, shared equally among equal ones, and 0 elsewhere.
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice, and where the axes hold no elements.
    #[track_caller]
    pub fn max_axis(&self, axes: impl IntoAxes) -> Tensor<T> {
        extremum("max_axis", self, Reduction::over("max_axis", self.shape(), axes), Largest)
    }

    /// The smallest elements along some axes ([`IntoAxes`]); NaN where any is.
    ///
    /// Derivative: x̄ = ȳ where x is the smallest, shared equally among equal ones, and 0 elsewhere.
    ///
    /// # Panics
    /// Where an axis does not exist or is named twice, and where the axes hold no elements.
    #[track_caller]
    pub fn min_axis(&self, axes: impl IntoAxes) -> Tensor<T> {
        extremum("min_axis", self, Reduction::over("min_axis", self.shape(), axes), Smallest)
    }

    /// Where the largest of all elements is, counted in row-major order: the first NaN, or the first of equal ones.
    ///
    /// # Panics
    /// Where there are no elements.
    #[track_caller]
    pub fn argmax(&self) -> Tensor<usize> {
        let place = first_of("argmax", self.contiguous().dense(), self.len(), Largest);
        Tensor::from_dense(place, &[])
    }

    /// Where the smallest of all elements is, counted in row-major order: the first NaN, or the first of equal ones.
    ///
    /// # Panics
    /// Where there are no elements.
    #[track_caller]
    pub fn argmin(&self) -> Tensor<usize> {
        let place = first_of("argmin", self.contiguous().dense(), self.len(), Smallest);
        Tensor::from_dense(place, &[])
    }

    /// Where along an axis the largest elements are: the first NaN, or the first of equal ones.
    ///
    /// # Panics
    /// Where there is no such axis or it has no elements.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let logits: Tensor = Tensor::from([[0.1, 2.0, -1.0], [3.0, 0.0, 3.0]]);
    /// assert_eq!(logits.argmax_axis(-1).to_vec(), [1, 0]);
    /// ```
    #[track_caller]
    pub fn argmax_axis(&self, axis: impl IntoAxis) -> Tensor<usize> {
        places("argmax_axis", self, resolve_axis("argmax_axis", self.shape(), axis), Largest)
    }

    /// Where along an axis the smallest elements are: the first NaN, or the first of equal ones.
    ///
    /// # Panics
    /// Where there is no such axis or it has no elements.
    #[track_caller]
    pub fn argmin_axis(&self, axis: impl IntoAxis) -> Tensor<usize> {
        places("argmin_axis", self, resolve_axis("argmin_axis", self.shape(), axis), Smallest)
    }
}

/// The larger of two, or NaN.
#[derive(Clone, Copy)]
pub(super) struct Largest;

/// The smaller of two, or NaN.
#[derive(Clone, Copy)]
struct Smallest;

impl<T: Float> Fold<T> for Largest {
    fn neutral(&self) -> T {
        T::neg_infinity()
    }
    #[inline(always)]
    fn combine(&self, a: T, b: T) -> T {
        if a > b || a.is_nan() { a } else { b }
    }
}

impl<T: Float> Fold<T> for Smallest {
    fn neutral(&self) -> T {
        T::infinity()
    }
    #[inline(always)]
    fn combine(&self, a: T, b: T) -> T {
        if a < b || a.is_nan() { a } else { b }
    }
}

#[inline(never)]
#[track_caller]
fn extremum<T: Float>(operation: &str, x: &Tensor<T>, over: Reduction, which: impl Fold<T>) -> Tensor<T> {
    over.assert_not_empty(operation);
    unary(
        x,
        |x| over.fold(x, &which),
        |x, y| {
            // Which elements are chosen changes only in jumps, so that is a constant.
            let (x, y, over) = (x.stop_gradient(), y.stop_gradient(), over.clone());
            move |g| {
                let one_if_equal = |x, y| if x == y { T::one() } else { T::zero() };
                let chosen = zip_over(x.shape(), &x, &over.expand(&y), one_if_equal);
                let count = over.sum(&chosen);
                chosen * over.expand(&(g / count))
            }
        },
    )
}

/// The place in each row of the first NaN or else of the first that equals the row's extremum.
#[inline(never)]
#[track_caller]
fn first_of<T: Float>(operation: &str, x: &[T], width: usize, which: impl Fold<T>) -> Block<usize> {
    assert!(width > 0, "{operation}: the reduced axes hold no elements to choose from");
    let mut places = pool::buffer(x.len() / width);
    map_rows(x, width, &mut places, 1, 1, |row, place| {
        let value = fold_dense(row, &which);
        place[0] = if value.is_nan() { position(row, T::is_nan) } else { position(row, |x| x == value) }.unwrap_or(0);
    });
    places
}

#[track_caller]
fn places<T: Float>(operation: &str, x: &Tensor<T>, axis: usize, which: impl Fold<T>) -> Tensor<usize> {
    let mut shape = Shape::from_slice(x.shape());
    let width = shape.remove(axis);
    if shape.contains(&0) {
        return Tensor::from_dense(Block::default(), &shape);
    }
    Tensor::from_dense(first_of(operation, rows(x, axis).dense(), width, which), &shape)
}

#[cfg(test)]
mod tests {
    use crate::ops::Keep;
    use crate::prelude::*;

    #[test]
    fn ties_share_the_gradient() {
        // torch.amax: the gradient is spread evenly between equal values.
        let x = Tensor::from([[1.0, 4.0, 4.0], [2.0, 2.0, 2.0f64]]);
        let g = gradient(|x| (x.max_axis(Keep(-1)) * Tensor::from([[1.0], [6.0]])).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [0.0, 0.5, 0.5, 2.0, 2.0, 2.0]);
        let g = gradient(|x| x.min(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn nan_is_the_largest_and_the_smallest() {
        let x = Tensor::from([[1.0, f64::NAN, 5.0], [3.0, 2.0, 3.0]]);
        assert!(x.max().item().is_nan() && x.min().item().is_nan());
        assert!(x.max_axis(1).to_vec()[0].is_nan());
        assert_eq!(x.max_axis(1).to_vec()[1], 3.0);
        assert_eq!(x.argmax_axis(1).to_vec(), [1, 0]);
        assert_eq!(x.argmin_axis(1).to_vec(), [1, 1]);
        assert_eq!(x.argmax_axis(0).to_vec(), [1, 0, 0]);
        assert_eq!((x.argmax().item(), x.argmin().item()), (1, 1));
        // Long enough for the vector lanes.
        let mut long = vec![0.0f32; 100];
        long[40] = f32::NAN;
        assert!(Tensor::from(long).max().item().is_nan());
    }

    #[test]
    fn infinities_are_numbers_like_others() {
        let x = Tensor::from([f32::NEG_INFINITY, f32::NEG_INFINITY]);
        assert_eq!((x.max().item(), x.argmax().item()), (f32::NEG_INFINITY, 0));
    }

    #[test]
    fn no_results_need_no_elements() {
        assert_eq!(Tensor::<f32>::zeros((0, 3)).max_axis(1).shape(), [0]);
        assert_eq!(Tensor::<f32>::zeros((0, 3)).argmax_axis(1).shape(), [0]);
        assert_eq!(Tensor::<f32>::zeros((0, 0)).argmax_axis(1).shape(), [0]);
    }

    #[test]
    #[should_panic(
        expected = "max_axis: nothing to choose from: the reduced axes of the shape [2, 0] hold no elements"
    )]
    fn an_empty_maximum_panics() {
        let _ = Tensor::<f32>::zeros((2, 0)).max_axis(1);
    }

    #[test]
    #[should_panic(expected = "argmin: the reduced axes hold no elements")]
    fn an_empty_place_panics() {
        let _ = Tensor::<f32>::zeros(0).argmin();
    }
}
