//! Masks: tensors of `bool`, and what is chosen by them.

use super::broadcast::{common_shape, expanded, zip_over};
use super::compare::Operand;
use super::index::select;
use crate::autodiff::binary;
use crate::kernels::{elementwise, pool};
use crate::tensor::{Element, Tensor};

impl Tensor<bool> {
    /// Where both masks are true; they broadcast by NumPy's rules.
    ///
    /// # Panics
    /// Where the shapes do not broadcast together.
    #[track_caller]
    pub fn and(&self, other: &Tensor<bool>) -> Tensor<bool> {
        zip_over(&common_shape("and", self, other), self, other, |x, y| x & y)
    }

    /// Where one of the masks is true at least; they broadcast by NumPy's rules.
    ///
    /// # Panics
    /// Where the shapes do not broadcast together.
    #[track_caller]
    pub fn or(&self, other: &Tensor<bool>) -> Tensor<bool> {
        zip_over(&common_shape("or", self, other), self, other, |x, y| x | y)
    }

    /// Where the mask is false.
    pub fn not(&self) -> Tensor<bool> {
        self.map_elements(|x| !x)
    }

    /// Whether every element is true; so it is where there are none.
    pub fn all(&self) -> bool {
        self.iter().all(|&x| x)
    }

    /// Whether any element is true.
    pub fn any(&self) -> bool {
        self.iter().any(|&x| x)
    }

    /// How many elements are true.
    pub fn count(&self) -> usize {
        self.contiguous().dense().iter().map(|&x| usize::from(x)).sum()
    }

    /// The indices of the elements that are true, in row-major order: a row each, a column for each axis.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, -1.0], [-2.0, 2.0]]);
    /// assert_eq!(x.lt(0.0).nonzero(), Tensor::from([[0, 1], [1, 0]]));
    /// ```
    pub fn nonzero(&self) -> Tensor<usize> {
        let places = places(self);
        let mut indices = vec![0; places.len() * self.rank()];
        for (row, &place) in indices.chunks_exact_mut(self.rank().max(1)).zip(places.dense()) {
            let mut rest = place;
            for (index, length) in row.iter_mut().zip(self.shape()).rev() {
                (*index, rest) = (rest % length, rest / length);
            }
        }
        Tensor::from_vec(indices, (places.len(), self.rank()))
    }

    /// The elements of `yes` where the mask is true, of `no` elsewhere; all three broadcast by NumPy's rules.
    ///
    /// Derivative: each of the two gets the cotangents of the elements that were taken from it and 0 for the others,
    /// whatever stood there: an infinity or NaN that was not taken does no harm.
    ///
    /// # Panics
    /// Where the shapes do not broadcast together.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([-1.0, 4.0]);
    /// assert_eq!(x.gt(0.0).where_(&x, 0.5).to_vec(), [0.5, 4.0]);
    /// ```
    #[doc(alias = "where")]
    #[track_caller]
    pub fn where_<T: Element>(&self, yes: impl Operand<T>, no: impl Operand<T>) -> Tensor<T> {
        let (yes, no) = (yes.into_operand(), no.into_operand());
        let shape = common_shape("where_", self, &expanded(&yes, &common_shape("where_", &yes, &no)));
        choose(&expanded(self, &shape), &yes.broadcast_to(shape.as_slice()), &no.broadcast_to(shape.as_slice()))
    }
}

impl<T: Element> Tensor<T> {
    /// The elements where a mask of the same shape is true, in row-major order, along one axis.
    ///
    /// How many there are depends on the mask's elements; where a mask is only to leave elements out of a sum,
    /// [`where_`](Tensor::where_) keeps the shape and is faster. Derivative: x̄ is ȳ where the mask is true, and zero elsewhere.
    ///
    /// # Panics
    /// Where the shapes differ.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, -1.0], [-2.0, 2.0]]);
    /// assert_eq!(x.masked_select(&x.gt(0.0)).to_vec(), [1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn masked_select(&self, mask: &Tensor<bool>) -> Tensor<T> {
        let (x, of_mask) = (self.shape(), mask.shape());
        assert!(x == of_mask, "masked_select: the shapes {x:?} and, of the mask, {of_mask:?} differ");
        select(&self.flatten(), 0, &places(mask))
    }
}

/// The numbers of the elements that are true, counted in row-major order.
fn places(mask: &Tensor<bool>) -> Tensor<usize> {
    let mask = mask.contiguous();
    let mut places = pool::buffer(mask.count());
    let (mut next, count) = (0, places.len());
    for (number, &is) in mask.dense().iter().enumerate() {
        let Some(place) = places.get_mut(next) else { break };
        // Written over by the next number where this is not to be kept: so there is no branch that can't be foreseen.
        *place = number;
        next += usize::from(is);
    }
    Tensor::from_dense(places, &[count])
}

/// [`where_`](Tensor::where_) for a mask and tensors of one shape.
#[inline(never)]
#[track_caller]
fn choose<T: Element>(mask: &Tensor<bool>, yes: &Tensor<T>, no: &Tensor<T>) -> Tensor<T> {
    let pick = |mask, yes, no| if mask { yes } else { no };
    binary(
        yes,
        no,
        |yes, no| {
            let picked =
                elementwise::zip3(mask.strided(), yes.strided(), no.strided(), &elementwise::each_triple(pick));
            Tensor::from_dense(picked, mask.shape())
        },
        |_, _, _| {
            let (mask, same) = (mask.clone(), mask.clone());
            let zero = expanded(&Tensor::scalar(T::default()), mask.shape());
            let nought = zero.clone();
            (move |g: &Tensor<T>| choose(&mask, g, &zero), move |g: &Tensor<T>| choose(&same, &nought, g))
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn masks_combine_and_choose() {
        let x = Tensor::from([1, 2, 3]);
        let (p, q) = (Tensor::from([true, false]), Tensor::from([[true], [false]]));
        assert_eq!(
            (p.and(&q).to_vec(), p.or(&q).to_vec()),
            (vec![true, false, false, false], vec![true, true, true, false])
        );
        assert!(p.any() && !p.all() && p.or(&p.not()).all() && Tensor::<bool>::default().all());
        assert_eq!(p.where_(x.slice(s![..2]), 7).to_vec(), [1, 7]);
    }

    #[test]
    fn what_is_true_is_counted_and_found() {
        let x = Tensor::<i64>::arange(12).reshape((2, 3, 2));
        let mask = x.t().gt(8);
        assert_eq!((mask.count(), mask.not().count()), (3, 9));
        assert_eq!(mask.nonzero(), Tensor::from([[1, 0, 2], [1, 1, 1], [1, 1, 2]]));
        assert_eq!(x.t().masked_select(&mask).to_vec(), [10, 9, 11]);
        assert_eq!(Tensor::scalar(true).nonzero().shape(), [1, 0]);
        assert_eq!(Tensor::scalar(false).nonzero().shape(), [0, 0]);
        assert_eq!(Tensor::<f32>::zeros((2, 0)).masked_select(&Tensor::zeros((2, 0))).shape(), [0]);
        let y = Tensor::from([[1.0f64, 2.0], [3.0, f64::NAN]]);
        let g = gradient(|y| y.masked_select(&y.is_finite()).square().sum(), &y);
        assert_eq!(g.get().unwrap(), &Tensor::from([[2.0, 4.0], [6.0, 0.0]]));
    }

    #[test]
    fn what_was_not_taken_does_not_reach_the_gradient() {
        let (yes, no) = (Tensor::from([f64::NAN, 1.0]), Tensor::from([5.0, f64::INFINITY]));
        let mask = Tensor::from([false, true]);
        let (dy, dn) = gradient(|(yes, no)| mask.where_(yes, no).sum(), &(yes, no));
        assert_eq!((dy.get().unwrap().to_vec(), dn.get().unwrap().to_vec()), (vec![0.0, 1.0], vec![1.0, 0.0]));
    }
}
