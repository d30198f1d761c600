//! [`TokenWindows`]: what a language model trains on.

use ndarray::s;

use super::Dataset;
use crate::error::Result;
use crate::tensor::{Element, Tensor};

/// Windows of a long sequence of tokens, each with the same window one token later: what was said, and what comes next.
///
/// Observation i begins at token i·stride. A batch is (inputs, targets), both `[windows, context]`, with targets[n, t] =
/// inputs[n, t + 1]. The tokens are any dataset of numbers `[tokens]`: a tensor, or a file through
/// [`Mapped`](super::Mapped) where it is larger than memory.
///
/// ```
/// use sapwood::data::TokenWindows;
/// use sapwood::prelude::*;
///
/// let data = TokenWindows::new(Tensor::from([5i64, 6, 7, 8, 9]), 3);
/// assert_eq!(data.len(), 2);
/// let (inputs, targets) = data.batch(&[1, 0]);
/// assert_eq!(inputs, Tensor::from([[6, 7, 8], [5, 6, 7]]));
/// assert_eq!(targets, Tensor::from([[7, 8, 9], [6, 7, 8]]));
/// ```
#[derive(Clone, Debug)]
pub struct TokenWindows<D> {
    tokens: D,
    context: usize,
    stride: usize,
}

impl<T: Element, D: Dataset<Batch = Tensor<T>>> TokenWindows<D> {
    /// A window of `context` tokens at every token that has as many after it.
    ///
    /// # Panics
    /// Where `context` is zero, or there are no more tokens than that.
    #[track_caller]
    pub fn new(tokens: D, context: usize) -> Self {
        assert!(
            context > 0 && tokens.len() > context,
            "TokenWindows: {} tokens have no window of {context} and one token after it",
            tokens.len()
        );
        TokenWindows { tokens, context, stride: 1 }
    }

    /// Sets how many tokens windows are apart; with the context's length they do not overlap.
    ///
    /// # Panics
    /// Where it is zero.
    #[track_caller]
    pub fn stride(self, stride: usize) -> Self {
        assert!(stride > 0, "TokenWindows: the stride must be at least 1");
        TokenWindows { stride, ..self }
    }

    fn tokens(&self, observations: &[usize]) -> Vec<usize> {
        observations.iter().flat_map(|&i| i * self.stride..=i * self.stride + self.context).collect()
    }

    #[track_caller]
    fn pairs(&self, windows: usize, tokens: Tensor<T>) -> (Tensor<T>, Tensor<T>) {
        let both = tokens.reshape((windows, self.context + 1));
        (both.slice(s![.., ..-1]).contiguous(), both.slice(s![.., 1..]).contiguous())
    }
}

impl<T: Element, D: Dataset<Batch = Tensor<T>>> Dataset for TokenWindows<D> {
    type Batch = (Tensor<T>, Tensor<T>);

    fn len(&self) -> usize {
        (self.tokens.len() - self.context).div_ceil(self.stride)
    }
    fn batch(&self, observations: &[usize]) -> Self::Batch {
        self.pairs(observations.len(), self.tokens.batch(&self.tokens(observations)))
    }
    fn try_batch(&self, epoch: u64, observations: &[usize]) -> Result<Self::Batch> {
        Ok(self.pairs(observations.len(), self.tokens.try_batch(epoch, &self.tokens(observations))?))
    }
    fn fault(&self) -> Option<String> {
        self.tokens.fault()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::DataLoader;

    #[test]
    fn windows_are_where_the_stride_says() {
        let data = TokenWindows::new(Tensor::<u8>::arange(10), 3).stride(3);
        // At 0, 3 and 6; one at 9 would have nothing after it.
        assert_eq!(data.len(), 3);
        let (inputs, targets) = DataLoader::new(data).batch_size(5).iter().next().unwrap();
        assert_eq!(inputs, Tensor::from([[0, 1, 2], [3, 4, 5], [6, 7, 8]]));
        assert_eq!(targets, Tensor::from([[1, 2, 3], [4, 5, 6], [7, 8, 9]]));
        let count = |tokens, stride| TokenWindows::new(Tensor::<u8>::zeros(tokens), 3).stride(stride).len();
        assert_eq!([count(4, 1), count(4, 9), count(10, 1), count(10, 6), count(10, 7)], [1, 1, 7, 2, 1]);
    }

    #[test]
    #[should_panic(expected = "TokenWindows: 3 tokens have no window of 3 and one token after it")]
    fn too_few_tokens_are_refused() {
        TokenWindows::new(Tensor::<u8>::zeros(3), 3);
    }
}
