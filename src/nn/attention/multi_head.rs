//! [`MultiHeadAttention`].

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use crate::nn::{Dense, Dropout, Layer};
use crate::ops::AttentionMask;
use crate::ops::attention::attention_weights;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// Attention by several heads ([Vaswani et al. 2017](https://arxiv.org/abs/1706.03762)): queries, keys and values are
/// projected, each head attends on its own part of the width, and what they give is projected again.
///
/// Shapes: x `[batch, time, width]`, y as x. [`forward`](Layer::forward) is self-attention;
/// [`attend`](Self::attend) takes keys and values from elsewhere and any mask; [`generate`](Self::generate) goes on
/// where it was with the keys and values it has seen.
///
/// ```
/// use sapwood::nn::MultiHeadAttention;
/// use sapwood::ops::AttentionMask;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let layer: MultiHeadAttention = MultiHeadAttention::new(16, 4, &mut rng).causal();
/// let x = Tensor::normal((2, 5, 16), 0.0, 1.0, &mut rng);
/// assert_eq!(layer.forward(&x).shape(), [2, 5, 16]);
///
/// let memory = Tensor::normal((2, 7, 16), 0.0, 1.0, &mut rng);
/// assert_eq!(layer.attend(&x, &memory, &memory, AttentionMask::None).shape(), [2, 5, 16]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct MultiHeadAttention<T: Float = f32> {
    /// `[width, width]`.
    pub query: Dense<T>,
    /// `[width, kv_heads · width / heads]`.
    pub key: Dense<T>,
    /// `[width, kv_heads · width / heads]`.
    pub value: Dense<T>,
    /// `[width, width]`.
    pub out: Dense<T>,
    heads: usize,
    kv_heads: usize,
    causal: bool,
    rotary: Option<f64>,
    dropout: Option<Dropout>,
}

/// The keys and values that a [`MultiHeadAttention`] has seen: `[batch, kv_heads, time, width / heads]` each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValueCache<T: Float = f32> {
    seen: Option<(Tensor<T>, Tensor<T>)>,
}

impl<T: Float> KeyValueCache<T> {
    /// A cache that has seen nothing.
    pub fn new() -> Self {
        KeyValueCache { seen: None }
    }

    /// How many positions have been seen.
    pub fn len(&self) -> usize {
        self.seen.as_ref().map_or(0, |(keys, _)| keys.shape()[2])
    }

    /// Whether nothing has been seen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Float> MultiHeadAttention<T> {
    /// As many heads for keys and values as for queries, all with biases, no mask.
    ///
    /// # Panics
    /// Where the heads do not divide the width.
    #[track_caller]
    pub fn new(width: usize, heads: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        MultiHeadAttention::grouped(width, heads, heads, rng)
    }

    /// Groups of heads share keys and values ([Ainslie et al. 2023](https://arxiv.org/abs/2305.13245)): there are
    /// `kv_heads` of those, for `heads` heads of queries.
    ///
    /// # Panics
    /// Where the heads do not divide the width, or `kv_heads` not the heads.
    #[track_caller]
    pub fn grouped(width: usize, heads: usize, kv_heads: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(
            heads > 0 && width > 0 && width.is_multiple_of(heads),
            "MultiHeadAttention: {heads} heads do not divide the width {width}"
        );
        assert!(
            kv_heads > 0 && heads.is_multiple_of(kv_heads),
            "MultiHeadAttention: {kv_heads} heads of keys and values do not divide {heads} heads"
        );
        let narrow = width / heads * kv_heads;
        MultiHeadAttention {
            query: Dense::new(width, width, rng),
            key: Dense::new(width, narrow, rng),
            value: Dense::new(width, narrow, rng),
            out: Dense::new(width, width, rng),
            heads,
            kv_heads,
            causal: false,
            rotary: None,
            dropout: None,
        }
    }

    /// The same layer without biases.
    pub fn without_bias(self) -> Self {
        let MultiHeadAttention { query, key, value, out, .. } = self;
        let [query, key, value, out] = [query, key, value, out].map(Dense::without_bias);
        MultiHeadAttention { query, key, value, out, ..self }
    }

    /// The same layer; self-attention looks at no later positions.
    pub fn causal(self) -> Self {
        MultiHeadAttention { causal: true, ..self }
    }

    /// The same layer; queries and keys are rotated by position ([`Tensor::rotary`]). A base of 10,000 is usual.
    ///
    /// # Panics
    /// Where the width of a head is odd, or the base not positive.
    #[track_caller]
    pub fn rotary(self, base: f64) -> Self {
        let width = self.query.weight.shape()[1] / self.heads;
        assert!(width.is_multiple_of(2), "MultiHeadAttention: heads of the odd width {width} can't be rotated");
        assert!(base > 0.0, "MultiHeadAttention: the base {base} of rotary positions is not positive");
        MultiHeadAttention { rotary: Some(base), ..self }
    }

    /// The same layer; weights are dropped with probability `probability` in training, as [`Dropout`] does. All weights are
    /// in memory at once then, which [`Tensor::attention`] avoids.
    ///
    /// # Panics
    /// Where the probability is not in [0, 1].
    #[track_caller]
    pub fn dropout(self, probability: f64, seed: u64) -> Self {
        MultiHeadAttention { dropout: Some(Dropout::new(probability, seed)), ..self }
    }

    /// Attention of queries `[batch, queries, width]` to keys and values `[batch, keys, width]`. The mask broadcasts to
    /// `[batch, heads, queries, keys]`: one for each sequence is `[batch, 1, 1, keys]`.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    #[track_caller]
    pub fn attend(
        &self,
        queries: &Tensor<T>,
        keys: &Tensor<T>,
        values: &Tensor<T>,
        mask: AttentionMask<'_, T>,
    ) -> Tensor<T> {
        let q = self.turn(self.split(&self.query, queries), 0);
        let k = self.turn(self.split(&self.key, keys), 0);
        self.mix(&q, &k, &self.split(&self.value, values), mask)
    }

    /// Self-attention of new positions `[batch, new, width]` to themselves and all before, none later; the cache takes
    /// their keys and values.
    ///
    /// # Panics
    /// Where the shapes do not fit, or the cache has seen another batch size.
    ///
    /// ```
    /// # use sapwood::nn::{KeyValueCache, MultiHeadAttention};
    /// # use sapwood::prelude::*;
    /// # let mut rng = StdRng::seed_from_u64(0);
    /// let layer: MultiHeadAttention<f64> = MultiHeadAttention::grouped(8, 4, 2, &mut rng).causal().rotary(10_000.0);
    /// let x = Tensor::normal((1, 3, 8), 0.0, 1.0, &mut rng);
    /// let mut cache = KeyValueCache::new();
    /// for t in 0..3 {
    ///     let y = layer.generate(&x.slice(s![.., t..t + 1, ..]), &mut cache);
    ///     assert!((y - layer.forward(&x).slice(s![.., t..t + 1, ..])).abs().max().item() < 1e-12);
    /// }
    /// ```
    #[track_caller]
    pub fn generate(&self, x: &Tensor<T>, cache: &mut KeyValueCache<T>) -> Tensor<T> {
        let before = cache.len();
        let q = self.turn(self.split(&self.query, x), before);
        let mut k = self.turn(self.split(&self.key, x), before);
        let mut v = self.split(&self.value, x);
        if let Some((keys, values)) = &cache.seen {
            (k, v) = (Tensor::concat(&[keys, &k], 2), Tensor::concat(&[values, &v], 2));
        }
        let y = self.mix(&q, &k, &v, AttentionMask::Causal);
        cache.seen = Some((k, v));
        y
    }

    /// A projection, `[batch, its heads, time, width / heads]`.
    #[track_caller]
    fn split(&self, projection: &Dense<T>, x: &Tensor<T>) -> Tensor<T> {
        assert!(
            x.rank() == 3,
            "MultiHeadAttention: an input of shape {:?}, where [batch, time, width] is needed",
            x.shape()
        );
        let y = projection.forward(x);
        let &[batch, time, width] = y.shape() else { unreachable!("a projection keeps the axes") };
        let head = self.query.weight.shape()[1] / self.heads;
        y.reshape((batch, time, width / head, head)).permute(&[0, 2, 1, 3])
    }

    fn turn(&self, x: Tensor<T>, offset: usize) -> Tensor<T> {
        match self.rotary {
            Some(base) => x.rotary(offset, base),
            None => x,
        }
    }

    /// What the heads give, joined and projected.
    #[track_caller]
    fn mix(&self, q: &Tensor<T>, k: &Tensor<T>, v: &Tensor<T>, mask: AttentionMask<'_, T>) -> Tensor<T> {
        let &[batch, heads, time, head] = q.shape() else { unreachable!("heads have four axes") };
        // Each head of keys serves a group of heads, all of which stand beside each other.
        let alike = |x: &Tensor<T>| {
            if self.kv_heads == heads { x.clone() } else { x.repeat_interleave(heads / self.kv_heads, 1) }
        };
        let (k, v) = (alike(k), alike(v));
        let y = match &self.dropout {
            Some(dropout) => dropout.forward(&attention_weights(q, &k, &v, mask)).matmul(&v),
            None => q.attention(&k, &v, mask),
        };
        self.out.forward(&y.permute(&[0, 2, 1, 3]).reshape((batch, time, heads * head)))
    }
}

impl<T: Float> Layer<Tensor<T>> for MultiHeadAttention<T> {
    type Output = Tensor<T>;

    /// Self-attention.
    ///
    /// # Panics
    /// Unless the input is `[batch, time, width]`.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.attend(x, x, x, if self.causal { AttentionMask::Causal } else { AttentionMask::None })
    }
}
