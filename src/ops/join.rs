//! Joining, splitting, padding and repeating, for tensors of any element type.

use std::borrow::Borrow;

use ndarray::SliceInfoElem;

use super::axes::{IntoAxis, resolve_axis};
use super::shape::new_axis;
use crate::autodiff::variadic;
use crate::kernels::copy;
use crate::tensor::{Element, Shape, Tensor};

impl<T: Element> Tensor<T> {
    /// Tensors joined along an axis; their other axes must agree.
    ///
    /// Derivative: each gets its part of ȳ.
    ///
    /// # Panics
    /// Where there are no tensors, there is no such axis, or other axes differ.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let (x, y): (Tensor, Tensor) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0, 4.0], [5.0, 6.0]]));
    /// assert_eq!(Tensor::concat(&[x, y], 1).to_vec(), [1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn concat(tensors: &[impl Borrow<Tensor<T>>], axis: impl IntoAxis) -> Tensor<T> {
        let tensors: Vec<Tensor<T>> = tensors.iter().map(|tensor| tensor.borrow().clone()).collect();
        let Some(first) = tensors.first() else { panic!("concat: there are no tensors") };
        let axis = resolve_axis("concat", first.shape(), axis);
        for tensor in &tensors {
            let (a, b) = (first.shape(), tensor.shape());
            assert!(
                a.len() == b.len() && (0..a.len()).all(|other| other == axis || a[other] == b[other]),
                "concat: the shapes {a:?} and {b:?} differ in other axes than {axis}"
            );
        }
        variadic(&tensors, |tensors| join(tensors, axis), &|tensors: &[Tensor<T>], _: &Tensor<T>| {
            let sizes: Vec<usize> = tensors.iter().map(|tensor| tensor.shape()[axis]).collect();
            move |g: Tensor<T>| g.split(&sizes, axis)
        })
    }

    /// Tensors of one shape joined along a new axis.
    ///
    /// Derivative: each gets its part of ȳ.
    ///
    /// # Panics
    /// Where there are no tensors, their shapes differ, or the result has no such axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let (x, y): (Tensor, Tensor) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
    /// assert_eq!(Tensor::stack(&[&x, &y], 0), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// ```
    #[track_caller]
    pub fn stack(tensors: &[impl Borrow<Tensor<T>>], axis: impl IntoAxis) -> Tensor<T> {
        let Some(first) = tensors.first() else { panic!("stack: there are no tensors") };
        let shape = first.borrow().shape();
        let axis = new_axis("stack", shape, axis);
        for tensor in tensors {
            let other = tensor.borrow().shape();
            assert!(other == shape, "stack: the shapes {shape:?} and {other:?} differ");
        }
        let rows: Vec<Tensor<T>> = tensors.iter().map(|tensor| tensor.borrow().unsqueeze(axis)).collect();
        Tensor::concat(&rows, axis)
    }

    /// Consecutive parts of the given lengths along an axis; nothing is copied.
    ///
    /// # Panics
    /// Where there is no such axis, or the lengths do not add up to its.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let parts = Tensor::<f32>::arange(5).split(&[2, 3], 0);
    /// assert_eq!((parts[0].to_vec(), parts[1].to_vec()), (vec![0.0, 1.0], vec![2.0, 3.0, 4.0]));
    /// ```
    #[track_caller]
    pub fn split(&self, sizes: &[usize], axis: impl IntoAxis) -> Vec<Tensor<T>> {
        let axis = resolve_axis("split", self.shape(), axis);
        assert!(
            sizes.iter().sum::<usize>() == self.shape()[axis],
            "split: the lengths {sizes:?} do not add up to axis {axis} of the shape {:?}",
            self.shape()
        );
        let mut part: Vec<SliceInfoElem> = vec![(..).into(); axis + 1];
        let mut start = 0;
        let mut next = |size: &usize| {
            part[axis] = (start..start + size).into();
            start += size;
            self.slice(&part)
        };
        sizes.iter().map(&mut next).collect()
    }

    /// At most `parts` parts of equal length along an axis, the last one shorter where they do not fit; nothing is copied.
    ///
    /// # Panics
    /// Where there is no such axis, or `parts` is zero.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let parts = Tensor::<f32>::arange(7).chunk(3, 0);
    /// assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [3, 3, 1]);
    /// ```
    #[track_caller]
    pub fn chunk(&self, parts: usize, axis: impl IntoAxis) -> Vec<Tensor<T>> {
        let axis = resolve_axis("chunk", self.shape(), axis);
        assert!(parts > 0, "chunk: a tensor can't be cut into zero parts");
        let length = self.shape()[axis];
        let size = length.div_ceil(parts).max(1);
        let sizes: Vec<usize> = (0..length).step_by(size).map(|start| size.min(length - start)).collect();
        self.split(&sizes, axis)
    }

    /// With `value` added around: (before, after) says how often for each axis.
    ///
    /// Derivative: x̄ is the part of ȳ that is not padding.
    ///
    /// # Panics
    /// Unless there is a pair for each axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(x.pad(&[(0, 1), (1, 0)], 9.0), Tensor::from([[9.0, 1.0, 2.0], [9.0, 9.0, 9.0]]));
    /// ```
    #[track_caller]
    pub fn pad(&self, widths: &[(usize, usize)], value: T) -> Tensor<T> {
        assert!(widths.len() == self.rank(), "pad: {} pairs do not fit the shape {:?}", widths.len(), self.shape());
        let lengths = || self.shape().iter().zip(widths);
        let shape: Shape = lengths().map(|(length, (before, after))| before + length + after).collect();
        let part = lengths().map(|(&length, &(before, _))| (before..before + length).into()).collect();
        self.put_at(part, shape, value)
    }

    /// The whole tensor repeated: `times[i]` copies, one after the other, along axis `i`; more numbers than axes add
    /// axes at the front.
    ///
    /// Derivative: x̄ is ȳ summed over the copies.
    ///
    /// # Panics
    /// Where there are fewer numbers than axes.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.repeat(&[2]).to_vec(), [1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(x.repeat(&[2, 1]).shape(), [2, 2]);
    /// ```
    #[track_caller]
    pub fn repeat(&self, times: &[usize]) -> Tensor<T> {
        let Some(lead) = times.len().checked_sub(self.rank()) else {
            panic!("repeat: {times:?} has fewer numbers than the shape {:?} has axes", self.shape())
        };
        // Each axis becomes two, of which the first is broadcast.
        let (mut apart, mut spread, mut shape) = (Shape::new(), Shape::new(), Shape::new());
        for (axis, &times) in times.iter().enumerate() {
            let length = if axis < lead { 1 } else { self.shape()[axis - lead] };
            apart.extend_from_slice(&[1, length]);
            spread.extend_from_slice(&[times, length]);
            shape.push(times * length);
        }
        self.reshape(apart.as_slice()).broadcast_to(spread.as_slice()).reshape(shape.as_slice())
    }

    /// Each element along an axis repeated in its place.
    ///
    /// Derivative: x̄ is ȳ summed over the copies.
    ///
    /// # Panics
    /// Where there is no such axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.repeat_interleave(2, 0).to_vec(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn repeat_interleave(&self, times: usize, axis: impl IntoAxis) -> Tensor<T> {
        let axis = resolve_axis("repeat_interleave", self.shape(), axis);
        let mut spread = Shape::from_slice(self.shape());
        let mut shape = spread.clone();
        spread.insert(axis + 1, times);
        shape[axis] *= times;
        self.unsqueeze(axis + 1).broadcast_to(spread.as_slice()).reshape(shape.as_slice())
    }
}

/// Tensors that are known to fit, joined along an axis; not differentiated.
#[track_caller]
fn join<T: Element>(tensors: &[Tensor<T>], axis: usize) -> Tensor<T> {
    let mut shape = Shape::from_slice(tensors[0].shape());
    shape[axis] = tensors.iter().map(|tensor| tensor.shape()[axis]).sum();
    let outer: usize = shape[..axis].iter().product();
    let inner: usize = shape[axis + 1..].iter().product();
    let dense: Vec<Tensor<T>> = tensors.iter().map(Tensor::contiguous).collect();
    let parts: Vec<(&[T], usize)> = dense.iter().map(|tensor| (tensor.dense(), tensor.shape()[axis] * inner)).collect();
    Tensor::from_dense(copy::side_by_side(&parts, outer), &shape)
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn parts_join_to_what_was_split() {
        let x = Tensor::<i64>::arange(24).reshape((2, 4, 3)).swap_axes(0, 2);
        for axis in 0..3 {
            assert_eq!(Tensor::concat(&x.chunk(2, axis), axis), x);
        }
        let rows: Vec<_> = (0..3).map(|i| x.slice(s![i])).collect();
        assert_eq!(Tensor::stack(&rows, 0), x);
        assert_eq!(Tensor::stack(&rows, 2).shape(), [4, 2, 3]);
        assert_eq!(x.split(&[0, 4], 1)[0].shape(), [3, 0, 2]);
    }

    #[test]
    fn many_narrow_rows_and_long_parts_are_joined() {
        let x = Tensor::<i64>::arange(70_000 * 5).reshape((70_000, 5));
        let parts = x.split(&[1, 0, 1, 3], 1);
        assert_eq!(Tensor::concat(&parts, 1), x);
        assert_eq!(Tensor::concat(&x.t().chunk(5, 0), 0), x.t());
        let columns: Vec<_> = (0..5).map(|i| x.slice(s![.., i])).collect();
        assert_eq!(Tensor::stack(&columns, -1), x);
    }

    #[test]
    fn copies_are_numpys() {
        // numpy.tile([[1, 2], [3, 4]], (2, 1, 2)) and numpy.repeat(…, 2, axis=0)
        let x = Tensor::from([[1, 2], [3, 4]]);
        let tiled = x.repeat(&[2, 1, 2]);
        assert_eq!((tiled.shape(), tiled.to_vec()), (&[2, 2, 4][..], [1, 2, 1, 2, 3, 4, 3, 4].repeat(2)));
        assert_eq!(x.repeat_interleave(2, 0).to_vec(), [1, 2, 1, 2, 3, 4, 3, 4]);
    }

    #[test]
    fn gradients_go_to_where_the_elements_came_from() {
        let (x, y) = (Tensor::from([[1.0], [2.0]]), Tensor::<f64>::zeros((2, 2)));
        let weights = Tensor::<f64>::arange(6).reshape((2, 3));
        let (dx, dy) = gradient(|(x, y)| (Tensor::concat(&[x, y], 1) * &weights).sum(), &(x.clone(), y));
        assert_eq!(dx.get().unwrap().to_vec(), [0.0, 3.0]);
        assert_eq!(dy.get().unwrap().to_vec(), [1.0, 2.0, 4.0, 5.0]);
        let g = gradient(|x| (x.repeat(&[1, 3]) * &weights).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [3.0, 12.0]);
        let g = gradient(|x| (x.pad(&[(0, 0), (1, 1)], 5.0) * &weights).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [1.0, 4.0]);
    }

    #[test]
    #[should_panic(expected = "concat: the shapes [2, 2] and [2, 3] differ in other axes than 0")]
    fn joined_tensors_agree_in_their_other_axes() {
        let _ = Tensor::concat(&[Tensor::<f32>::zeros((2, 2)), Tensor::zeros((2, 3))], 0);
    }

    #[test]
    #[should_panic(expected = "split: the lengths [1, 1] do not add up to axis 0 of the shape [3]")]
    fn parts_make_up_the_whole() {
        Tensor::<f32>::zeros(3).split(&[1, 1], 0);
    }
}
