//! Dropout.

use ndarray_rand::rand::Rng;

use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// Each element becomes 0 with probability `p`, else it is divided by 1 − p, so that means stay what they were.
    ///
    /// Derivative: ȳ times the same random factors.
    ///
    /// # Panics
    /// Unless 0 ≤ p ≤ 1.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let mut rng = StdRng::seed_from_u64(0);
    /// let y = Tensor::<f32>::ones(1000).dropout(0.75, &mut rng);
    /// assert!(y.to_vec().iter().all(|&y| y == 0.0 || y == 4.0));
    /// ```
    #[inline(never)]
    #[track_caller]
    pub fn dropout(&self, p: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
        assert!((0.0..=1.0).contains(&p), "dropout: {p} is not a probability");
        if p == 0.0 {
            return self.clone();
        }
        let kept = T::from_f64((1.0 - p).recip());
        let factor = |_| if rng.random::<f64>() < p { T::zero() } else { kept };
        self * Tensor::from_dense((0..self.len()).map(factor).collect(), self.shape())
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn as_many_elements_are_dropped_as_was_asked() {
        let mut rng = StdRng::seed_from_u64(1);
        let x = Tensor::<f64>::ones((100, 100));
        let mut dropped = Tensor::default();
        let g = gradient(
            |x| {
                let y = x.dropout(0.3, &mut rng);
                dropped = y.stop_gradient();
                y.sum()
            },
            &x,
        );
        assert_eq!(g.get().unwrap(), &dropped);
        // 10,000 draws of probability 0.3: a standard deviation of 46 about 3,000.
        let zeros = dropped.to_vec().iter().filter(|&&y| y == 0.0).count();
        assert!((2800..3200).contains(&zeros), "{zeros}");
        assert_eq!((x.dropout(0.0, &mut rng), x.dropout(1.0, &mut rng)), (x.clone(), Tensor::zeros((100, 100))));
    }

    #[test]
    #[should_panic(expected = "dropout: 1.5 is not a probability")]
    fn a_probability_is_at_most_one() {
        let _ = Tensor::<f32>::ones(1).dropout(1.5, &mut StdRng::seed_from_u64(0));
    }
}
