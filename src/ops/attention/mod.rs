//! Scaled dot-product attention, and rotary positions.

mod fused;
mod rotary;

use super::softmax::causal_softmax;
use crate::tensor::{Float, Shape, Tensor, broadcast_shapes};

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

/// Queries below which a tile would be empty for the most part, as where a text is written word by word.
const FEW: usize = 8;

impl<T: Float> Tensor<T> {
    /// softmax(q kᵀ / √d) v: for each query the mean of the values, weighted by how well their keys fit
    /// ([Vaswani et al. 2017](https://arxiv.org/abs/1706.03762)).
    ///
    /// Shapes: queries (this tensor) `[…, queries, d]`, keys `[…, keys, d]`, values `[…, keys, e]`, result
    /// `[…, queries, e]`; the axes before broadcast together.
    ///
    /// Without a mask and with [`Causal`](AttentionMask::Causal) the weights are found tile by tile, forward and back, so
    /// that memory grows with the lengths and not with their product
    /// ([Dao et al. 2022](https://arxiv.org/abs/2205.14135)); with other masks, of fewer than eight queries, and where a
    /// gradient is differentiated in turn, all weights `[…, queries, keys]` are there at once.
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
        check(self, keys, values);
        let (rank, inputs) = (self.rank(), [self, keys, values]);
        let causal = match mask {
            AttentionMask::None => false,
            AttentionMask::Causal => true,
            AttentionMask::Keep(_) | AttentionMask::Add(_) => return composed(inputs, mask),
        };
        if self.shape()[rank - 2] < FEW || inputs.iter().any(|x| x.is_empty()) {
            return composed(inputs, mask);
        }
        let Some(batch) = common_batch(inputs) else { unreachable!("the axes before were found to broadcast") };
        let [q, k, v] = inputs.map(|x| {
            let matrix = &x.shape()[x.rank() - 2..];
            x.broadcast_to([&batch, matrix].concat())
        });
        fused::attention([&q, &k, &v], causal)
    }
}

/// The axes before the matrices, broadcast together.
fn common_batch<T: Float>(inputs: [&Tensor<T>; 3]) -> Option<Shape> {
    let [q, k, v] = inputs.map(|x| &x.shape()[..x.rank() - 2]);
    broadcast_shapes(q, k).and_then(|batch| broadcast_shapes(&batch, v))
}

/// Panics where the shapes do not fit.
#[track_caller]
fn check<T: Float>(queries: &Tensor<T>, keys: &Tensor<T>, values: &Tensor<T>) {
    let (q, k, v) = (queries.shape(), keys.shape(), values.shape());
    let fits = q.len() >= 2 && k.len() >= 2 && v.len() >= 2 && q.last() == k.last();
    assert!(
        fits && k[k.len() - 2] == v[v.len() - 2],
        "attention: queries {q:?}, keys {k:?} and values {v:?}, where […, queries, d], […, keys, d] and […, keys, e] \
         are needed"
    );
    assert!(
        common_batch([queries, keys, values]).is_some(),
        "attention: the axes before the last two of queries {q:?}, keys {k:?} and values {v:?} do not broadcast together"
    );
}

/// What the products of queries and keys are multiplied by.
fn scale<T: Float>(queries: &Tensor<T>) -> T {
    T::from_f64((queries.shape()[queries.rank() - 1].max(1) as f64).sqrt().recip())
}

/// [`attention`](Tensor::attention) made of operations, with any mask.
#[track_caller]
fn composed<T: Float>([queries, keys, values]: [&Tensor<T>; 3], mask: AttentionMask<'_, T>) -> Tensor<T> {
    attention_weights(queries, keys, values, mask).matmul(values)
}

/// The weights of an attention, `[…, queries, keys]`.
#[track_caller]
pub(crate) fn attention_weights<T: Float>(
    queries: &Tensor<T>,
    keys: &Tensor<T>,
    values: &Tensor<T>,
    mask: AttentionMask<'_, T>,
) -> Tensor<T> {
    check(queries, keys, values);
    let scores = (queries * scale(queries)).matmul(&keys.swap_axes(-1, -2));
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
    #[should_panic(expected = "attention: queries [2, 3], keys [2, 4] and values [2, 4]")]
    fn queries_and_keys_are_as_wide() {
        let (x, y) = (Tensor::<f32>::ones((2, 3)), Tensor::ones((2, 4)));
        let _ = x.attention(&y, &y, AttentionMask::None);
    }
}
