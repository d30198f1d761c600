//! Matrix products by NumPy's rules.

use smallvec::SmallVec;

use super::broadcast::expanded;
use crate::autodiff::binary;
use crate::kernels::matmul::{Matrix, Sizes, matmul};
use crate::kernels::pool;
use crate::kernels::strided::Lines;
use crate::tensor::{Float, Shape, Tensor, broadcast_shapes};

impl<T: Float> Tensor<T> {
    /// The matrix product, by NumPy's rules.
    ///
    /// The last two axes are the matrices, all before them a batch, which broadcasts. A vector on the left is a row,
    /// a vector on the right a column, and that axis is not in the result: two vectors give a scalar. Transposed and
    /// otherwise strided matrices are read where they lie.
    ///
    /// Derivative: x̄ = ȳ · wᵀ and w̄ = xᵀ · ȳ, summed over the axes along which the operand was broadcast.
    ///
    /// # Panics
    /// Where an operand is a scalar, the inner lengths differ, or the batch axes do not broadcast together.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let v: Tensor = Tensor::from([1.0, 10.0]);
    /// assert_eq!(x.matmul(&x.t()), Tensor::from([[5.0, 11.0], [11.0, 25.0]]));
    /// assert_eq!(x.matmul(&v).to_vec(), [21.0, 43.0]);
    /// assert_eq!(v.matmul(&v).item(), 101.0);
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Tensor<T>) -> Tensor<T> {
        let (x, w) = (self.shape(), other.shape());
        assert!(!x.is_empty() && !w.is_empty(), "matmul: the shapes {x:?} and {w:?} must have an axis at least");
        let inner = (x[x.len() - 1], w[w.len().saturating_sub(2)]);
        assert!(inner.0 == inner.1, "matmul: the inner lengths of the shapes {x:?} and {w:?} differ");
        assert!(
            broadcast_shapes(batch(x), batch(w)).is_some(),
            "matmul: the batch axes of the shapes {x:?} and {w:?} do not broadcast together"
        );
        match (x.len(), w.len()) {
            (1, 1) => matrix_product(&self.unsqueeze(0), &other.unsqueeze(1)).reshape(()),
            (1, rank) => matrix_product(&self.unsqueeze(0), other).squeeze(rank - 2),
            (rank, 1) => matrix_product(self, &other.unsqueeze(1)).squeeze(rank - 1),
            _ => matrix_product(self, other),
        }
    }
}

/// The axes before the matrix.
fn batch(shape: &[usize]) -> &[usize] {
    &shape[..shape.len().saturating_sub(2)]
}

/// The products of matrices that are known to fit.
#[inline(never)]
#[track_caller]
pub(super) fn matrix_product<T: Float>(x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    if x.rank() > 2 && w.rank() == 2 {
        // One tall product forward, and back too: so w̄ needs no sum over a batch of products.
        let (k, n) = (w.shape()[0], w.shape()[1]);
        let mut shape = Shape::from_slice(x.shape());
        shape[x.rank() - 1] = n;
        let rows: usize = x.shape()[..x.rank() - 1].iter().product();
        return matrix_product(&x.reshape((rows, k)), w).reshape(shape.as_slice());
    }
    binary(x, w, multiply, |x, w, _| {
        let (xt, wt) = (x.t(), w.t());
        let (xs, ws) = (Shape::from_slice(x.shape()), Shape::from_slice(w.shape()));
        (
            move |g: &Tensor<T>| matrix_product(g, &wt).sum_to(xs.as_slice()),
            move |g: &Tensor<T>| matrix_product(&xt, g).sum_to(ws.as_slice()),
        )
    })
}

/// The products themselves, not differentiated.
#[inline(never)]
#[track_caller]
fn multiply<T: Float>(x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    let (x_matrix, w_matrix) = (x.rank() - 2, w.rank() - 2);
    let sizes = Sizes { m: x.shape()[x_matrix], k: x.shape()[x_matrix + 1], n: w.shape()[w_matrix + 1] };
    let Some(mut shape) = broadcast_shapes(batch(x.shape()), batch(w.shape())) else {
        unreachable!("the batch axes of {:?} and {:?} were found to broadcast", x.shape(), w.shape())
    };
    let spread = |operand: &Tensor<T>, matrix: usize| {
        let mut whole = shape.clone();
        whole.extend_from_slice(&operand.shape()[matrix..]);
        expanded(operand, &whole)
    };
    let (x, w) = (spread(x, x_matrix), spread(w, w_matrix));
    let (x, w) = (matrices(&x), matrices(&w));
    shape.extend_from_slice(&[sizes.m, sizes.n]);
    let mut out = pool::buffer(shape.iter().product());
    matmul(&mut out, sizes, None, |i| (x[i], w[i]));
    Tensor::from_dense(out, &shape)
}

/// The matrix of the tensor's last two axes that starts at the offset.
pub(super) fn matrix<T: Float>(tensor: &Tensor<T>, offset: usize) -> Matrix<'_, T> {
    let (row, col) = (tensor.rank() - 2, tensor.rank() - 1);
    let strides = &tensor.layout().strides;
    Matrix { data: tensor.storage(), offset, row_stride: strides[row], col_stride: strides[col] }
}

/// The matrices of the tensor's last two axes, in row-major order of those before.
pub(super) fn matrices<T: Float>(tensor: &Tensor<T>) -> SmallVec<[Matrix<'_, T>; 1]> {
    let (batch, layout) = (tensor.rank() - 2, tensor.layout());
    let lines = Lines::new(&layout.shape[..batch], [&layout.strides[..batch]], [layout.offset]);
    let mut matrices = SmallVec::new();
    lines.for_each(0, lines.count, |[start]| {
        let starts = (0..lines.length as isize).map(|i| start.wrapping_add_signed(lines.strides[0] * i));
        matrices.extend(starts.map(|start| matrix(tensor, start)));
    });
    matrices
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn a_linear_layer_differentiates() {
        // mithril models_directed_test.json test_linear_2: x = [1,2,3,4]ᵀ, w = 0.1, b = 0.1, cotangent x.
        let x = Tensor::from([[1.0f64], [2.0], [3.0], [4.0]]);
        let (w, b) = (Tensor::from([[0.1]]), Tensor::from([0.1]));
        let (_, back) = pullback(|((x, w), b)| x.matmul(w) + b, &((x.clone(), w), b));
        let ((dx, dw), db) = back(&x);
        assert_eq!(dx.get().unwrap(), &(&x * 0.1));
        assert_eq!((dw.get().unwrap().item(), db.get().unwrap().item()), (30.0, 10.0));
    }

    #[test]
    fn a_shared_weight_takes_one_product_for_its_gradient() {
        // Closed form: for the sum of x·w, w̄ repeats the column sums of x and x̄ the row sums of w.
        let (x, w) = (Tensor::<f64>::arange(12).reshape((2, 3, 2)), Tensor::<f64>::arange(4).reshape((2, 2)));
        let (dx, dw) = gradient(|(x, w)| x.matmul(w).sum(), &(x, w));
        assert_eq!(dw.get().unwrap().to_vec(), [30.0, 30.0, 36.0, 36.0]);
        assert_eq!(dx.get().unwrap().to_vec(), [1.0, 5.0].repeat(6));
    }

    #[test]
    fn vectors_and_batches_have_numpys_shapes() {
        let of = |shape: &[usize]| Tensor::<f32>::ones(shape);
        // numpy.matmul(a, b).shape
        for (a, b, c) in [
            (&[3][..], &[3][..], &[][..]),
            (&[3], &[5, 3, 2], &[5, 2]),
            (&[5, 2, 3], &[3], &[5, 2]),
            (&[4, 1, 2, 3], &[5, 3, 6], &[4, 5, 2, 6]),
            (&[2, 3], &[5, 3, 2], &[5, 2, 2]),
            (&[0, 2, 3], &[3, 2], &[0, 2, 2]),
            (&[2, 0], &[0, 2], &[2, 2]),
        ] {
            let product = of(a).matmul(&of(b));
            assert_eq!(product.shape(), c, "{a:?} · {b:?}");
            assert!(product.to_vec().iter().all(|&x| x == a[a.len() - 1] as f32));
        }
    }

    #[test]
    #[should_panic(expected = "matmul: the inner lengths of the shapes [2, 3] and [2, 3] differ")]
    fn inner_lengths_agree() {
        let _ = Tensor::<f32>::ones((2, 3)).matmul(&Tensor::ones((2, 3)));
    }

    #[test]
    #[should_panic(expected = "matmul: the batch axes of the shapes [2, 1, 1] and [3, 1, 1] do not broadcast")]
    fn batches_broadcast() {
        let _ = Tensor::<f32>::ones((2, 1, 1)).matmul(&Tensor::ones((3, 1, 1)));
    }
}
