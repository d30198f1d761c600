//! Broadcasting and its transpose, each the other's pullback.

use ndarray::Dimension;
use ndarray::IntoDimension;
use smallvec::SmallVec;

use crate::autodiff::unary;
use crate::kernels::{dot, elementwise, reduce};
use crate::tensor::{AnyTensor, Element, Float, Shape, Tensor, broadcast_shapes, list};

impl<T: Element> Tensor<T> {
    /// The elements repeated along new leading axes and axes of length one, by NumPy's rules; nothing is copied.
    ///
    /// Derivative: x̄ = ȳ summed over the repeated axes ([`sum_to`](Self::sum_to)).
    ///
    /// # Panics
    /// Where the shapes do not fit.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0], [2.0]]);
    /// assert_eq!(x.broadcast_to((2, 3)).to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl IntoDimension) -> Tensor<T> {
        let shape = shape.into_dimension();
        let Some(layout) = self.layout().broadcast(shape.slice()) else {
            panic!("broadcast_to: the shape {:?} does not broadcast to {:?}", self.shape(), shape.slice())
        };
        if layout.shape == self.layout().shape {
            return self.clone();
        }
        unary(
            self,
            |x| x.with_layout(layout),
            |x, _| {
                let shape = Shape::from_slice(x.shape());
                move |g| sum_back(g, &shape)
            },
        )
    }
}

/// [`sum_to`](Tensor::sum_to) for a cotangent, which is of a type that differentiates.
#[track_caller]
fn sum_back<T: Element>(cotangent: Tensor<T>, shape: &[usize]) -> Tensor<T> {
    AnyTensor::of_watched(cotangent, |g| g.sum_to(shape), |g| g.sum_to(shape))
}

impl<T: Float> Tensor<T> {
    /// Summed over the axes along which `shape` would be broadcast to this tensor's shape.
    ///
    /// Derivative: x̄ = ȳ broadcast back ([`broadcast_to`](Self::broadcast_to)).
    ///
    /// # Panics
    /// Where `shape` does not broadcast to this tensor's shape.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_to((2, 1)).to_vec(), [3.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn sum_to(&self, shape: impl IntoDimension) -> Tensor<T> {
        self.clone().summed_to(shape.into_dimension().slice())
    }

    /// [`sum_to`](Self::sum_to), of a tensor that is handed on as it is where it has the shape.
    #[track_caller]
    pub(super) fn summed_to(self, shape: &[usize]) -> Tensor<T> {
        if shape == self.shape() {
            return self;
        }
        let lead = self.rank().checked_sub(shape.len());
        let keep: Option<SmallVec<[bool; 4]>> = lead.and_then(|lead| {
            let fits = |axis: usize| match (self.shape()[axis], axis.checked_sub(lead).map(|axis| shape[axis])) {
                (from, Some(to)) if from == to => Some(true),
                (_, None | Some(1)) => Some(false),
                _ => None,
            };
            (0..self.rank()).map(fits).collect()
        });
        let Some(keep) = keep else { panic!("sum_to: the shape {:?} does not broadcast to {:?}", shape, self.shape()) };
        unary(
            &self,
            |x| Tensor::from_dense(reduce::sums(x.strided(), &keep), shape),
            |x, _| {
                let shape = Shape::from_slice(x.shape());
                move |g| g.broadcast_to(shape.as_slice())
            },
        )
    }
}

/// g · y summed to a shape, as the way back of a product needs it; without the products in memory where whole rows or columns of
/// them are summed and no outer gradient watches.
#[track_caller]
pub(super) fn product_summed_to<T: Float>(g: &Tensor<T>, y: &Tensor<T>, shape: &[usize]) -> Tensor<T> {
    let plain = || (g * y).summed_to(shape);
    let full = g.shape();
    if shape == full || y.shape() != full || g.is_empty() || g.is_traced() || y.is_traced() {
        return plain();
    }
    let (Some(g), Some(y), Some(lead)) = (g.as_slice(), y.as_slice(), full.len().checked_sub(shape.len())) else {
        return plain();
    };
    let stays = |axis: &usize| *axis >= lead && shape[axis - lead] == full[*axis];
    let first = (0..full.len()).take_while(stays).count();
    let last = (0..full.len()).rev().take_while(stays).count();
    let sums = if shape.iter().skip(first.saturating_sub(lead)).all(|&length| length == 1) {
        dot::row_dots(g, y, full[first..].iter().product())
    } else if shape.iter().rev().skip(last).all(|&length| length == 1) {
        dot::column_dots(g, y, full[full.len() - last..].iter().product())
    } else {
        return plain();
    };
    Tensor::from_dense(sums, shape)
}

/// The shape that both operands broadcast to; panics where there is none.
#[track_caller]
pub(crate) fn common_shape<A: Element, B: Element>(operation: &str, a: &Tensor<A>, b: &Tensor<B>) -> Shape {
    match broadcast_shapes(a.shape(), b.shape()) {
        Some(shape) => shape,
        None => panic!("{operation}: the shapes {:?} and {:?} do not broadcast together", a.shape(), b.shape()),
    }
}

/// `f` of every pair of elements of two tensors that are known to broadcast to `shape`; not differentiated.
#[inline(never)]
pub(crate) fn zip_over<A: Element, B: Element, U: Element>(
    shape: &[usize],
    a: &Tensor<A>,
    b: &Tensor<B>,
    f: impl Fn(A, B) -> U + Copy + Sync,
) -> Tensor<U> {
    zip_blocks_over(shape, a, b, &elementwise::each_pair(f))
}

fn zip_blocks_over<A: Element, B: Element, U: Element>(
    shape: &[usize],
    a: &Tensor<A>,
    b: &Tensor<B>,
    each: &elementwise::EachPair<'_, A, B, U>,
) -> Tensor<U> {
    if a.shape() == shape && b.shape() == shape {
        return Tensor::from_dense(elementwise::zip(a.strided(), b.strided(), each), shape);
    }
    let (Some(a_layout), Some(b_layout)) = (a.layout().broadcast(shape), b.layout().broadcast(shape)) else {
        unreachable!("the shapes {:?} and {:?} were found to broadcast to {shape:?}", a.shape(), b.shape())
    };
    Tensor::from_dense(elementwise::zip(a_layout.of(a.storage()), b_layout.of(b.storage()), each), shape)
}

/// The shapes of both operands, to which a pullback sums its cotangents.
pub(super) fn shapes<T: Element>(x: &Tensor<T>, y: &Tensor<T>) -> (Shape, Shape) {
    (list(x.shape()), list(y.shape()))
}

/// The tensor broadcast to a shape that it is known to fit; not differentiated.
pub(crate) fn expanded<T: Element>(x: &Tensor<T>, shape: &[usize]) -> Tensor<T> {
    match x.layout().broadcast(shape) {
        Some(layout) => x.with_layout(layout),
        None => unreachable!("the shape {:?} was found to broadcast to {shape:?}", x.shape()),
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn a_factors_gradient_is_the_sum_of_products_wherever_it_was_repeated() {
        // Against products in memory, summed afterwards.
        let cases: [(&[usize], &[&[usize]]); 5] = [
            (
                &[6, 5, 7],
                &[&[], &[1], &[7], &[5, 7], &[6, 1, 1], &[6, 5, 1], &[6, 1, 7], &[1, 5, 1], &[5, 1], &[1, 1, 7]],
            ),
            (&[70, 130], &[&[], &[130], &[70, 1]]),
            (&[9000, 3], &[&[], &[3], &[9000, 1]]),
            (&[2, 70_000], &[&[], &[70_000], &[2, 1]]),
            (&[3, 0], &[&[], &[3, 1], &[1, 1]]),
        ];
        let mut rng = StdRng::seed_from_u64(5);
        for (full, shapes) in cases {
            let [x, g] = [0, 1].map(|_| Tensor::<f64>::normal(full, 0.0, 1.0, &mut rng));
            let backwards = Tensor::<f64>::normal(full.iter().rev().copied().collect::<Vec<_>>(), 0.0, 1.0, &mut rng);
            for &shape in shapes {
                let factor = Tensor::normal(shape, 0.0, 1.0, &mut rng);
                for x in [x.clone(), backwards.permute(&(0..full.len()).rev().collect::<Vec<_>>())] {
                    let (_, back) = pullback(|factor| factor * &x, &factor);
                    let (grad, expected) = (back(&g), (&g * &x).sum_to(shape));
                    let error = (grad.get().unwrap() - &expected).norm().item();
                    assert!(error <= 1e-13 * (g.norm() * x.norm()).item(), "{shape:?} of {full:?}: {error}");
                    assert_eq!(grad.get().unwrap().shape(), shape);
                }
            }
        }
    }
}
