//! How operations are told their axes, and what they make of them.

use smallvec::SmallVec;

use crate::kernels::block::Block;
use crate::kernels::reduce::{self, Fold};
use crate::tensor::{Element, Float, Layout, Shape, Tensor};

/// The number of one axis: `0` is the first, `-1` the last.
pub trait IntoAxis: Copy {
    /// The number as it was given.
    fn into_axis(self) -> isize;
}

macro_rules! axis_numbers {
    ($($t:ident)*) => {$(
        impl IntoAxis for $t {
            fn into_axis(self) -> isize {
                self as isize
            }
        }
        impl IntoAxes for $t {
            fn into_axes(self) -> Axes {
                [self].into_axes()
            }
        }
    )*};
}

axis_numbers!(i32 isize usize);

/// The axes of a reduction: a number, several of them (an array or a slice), and [`Keep`] of these.
///
/// Numbers below zero count from the end. Several axes are reduced together; of none (`[0; 0]`), nothing is reduced.
///
/// ```
/// use sapwood::prelude::*;
/// use sapwood::ops::Keep;
///
/// let x: Tensor = Tensor::ones((2, 3, 4));
/// assert_eq!(x.sum_axis(1).shape(), [2, 4]);
/// assert_eq!(x.sum_axis([0, -1]).shape(), [3]);
/// assert_eq!(x.sum_axis(Keep(-1)).shape(), [2, 3, 1]);
/// ```
pub trait IntoAxes {
    /// The axes' numbers, and whether the axes are kept.
    fn into_axes(self) -> Axes;
}

/// Axes by their numbers; see [`IntoAxes`].
#[derive(Clone, Debug)]
pub struct Axes {
    numbers: SmallVec<[isize; 4]>,
    kept: bool,
}

/// Keeps the reduced axes, with length one, so that the result broadcasts against what was reduced.
#[derive(Clone, Copy, Debug)]
pub struct Keep<A>(pub A);

impl<A: IntoAxes> IntoAxes for Keep<A> {
    fn into_axes(self) -> Axes {
        Axes { kept: true, ..self.0.into_axes() }
    }
}

impl IntoAxes for Axes {
    fn into_axes(self) -> Axes {
        self
    }
}

impl<I: IntoAxis> IntoAxes for &[I] {
    fn into_axes(self) -> Axes {
        Axes { numbers: self.iter().map(|axis| axis.into_axis()).collect(), kept: false }
    }
}

impl<I: IntoAxis, const N: usize> IntoAxes for [I; N] {
    fn into_axes(self) -> Axes {
        self.as_slice().into_axes()
    }
}

impl<I: IntoAxis, const N: usize> IntoAxes for &[I; N] {
    fn into_axes(self) -> Axes {
        self.as_slice().into_axes()
    }
}

/// The axis of `shape` with a number.
#[track_caller]
pub(crate) fn resolve_axis(operation: &str, shape: &[usize], axis: impl IntoAxis) -> usize {
    let number = axis.into_axis();
    let from_start = if number < 0 { number + shape.len() as isize } else { number };
    match usize::try_from(from_start) {
        Ok(axis) if axis < shape.len() => axis,
        _ => panic!("{operation}: there is no axis {number} in the shape {shape:?}"),
    }
}

/// Which axes of a shape go, and the shapes that this gives.
#[derive(Clone)]
pub(crate) struct Reduction {
    /// For each axis of the operand, whether it stays.
    pub(crate) keep: SmallVec<[bool; 4]>,
    /// The operand's shape.
    from: Shape,
    /// The operand's shape with ones for the axes that go: what the result broadcasts back from.
    ones: Shape,
    /// The result's shape.
    pub(crate) to: Shape,
}

impl Reduction {
    /// The reduction of all axes.
    pub(crate) fn all(shape: &[usize]) -> Self {
        Reduction {
            keep: SmallVec::from_elem(false, shape.len()),
            from: Shape::from_slice(shape),
            ones: Shape::from_elem(1, shape.len()),
            to: Shape::new(),
        }
    }

    /// The reduction of some axes, which must exist and differ.
    #[track_caller]
    pub(crate) fn over(operation: &str, shape: &[usize], axes: impl IntoAxes) -> Self {
        let axes = axes.into_axes();
        let mut keep: SmallVec<[bool; 4]> = SmallVec::from_elem(true, shape.len());
        let mut ones = Shape::from_slice(shape);
        for &number in &axes.numbers {
            let axis = resolve_axis(operation, shape, number);
            assert!(
                std::mem::replace(&mut keep[axis], false),
                "{operation}: axis {axis} of the shape {shape:?} is named twice in {:?}",
                axes.numbers.as_slice()
            );
            ones[axis] = 1;
        }
        let stays = |axis: &usize| axes.kept || keep[*axis];
        let to = (0..shape.len()).filter(stays).map(|axis| ones[axis]).collect();
        Reduction { keep, from: Shape::from_slice(shape), ones, to }
    }

    /// How many elements make one result.
    pub(crate) fn count(&self) -> usize {
        self.from.iter().zip(&self.keep).filter(|(_, keep)| !**keep).map(|(length, _)| length).product()
    }

    /// Panics where there are results to be made of no elements.
    #[track_caller]
    pub(crate) fn assert_not_empty(&self, operation: &str) {
        assert!(
            self.count() > 0 || self.to.contains(&0),
            "{operation}: nothing to choose from: the reduced axes of the shape {:?} hold no elements",
            self.from.as_slice()
        );
    }

    /// Folds the axes that go; not differentiated.
    pub(crate) fn fold<T: Float>(&self, x: &Tensor<T>, op: &impl Fold<T>) -> Tensor<T> {
        Tensor::from_dense(reduce::fold(x.strided(), &self.keep, op), &self.to)
    }

    /// Σ over the axes that go; not differentiated.
    pub(crate) fn sum<T: Float>(&self, x: &Tensor<T>) -> Tensor<T> {
        Tensor::from_dense(reduce::sums(x.strided(), &self.keep), &self.to)
    }

    /// A tensor of the result's shape, broadcast to the operand's.
    pub(crate) fn expand<T: Float>(&self, result: &Tensor<T>) -> Tensor<T> {
        result.reshape(self.ones.as_slice()).broadcast_to(self.from.as_slice())
    }

    /// The elements that make one result as one dense row after the other; not differentiated.
    pub(crate) fn rows<T: Element>(&self, x: &Tensor<T>) -> Tensor<T> {
        let axes = |which| (0..self.keep.len()).filter(move |&axis| self.keep[axis] == which);
        let order: SmallVec<[usize; 4]> = axes(true).chain(axes(false)).collect();
        x.with_layout(x.layout().permute(&order)).contiguous()
    }
}

/// The elements with `axis` last, dense: rows for the kernels. Not differentiated.
pub(crate) fn rows<T: Element>(x: &Tensor<T>, axis: usize) -> Tensor<T> {
    let mut order: SmallVec<[usize; 4]> = (0..x.rank()).filter(|&other| other != axis).collect();
    order.push(axis);
    x.with_layout(x.layout().permute(&order)).contiguous()
}

/// The way back from [`rows`]: a tensor of `shape` from rows that run along `axis`.
pub(crate) fn from_rows<T: Element>(data: Block<T>, shape: &[usize], axis: usize) -> Tensor<T> {
    let mut last = Shape::from_slice(shape);
    let width = last.remove(axis);
    last.push(width);
    let mut order: SmallVec<[usize; 4]> = (0..shape.len() - 1).collect();
    order.insert(axis, shape.len() - 1);
    Tensor::from_layout(data, Layout::contiguous(&last).permute(&order))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_numbers_arrays_slices_and_kept_ones() {
        fn to(axes: impl IntoAxes) -> Vec<usize> {
            Reduction::over("sum_axis", &[2, 3, 4], axes).to.to_vec()
        }
        assert_eq!(to(1), [2, 4]);
        assert_eq!(to(-1isize), [2, 3]);
        assert_eq!(to([0usize, 2]), [3]);
        assert_eq!(to(vec![-3, 2].as_slice()), [3]);
        assert_eq!(to([0i32; 0]), [2, 3, 4]);
        assert_eq!(to(Keep(&[0, 2])), [1, 3, 1]);
        assert_eq!(to(Keep(-1)), [2, 3, 1]);
    }

    #[test]
    fn rows_and_back_is_the_identity() {
        let x: Tensor<i64> = Tensor::arange(24);
        let x = x.with_layout(Layout::contiguous(&[2, 3, 4]));
        for axis in 0..3 {
            let rows = rows(&x, axis);
            assert_eq!(from_rows(rows.to_vec().into(), x.shape(), axis), x);
        }
        assert_eq!(rows(&x, 1).to_vec()[..6], [0, 4, 8, 1, 5, 9]);
    }

    #[test]
    #[should_panic(expected = "sum_axis: there is no axis -3 in the shape [2, 3]")]
    fn an_axis_out_of_range_panics() {
        let _ = Tensor::<f32>::zeros((2, 3)).sum_axis(-3);
    }

    #[test]
    #[should_panic(expected = "max_axis: axis 1 of the shape [2, 3] is named twice in [1, -1]")]
    fn a_repeated_axis_panics() {
        let _ = Tensor::<f32>::zeros((2, 3)).max_axis([1, -1]);
    }
}
