//! [`Dataset`]: what a loader draws batches from.

use std::sync::Arc;

use ndarray::{Array, Axis, Dimension};

use super::{Augmented, Cache, Collate, Concatenated, Inputs, Map, Subset, Transform};
use crate::error::Result;
use crate::kernels::gather::gather_rows;
use crate::tensor::{Element, Tensor};

/// Observations that can be drawn by number.
///
/// Tensors and `ndarray` arrays of any element type are datasets: their first axis counts the observations. So are
/// `Vec`s of anything, whose batches are `Vec`s, and tuples of datasets of one length, whose batches are tuples.
/// Implement it for what is read or made on demand:
///
/// ```
/// use sapwood::prelude::*;
///
/// /// x and x², made when asked for.
/// struct Squares { len: usize }
///
/// impl Dataset for Squares {
///     type Batch = (Tensor, Tensor);
///     fn len(&self) -> usize { self.len }
///     fn batch(&self, observations: &[usize]) -> (Tensor, Tensor) {
///         let x: Tensor = Tensor::from(observations.iter().map(|&i| i as f32).collect::<Vec<_>>());
///         let y = &x * &x;
///         (x, y)
///     }
/// }
///
/// let data = DataLoader::new(Squares { len: 5 }).batch_size(2);
/// let (x, y) = data.iter().last().unwrap();
/// assert_eq!((x.to_vec(), y.to_vec()), (vec![4.0], vec![16.0]));
/// ```
///
/// What is read from files may fail, and what is drawn at random must not depend on who draws it. Such a dataset
/// implements [`try_batch`](Self::try_batch) too, which is what a loader calls; `batch` is then epoch 0 of it, or a panic.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a dataset",
    note = "datasets are tensors, owned `ndarray` arrays, `Vec`s, tuples of them, and types that implement `Dataset`"
)]
pub trait Dataset {
    /// Several observations together: what a training step gets.
    type Batch;

    /// How many observations there are.
    fn len(&self) -> usize;

    /// The observations of the given numbers, in that order.
    ///
    /// # Panics
    /// Where [`try_batch`](Self::try_batch) of epoch 0 is an error.
    fn batch(&self, observations: &[usize]) -> Self::Batch;

    /// The observations of the given numbers, in that order, as they are in an epoch: the same bits whenever the same
    /// epoch and numbers are asked for, and on whatever thread. A dataset that never fails and draws nothing at random
    /// has no need of its own.
    ///
    /// # Errors
    /// Where an observation cannot be read or made: [`Error::Observation`](crate::Error::Observation), which names it.
    ///
    /// ```
    /// use sapwood::prelude::*;
    /// use sapwood::{Error, Result};
    ///
    /// /// Numbers that are words.
    /// struct Words(Vec<&'static str>);
    ///
    /// impl Dataset for Words {
    ///     type Batch = Tensor;
    ///     fn len(&self) -> usize { self.0.len() }
    ///     fn batch(&self, observations: &[usize]) -> Tensor {
    ///         self.try_batch(0, observations).unwrap_or_else(|error| panic!("{error}"))
    ///     }
    ///     fn try_batch(&self, _epoch: u64, observations: &[usize]) -> Result<Tensor> {
    ///         let number = |&i: &usize| self.0[i].parse::<f32>().map_err(|error| Error::observation(i, error));
    ///         Ok(observations.iter().map(number).collect::<Result<Vec<f32>>>()?.into())
    ///     }
    /// }
    ///
    /// let data = DataLoader::new(Words(vec!["1", "two"]));
    /// let error = data.try_epoch(0).collect::<Result<Vec<_>>>().unwrap_err();
    /// assert_eq!(error.to_string(), "batch 1 of epoch 0: observation 1: invalid float literal");
    /// ```
    fn try_batch(&self, epoch: u64, observations: &[usize]) -> Result<Self::Batch> {
        let _ = epoch;
        Ok(self.batch(observations))
    }

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the observations, by number, in the order given.
    ///
    /// # Panics
    /// Where there is no observation of such a number.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let odd = Tensor::from([10i64, 11, 12, 13]).subset(vec![1, 3]);
    /// assert_eq!(odd.all().to_vec(), [11, 13]);
    /// ```
    #[track_caller]
    fn subset(self, observations: Vec<usize>) -> Subset<Self>
    where
        Self: Sized,
    {
        Subset::new(self, observations)
    }

    /// The dataset with a function applied to each batch.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let bytes = Tensor::from([[0u8, 255], [51, 102]]);
    /// let data = DataLoader::new(bytes.map(|x| x.cast::<f32>() / 255.0)).batch_size(2);
    /// assert_eq!(data.iter().next().unwrap().to_vec(), [0.0, 1.0, 0.2, 0.4]);
    /// ```
    fn map<B, F: Fn(Self::Batch) -> B>(self, f: F) -> Map<Self, F>
    where
        Self: Sized,
    {
        Map::new(self, f)
    }

    /// The observations of this dataset and then those of another.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x = Tensor::from([1i64, 2]).concatenate(Tensor::from([3]));
    /// assert_eq!(x.batch(&[2, 0]).to_vec(), [3, 1]);
    /// ```
    fn concatenate<D: Dataset<Batch = Self::Batch>>(self, other: D) -> Concatenated<Self, D>
    where
        Self: Sized,
        Self::Batch: Collate,
    {
        Concatenated::new(self, other)
    }

    /// The dataset with each observation made once and then kept in memory, as it is in epoch 0: what is random stands
    /// after it.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let slow = Tensor::<f32>::ones((4, 3)).map(|x| x.exp().sum_axis(1));
    /// let data = DataLoader::new(slow.cache()).batch_size(2);
    /// ```
    fn cache(self) -> Cache<Self>
    where
        Self: Sized,
        Self::Batch: Collate,
    {
        Cache::new(self)
    }

    /// The dataset with each of its inputs changed on its own, by [transforms](super::Transform) such as
    /// [`RandomFlip`](super::RandomFlip); where batches are tuples, their first part is the inputs.
    ///
    /// What is drawn for an item depends on the seed, the epoch and the item's number alone.
    ///
    /// ```
    /// use sapwood::data::{RandomFlip, RandomShift};
    /// use sapwood::prelude::*;
    ///
    /// let (images, labels) = (Tensor::<f32>::ones((100, 1, 28, 28)), Tensor::<u8>::zeros(100));
    /// let data = (images, labels).augment((RandomShift::new(2), RandomFlip::horizontal()), 7);
    /// for (x, y) in &DataLoader::new(data).batch_size(50).shuffle(7) {
    ///     assert_eq!((x.shape(), y.shape()), (&[50, 1, 28, 28][..], &[50][..]));
    /// }
    /// ```
    fn augment<A>(self, transform: A, seed: u64) -> Augmented<Self, A>
    where
        Self: Sized,
        Self::Batch: Inputs,
        A: Transform<<Self::Batch as Inputs>::Element>,
    {
        Augmented::new(self, transform, seed)
    }

    /// Why the parts of the dataset do not fit together, such as tensors of several lengths.
    fn fault(&self) -> Option<String> {
        None
    }
}

impl<T: Element> Dataset for Tensor<T> {
    type Batch = Tensor<T>;

    fn len(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    fn batch(&self, observations: &[usize]) -> Tensor<T> {
        let Some(elements) = self.as_slice() else {
            return self.view().select(Axis(0), observations).into();
        };
        rows(elements, self.shape(), observations)
    }

    fn fault(&self) -> Option<String> {
        (self.rank() == 0).then(|| "a scalar has no axis of observations".to_owned())
    }
}

impl<T: Element, D: Dimension> Dataset for Array<T, D> {
    type Batch = Tensor<T>;

    fn len(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    fn batch(&self, observations: &[usize]) -> Tensor<T> {
        let Some(elements) = self.as_slice() else {
            return self.view().into_dyn().select(Axis(0), observations).into();
        };
        rows(elements, self.shape(), observations)
    }

    fn fault(&self) -> Option<String> {
        (self.ndim() == 0).then(|| "a scalar has no axis of observations".to_owned())
    }
}

/// The rows of a dense array of the given shape that `observations` number, copied in parallel.
fn rows<T: Element>(elements: &[T], shape: &[usize], observations: &[usize]) -> Tensor<T> {
    let mut shape = shape.to_vec();
    shape[0] = observations.len();
    let width = shape[1..].iter().product();
    Tensor::from_dense(gather_rows(elements, width, observations), &shape)
}

/// Observations of any type, such as strings; a batch is a `Vec` of clones.
impl<X: Clone> Dataset for Vec<X> {
    type Batch = Vec<X>;

    fn len(&self) -> usize {
        self.len()
    }
    fn batch(&self, observations: &[usize]) -> Vec<X> {
        observations.iter().map(|&i| self[i].clone()).collect()
    }
}

macro_rules! pointer {
    ($($Pointer:ty),+) => {$(
        impl<D: Dataset + ?Sized> Dataset for $Pointer {
            type Batch = D::Batch;

            fn len(&self) -> usize {
                (**self).len()
            }
            fn batch(&self, observations: &[usize]) -> D::Batch {
                (**self).batch(observations)
            }
            fn try_batch(&self, epoch: u64, observations: &[usize]) -> Result<D::Batch> {
                (**self).try_batch(epoch, observations)
            }
            fn fault(&self) -> Option<String> {
                (**self).fault()
            }
        }
    )+};
}

pointer!(&D, Arc<D>, Box<D>);

macro_rules! tuple {
    ($($D:ident $i:tt),+) => {
        impl<$($D: Dataset),+> Dataset for ($($D,)+) {
            type Batch = ($($D::Batch,)+);

            fn len(&self) -> usize {
                self.0.len()
            }
            fn batch(&self, observations: &[usize]) -> Self::Batch {
                ($(self.$i.batch(observations),)+)
            }
            fn try_batch(&self, epoch: u64, observations: &[usize]) -> Result<Self::Batch> {
                Ok(($(self.$i.try_batch(epoch, observations)?,)+))
            }
            fn fault(&self) -> Option<String> {
                let lengths = [$(self.$i.len()),+];
                if lengths.iter().any(|&length| length != lengths[0]) {
                    return Some(format!("the parts have {lengths:?} observations; their first axes must be of one length"));
                }
                None $(.or_else(|| self.$i.fault()))+
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
