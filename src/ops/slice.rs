//! Parts of a tensor, named with `ndarray`'s `s![]`, and the scatter that is their pullback.

use std::sync::Arc;

use ndarray::SliceInfoElem;

use crate::autodiff::{accumulating, unary};
use crate::kernels::block::Block;
use crate::kernels::{copy, pool, threads};
use crate::tensor::{AnyTensor, Element, Float, Layout, Shape, Strides, Tensor};

impl<T: Element> Tensor<T> {
    /// A part of the tensor, named with `ndarray`'s `s![]`; nothing is copied.
    ///
    /// For each axis: a range, with a step if wanted (`1..`, `..-1`, `..;2`; a negative step walks the same range from
    /// its end), or an index, which drops the axis; negative numbers count from the end. `NewAxis` adds an axis of
    /// length one. Axes that are not mentioned at the end stay whole.
    ///
    /// Derivative: x̄ is ȳ at the part's place and zero elsewhere.
    ///
    /// # Panics
    /// Where an index or range lies outside its axis, a step is zero, or there are more entries than axes.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.slice(s![.., 1..]), Tensor::from([[2.0, 3.0], [5.0, 6.0]]));
    /// assert_eq!(x.slice(s![-1, ..;-1]).to_vec(), [6.0, 5.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn slice(&self, part: impl AsRef<[SliceInfoElem]>) -> Tensor<T> {
        let layout = part_layout(self.layout(), part.as_ref());
        let forward = |x: &Tensor<T>| x.with_layout(layout);
        if !self.is_traced() {
            return forward(self);
        }
        let (part, shape): (Arc<[_]>, _) = (Arc::from(part.as_ref()), Shape::from_slice(self.shape()));
        let place = part.clone();
        let whole = move |g: Tensor<T>| g.put_at(place, shape, T::default());
        accumulating(self, forward, whole, move |sum, g| add_at(sum, &part, g))
    }

    /// A tensor of the given shape with this one at a part of it and `fill` elsewhere; the pullback is the slice.
    #[inline(never)]
    pub(super) fn put_at(&self, part: Arc<[SliceInfoElem]>, shape: Shape, fill: T) -> Tensor<T> {
        let forward = |x: &Tensor<T>| {
            let (place, len) = (part_layout(&Layout::contiguous(&shape), &part), shape.iter().product());
            if place.is_contiguous() {
                return Tensor::from_dense(between(x.contiguous().dense(), place.offset, len, fill), &shape);
            }
            let mut whole = pool::filled(len, fill);
            copy::update_at(&mut whole, (&place.strides, place.offset), x.strided(), |_, x| x);
            Tensor::from_dense(whole, &shape)
        };
        unary(self, forward, |_, _| {
            let part = part.clone();
            move |g| g.slice(part)
        })
    }
}

/// `len` elements: `x` from number `start` on, and `fill` before and after.
fn between<T: Element>(x: &[T], start: usize, len: usize, fill: T) -> Block<T> {
    let mut whole = pool::buffer(len);
    let (before, rest) = whole.split_at_mut(start.min(len));
    let (here, after) = rest.split_at_mut(x.len());
    before.fill(fill);
    after.fill(fill);
    threads::for_row_chunks(here, 1, 1, |first, here| here.copy_from_slice(&x[first..][..here.len()]));
    whole
}

/// `sum` with `g` added to a part of it, in place where nobody else holds `sum`.
fn add_at<T: Element>(sum: Tensor<T>, part: &[SliceInfoElem], g: Tensor<T>) -> Tensor<T> {
    fn add<T: Float>(mut sum: Tensor<T>, part: &[SliceInfoElem], g: Tensor<T>) -> Tensor<T> {
        let place = part_layout(&Layout::contiguous(sum.shape()), part);
        copy::update_at(sum.as_mut_slice(), (&place.strides, place.offset), g.strided(), |sum, g| sum + g);
        sum
    }
    AnyTensor::of_two_watched(sum, g, |sum, g| add(sum, part, g), |sum, g| add(sum, part, g))
}

#[track_caller]
fn part_layout(layout: &Layout, part: &[SliceInfoElem]) -> Layout {
    let entries = part.iter().filter(|entry| !entry.is_new_axis()).count();
    assert!(
        entries <= layout.rank(),
        "slice: {entries} entries are more than the axes of the shape {:?}",
        layout.shape.as_slice()
    );
    let mut result = Layout { shape: Shape::new(), strides: Strides::new(), offset: layout.offset };
    let mut axis = 0;
    for entry in part {
        let (first, count, step) = match *entry {
            SliceInfoElem::NewAxis => {
                result.shape.push(1);
                result.strides.push(0);
                continue;
            }
            SliceInfoElem::Index(index) => (position(layout, axis, index, 0), None, 0),
            SliceInfoElem::Slice { start, end, step } => {
                assert!(step != 0, "slice: the step is zero for axis {axis}");
                let start = position(layout, axis, start, 1);
                let end = match end {
                    Some(end) => position(layout, axis, end, 1),
                    None => layout.shape[axis],
                };
                let count = end.saturating_sub(start).div_ceil(step.unsigned_abs());
                (if step < 0 { end.max(start + 1) - 1 } else { start }, Some(count), step)
            }
        };
        // An empty part may start beyond the end, where no element lies.
        if count != Some(0) {
            result.offset = result.offset.wrapping_add_signed(layout.strides[axis] * first as isize);
        }
        if let Some(count) = count {
            result.shape.push(count);
            result.strides.push(layout.strides[axis] * step);
        }
        axis += 1;
    }
    result.shape.extend_from_slice(&layout.shape[axis..]);
    result.strides.extend_from_slice(&layout.strides[axis..]);
    result
}

/// An index that may count from the end, as one that does not; at most `beyond` past the last element.
#[track_caller]
fn position(layout: &Layout, axis: usize, index: isize, beyond: usize) -> usize {
    let length = layout.shape[axis];
    let position = if index < 0 { length.checked_add_signed(index) } else { Some(index as usize) };
    match position {
        Some(position) if position < length + beyond => position,
        _ => panic!("slice: {index} lies outside axis {axis} of the shape {:?}", layout.shape.as_slice()),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{NewAxis, SliceInfoElem};

    use crate::prelude::*;

    #[test]
    fn parts_are_ndarrays() {
        let x = Tensor::<i64>::arange(24).reshape((2, 3, 4));
        let array = x.to_array();
        let same = |part: &[SliceInfoElem]| {
            let (ours, theirs) = (x.slice(part), array.slice(part));
            assert_eq!((ours.shape(), ours.to_vec()), (theirs.shape(), theirs.iter().copied().collect()), "{part:?}");
            assert!(std::ptr::eq(ours.storage(), x.storage()));
        };
        same(s![.., 1.., ..].as_ref());
        same(s![-1, .., ..;2].as_ref());
        same(s![.., 0..2;-1, 1..4;-2].as_ref());
        same(s![NewAxis, 1, NewAxis, .., -3..-1].as_ref());
        same(s![2.., 3..;-1, 4..4].as_ref());
        assert_eq!(x.slice(s![1, 2]).to_vec(), [20, 21, 22, 23]);
    }

    #[test]
    fn gradients_are_scattered() {
        let x = Tensor::<f64>::arange(6).reshape((2, 3));
        let g = gradient(|x| (x.slice(s![1, ..;-2]) * Tensor::from([10.0, 1.0])).sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [0.0, 0.0, 0.0, 1.0, 0.0, 10.0]);
        // d/dx Σ (∂/∂x Σ x₁³)₁² = d/dx (3x₁²)² = 36 x₁³ (with x₁ = 2)
        let inner = |x: &Tensor<f64>| gradient(|x| (x.slice(s![0, 2]) * x.slice(s![0, 2]).square()).sum(), x);
        let g = gradient(|x| inner(x).get().unwrap().square().sum(), &x);
        assert_eq!(g.get().unwrap().to_vec(), [0.0, 0.0, 288.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "slice: 3 lies outside axis 1 of the shape [2, 3]")]
    fn an_index_lies_within_its_axis() {
        let _ = Tensor::<f32>::zeros((2, 3)).slice(s![.., 3]);
    }

    #[test]
    #[should_panic(expected = "slice: -4 lies outside axis 1 of the shape [2, 3]")]
    fn a_range_lies_within_its_axis() {
        let _ = Tensor::<f32>::zeros((2, 3)).slice(s![.., -4..]);
    }
}
