//! Scaled dot-product attention, and rotary positions.

use super::softmax::causal_softmax;
use crate::autodiff::unary;
use crate::tensor::{Float, Tensor};

/// Which positions an attention may look at.
#[derive(Clone, Copy, Debug, Default)]
pub enum AttentionMask<'a, T: Float = f32> {
    /// All.
    #[default]
    None,
    /// No later ones. With fewer queries than keys the last ones are aligned: the queries are the newest positions.
    Causal,
    /// Those that are `true`; broadcasts to `[…, queries, keys]`. A query that may look at nothing gets zeros.
    Keep(&'a Tensor<bool>),
    /// All, with numbers added to the scores; broadcasts to `[…, queries, keys]`. Differentiated.
    Add(&'a Tensor<T>),
}

/// Scores of what may not be looked at: exp makes them 0, without the NaN that −∞ makes where nothing is left.
const FORBIDDEN: f64 = -1e30;

impl<T: Float> Tensor<T> {
    /// softmax(q kᵀ / √d) v: for each query the mean of the values, weighted by how well their keys fit
    /// ([Vaswani et al. 2017](https://arxiv.org/abs/1706.03762)).
    ///
    /// Shapes: queries (this tensor) `[…, queries, d]`, keys `[…, keys, d]`, values `[…, keys, e]`, result
    /// `[…, queries, e]`; the axes before broadcast together.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// use sapwood::ops::AttentionMask;
    ///
    /// let x: Tensor = Tensor::from([[1.0, 0.0], [0.0, 1.0]]);
    /// // The first position sees itself alone.
    /// assert_eq!(x.attention(&x, &x, AttentionMask::Causal).slice(s![0, ..]).to_vec(), [1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn attention(&self, keys: &Tensor<T>, values: &Tensor<T>, mask: AttentionMask<'_, T>) -> Tensor<T> {
        attention_weights(self, keys, values, mask).matmul(values)
    }

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

/// The weights of an attention, `[…, queries, keys]`.
#[track_caller]
pub(crate) fn attention_weights<T: Float>(
    queries: &Tensor<T>,
    keys: &Tensor<T>,
    values: &Tensor<T>,
    mask: AttentionMask<'_, T>,
) -> Tensor<T> {
    let (q, k, v) = (queries.shape(), keys.shape(), values.shape());
    let fits = q.len() >= 2 && k.len() >= 2 && v.len() >= 2 && q.last() == k.last();
    assert!(
        fits && k[k.len() - 2] == v[v.len() - 2],
        "attention: queries {q:?}, keys {k:?} and values {v:?}, where […, queries, d], […, keys, d] and […, keys, e] \
         are needed"
    );
    let scale = T::from_f64((q[q.len() - 1].max(1) as f64).sqrt().recip());
    let scores = (queries * scale).matmul(&keys.swap_axes(-1, -2));
    match mask {
        AttentionMask::None => scores.softmax(-1),
        AttentionMask::Causal => causal_softmax(&scores),
        AttentionMask::Keep(keep) => {
            let weights = keep.where_(&scores, T::from_f64(FORBIDDEN)).softmax(-1);
            // Zeros for a row that may look at nothing, of which the softmax makes equal weights.
            weights * keep.cast()
        }
        AttentionMask::Add(bias) => (scores + bias).softmax(-1),
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
    use super::AttentionMask;
    use crate::prelude::*;

    #[test]
    fn a_query_without_keys_gets_zeros_and_finite_gradients() {
        let x = Tensor::<f64>::normal((3, 4), 0.0, 1.0, &mut StdRng::seed_from_u64(1));
        let keep = Tensor::from([[true, false, false], [false; 3], [true, true, false]]);
        let y = x.attention(&x, &x, AttentionMask::Keep(&keep));
        assert_eq!((y.slice(s![0, ..]), y.slice(s![1, ..])), (x.slice(s![0, ..]), Tensor::zeros(4)));
        let g = gradient(|x| x.attention(x, x, AttentionMask::Keep(&keep)).sum(), &x);
        assert!(g.get().unwrap().is_finite().all());
    }

    #[test]
    fn fewer_queries_than_keys_are_the_newest() {
        let x = Tensor::<f64>::normal((5, 4), 0.0, 1.0, &mut StdRng::seed_from_u64(1));
        let all = x.attention(&x, &x, AttentionMask::Causal);
        let last = x.slice(s![3.., ..]).attention(&x, &x, AttentionMask::Causal);
        assert!((all.slice(s![3.., ..]) - last).abs().max().item() < 1e-15);
    }

    #[test]
    fn rotated_products_depend_on_the_distance_alone() {
        let x = Tensor::<f64>::normal((1, 6), 0.0, 1.0, &mut StdRng::seed_from_u64(1));
        let product = |p, q| (x.rotary(p, 100.0) * x.rotary(q, 100.0)).sum().item();
        assert!((product(3, 5) - product(10, 12)).abs() < 1e-12);
        // (1, 0) by one radian.
        let y = Tensor::<f64>::from([[1.0, 0.0]]).rotary(1, 7.0);
        assert_eq!(y.to_vec(), [1f64.cos(), 1f64.sin()]);
    }

    #[test]
    #[should_panic(expected = "attention: queries [2, 3], keys [2, 4] and values [2, 4]")]
    fn queries_and_keys_are_as_wide() {
        let (x, y) = (Tensor::<f32>::ones((2, 3)), Tensor::ones((2, 4)));
        let _ = x.attention(&y, &y, AttentionMask::None);
    }
}
