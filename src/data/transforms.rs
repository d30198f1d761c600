//! Transforms of images: [`Normalise`], [`RandomFlip`], [`RandomCrop`], [`RandomShift`].

use ndarray::s;
use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

use super::augment::{Transform, TransformRng};
use crate::tensor::{Element, Float, Tensor};

/// (x − mean) / deviation, with numbers of its own for each channel.
///
/// Shapes: x `[…, channels, height, width]`, an image or a batch of them; with one channel, any shape. It serialises, so
/// that a model's numbers and those of its data stay together.
///
/// ```
/// use sapwood::data::Normalise;
/// use sapwood::prelude::*;
///
/// let images: Tensor = Tensor::uniform((50, 3, 8, 8), 0.0..1.0, &mut StdRng::seed_from_u64(0));
/// let normalise = Normalise::fit(&images);
/// assert!(normalise.apply(&images).mean().item().abs() < 1e-5);
/// let data = images.augment((normalise, sapwood::data::RandomFlip::horizontal()), 7);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalise {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Normalise {
    /// With the given mean and deviation of each channel.
    ///
    /// # Panics
    /// Where there are no channels, not as many deviations as means, or a deviation is not above zero.
    #[track_caller]
    pub fn new(mean: impl Into<Vec<f64>>, deviation: impl Into<Vec<f64>>) -> Self {
        let (mean, deviation) = (mean.into(), deviation.into());
        assert!(
            !mean.is_empty() && mean.len() == deviation.len() && deviation.iter().all(|&deviation| deviation > 0.0),
            "Normalise: means {mean:?} and deviations {deviation:?}, where each channel needs both, and the second above 0"
        );
        Normalise { mean, deviation }
    }

    /// With the mean and deviation (of n) of each channel over images `[observations, channels, height, width]`, or
    /// `[observations, height, width]` of one channel. A channel that never changes keeps its deviation, and becomes 0.
    ///
    /// # Panics
    /// Where the images have another rank, or there are none.
    #[track_caller]
    pub fn fit<T: Float>(images: &Tensor<T>) -> Self {
        assert!(
            matches!(images.rank(), 3 | 4) && !images.is_empty(),
            "Normalise: images of shape {:?}, where [observations, channels, height, width] or [observations, height, \
             width] is needed",
            images.shape()
        );
        let images = if images.rank() == 3 { images.unsqueeze(1) } else { images.clone() };
        let channels =
            images.swap_axes(0, 1).contiguous().reshape((images.shape()[1], images.len() / images.shape()[1]));
        let numbers = |of: Tensor<T>| of.to_vec().into_iter().map(Element::to_f64);
        let deviation = numbers(channels.std_axis(1, 0)).map(|deviation| if deviation > 0.0 { deviation } else { 1.0 });
        Normalise { deviation: deviation.collect(), mean: numbers(channels.mean_axis(1)).collect() }
    }

    /// The images, normalised.
    ///
    /// # Panics
    /// Where they have another number of channels.
    #[track_caller]
    pub fn apply<T: Float>(&self, x: &Tensor<T>) -> Tensor<T> {
        let channels = self.mean.len();
        assert!(
            channels == 1 || x.rank() >= 3 && x.shape()[x.rank() - 3] == channels,
            "Normalise: images of shape {:?}, where […, {channels}, height, width] is needed",
            x.shape()
        );
        let column = |numbers: &[f64]| {
            let numbers: Vec<T> = numbers.iter().map(|&number| Element::from_f64(number)).collect();
            if channels == 1 { Tensor::scalar(numbers[0]) } else { Tensor::from_vec(numbers, (channels, 1, 1)) }
        };
        (x - column(&self.mean)) / column(&self.deviation)
    }
}

impl<T: Float> Transform<T> for Normalise {
    #[track_caller]
    fn transform(&self, item: &Tensor<T>, _: &mut TransformRng) -> Tensor<T> {
        self.apply(item)
    }
}

/// Turns every other image round, left to right or upside down.
///
/// ```
/// use sapwood::data::RandomFlip;
/// use sapwood::prelude::*;
///
/// let data = Tensor::from([[[1u8, 2], [3, 4]]]).augment(RandomFlip::horizontal().probability(1.0), 7);
/// assert_eq!(data.batch(&[0]), Tensor::from([[[2, 1], [4, 3]]]));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomFlip {
    /// From the last.
    axis: isize,
    probability: f64,
}

impl RandomFlip {
    /// Left to right, with probability ½.
    pub fn horizontal() -> Self {
        RandomFlip { axis: -1, probability: 0.5 }
    }

    /// Upside down, with probability ½.
    pub fn vertical() -> Self {
        RandomFlip { axis: -2, probability: 0.5 }
    }

    /// Sets how often.
    ///
    /// # Panics
    /// Where it is not in [0, 1].
    #[track_caller]
    pub fn probability(self, probability: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&probability),
            "RandomFlip: the probability must lie in [0, 1], not {probability}"
        );
        RandomFlip { probability, ..self }
    }
}

impl<T: Element> Transform<T> for RandomFlip {
    #[track_caller]
    fn transform(&self, item: &Tensor<T>, rng: &mut TransformRng) -> Tensor<T> {
        check("RandomFlip", item);
        if rng.random_bool(self.probability) { item.flip(self.axis) } else { item.clone() }
    }
}

/// A part of the image of a given size, at a random place.
///
/// ```
/// use sapwood::data::RandomCrop;
/// use sapwood::prelude::*;
///
/// let data = Tensor::<f32>::ones((10, 3, 32, 32)).augment(RandomCrop::new(32, 32).padding(4), 7);
/// assert_eq!(data.batch(&[0, 1]).shape(), [2, 3, 32, 32]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomCrop {
    size: [usize; 2],
    padding: usize,
}

impl RandomCrop {
    /// Parts of `height` × `width`.
    ///
    /// # Panics
    /// Where one is zero.
    #[track_caller]
    pub fn new(height: usize, width: usize) -> Self {
        assert!(height > 0 && width > 0, "RandomCrop: {height} × {width} is no size; both must be at least 1");
        RandomCrop { size: [height, width], padding: 0 }
    }

    /// Puts so many zeros around the image first.
    pub fn padding(self, padding: usize) -> Self {
        RandomCrop { padding, ..self }
    }
}

impl<T: Element> Transform<T> for RandomCrop {
    /// # Panics
    /// Where the padded image is smaller than the part.
    #[track_caller]
    fn transform(&self, item: &Tensor<T>, rng: &mut TransformRng) -> Tensor<T> {
        check("RandomCrop", item);
        crop(item, self.size, self.padding, rng)
    }
}

/// Moves the image by up to so many pixels in each direction; zeros come in where it was.
///
/// ```
/// use sapwood::data::RandomShift;
/// use sapwood::prelude::*;
///
/// let data = Tensor::<f32>::ones((10, 28, 28)).augment(RandomShift::new(2), 7);
/// assert_eq!(data.batch(&[0, 1]).shape(), [2, 28, 28]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomShift {
    most: usize,
}

impl RandomShift {
    /// By −`most` to `most` pixels, each as likely, in both directions.
    pub fn new(most: usize) -> Self {
        RandomShift { most }
    }
}

impl<T: Element> Transform<T> for RandomShift {
    #[track_caller]
    fn transform(&self, item: &Tensor<T>, rng: &mut TransformRng) -> Tensor<T> {
        check("RandomShift", item);
        let [.., height, width] = *item.shape() else { unreachable!("checked above") };
        crop(item, [height, width], self.most, rng)
    }
}

#[track_caller]
fn check<T: Element>(transform: &str, item: &Tensor<T>) {
    assert!(
        matches!(item.rank(), 2 | 3),
        "{transform}: an image of shape {:?}, where [channels, height, width] or [height, width] is needed",
        item.shape()
    );
}

/// A part of the padded image. A row and a column are drawn in any case, so that what is drawn after does not depend on
/// the sizes.
#[track_caller]
fn crop<T: Element>(item: &Tensor<T>, size: [usize; 2], padding: usize, rng: &mut TransformRng) -> Tensor<T> {
    let [.., height, width] = *item.shape() else { unreachable!("images have two axes at least") };
    let [room, slack] =
        [(height, size[0]), (width, size[1])].map(|(has, needs)| (has + 2 * padding).checked_sub(needs));
    let (Some(room), Some(slack)) = (room, slack) else {
        panic!("RandomCrop: no part of {size:?} in an image of [{height}, {width}] with a padding of {padding}")
    };
    let (row, column) = (rng.random_range(0..=room), rng.random_range(0..=slack));
    let mut widths = vec![(padding, padding); item.rank()];
    if item.rank() == 3 {
        widths[0] = (0, 0);
    }
    let padded = if padding > 0 { item.pad(&widths, T::default()) } else { item.clone() };
    let (rows, columns) = (row..row + size[0], column..column + size[1]);
    if item.rank() == 3 { padded.slice(s![.., rows, columns]) } else { padded.slice(s![rows, columns]) }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::prelude::Dataset;

    /// What comes of an image, by how often, in 2,000 draws.
    fn outcomes(image: &Tensor<u8>, transform: &impl Transform<u8>) -> Vec<(Vec<u8>, usize)> {
        let mut rng = TransformRng::seed_from_u64(5);
        let mut all: Vec<_> = (0..2000).map(|_| transform.transform(image, &mut rng).to_vec()).collect();
        all.sort_unstable();
        all.chunk_by(|a, b| a == b).map(|same| (same[0].clone(), same.len())).collect()
    }

    #[test]
    fn flips_turn_every_other_image_round() {
        let image = Tensor::from([[[1u8, 2], [3, 4]]]);
        for (flip, turned) in [(RandomFlip::horizontal(), [2, 1, 4, 3]), (RandomFlip::vertical(), [3, 4, 1, 2])] {
            let seen = outcomes(&image, &flip);
            assert_eq!(
                seen.iter().map(|(image, _)| image.clone()).collect::<Vec<_>>(),
                [vec![1, 2, 3, 4], turned.to_vec()]
            );
            // A standard deviation is 22.
            assert!(seen[0].1.abs_diff(1000) < 100, "{seen:?}");
            assert_eq!(outcomes(&image, &flip.clone().probability(0.0)), [(vec![1, 2, 3, 4], 2000)]);
            assert_eq!(outcomes(&image, &flip.probability(1.0)), [(turned.to_vec(), 2000)]);
        }
    }

    #[test]
    fn crops_are_equally_likely_everywhere() {
        let image = Tensor::from([[1u8, 2, 3], [4, 5, 6]]);
        let seen = outcomes(&image, &RandomCrop::new(2, 2));
        assert_eq!(seen.iter().map(|(image, _)| image.clone()).collect::<Vec<_>>(), [[1, 2, 4, 5], [2, 3, 5, 6]]);
        assert!(seen[0].1.abs_diff(1000) < 100, "{seen:?}");
        // With a padding of 1 it is 4×5: four places down, four across, for one pixel with a row of zeros around some.
        let seen = outcomes(&image.unsqueeze(0), &RandomCrop::new(1, 2).padding(1));
        assert_eq!(seen.iter().map(|(_, count)| count).sum::<usize>(), 2000);
        let zeros = seen.iter().find(|(image, _)| image == &[0, 0]).map(|(_, count)| *count);
        // The first and the last row: half of the places. A standard deviation is 22.
        assert!(zeros.is_some_and(|count| count.abs_diff(1000) < 100), "{zeros:?}");
        assert_eq!(seen.len(), 1 + 8);
    }

    #[test]
    fn shifts_keep_the_size() {
        // One pixel of a row, moved by -1, 0 or 1 in both directions; out of sight in two of three rows.
        let seen = outcomes(&Tensor::from([[0u8, 7, 0]]), &RandomShift::new(1));
        let images: Vec<_> = seen.iter().map(|(image, _)| image.clone()).collect();
        assert_eq!(images, [[0, 0, 0], [0, 0, 7], [0, 7, 0], [7, 0, 0]]);
        assert!(seen[0].1.abs_diff(1333) < 100 && seen[2].1.abs_diff(222) < 70, "{seen:?}");
    }

    #[test]
    fn channels_are_normalised_by_their_own_numbers() {
        // Of the channels 0, 2 and 1, 5: means 1 and 3, deviations 1 and 2.
        let images: Tensor = Tensor::from([[[[0.0]], [[1.0]]], [[[2.0]], [[5.0]]]]);
        let fitted = Normalise::fit(&images);
        assert_eq!(fitted, Normalise::new([1.0, 3.0], [1.0, 2.0]));
        assert_eq!(fitted.apply(&images).to_vec(), [-1.0, -1.0, 1.0, 1.0]);
        assert_eq!(images.clone().augment(fitted, 0).batch(&[1]).to_vec(), [1.0, 1.0]);
        let grey = images.reshape((2, 2, 1));
        assert_eq!(Normalise::fit(&grey).apply(&grey).mean().item(), 0.0);
        assert_eq!(Normalise::fit(&Tensor::<f64>::ones((2, 1, 1))), Normalise::new([1.0], [1.0]));
    }

    #[test]
    #[should_panic(expected = "RandomCrop: no part of [5, 2] in an image of [2, 3] with a padding of 1")]
    fn a_crop_larger_than_the_image_is_refused() {
        outcomes(&Tensor::zeros((2, 3)), &RandomCrop::new(5, 2).padding(1));
    }

    #[test]
    #[should_panic(expected = "Normalise: images of shape [1, 2, 2], where […, 3, height, width] is needed")]
    fn channels_must_agree() {
        let _ = Normalise::new([0.0; 3], [1.0; 3]).apply(&Tensor::<f32>::zeros((1, 2, 2)));
    }
}
