//! The same elements under other axes, for tensors of any element type. Nothing is copied where the layout allows.

use ndarray::{Dimension, IntoDimension};
use smallvec::SmallVec;

use super::axes::{IntoAxis, resolve_axis};
use crate::autodiff::unary;
use crate::kernels::copy;
use crate::tensor::{Element, Layout, Shape, Tensor};

impl<T: Element> Tensor<T> {
    /// The elements, in row-major order, in another shape.
    ///
    /// Copies only where the elements do not lie in row-major order already. Derivative: x̄ = ȳ in the old shape.
    ///
    /// # Panics
    /// Where the shape has another number of elements.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::arange(6).reshape((2, 3));
    /// assert_eq!(x, Tensor::from([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]));
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: impl IntoDimension) -> Tensor<T> {
        let shape = shape.into_dimension();
        let shape = shape.slice();
        let len: usize = shape.iter().product();
        assert!(
            len == self.len(),
            "reshape: the shape {shape:?} has {len} elements, the shape {:?} has {}",
            self.shape(),
            self.len()
        );
        if shape == self.shape() {
            return self.clone();
        }
        unary(
            self,
            |x| match x.layout().reshape(shape) {
                Some(layout) => x.with_layout(layout),
                None => Tensor::from_dense(copy::dense(x.strided()), shape),
            },
            |x, _| {
                let shape = Shape::from_slice(x.shape());
                move |g| g.reshape(shape.as_slice())
            },
        )
    }

    /// The elements, in row-major order, along one axis.
    #[track_caller]
    pub fn flatten(&self) -> Tensor<T> {
        self.reshape(self.len())
    }

    /// The axes in another order: axis `i` of the result is axis `axes[i]` of this tensor. Nothing is copied.
    ///
    /// Derivative: x̄ = ȳ with its axes put back.
    ///
    /// # Panics
    /// Where `axes` does not name every axis once.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::zeros((2, 3, 4));
    /// assert_eq!(x.permute(&[1, 2, 0]).shape(), [3, 4, 2]);
    /// ```
    #[track_caller]
    pub fn permute(&self, axes: &[usize]) -> Tensor<T> {
        let mut back: SmallVec<[usize; 4]> = SmallVec::from_elem(usize::MAX, self.rank());
        for (to, &from) in axes.iter().enumerate() {
            if let Some(place) = back.get_mut(from) {
                *place = to;
            }
        }
        assert!(
            axes.len() == self.rank() && !back.contains(&usize::MAX),
            "permute: {axes:?} does not name every axis of the shape {:?} once",
            self.shape()
        );
        unary(
            self,
            |x| x.with_layout(x.layout().permute(axes)),
            |_, _| {
                let back = back.clone();
                move |g| g.permute(&back)
            },
        )
    }

    /// The transpose: the last two axes swapped; a vector or scalar stays as it is. Nothing is copied.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.t(), Tensor::from([[1.0, 3.0], [2.0, 4.0]]));
    /// ```
    #[track_caller]
    pub fn t(&self) -> Tensor<T> {
        match self.rank() {
            0 | 1 => self.clone(),
            rank => self.swap_axes(rank - 2, rank - 1),
        }
    }

    /// Two axes swapped; nothing is copied.
    ///
    /// # Panics
    /// Where there is no such axis.
    #[track_caller]
    pub fn swap_axes(&self, a: impl IntoAxis, b: impl IntoAxis) -> Tensor<T> {
        let a = resolve_axis("swap_axes", self.shape(), a);
        let b = resolve_axis("swap_axes", self.shape(), b);
        let mut axes: SmallVec<[usize; 4]> = (0..self.rank()).collect();
        axes.swap(a, b);
        self.permute(&axes)
    }

    /// Without an axis of length one.
    ///
    /// # Panics
    /// Where there is no such axis, or its length is not one.
    #[track_caller]
    pub fn squeeze(&self, axis: impl IntoAxis) -> Tensor<T> {
        let axis = resolve_axis("squeeze", self.shape(), axis);
        let mut shape = Shape::from_slice(self.shape());
        let length = shape.remove(axis);
        assert!(length == 1, "squeeze: axis {axis} of the shape {:?} is not of length one", self.shape());
        self.reshape(shape.as_slice())
    }

    /// With a new axis of length one, which is axis `axis` of the result; -1 puts it at the end.
    ///
    /// # Panics
    /// Where the result has no such axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::zeros((2, 3));
    /// assert_eq!((x.unsqueeze(0).shape(), x.unsqueeze(-1).shape()), (&[1, 2, 3][..], &[2, 3, 1][..]));
    /// ```
    #[track_caller]
    pub fn unsqueeze(&self, axis: impl IntoAxis) -> Tensor<T> {
        let mut shape = Shape::from_slice(self.shape());
        shape.insert(new_axis("unsqueeze", self.shape(), axis), 1);
        self.reshape(shape.as_slice())
    }

    /// The elements in reverse order along an axis; nothing is copied.
    ///
    /// Derivative: x̄ = ȳ reversed.
    ///
    /// # Panics
    /// Where there is no such axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0, 3.0]]);
    /// assert_eq!(x.flip(1).to_vec(), [3.0, 2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn flip(&self, axis: impl IntoAxis) -> Tensor<T> {
        let axis = resolve_axis("flip", self.shape(), axis);
        unary(self, |x| x.with_layout(reversed(x.layout(), axis)), |_, _| move |g| g.flip(axis))
    }

    /// The elements shifted by `places` along an axis; those that leave it at one end come in at the other.
    ///
    /// Derivative: x̄ = ȳ shifted back.
    ///
    /// # Panics
    /// Where there is no such axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.roll(1, 0).to_vec(), [4.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(x.roll(-6, 0).to_vec(), [3.0, 4.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn roll(&self, places: isize, axis: impl IntoAxis) -> Tensor<T> {
        let axis = resolve_axis("roll", self.shape(), axis);
        let length = self.shape()[axis];
        let last = places.rem_euclid(length.max(1) as isize) as usize;
        if last == 0 {
            return self.clone();
        }
        let parts = self.split(&[length - last, last], axis);
        Tensor::concat(&[&parts[1], &parts[0]], axis)
    }
}

fn reversed(layout: &Layout, axis: usize) -> Layout {
    let mut layout = layout.clone();
    let last = layout.shape[axis].saturating_sub(1) as isize;
    layout.offset = layout.offset.wrapping_add_signed(layout.strides[axis] * last);
    layout.strides[axis] *= -1;
    layout
}

/// The lengths of the last two axes.
#[track_caller]
pub(super) fn last_two(operation: &str, shape: &[usize]) -> [usize; 2] {
    match *shape {
        [.., rows, columns] => [rows, columns],
        _ => panic!("{operation}: the shape {shape:?} has no two axes"),
    }
}

/// The place of a new axis among those of `shape`.
#[track_caller]
pub(super) fn new_axis(operation: &str, shape: &[usize], axis: impl IntoAxis) -> usize {
    let (number, end) = (axis.into_axis(), shape.len() as isize);
    let place = if number < 0 { number + end + 1 } else { number };
    assert!((0..=end).contains(&place), "{operation}: there is no place {number} for an axis in the shape {shape:?}");
    place as usize
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn layouts_change_without_copies() {
        let x = Tensor::<i64>::arange(6).reshape((2, 3));
        assert_eq!(x.t().flip(0).to_vec(), [2, 5, 1, 4, 0, 3]);
        let views = [x.t(), x.flip(1), x.unsqueeze(1), x.unsqueeze(1).squeeze(1), x.t().unsqueeze(2), x.reshape(6)];
        assert!(views.iter().all(|view| std::ptr::eq(view.storage(), x.storage())));
        assert_eq!(x.t().reshape((2, 3)).to_vec(), [0, 3, 1, 4, 2, 5]);
        assert_eq!(Tensor::<i64>::scalar(1).t().rank(), 0);
    }

    #[test]
    fn empty_axes_flip() {
        assert_eq!(Tensor::<f32>::zeros((2, 0)).flip(1).flip(0).shape(), [2, 0]);
    }

    #[test]
    fn gradients_come_back_in_the_old_layout() {
        let x = Tensor::<f64>::arange(6).reshape((2, 3));
        let weights = Tensor::<f64>::arange(6).reshape((3, 2));
        let g = gradient(|x| (x.t().flip(0) * &weights).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [4.0, 2.0, 0.0, 5.0, 3.0, 1.0]);
        let g = gradient(|x| (x.t().reshape((2, 3)) * weights.reshape((2, 3))).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    }

    #[test]
    #[should_panic(expected = "reshape: the shape [4] has 4 elements, the shape [2, 3] has 6")]
    fn a_reshape_keeps_the_number_of_elements() {
        let _ = Tensor::<f32>::zeros((2, 3)).reshape(4);
    }

    #[test]
    #[should_panic(expected = "permute: [0, 0] does not name every axis of the shape [2, 3] once")]
    fn a_permutation_names_every_axis_once() {
        let _ = Tensor::<f32>::zeros((2, 3)).permute(&[0, 0]);
    }

    #[test]
    #[should_panic(expected = "squeeze: axis 1 of the shape [1, 3] is not of length one")]
    fn only_axes_of_length_one_are_squeezed() {
        let _ = Tensor::<f32>::zeros((1, 3)).squeeze(1);
    }
}
