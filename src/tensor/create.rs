//! Making tensors: constants, ranges, random numbers, nested arrays.

use ndarray::{Dimension, IntoDimension};
use ndarray_rand::rand::Rng;
use ndarray_rand::rand::distr::Distribution;
use ndarray_rand::rand_distr::StandardNormal;
use std::ops::Range;

use super::{Element, Float, Layout, Tensor};
use crate::kernels::block::Block;
use crate::kernels::pool;

impl<T: Element> Tensor<T> {
    /// A tensor of no axes that holds one value.
    pub fn scalar(value: T) -> Self {
        Tensor::from_dense(pool::filled(1, value), &[])
    }

    /// Every element is `value`; takes no memory but that of one element.
    ///
    /// `shape` is what `ndarray` takes for one: `()`, `3`, `(2, 3)`, `[2, 3]`, a slice or a `Vec`.
    pub fn full(shape: impl IntoDimension, value: T) -> Self {
        let shape = shape.into_dimension();
        Tensor::from_layout(pool::filled(1, value), Layout::repeating(shape.slice()))
    }

    /// All zeros (`false` for `bool`).
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::zeros((2, 3));
    /// assert_eq!(x.to_vec(), [0.0; 6]);
    /// ```
    pub fn zeros(shape: impl IntoDimension) -> Self {
        let shape = shape.into_dimension();
        Tensor::from_dense(Block::zeros(shape.size()), shape.slice())
    }

    /// All ones (`true` for `bool`).
    pub fn ones(shape: impl IntoDimension) -> Self {
        let shape = shape.into_dimension();
        Tensor::from_dense(pool::filled(shape.size(), T::from_f64(1.0)), shape.slice())
    }

    /// Zeros of the shape of another tensor.
    pub fn zeros_like<U: Element>(other: &Tensor<U>) -> Self {
        Tensor::zeros(other.shape())
    }

    /// Ones of the shape of another tensor.
    pub fn ones_like<U: Element>(other: &Tensor<U>) -> Self {
        Tensor::ones(other.shape())
    }

    /// The `n`×`n` identity matrix.
    pub fn eye(n: usize) -> Self {
        let mut data = Block::zeros(n * n);
        data.iter_mut().step_by(n + 1).for_each(|x| *x = T::from_f64(1.0));
        Tensor::from_dense(data, &[n, n])
    }

    /// `0, 1, …, n − 1`.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// assert_eq!(Tensor::<i64>::arange(4).to_vec(), [0, 1, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// Where `n − 1` is too large for the type.
    #[track_caller]
    pub fn arange(n: usize) -> Self {
        let last = n.saturating_sub(1) as f64;
        // Integers saturate; an f32 only rounds.
        let lost = last - T::from_f64(last).to_f64();
        assert!(lost <= last * f64::from(f32::EPSILON), "arange: {last} is too large for {}", T::NAME);
        Tensor::from_dense((0..n).map(|i| T::from_f64(i as f64)).collect(), &[n])
    }

    /// Elements in row-major order, in the given shape.
    ///
    /// # Panics
    /// Where the shape has another number of elements.
    #[track_caller]
    pub fn from_vec(data: Vec<T>, shape: impl IntoDimension) -> Self {
        let shape = shape.into_dimension();
        assert!(
            data.len() == shape.size(),
            "from_vec: {} elements do not fill the shape {:?}, which has {}",
            data.len(),
            shape.slice(),
            shape.size()
        );
        Tensor::from_dense(data.into(), shape.slice())
    }
}

impl<T: Float> Tensor<T> {
    /// `count` numbers from `start` to `end`, both included, evenly spaced.
    pub fn linspace(start: T, end: T, count: usize) -> Self {
        let (from, to) = (start.to_f64(), end.to_f64());
        let step = (to - from) / (count.max(2) - 1) as f64;
        let at = |i: usize| if i > 0 && i + 1 == count { to } else { from + step * i as f64 };
        Tensor::from_dense((0..count).map(|i| T::from_f64(at(i))).collect(), &[count])
    }

    /// Random numbers, uniform over a range that excludes its end.
    ///
    /// # Panics
    /// Where the range is empty or not finite.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let mut rng = StdRng::seed_from_u64(0);
    /// let x: Tensor = Tensor::uniform((10, 1), -5.0..5.0, &mut rng);
    /// assert!(x.to_vec().iter().all(|x| (-5.0..5.0).contains(x)));
    /// ```
    #[track_caller]
    pub fn uniform(shape: impl IntoDimension, range: Range<T>, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(
            range.start < range.end && range.start.is_finite() && range.end.is_finite(),
            "uniform: {}..{} is not a range of finite numbers",
            range.start,
            range.end
        );
        let shape = shape.into_dimension();
        Tensor::from_dense(uniform(shape.size(), range, rng), shape.slice())
    }

    /// Random numbers from the normal distribution.
    ///
    /// # Panics
    /// Where the deviation is negative or NaN.
    #[track_caller]
    pub fn normal(shape: impl IntoDimension, mean: T, deviation: T, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(deviation >= T::zero(), "normal: {deviation} is no standard deviation");
        let shape = shape.into_dimension();
        Tensor::from_dense(normal(shape.size(), mean, deviation, rng), shape.slice())
    }
}

#[inline(never)]
fn uniform<T: Float>(count: usize, range: Range<T>, rng: &mut (impl Rng + ?Sized)) -> Block<T> {
    (0..count).map(|_| rng.random_range(range.clone())).collect()
}

/// Drawn in `f64` for every type, so that tensors of one seed agree.
#[inline(never)]
fn normal<T: Float>(count: usize, mean: T, deviation: T, rng: &mut (impl Rng + ?Sized)) -> Block<T> {
    let mut draw = || -> f64 { StandardNormal.sample(rng) };
    (0..count).map(|_| T::from_f64(draw()) * deviation + mean).collect()
}

/// Nested arrays and vectors that become a tensor: `[1.0, 2.0]`, `[[1, 2], [3, 4]]`, `vec![…]`.
pub trait IntoTensor<T: Element>: Sized {
    /// Appends the elements to `data`, and returns their shape.
    ///
    /// # Panics
    /// Where rows have different shapes.
    #[track_caller]
    fn append_to(self, data: &mut Vec<T>) -> Vec<usize>;

    /// The tensor of the same elements and shape.
    ///
    /// # Panics
    /// Where rows have different shapes.
    #[track_caller]
    fn into_tensor(self) -> Tensor<T> {
        let mut data = vec![];
        let shape = self.append_to(&mut data);
        Tensor::from_dense(data.into(), &shape)
    }
}

impl<T: Element> IntoTensor<T> for T {
    fn append_to(self, data: &mut Vec<T>) -> Vec<usize> {
        data.push(self);
        vec![]
    }
}

impl<T: Element, X: IntoTensor<T>, const N: usize> IntoTensor<T> for [X; N] {
    #[track_caller]
    fn append_to(self, data: &mut Vec<T>) -> Vec<usize> {
        append_rows(self.into_iter(), data)
    }
}

impl<T: Element, X: IntoTensor<T>> IntoTensor<T> for Vec<X> {
    #[track_caller]
    fn append_to(self, data: &mut Vec<T>) -> Vec<usize> {
        append_rows(self.into_iter(), data)
    }
}

#[track_caller]
fn append_rows<T: Element, X: IntoTensor<T>>(
    mut rows: impl ExactSizeIterator<Item = X>,
    data: &mut Vec<T>,
) -> Vec<usize> {
    let count = rows.len();
    let Some(first) = rows.next() else { return vec![0] };
    let before = data.len();
    let shape = first.append_to(data);
    data.reserve((data.len() - before) * (count - 1));
    for (i, row) in (1..).zip(rows) {
        let row = row.append_to(data);
        assert!(row == shape, "from: row {i} has the shape {row:?}, row 0 has {shape:?}");
    }
    std::iter::once(count).chain(shape).collect()
}

impl<T: Element, X: IntoTensor<T>, const N: usize> From<[X; N]> for Tensor<T> {
    #[track_caller]
    fn from(array: [X; N]) -> Self {
        array.into_tensor()
    }
}

impl<T: Element, X: IntoTensor<T>> From<Vec<X>> for Tensor<T> {
    #[track_caller]
    fn from(rows: Vec<X>) -> Self {
        rows.into_tensor()
    }
}

impl<T: Element> From<T> for Tensor<T> {
    fn from(value: T) -> Self {
        Tensor::scalar(value)
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn nested_rows_keep_their_order_and_shape() {
        let x = Tensor::<i64>::from(vec![[vec![1, 2, 3], vec![4, 5, 6]]; 4]);
        assert_eq!((x.shape(), &x.to_vec()[5..8]), (&[4, 2, 3][..], &[6, 1, 2][..]));
        assert_eq!(Tensor::<f32>::from(vec![Vec::<f32>::new(); 2]).shape(), [2, 0]);
        assert_eq!(Tensor::<f32>::from(Vec::<f32>::new()), Tensor::default());
    }

    #[test]
    #[should_panic(expected = "from: row 1 has the shape [3], row 0 has [2]")]
    fn rows_are_as_long_as_each_other() {
        let _ = Tensor::<f32>::from(vec![vec![1.0, 2.0], vec![1.0; 3]]);
    }

    #[test]
    fn ranges_reach_the_largest_number_of_their_type() {
        assert_eq!(Tensor::<u8>::arange(256)[[255]], 255);
        assert_eq!(Tensor::<f32>::arange((1 << 24) + 2).len(), (1 << 24) + 2);
    }

    #[test]
    #[should_panic(expected = "arange: 256 is too large for u8")]
    fn a_range_beyond_its_type_panics() {
        let _ = Tensor::<u8>::arange(257);
    }
}
