//! [`Transform`]: what changes items one by one; [`Augmented`]: a dataset whose items are changed so.

use ndarray::s;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Dataset;
use crate::error::Result;
use crate::tensor::{Element, Tensor};

/// The generator that a [`Transform`] draws from.
pub type TransformRng = ChaCha8Rng;

/// Changes one item of a batch, such as an image, at random or not. [`Dataset::augment`] takes it.
///
/// A tuple of transforms is a transform: its parts, one after the other. So is a function:
///
/// ```
/// use sapwood::data::TransformRng;
/// use sapwood::prelude::*;
///
/// let noise = |x: &Tensor, rng: &mut TransformRng| x + Tensor::normal(x.shape(), 0.0, 0.1, rng);
/// let data = Tensor::<f32>::zeros((3, 8, 8)).augment(noise, 7);
/// assert_ne!(data.batch(&[0]), data.batch(&[1]));
/// ```
pub trait Transform<T: Element> {
    /// The item as it is to be. `item` has no axis of observations: an image is `[channels, height, width]` or
    /// `[height, width]`.
    fn transform(&self, item: &Tensor<T>, rng: &mut TransformRng) -> Tensor<T>;
}

impl<T: Element, F: Fn(&Tensor<T>, &mut TransformRng) -> Tensor<T>> Transform<T> for F {
    fn transform(&self, item: &Tensor<T>, rng: &mut TransformRng) -> Tensor<T> {
        self(item, rng)
    }
}

macro_rules! tuple {
    ($($A:ident $i:tt),+) => {
        impl<T: Element, $($A: Transform<T>),+> Transform<T> for ($($A,)+) {
            fn transform(&self, item: &Tensor<T>, rng: &mut TransformRng) -> Tensor<T> {
                let item = item.clone();
                $(let item = self.$i.transform(&item, rng);)+
                item
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

/// A batch that has inputs: a tensor, or a tuple that begins with one, as (images, labels).
pub trait Inputs {
    /// What the inputs are made of.
    type Element: Element;

    /// The inputs; their first axis counts the observations.
    fn inputs_mut(&mut self) -> &mut Tensor<Self::Element>;
}

impl<T: Element> Inputs for Tensor<T> {
    type Element = T;

    fn inputs_mut(&mut self) -> &mut Tensor<T> {
        self
    }
}

macro_rules! inputs {
    ($($Rest:ident),*) => {
        impl<T: Element, $($Rest),*> Inputs for (Tensor<T>, $($Rest,)*) {
            type Element = T;

            fn inputs_mut(&mut self) -> &mut Tensor<T> {
                &mut self.0
            }
        }
    };
}

inputs!();
inputs!(B);
inputs!(B, C);
inputs!(B, C, D);

/// A dataset whose inputs go through a [`Transform`] one by one; see [`Dataset::augment`].
#[derive(Clone, Debug)]
pub struct Augmented<D, A> {
    data: D,
    transform: A,
    seed: u64,
}

impl<D: Dataset<Batch: Inputs>, A: Transform<<D::Batch as Inputs>::Element>> Augmented<D, A> {
    pub(super) fn new(data: D, transform: A, seed: u64) -> Self {
        Augmented { data, transform, seed }
    }

    fn apply(&self, epoch: u64, observations: &[usize], mut batch: D::Batch) -> D::Batch {
        let inputs = batch.inputs_mut();
        let rows = inputs.shape().first().copied().unwrap_or(0);
        assert!(rows == observations.len(), "augment: {} observations gave {rows} inputs", observations.len());
        let item = |(row, &i)| self.transform.transform(&inputs.slice(s![row]), &mut generator(self.seed, epoch, i));
        let items: Vec<_> = observations.iter().enumerate().map(item).collect();
        if !items.is_empty() {
            *inputs = Tensor::stack(&items, 0);
        }
        batch
    }
}

/// A generator for each seed, epoch and item, which are its key: what an item gets depends on nothing else, neither on the
/// batch it is in nor on the thread that makes it.
fn generator(seed: u64, epoch: u64, item: usize) -> TransformRng {
    let mut key = [0; 32];
    for (part, number) in key.chunks_exact_mut(8).zip([seed, epoch, item as u64]) {
        part.copy_from_slice(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

impl<D: Dataset<Batch: Inputs>, A: Transform<<D::Batch as Inputs>::Element>> Dataset for Augmented<D, A> {
    type Batch = D::Batch;

    fn len(&self) -> usize {
        self.data.len()
    }
    fn batch(&self, observations: &[usize]) -> D::Batch {
        self.apply(0, observations, self.data.batch(observations))
    }
    fn try_batch(&self, epoch: u64, observations: &[usize]) -> Result<D::Batch> {
        Ok(self.apply(epoch, observations, self.data.try_batch(epoch, observations)?))
    }
    fn fault(&self) -> Option<String> {
        self.data.fault()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{RandomCrop, RandomFlip, RandomShift};
    use crate::prelude::*;

    fn images() -> (Tensor, Tensor<u8>) {
        (Tensor::uniform((20, 2, 6, 5), 0.0..1.0, &mut StdRng::seed_from_u64(1)), Tensor::arange(20))
    }

    #[test]
    fn an_item_depends_on_seed_epoch_and_number_alone() {
        let transform = || (RandomFlip::horizontal(), RandomShift::new(1), RandomCrop::new(4, 4).padding(1));
        let data = images().augment(transform(), 3);
        // Whatever the batch it is in, and however often.
        let all = data.try_batch(2, &(0..20).collect::<Vec<_>>()).unwrap();
        assert_eq!((all.0.shape(), &all.1), (&[20, 2, 4, 4][..], &images().1));
        assert_eq!(data.try_batch(2, &[7, 3, 7]).unwrap(), all.batch(&[7, 3, 7]));
        // Of another epoch, seed or item it is another one.
        let one = |seed, epoch, item| {
            let image = Tensor::<f32>::arange(200).reshape((1, 1, 10, 20)).repeat(&[20, 1, 1, 1]);
            image.augment(RandomCrop::new(2, 2), seed).try_batch(epoch, &[item]).unwrap()
        };
        let same = one(1, 1, 1);
        assert_eq!(same, one(1, 1, 1));
        assert!([one(2, 1, 1), one(1, 2, 1), one(1, 1, 2)].iter().all(|other| *other != same));
        // And with workers.
        let loader =
            |workers| DataLoader::new(images().augment(transform(), 3)).batch_size(3).shuffle(1).workers(workers);
        for epoch in 0..2 {
            assert_eq!(loader(0).epoch(epoch).collect::<Vec<_>>(), loader(3).epoch(epoch).collect::<Vec<_>>());
        }
    }

    #[test]
    fn tuples_apply_their_parts_in_order() {
        let double = |x: &Tensor, _: &mut TransformRng| x * 2.0;
        let add = |x: &Tensor, _: &mut TransformRng| x + 1.0;
        let data = Tensor::from([1.0f32, 2.0]).augment((double, add), 0);
        assert_eq!(data.batch(&[1, 0]).to_vec(), [5.0, 3.0]);
    }
}
