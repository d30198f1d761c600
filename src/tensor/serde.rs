//! Tensors in files: shape and elements in row-major order.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Element, Tensor};

#[derive(Serialize, Deserialize)]
struct Stored<S, D> {
    shape: S,
    data: D,
}

impl<T: Element> Serialize for Tensor<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dense = self.contiguous();
        Stored { shape: self.shape(), data: dense.dense() }.serialize(serializer)
    }
}

impl<'de, T: Element> Deserialize<'de> for Tensor<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { shape, data } = Stored::<Vec<usize>, Vec<T>>::deserialize(deserializer)?;
        // Strides must not overflow either, which an axis of length 0 would hide in the product of all lengths.
        let strides = shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length.max(1)));
        if strides.is_none() || shape.iter().product::<usize>() != data.len() {
            return Err(D::Error::custom(format!("{} elements do not fill a tensor of shape {shape:?}", data.len())));
        }
        Ok(Tensor::from_dense(data.into_iter().collect(), &shape))
    }
}
