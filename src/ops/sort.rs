//! Sorting along an axis.

use super::axes::{IntoAxis, from_rows, resolve_axis, rows};
use super::index::take_along;
use crate::kernels::order::first_places;
use crate::kernels::pool;
use crate::kernels::rows::map_rows;
use crate::tensor::{Float, Shape, Tensor};

impl<T: Float> Tensor<T> {
    /// The elements along an axis in order, and their places before; equal elements stay in their order.
    ///
    /// NaN counts as the largest number: it comes last, or first where the order is `descending`.
    /// Derivative: each element's ȳ goes to the place it came from.
    ///
    /// # Panics
    /// Where there is no such axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([3.0, 1.0, 2.0]);
    /// let (sorted, places) = x.sort(0, false);
    /// assert_eq!(sorted.to_vec(), [1.0, 2.0, 3.0]);
    /// assert_eq!(places.to_vec(), [1, 2, 0]);
    /// ```
    #[track_caller]
    pub fn sort(&self, axis: impl IntoAxis, descending: bool) -> (Tensor<T>, Tensor<usize>) {
        let axis = resolve_axis("sort", self.shape(), axis);
        first(self, axis, self.shape()[axis], descending)
    }

    /// The places that sort the elements along an axis; see [`sort`](Self::sort).
    ///
    /// # Panics
    /// Where there is no such axis.
    #[track_caller]
    pub fn argsort(&self, axis: impl IntoAxis, descending: bool) -> Tensor<usize> {
        let axis = resolve_axis("argsort", self.shape(), axis);
        order(self, axis, self.shape()[axis], descending)
    }

    /// The `k` largest elements along an axis, the largest first, and their places; the `k` smallest, the smallest
    /// first, where `largest` is false. Of equal elements the earlier come first; NaN counts as the largest number.
    ///
    /// Derivative: each element's ȳ goes to the place it came from.
    ///
    /// # Panics
    /// Where there is no such axis, or it is shorter than `k`.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([3.0, 1.0, 4.0, 1.0, 5.0]);
    /// let (values, places) = x.topk(2, -1, true);
    /// assert_eq!((values.to_vec(), places.to_vec()), (vec![5.0, 4.0], vec![4, 2]));
    /// ```
    #[track_caller]
    pub fn topk(&self, k: usize, axis: impl IntoAxis, largest: bool) -> (Tensor<T>, Tensor<usize>) {
        let axis = resolve_axis("topk", self.shape(), axis);
        assert!(
            k <= self.shape()[axis],
            "topk: axis {axis} of the shape {:?} has fewer than {k} elements",
            self.shape()
        );
        first(self, axis, k, largest)
    }
}

fn first<T: Float>(x: &Tensor<T>, axis: usize, k: usize, descending: bool) -> (Tensor<T>, Tensor<usize>) {
    let places = order(x, axis, k, descending);
    (take_along(x, axis, &places), places)
}

/// The places of the first `k` elements in order along an axis.
fn order<T: Float>(x: &Tensor<T>, axis: usize, k: usize, descending: bool) -> Tensor<usize> {
    let mut shape = Shape::from_slice(x.shape());
    let width = std::mem::replace(&mut shape[axis], k);
    let mut places = pool::buffer(shape.iter().product());
    let cost = 4 * width.max(2).ilog2() as usize;
    map_rows(rows(x, axis).dense(), width, &mut places, k, cost, |row, places| first_places(row, descending, places));
    from_rows(places, &shape, axis)
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn the_gradient_returns_to_where_the_elements_were() {
        // mlx test_autograd.py: the vjp of sort.
        let x = Tensor::from([3.0, 1.0, 2.0, 5.0, 4.0f64]);
        let (_, back) = pullback(|x| x.sort(0, false).0, &x);
        let g = back(&Tensor::from([10.0, 20.0, 30.0, 40.0, 50.0]));
        assert_eq!(g.get().unwrap().to_vec(), [30.0, 10.0, 20.0, 50.0, 40.0]);
        let g = gradient(|x| x.topk(2, 0, true).0.sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [0.0, 0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn nan_is_the_largest_and_equals_keep_their_order() {
        let x = Tensor::from([2.0, f64::NAN, 1.0, 2.0, f64::NAN, f64::INFINITY]);
        assert_eq!(x.argsort(0, false).to_vec(), [2, 0, 3, 5, 1, 4]);
        assert_eq!(x.argsort(0, true).to_vec(), [1, 4, 5, 0, 3, 2]);
        assert_eq!(x.topk(2, 0, false).1.to_vec(), [2, 0]);
        assert_eq!(x.topk(4, 0, true).1.to_vec(), [1, 4, 5, 0]);
    }

    #[test]
    fn sorts_along_any_axis() {
        let x = Tensor::from([[3.0, 1.0], [1.0, 2.0], [2.0, 0.0f32]]);
        assert_eq!(x.sort(0, false).0.to_vec(), [1.0, 0.0, 2.0, 1.0, 3.0, 2.0]);
        assert_eq!(x.sort(-1, true).1.to_vec(), [0, 1, 1, 0, 0, 1]);
        assert_eq!(x.topk(1, 0, true).0, Tensor::from([[3.0, 2.0]]));
        assert_eq!(x.topk(0, 0, true).0.shape(), [0, 2]);
    }

    #[test]
    #[should_panic(expected = "topk: axis 1 of the shape [3, 2] has fewer than 3 elements")]
    fn too_many_wanted_panics() {
        let _ = Tensor::<f32>::zeros((3, 2)).topk(3, 1, true);
    }
}
