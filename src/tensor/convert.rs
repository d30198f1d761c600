//! To and from `ndarray`, without copying where the layout allows.

use std::sync::Arc;

use ndarray::{
    Array, Array1, ArrayBase, ArrayD, ArrayView, ArrayViewD, ArrayViewMutD, Axis, Data, Dimension, IxDyn, ShapeBuilder,
    s,
};

use super::{Element, Layout, Shape, Strides, Tensor};
use crate::kernels::block::Block;

impl<T: Element> Tensor<T> {
    /// An `ndarray` view of the elements, whatever their layout; nothing is copied.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.t().view()[[0, 1]], 3.0);
    /// ```
    pub fn view(&self) -> ArrayViewD<'_, T> {
        let Layout { shape, strides, offset } = self.layout();
        if self.is_empty() {
            return ArrayViewD::from_shape(IxDyn(shape), &[])
                .unwrap_or_else(|error| unreachable!("no elements fill an empty shape: {error}"));
        }
        // ndarray builds views from the lowest address with non-negative strides; reversed axes are turned after.
        let mut lowest = *offset;
        for (&length, &stride) in shape.iter().zip(strides) {
            lowest = lowest.wrapping_add_signed(stride.min(0) * (length as isize - 1));
        }
        let steps: Vec<usize> = strides.iter().map(|stride| stride.unsigned_abs()).collect();
        let mut view = ArrayViewD::from_shape(IxDyn(shape).strides(IxDyn(&steps)), &self.storage()[lowest..])
            .unwrap_or_else(|error| unreachable!("a tensor's layout lies within its storage: {error}"));
        for (axis, &stride) in strides.iter().enumerate() {
            if stride < 0 {
                view.invert_axis(Axis(axis));
            }
        }
        view
    }

    /// The elements in row-major order, whatever their layout.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.t().iter().copied().fold(0.0, |sum, x| 10.0 * sum + x), 1324.0);
    /// ```
    pub fn iter(&self) -> ndarray::iter::Iter<'_, T, IxDyn> {
        self.view().into_iter()
    }

    /// An `ndarray` view to write to; shared storage is copied first.
    ///
    /// # Panics
    /// On a tensor that is being differentiated: what is written would escape the gradient.
    #[track_caller]
    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let shape = IxDyn(self.shape());
        ArrayViewMutD::from_shape(shape, self.as_mut_slice())
            .unwrap_or_else(|error| unreachable!("a tensor's slice fills its shape: {error}"))
    }

    /// A copy as an `ndarray` array, in row-major order.
    pub fn to_array(&self) -> ArrayD<T> {
        array(self.to_vec().into(), self.shape())
    }

    /// The tensor as an `ndarray` array; nothing is copied where nobody else holds the storage and it is dense.
    pub fn into_array(self) -> ArrayD<T> {
        if !self.is_sole_owner() {
            return self.to_array();
        }
        let shape = self.layout.shape;
        match Arc::try_unwrap(self.storage) {
            Ok(block) => array(block, &shape),
            Err(shared) => array(shared.to_vec().into(), &shape),
        }
    }
}

fn array<T: Element>(elements: Block<T>, shape: &[usize]) -> ArrayD<T> {
    let len = elements.len();
    let (memory, start) = elements.into_memory();
    Array1::from_vec(memory)
        .slice_move(s![start..start + len])
        .into_shape_with_order(IxDyn(shape))
        .unwrap_or_else(|error| unreachable!("a dense tensor fills its shape: {error}"))
}

impl<T: Element, D: Dimension> From<Array<T, D>> for Tensor<T> {
    /// Takes over the array's memory, whatever its layout.
    fn from(array: Array<T, D>) -> Self {
        let shape = Shape::from_slice(array.shape());
        let strides = Strides::from_slice(array.strides());
        let (len, dense) = (array.len(), array.is_standard_layout());
        let (memory, offset) = array.into_raw_vec_and_offset();
        let offset = offset.unwrap_or(0);
        if dense {
            return Tensor::from_dense(Block::part(memory, offset, len), &shape);
        }
        Tensor::from_layout(memory.into(), Layout { shape, strides, offset })
    }
}

impl<T: Element, S: Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Tensor<T> {
    /// Copies the array's elements.
    fn from(array: &ArrayBase<S, D>) -> Self {
        Tensor::from_dense(array.iter().copied().collect(), array.shape())
    }
}

impl<T: Element, D: Dimension> From<ArrayView<'_, T, D>> for Tensor<T> {
    /// Copies the view's elements.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let array = ndarray::array![[1.0f32, 2.0], [3.0, 4.0]];
    /// assert_eq!(Tensor::from(array.slice(s![.., 0])).to_vec(), [1.0, 3.0]);
    /// ```
    fn from(view: ArrayView<'_, T, D>) -> Self {
        Tensor::from(&view)
    }
}

impl<T: Element> From<Tensor<T>> for ArrayD<T> {
    fn from(tensor: Tensor<T>) -> Self {
        tensor.into_array()
    }
}
