//! [`Embedding`].

use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::Layer;
use crate::params::Params;
use crate::tensor::{Float, Index, Tensor};

/// A vector for each token: the row of the weight that it numbers.
///
/// Shapes: tokens `[…]` of any integer type, y `[…, width]`, `weight` `[tokens, width]`.
///
/// ```
/// use sapwood::nn::Embedding;
/// use sapwood::prelude::*;
///
/// let layer: Embedding = Embedding::new(100, 16, &mut StdRng::seed_from_u64(0));
/// assert_eq!(layer.forward(&Tensor::from([[3i64, 7], [7, 0]])).shape(), [2, 2, 16]);
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Embedding<T: Float = f32> {
    /// A row a token, `[tokens, width]`.
    pub weight: Tensor<T>,
    padding: Option<usize>,
}

impl<T: Float> Embedding<T> {
    /// Rows for tokens 0 to `tokens` − 1, from the standard normal distribution as PyTorch's and Flux's.
    ///
    /// # Panics
    /// Where `tokens` or `width` is zero.
    #[track_caller]
    pub fn new(tokens: usize, width: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(tokens > 0 && width > 0, "Embedding: {tokens} tokens of width {width}; both must be at least 1");
        Embedding { weight: Tensor::normal((tokens, width), T::zero(), T::one(), rng), padding: None }
    }

    /// The same layer with a token that fills up short sequences: its vector is zero and is never trained.
    ///
    /// # Panics
    /// Where there is no such token.
    #[track_caller]
    pub fn padding(mut self, token: usize) -> Self {
        let &[tokens, width] = self.weight.shape() else { unreachable!("weights are a matrix") };
        assert!(token < tokens, "Embedding: the padding token {token} is not one of the {tokens} tokens");
        self.weight.as_mut_slice()[token * width..][..width].fill(T::zero());
        Embedding { padding: Some(token), ..self }
    }
}

impl<T: Float, I: Index> Layer<Tensor<I>> for Embedding<T> {
    type Output = Tensor<T>;

    /// The rows of the tokens.
    ///
    /// # Panics
    /// Where a token is negative or has no row.
    #[track_caller]
    fn forward(&self, tokens: &Tensor<I>) -> Tensor<T> {
        let vectors = self.weight.index_select(0, tokens);
        match self.padding {
            Some(padding) => vectors * is_not(tokens, padding).unsqueeze(-1),
            None => vectors,
        }
    }
}

/// 1 where the token is another than this, else 0.
pub(super) fn is_not<T: Float, I: Index>(tokens: &Tensor<I>, padding: usize) -> Tensor<T> {
    tokens.map_elements(|token| if token.to_index() == Some(padding) { T::zero() } else { T::one() })
}

#[cfg(test)]
mod tests {
    use super::Embedding;
    use crate::prelude::*;

    #[test]
    fn gradients_add_up_in_the_rows_that_were_chosen() {
        // mithril, models_directed_test.json, test_embedding_1.
        let layer: Embedding<f64> = Embedding::new(3, 4, &mut StdRng::seed_from_u64(0));
        let tokens = Tensor::from([0i64, 1, 2, 0]);
        let cotangents =
            Tensor::from([[9.0, 10.0, 11.0, 12.0], [1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0]]);
        let g = gradient(|m| (m.forward(&tokens) * &cotangents).sum(), &layer);
        let expected = [10.0, 12.0, 14.0, 16.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        assert_eq!(g.weight.get().unwrap().to_vec(), expected);
    }

    #[test]
    fn padding_is_zero_and_stays_so() {
        let layer: Embedding = Embedding::new(3, 2, &mut StdRng::seed_from_u64(0)).padding(1);
        let tokens = Tensor::from([1u8, 2]);
        assert_eq!(layer.forward(&tokens).slice(s![0, ..]).to_vec(), [0.0, 0.0]);
        let g = gradient(|m| m.forward(&tokens).sum(), &layer);
        assert_eq!(g.weight.get().unwrap().to_vec(), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    #[should_panic(expected = "Embedding: the padding token 3 is not one of the 3 tokens")]
    fn the_padding_is_a_token() {
        let _: Embedding = Embedding::new(3, 2, &mut StdRng::seed_from_u64(0)).padding(3);
    }
}
