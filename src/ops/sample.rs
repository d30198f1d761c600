//! Drawing from distributions that a tensor describes.

use ndarray_rand::rand::Rng;

use super::axes::{IntoAxis, resolve_axis, rows};
use crate::kernels::math;
use crate::tensor::{Float, Shape, Tensor};

impl<T: Float> Tensor<T> {
    /// True with the probability that stands at each place. What is drawn is a constant, to which no gradient goes.
    ///
    /// # Panics
    /// Where an element is no probability.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let mut rng = StdRng::seed_from_u64(0);
    /// let noise = Tensor::<f32>::full((100, 100), 0.25).bernoulli(&mut rng);
    /// assert!((2300..2700).contains(&noise.count()));
    /// ```
    #[track_caller]
    pub fn bernoulli(&self, rng: &mut (impl Rng + ?Sized)) -> Tensor<bool> {
        let wrong = self.iter().map(|&p| p.to_f64()).find(|p| !(0.0..=1.0).contains(p));
        if let Some(wrong) = wrong {
            panic!("bernoulli: {wrong} is not a probability");
        }
        let draw = |&p: &T| rng.random::<f64>() < p.to_f64();
        Tensor::from_dense(self.iter().map(draw).collect(), self.shape())
    }

    /// A number of a class, drawn for each row of unnormalised log-probabilities (logits) along an axis, which is not in the
    /// result: class i with the probability softmax(x)ᵢ. What is drawn is a constant, to which no gradient goes.
    ///
    /// A temperature is a division before: `(logits / 0.8).categorical(-1, &mut rng)`. Of probabilities p take `p.ln()`. What is −∞
    /// is never drawn.
    ///
    /// # Panics
    /// Where there is no such axis, it is empty, or a row has NaN, +∞ or nothing but −∞.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let mut rng = StdRng::seed_from_u64(0);
    /// let logits: Tensor = Tensor::from([[0.0, f32::NEG_INFINITY], [-100.0, 100.0]]);
    /// assert_eq!(logits.categorical(-1, &mut rng).to_vec(), [0, 1]);
    /// ```
    #[track_caller]
    pub fn categorical(&self, axis: impl IntoAxis, rng: &mut (impl Rng + ?Sized)) -> Tensor<usize> {
        let axis = resolve_axis("categorical", self.shape(), axis);
        let mut shape = Shape::from_slice(self.shape());
        let classes = shape.remove(axis);
        let count: usize = shape.iter().product();
        assert!(classes > 0 || count == 0, "categorical: axis {axis} of the shape {:?} is empty", self.shape());
        let logits = rows(self, axis);
        let mut drawn = Vec::with_capacity(count);
        for (row, logits) in logits.dense().chunks_exact(classes.max(1)).enumerate() {
            let Some(class) = draw_class(logits, rng) else {
                panic!("categorical: row {row} has no probabilities: {:?}", Tensor::from(logits.to_vec()))
            };
            drawn.push(class);
        }
        Tensor::from_vec(drawn, shape.as_slice())
    }
}

/// A class of some logits; `None` where they have no probabilities.
fn draw_class<T: Float>(logits: &[T], rng: &mut (impl Rng + ?Sized)) -> Option<usize> {
    let largest = logits.iter().map(|&x| x.to_f64()).fold(f64::NEG_INFINITY, f64::max);
    // In f64, so that f32 and f64 draw alike.
    let weights = logits.iter().map(|&x| math::exp(x.to_f64() - largest));
    let total: f64 = weights.clone().sum();
    if !total.is_finite() {
        return None;
    }
    let (mut left, mut class) = (rng.random::<f64>() * total, None);
    for (i, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        // By rounding, a rest may be left behind the last class.
        class = Some(i);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    class
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn classes_come_as_often_as_they_are_likely() {
        let mut rng = StdRng::seed_from_u64(1);
        let p = Tensor::from([0.5f64, 0.0, 0.2, 0.3]);
        let drawn = (p.ln() - 700.0).broadcast_to((20_000, 4)).categorical(1, &mut rng);
        for (class, p) in p.to_vec().into_iter().enumerate() {
            let expected = 20_000.0 * p;
            let deviation = (expected * (1.0 - p)).sqrt();
            let count = drawn.eq(class).count() as f64;
            assert!((count - expected).abs() <= 4.0 * deviation, "{count} of class {class}");
        }
    }

    #[test]
    fn types_and_layouts_draw_alike() {
        let logits = Tensor::<f32>::normal((3, 5, 4), 0.0, 3.0, &mut StdRng::seed_from_u64(2));
        let draw = |x: &Tensor, axis: isize| x.categorical(axis, &mut StdRng::seed_from_u64(3));
        assert_eq!(draw(&logits, 1).shape(), [3, 4]);
        assert_eq!(draw(&logits, 1), draw(&logits.swap_axes(1, 2).contiguous(), 2));
        assert_eq!(draw(&logits, 1), logits.cast::<f64>().categorical(1, &mut StdRng::seed_from_u64(3)));
        assert_eq!(draw(&logits.slice(s![..0, .., ..]), -1).shape(), [0, 5]);
    }

    #[test]
    fn certain_events_are_certain() {
        let p = Tensor::from([[0.0f32, 1.0], [1.0, 0.0]]).broadcast_to((1000, 2, 2));
        assert_eq!(p.bernoulli(&mut StdRng::seed_from_u64(4)), p.eq(1.0));
        // Rounding leaves a rest at the end of a row: it is no class that can't be drawn.
        let x = Tensor::from([0.1f64, 0.2, f64::NEG_INFINITY]).broadcast_to((1000, 3));
        assert!(x.categorical(1, &mut StdRng::seed_from_u64(5)).lt(2).all());
    }

    #[test]
    #[should_panic(expected = "categorical: row 1 has no probabilities")]
    fn a_row_of_nothing_has_no_classes() {
        let x = Tensor::from([[0.0f32, 1.0], [f32::NEG_INFINITY; 2]]);
        let _ = x.categorical(1, &mut StdRng::seed_from_u64(0));
    }

    #[test]
    #[should_panic(expected = "bernoulli: NaN is not a probability")]
    fn nan_is_no_probability() {
        let _ = Tensor::from([0.5, f32::NAN]).bernoulli(&mut StdRng::seed_from_u64(0));
    }
}
