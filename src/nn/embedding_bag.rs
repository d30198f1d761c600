//! [`EmbeddingBag`].

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::Layer;
use super::embedding::{Embedding, is_not};
use crate::params::Params;
use crate::tensor::{Float, Index, Tensor};

/// What an [`EmbeddingBag`] makes of the vectors of a bag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Params)]
pub enum Pooling {
    /// Their sum.
    Sum,
    /// Their mean: PyTorch's default.
    #[default]
    Mean,
    /// The largest of each component.
    Max,
}

/// A vector for each bag of tokens: the sum, mean or maximum of their embeddings.
///
/// Shapes: tokens `[…, bag]` of any integer type, y `[…, width]`, `weight` `[tokens, width]`. For bags of uneven sizes,
/// fill up with a [`padding`](Self::padding) token, which does not count; a bag without tokens gives zeros.
///
/// ```
/// use sapwood::nn::EmbeddingBag;
/// use sapwood::prelude::*;
///
/// let layer: EmbeddingBag = EmbeddingBag::new(100, 16, &mut StdRng::seed_from_u64(0)).padding(0);
/// assert_eq!(layer.forward(&Tensor::from([[3i64, 7, 9], [7, 0, 0]])).shape(), [2, 16]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct EmbeddingBag<T: Float = f32> {
    /// A row a token, `[tokens, width]`.
    pub weight: Tensor<T>,
    padding: Option<usize>,
    pooling: Pooling,
}

impl<T: Float> EmbeddingBag<T> {
    /// Rows for tokens 0 to `tokens` − 1, from the standard normal distribution; the mean of a bag.
    ///
    /// # Panics
    /// Where `tokens` or `width` is zero.
    #[track_caller]
    pub fn new(tokens: usize, width: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let Embedding { weight, .. } = Embedding::new(tokens, width, rng);
        EmbeddingBag { weight, padding: None, pooling: Pooling::Mean }
    }

    /// The same layer with another way to make one vector of a bag's.
    pub fn pooling(self, pooling: Pooling) -> Self {
        EmbeddingBag { pooling, ..self }
    }

    /// The same layer with a token that fills up small bags: it does not count.
    ///
    /// # Panics
    /// Where there is no such token.
    #[track_caller]
    pub fn padding(self, token: usize) -> Self {
        let tokens = self.weight.shape()[0];
        assert!(token < tokens, "EmbeddingBag: the padding token {token} is not one of the {tokens} tokens");
        EmbeddingBag { padding: Some(token), ..self }
    }
}

impl<T: Float, I: Index> Layer<Tensor<I>> for EmbeddingBag<T> {
    type Output = Tensor<T>;

    /// One vector a bag.
    ///
    /// # Panics
    /// Where a token is negative or has no row, or the tokens are a scalar.
    #[track_caller]
    fn forward(&self, tokens: &Tensor<I>) -> Tensor<T> {
        assert!(tokens.rank() > 0, "EmbeddingBag: the tokens are a scalar, where […, bag] is needed");
        let counts: Tensor<T> = match self.padding {
            Some(padding) => is_not(tokens, padding),
            None => Tensor::ones_like(tokens),
        };
        let vectors = self.weight.index_select(0, tokens);
        let filled = counts.sum_axis(-1).unsqueeze(-1);
        match self.pooling {
            Pooling::Sum => (vectors * counts.unsqueeze(-1)).sum_axis(-2),
            Pooling::Mean => (vectors * counts.unsqueeze(-1)).sum_axis(-2) / filled.maximum(T::one()),
            Pooling::Max if tokens.shape().last() == Some(&0) => vectors.sum_axis(-2),
            Pooling::Max => {
                let largest = counts.unsqueeze(-1).gt(T::zero()).where_(vectors, T::neg_infinity()).max_axis(-2);
                filled.gt(T::zero()).where_(largest, T::zero())
            }
        }
    }
}
