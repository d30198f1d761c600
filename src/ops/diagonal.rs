//! Diagonals of matrices, and what lies on their sides.

use super::shape::last_two;
use crate::autodiff::unary;
use crate::kernels::{copy, pool};
use crate::tensor::{Element, Layout, Shape, Tensor};

impl<T: Element> Tensor<T> {
    /// The diagonal of the last two axes, `offset` places to the right of the main one (to the left of it where negative), as the
    /// last axis of the result; nothing is copied. The trace is `x.diagonal(0).sum_axis(-1)`.
    ///
    /// Derivative: x̄ is ȳ on that diagonal, and zero elsewhere.
    ///
    /// # Panics
    /// Where there are fewer than two axes.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.diagonal(0).to_vec(), [1.0, 5.0]);
    /// assert_eq!(x.diagonal(1).to_vec(), [2.0, 6.0]);
    /// assert_eq!(x.diagonal(-1).to_vec(), [4.0]);
    /// ```
    #[track_caller]
    pub fn diagonal(&self, offset: isize) -> Tensor<T> {
        let _ = last_two("diagonal", self.shape());
        unary(
            self,
            |x| x.with_layout(diagonal_of(x.layout(), offset)),
            |x, _| {
                let shape = Shape::from_slice(x.shape());
                move |g| g.on_diagonal(shape, offset)
            },
        )
    }

    /// Square matrices that have the last axis on a diagonal, `offset` places to the right of the main one (to the left of it where
    /// negative), and zeros elsewhere: `[…, n]` becomes `[…, n + |offset|, n + |offset|]`.
    ///
    /// Derivative: x̄ = ȳ's [`diagonal`](Self::diagonal).
    ///
    /// # Panics
    /// On a scalar.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.diag_embed(0), Tensor::from([[1.0, 0.0], [0.0, 2.0]]));
    /// assert_eq!(x.diag_embed(1), Tensor::from([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]));
    /// ```
    #[track_caller]
    pub fn diag_embed(&self, offset: isize) -> Tensor<T> {
        let mut shape = Shape::from_slice(self.shape());
        let Some(length) = shape.last_mut() else { panic!("diag_embed: a scalar has no axis for a diagonal") };
        *length += offset.unsigned_abs();
        let length = *length;
        shape.push(length);
        self.on_diagonal(shape, offset)
    }

    /// The matrices of the last two axes with zeros above the diagonal `offset` places to the right of the main one (to the left of
    /// it where negative). For causal masks: `Tensor::<bool>::ones((n, n)).tril(0)`.
    ///
    /// Derivative: x̄ = ȳ with the same zeros.
    ///
    /// # Panics
    /// Where there are fewer than two axes.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::ones((2, 3));
    /// assert_eq!(x.tril(0), Tensor::from([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]));
    /// assert_eq!(x.tril(1), Tensor::from([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]));
    /// ```
    #[track_caller]
    pub fn tril(&self, offset: isize) -> Tensor<T> {
        self.keep_places("tril", |row, column| column - row <= offset)
    }

    /// The matrices of the last two axes with zeros below the diagonal `offset` places to the right of the main one (to the left of
    /// it where negative).
    ///
    /// Derivative: x̄ = ȳ with the same zeros.
    ///
    /// # Panics
    /// Where there are fewer than two axes.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::ones((2, 3));
    /// assert_eq!(x.triu(0), Tensor::from([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]));
    /// assert_eq!(x.triu(1), Tensor::from([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]));
    /// ```
    #[track_caller]
    pub fn triu(&self, offset: isize) -> Tensor<T> {
        self.keep_places("triu", |row, column| column - row >= offset)
    }

    /// Zeros where a row and a column of the last two axes are not to be kept.
    #[track_caller]
    fn keep_places(&self, operation: &str, kept: impl Fn(isize, isize) -> bool) -> Tensor<T> {
        let [rows, columns] = last_two(operation, self.shape());
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row as isize, column as isize)));
        let kept = places.map(|(row, column)| kept(row, column)).collect();
        Tensor::from_dense(kept, &[rows, columns]).where_(self, Tensor::scalar(T::default()))
    }

    /// Zeros of a shape, with this tensor on a diagonal; the pullback of [`diagonal`](Self::diagonal), which is its own.
    fn on_diagonal(&self, shape: Shape, offset: isize) -> Tensor<T> {
        let forward = |x: &Tensor<T>| {
            let mut whole = pool::filled(shape.iter().product(), T::default());
            let place = diagonal_of(&Layout::contiguous(&shape), offset);
            copy::update_at(&mut whole, (&place.strides, place.offset), x.strided(), |_, x| x);
            Tensor::from_dense(whole, &shape)
        };
        unary(self, forward, |_, _| move |g| g.diagonal(offset))
    }
}

/// Where a diagonal of the last two axes lies.
fn diagonal_of(layout: &Layout, offset: isize) -> Layout {
    let mut place = layout.clone();
    let (Some(columns), Some(rows)) = (place.shape.pop(), place.shape.pop()) else {
        unreachable!("there are two axes")
    };
    let (Some(right), Some(down)) = (place.strides.pop(), place.strides.pop()) else {
        unreachable!("one for each axis")
    };
    let (row, column) = (offset.min(0).unsigned_abs(), offset.max(0).unsigned_abs());
    let length = rows.saturating_sub(row).min(columns.saturating_sub(column));
    // An empty diagonal may start where no element lies.
    if length > 0 {
        place.offset = place.offset.wrapping_add_signed(down * row as isize + right * column as isize);
    }
    place.shape.push(length);
    place.strides.push(down + right);
    place
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn diagonals_of_batches_and_of_views() {
        let x = Tensor::<i64>::arange(12).reshape((2, 2, 3));
        assert_eq!(x.diagonal(1), Tensor::from([[1, 5], [7, 11]]));
        assert_eq!(x.t().diagonal(-1), x.diagonal(1));
        assert_eq!(x.flip(-1).diagonal(0), Tensor::from([[2, 4], [8, 10]]));
        assert!(std::ptr::eq(x.diagonal(0).storage(), x.storage()));
        for offset in [3, -2, 100, -100] {
            assert_eq!(x.diagonal(offset).shape(), [2, 0], "{offset}");
        }
        assert_eq!(Tensor::from([1, 2]).diag_embed(-1).to_vec(), [0, 0, 0, 1, 0, 0, 0, 2, 0]);
        assert_eq!(Tensor::<f32>::zeros((3, 0)).diag_embed(0).shape(), [3, 0, 0]);
    }

    #[test]
    fn triangles_leave_out_what_is_not_finite() {
        // numpy.tril, numpy.triu of [[1, nan], [inf, 4]]
        let x = Tensor::from([[1.0f64, f64::NAN], [f64::INFINITY, 4.0]]);
        assert_eq!(x.tril(0), Tensor::from([[1.0, 0.0], [f64::INFINITY, 4.0]]));
        assert_eq!(x.triu(1).t().triu(0).to_vec(), [0.0; 4]);
        let causal = Tensor::<bool>::ones((3, 3)).tril(0);
        assert_eq!(causal.cast::<f32>().sum_axis(1).to_vec(), [1.0, 2.0, 3.0]);
        let g = gradient(|x| x.tril(0).diagonal(0).sum(), &x);
        assert_eq!(g.get().unwrap(), &Tensor::eye(2));
    }

    #[test]
    #[should_panic(expected = "tril: the shape [3] has no two axes")]
    fn a_vector_has_no_triangle() {
        let _ = Tensor::<f32>::zeros(3).tril(0);
    }
}
