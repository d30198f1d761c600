//! [`Collate`]: batches taken apart and put together.

use super::Dataset;
use crate::tensor::{Element, Tensor};

/// A batch that can be put together from smaller ones: a tensor, a `Vec`, or a tuple of them.
///
/// Such a batch is a dataset itself: [`Dataset::batch`] takes observations out of it.
pub trait Collate: Dataset<Batch = Self> + Clone {
    /// The observations of all parts, one part after the other.
    ///
    /// # Panics
    /// Where there are no parts, or tensors differ in other axes than the first.
    fn collate(parts: Vec<Self>) -> Self;
}

impl<T: Element> Collate for Tensor<T> {
    #[track_caller]
    fn collate(parts: Vec<Self>) -> Self {
        Tensor::concat(&parts, 0)
    }
}

impl<X: Clone> Collate for Vec<X> {
    fn collate(parts: Vec<Self>) -> Self {
        parts.into_iter().flatten().collect()
    }
}

macro_rules! tuple {
    ($($D:ident $i:tt),+) => {
        impl<$($D: Collate),+> Collate for ($($D,)+) {
            #[track_caller]
            fn collate(parts: Vec<Self>) -> Self {
                let mut columns = ($(Vec::<$D>::with_capacity(parts.len()),)+);
                for part in parts {
                    $(columns.$i.push(part.$i);)+
                }
                ($($D::collate(columns.$i),)+)
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
