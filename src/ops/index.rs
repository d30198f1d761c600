//! Choosing elements by index, and adding to the elements so chosen.

use super::axes::{IntoAxis, resolve_axis};
use crate::autodiff::unary;
use crate::kernels::{gather, pool};
use crate::tensor::{AnyTensor, Element, Float, Index, Layout, Shape, Tensor};

impl<T: Element> Tensor<T> {
    /// y[…, j, …] = x[…, index[…, j, …], …] along an axis: at every place of `index`, the element of this tensor that
    /// it names on the line through that place.
    ///
    /// `index` has as many axes; the others are no longer than this tensor's. The result has the shape of `index`.
    /// Derivative: ȳ is added where the elements came from ([`scatter_add`](Self::scatter_add)).
    ///
    /// # Panics
    /// Where there is no such axis, the shapes do not fit, or an index is negative or out of range.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let scores: Tensor = Tensor::from([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]]);
    /// let labels = Tensor::from([[1i64], [0]]);
    /// assert_eq!(scores.gather(1, &labels).to_vec(), [0.7, 0.5]);
    /// ```
    #[track_caller]
    pub fn gather<I: Index>(&self, axis: impl IntoAxis, index: &Tensor<I>) -> Tensor<T> {
        let axis = resolve_axis("gather", self.shape(), axis);
        check_along("gather", self.shape(), axis, index.shape());
        take_along(self, axis, &positions("gather", index, axis, self.shape()))
    }

    /// The slices at `indices` along an axis; in the result the axes of `indices` stand in the place of that axis.
    ///
    /// An embedding is `weight.index_select(0, &tokens)`. Derivative: each slice's ȳ is added where the slice came
    /// from ([`index_add`](Self::index_add)).
    ///
    /// # Panics
    /// Where there is no such axis, or an index is negative or out of range.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(x.index_select(0, &Tensor::from([2i64, 0])).to_vec(), [5.0, 6.0, 1.0, 2.0]);
    /// assert_eq!(x.index_select(1, &Tensor::from([[1u8, 1]])).shape(), [3, 1, 2]);
    /// // Labels are selected as well.
    /// assert_eq!(Tensor::from([7u8, 8, 9]).index_select(0, &Tensor::from([2i64, 0])).to_vec(), [9, 7]);
    /// ```
    #[track_caller]
    pub fn index_select<I: Index>(&self, axis: impl IntoAxis, indices: &Tensor<I>) -> Tensor<T> {
        let axis = resolve_axis("index_select", self.shape(), axis);
        select(self, axis, &positions("index_select", indices, axis, self.shape()))
    }
}

impl<T: Float> Tensor<T> {
    /// A copy with `source` added where `index` says: y[…, index[…, j, …], …] += source[…, j, …] along an axis.
    ///
    /// `index` and `source` have one shape, with as many axes as this tensor; the others are no longer than its own.
    /// What falls on the same element adds up. Derivative: x̄ = ȳ, source̅ = ȳ gathered ([`gather`](Self::gather)).
    ///
    /// # Panics
    /// Where there is no such axis, the shapes do not fit, or an index is negative or out of range.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::zeros(3);
    /// let y = x.scatter_add(0, &Tensor::from([2i64, 0, 2]), &Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(y.to_vec(), [2.0, 0.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn scatter_add<I: Index>(&self, axis: impl IntoAxis, index: &Tensor<I>, source: &Tensor<T>) -> Tensor<T> {
        let axis = resolve_axis("scatter_add", self.shape(), axis);
        check_along("scatter_add", self.shape(), axis, index.shape());
        assert!(
            index.shape() == source.shape(),
            "scatter_add: the index has the shape {:?}, the source {:?}",
            index.shape(),
            source.shape()
        );
        let index = positions("scatter_add", index, axis, self.shape());
        self + add_along(source, axis, &index, Shape::from_slice(self.shape()))
    }

    /// A copy with the slices of `source` added to those at `indices` along an axis.
    ///
    /// `source` has the shape of [`index_select`](Self::index_select)'s result. What falls on the same slice adds up.
    /// Derivative: x̄ = ȳ, source̅ = ȳ selected.
    ///
    /// # Panics
    /// Where there is no such axis, the shapes do not fit, or an index is negative or out of range.
    #[track_caller]
    pub fn index_add<I: Index>(&self, axis: impl IntoAxis, indices: &Tensor<I>, source: &Tensor<T>) -> Tensor<T> {
        let axis = resolve_axis("index_add", self.shape(), axis);
        let expected = selected_shape(self.shape(), axis, indices.shape());
        assert!(
            source.shape() == expected.as_slice(),
            "index_add: the source has the shape {:?}; indices {:?} along axis {axis} of {:?} need {expected:?}",
            source.shape(),
            indices.shape(),
            self.shape()
        );
        let indices = positions("index_add", indices, axis, self.shape());
        self + add_slices(source, axis, &indices, Shape::from_slice(self.shape()))
    }
}

impl<I: Index> Tensor<I> {
    /// A new last axis of `classes` elements, with one at the label's place and zero elsewhere.
    ///
    /// # Panics
    /// Where a label is negative or not below `classes`.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let labels = Tensor::from([2i64, 0]);
    /// let y: Tensor = labels.one_hot(3);
    /// assert_eq!(y.to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn one_hot<T: Element>(&self, classes: usize) -> Tensor<T> {
        let mut shape = Shape::from_slice(self.shape());
        shape.push(classes);
        let mut data = pool::filled(self.len() * classes, T::default());
        let labels = self.contiguous();
        for (row, &label) in labels.dense().iter().enumerate() {
            match label.to_index() {
                Some(class) if class < classes => data[row * classes + class] = T::from_f64(1.0),
                _ => panic!("one_hot: the label {label} is none of {classes} classes"),
            }
        }
        Tensor::from_dense(data, &shape)
    }
}

/// The indices as places on an axis, dense.
#[track_caller]
fn positions<I: Index>(operation: &str, index: &Tensor<I>, axis: usize, shape: &[usize]) -> Tensor<usize> {
    let length = shape[axis];
    let index = index.contiguous();
    let mut positions = pool::buffer(index.len());
    for (place, &i) in positions.iter_mut().zip(index.dense()) {
        match i.to_index() {
            Some(position) if position < length => *place = position,
            _ => panic!("{operation}: the index {i} is out of range for axis {axis} of length {length}"),
        }
    }
    Tensor::from_dense(positions, index.shape())
}

#[track_caller]
fn check_along(operation: &str, shape: &[usize], axis: usize, index: &[usize]) {
    let fits = |(other, (of_index, length)): (usize, (&usize, &usize))| other == axis || of_index <= length;
    assert!(
        index.len() == shape.len() && index.iter().zip(shape).enumerate().all(fits),
        "{operation}: an index of shape {index:?} does not fit the shape {shape:?} along axis {axis}"
    );
}

/// [`Tensor::gather`] with an index known to fit.
#[track_caller]
pub(super) fn take_along<T: Element>(x: &Tensor<T>, axis: usize, index: &Tensor<usize>) -> Tensor<T> {
    let index = index.contiguous();
    unary(
        x,
        |x| {
            let data = gather::gather_along(x.strided(), axis, index.shape(), index.dense());
            Tensor::from_dense(data, index.shape())
        },
        |x, _| {
            let (index, shape) = (index.clone(), Shape::from_slice(x.shape()));
            move |g| {
                AnyTensor::of_watched(
                    g,
                    |g| add_along(&g, axis, &index, shape.clone()),
                    |g| add_along(&g, axis, &index, shape.clone()),
                )
            }
        },
    )
}

/// Zeros of `shape` with `source` added where the index says: the transpose of [`take_along`].
#[track_caller]
fn add_along<T: Float>(source: &Tensor<T>, axis: usize, index: &Tensor<usize>, shape: Shape) -> Tensor<T> {
    unary(
        source,
        |source| {
            let source = source.contiguous();
            let layout = Layout::contiguous(&shape);
            let mut out = pool::filled(layout.len(), T::zero());
            gather::add_along(&mut out, &layout.strides, axis, index.shape(), index.dense(), source.dense());
            Tensor::from_layout(out, layout)
        },
        |_, _| {
            let index = index.clone();
            move |g| take_along(&g, axis, &index)
        },
    )
}

/// [`Tensor::index_select`] with indices known to fit.
#[inline(never)]
#[track_caller]
pub(super) fn select<T: Element>(x: &Tensor<T>, axis: usize, indices: &Tensor<usize>) -> Tensor<T> {
    unary(
        x,
        |x| {
            let width = x.shape()[axis + 1..].iter().product();
            let rows = slices(x.shape(), axis, indices);
            let data = gather::gather_rows(x.contiguous().dense(), width, rows.dense());
            Tensor::from_dense(data, &selected_shape(x.shape(), axis, indices.shape()))
        },
        |x, _| {
            let (indices, shape) = (indices.clone(), Shape::from_slice(x.shape()));
            move |g| {
                AnyTensor::of_watched(
                    g,
                    |g| add_slices(&g, axis, &indices, shape.clone()),
                    |g| add_slices(&g, axis, &indices, shape.clone()),
                )
            }
        },
    )
}

/// Zeros of `shape` with the slices of `source` added where the indices say: the transpose of [`select`].
#[inline(never)]
#[track_caller]
fn add_slices<T: Float>(source: &Tensor<T>, axis: usize, indices: &Tensor<usize>, shape: Shape) -> Tensor<T> {
    unary(
        source,
        |source| {
            let width = shape[axis + 1..].iter().product();
            let rows = slices(&shape, axis, indices);
            let mut out = pool::filled(shape.iter().product(), T::zero());
            gather::add_rows(&mut out, width, rows.dense(), source.contiguous().dense());
            Tensor::from_dense(out, &shape)
        },
        |_, _| {
            let indices = indices.clone();
            move |g| select(&g, axis, &indices)
        },
    )
}

/// The dense slices of a tensor of `shape` that are selected, by their numbers, for all places before the axis.
fn slices(shape: &[usize], axis: usize, indices: &Tensor<usize>) -> Tensor<usize> {
    let outer: usize = shape[..axis].iter().product();
    if outer == 1 {
        return indices.clone();
    }
    let (count, mut all) = (indices.len(), pool::buffer(outer * indices.len()));
    for (outer, all) in all.chunks_exact_mut(count.max(1)).enumerate() {
        all.iter_mut().zip(indices.dense()).for_each(|(slice, index)| *slice = outer * shape[axis] + index);
    }
    Tensor::from_dense(all, &[outer * count])
}

/// `shape` with the axes of the indices in the place of one axis.
fn selected_shape(shape: &[usize], axis: usize, indices: &[usize]) -> Shape {
    shape[..axis].iter().chain(indices).chain(&shape[axis + 1..]).copied().collect()
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn rows_that_are_selected_twice_add_their_gradients() {
        // mithril test_embedding_1.
        let ids = Tensor::from([0i64, 1, 2, 0]);
        let weight = Tensor::<f64>::zeros((3, 4));
        let (_, back) = pullback(|w| w.index_select(0, &ids), &weight);
        let cotangent =
            Tensor::from([[9.0, 10.0, 11.0, 12.0], [1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0]]);
        let expected = Tensor::from([[10.0, 12.0, 14.0, 16.0], [1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]);
        assert_eq!(back(&cotangent).get().unwrap(), &expected);
    }

    #[test]
    fn gathers_as_pytorch_does() {
        // The example of torch.gather's manual, and its transpose.
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0f64]]);
        let index = Tensor::from([[0u8, 0], [1, 0]]);
        assert_eq!(x.gather(1, &index).to_vec(), [1.0, 1.0, 4.0, 3.0]);
        assert_eq!(x.gather(0, &index).to_vec(), [1.0, 2.0, 3.0, 2.0]);
        let (_, back) = pullback(|x| x.gather(1, &index), &x);
        let g = back(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
        assert_eq!(g.get().unwrap().to_vec(), [3.0, 0.0, 4.0, 3.0]);
        // An index shorter than the tensor, also along the other axis.
        assert_eq!(x.gather(1, &Tensor::from([[1i32]])).to_vec(), [2.0]);
    }

    #[test]
    fn scattering_adds_up_and_differentiates() {
        // The example of torch.scatter_add_'s manual.
        let source = Tensor::<f64>::ones((2, 5));
        let index = Tensor::from([[0i64, 1, 2, 0, 0], [0, 1, 2, 2, 2]]);
        let y = Tensor::zeros((3, 5)).scatter_add(0, &index, &source);
        let expected = [[2.0, 0.0, 0.0, 1.0, 1.0], [0.0, 2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 2.0, 1.0, 1.0]];
        assert_eq!(y, Tensor::from(expected));
        let weights = Tensor::from([[1.0], [2.0], [3.0]]);
        let g = gradient(|s| (Tensor::zeros((3, 5)).scatter_add(0, &index, s) * &weights).sum(), &source);
        assert_eq!(g.get().unwrap().to_vec(), [1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0]);
    }

    #[test]
    fn slices_of_inner_axes_are_selected_and_added() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0f64]]);
        let indices = Tensor::from([2usize, 2, 0]);
        assert_eq!(x.index_select(-1, &indices).to_vec(), [3.0, 3.0, 1.0, 6.0, 6.0, 4.0]);
        let g = gradient(|x| x.index_select(1, &indices).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [1.0, 0.0, 2.0, 1.0, 0.0, 2.0]);
        assert_eq!(x.index_add(1, &indices, &x).to_vec(), [4.0, 2.0, 6.0, 10.0, 5.0, 15.0]);
    }

    #[test]
    fn labels_and_masks_are_chosen_too() {
        let labels = Tensor::from([[5i64, 6], [7, 8]]);
        assert_eq!(labels.index_select(0, &Tensor::from([1u8])).to_vec(), [7, 8]);
        assert_eq!(labels.t().gather(1, &Tensor::from([[1u8], [0]])).to_vec(), [7, 6]);
        assert_eq!(Tensor::from([true, false]).index_select(0, &Tensor::from([1u8, 1])).to_vec(), [false, false]);
    }

    #[test]
    #[should_panic(expected = "index_select: the index -1 is out of range for axis 0 of length 3")]
    fn a_negative_index_panics() {
        let _ = Tensor::<f32>::zeros((3, 2)).index_select(0, &Tensor::from([0i64, -1]));
    }

    #[test]
    #[should_panic(expected = "gather: the index 2 is out of range for axis 1 of length 2")]
    fn an_index_out_of_range_panics() {
        let _ = Tensor::<f32>::zeros((3, 2)).gather(1, &Tensor::from([[2u8]]));
    }

    #[test]
    #[should_panic(expected = "gather: an index of shape [4, 1] does not fit the shape [3, 2] along axis 1")]
    fn an_index_that_is_too_long_panics() {
        let _ = Tensor::<f32>::zeros((3, 2)).gather(1, &Tensor::<i64>::zeros((4, 1)));
    }

    #[test]
    #[should_panic(expected = "one_hot: the label 3 is none of 3 classes")]
    fn a_label_that_is_no_class_panics() {
        let _: Tensor = Tensor::from([3i64]).one_hot(3);
    }
}
