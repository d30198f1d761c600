//! Rotary positions.

use crate::autodiff::unary;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// Rotates the last axis by position, so that products of queries and keys depend on the distance alone
    /// ([Su et al. 2021](https://arxiv.org/abs/2104.09864)): (xᵢ, xᵢ₊ₕ) turns by the angle p · base^(−i/h), where h is
    /// half the last axis and p the position, `offset` for the first along the last axis but one.
    ///
    /// The halves of the axis are paired as in GPT-NeoX and Llama. Derivative: ȳ turned back.
    ///
    /// # Panics
    /// Where there are not two axes, the last one is odd, or `base` is not positive.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::ones((3, 4));
    /// let y = x.rotary(0, 10_000.0);
    /// assert_eq!(y.slice(s![0, ..]), x.slice(s![0, ..]));
    /// assert!((y.norm().item() - x.norm().item()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn rotary(&self, offset: usize, base: f64) -> Tensor<T> {
        let shape = self.shape();
        assert!(
            shape.len() >= 2 && shape[shape.len() - 1].is_multiple_of(2),
            "rotary: the shape is {shape:?}, where [positions, an even length] are needed last"
        );
        assert!(base > 0.0, "rotary: the base {base} is not positive");
        rotate(self, offset, base, 1.0)
    }
}

/// [`rotary`](Tensor::rotary), forwards for a direction of 1 and backwards for −1.
#[track_caller]
fn rotate<T: Float>(x: &Tensor<T>, offset: usize, base: f64, direction: f64) -> Tensor<T> {
    let forward = |x: &Tensor<T>| {
        let axis = x.rank() - 1;
        let (positions, half) = (x.shape()[axis - 1], x.shape()[axis] / 2);
        let angle = |p: usize, i: usize| (offset + p) as f64 * base.powf(-(i as f64) / half as f64);
        let table = |f: fn(f64) -> f64, sign: f64| {
            let at = |p: usize| (0..half).map(move |i| T::from_f64(sign * f(angle(p, i))));
            Tensor::from_dense((0..positions).flat_map(at).collect(), &[positions, half])
        };
        let (cos, sin) = (table(f64::cos, 1.0), table(f64::sin, direction));
        let halves = x.chunk(2, axis);
        let [a, b] = &halves[..] else { return x.clone() };
        Tensor::concat(&[a * &cos - b * &sin, a * &sin + b * &cos], axis)
    };
    unary(x, forward, |_, _| move |g| rotate(&g, offset, base, -direction))
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn rotated_products_depend_on_the_distance_alone() {
        let x = Tensor::<f64>::normal((1, 6), 0.0, 1.0, &mut StdRng::seed_from_u64(1));
        let product = |p, q| (x.rotary(p, 100.0) * x.rotary(q, 100.0)).sum().item();
        assert!((product(3, 5) - product(10, 12)).abs() < 1e-12);
        // (1, 0) by one radian.
        let y = Tensor::<f64>::from([[1.0, 0.0]]).rotary(1, 7.0);
        assert_eq!(y.to_vec(), [1f64.cos(), 1f64.sin()]);
    }
}
