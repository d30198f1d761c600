//! Folders of images, a folder a class.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};

use super::source::at;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// PNG and JPEG images in folders `class/name.png`, decoded where they are asked for (feature `images`).
///
/// A batch is (images `[batch, channels, height, width]` of 0..1, labels `[batch]`). Classes are the folders and images the
/// files `.png`, `.jpg` and `.jpeg`, both in the order of their names; other files do not count. Colour images have three
/// channels, without transparency; with [`grey`](Self::grey), one.
///
/// ```no_run
/// use sapwood::data::{ImageFolder, RandomFlip};
/// use sapwood::prelude::*;
///
/// let folder = ImageFolder::open("flowers/train")?.resize(64, 64);
/// println!("{} images of {:?}", folder.len(), folder.classes());
/// let data = DataLoader::new(folder.augment(RandomFlip::horizontal(), 7)).batch_size(32).shuffle(7).workers(2);
/// for batch in data.try_epoch(0) {
///     let (images, labels) = batch?;
/// }
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImageFolder {
    classes: Vec<String>,
    /// Each with its class.
    images: Vec<(PathBuf, usize)>,
    /// Height and width.
    size: [usize; 2],
    resize: bool,
    grey: bool,
}

impl ImageFolder {
    /// Lists a folder. Images must all be as large as the first one, unless [`resize`](Self::resize) makes them so.
    ///
    /// # Errors
    /// Where a folder cannot be listed, there are no folders in it, one has no images, or the first image cannot be read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let nothing =
            |path: &Path, what| Error::Format { path: path.to_owned(), reason: format!("there are no {what}") };
        let (mut classes, mut images) = (vec![], vec![]);
        for class in list(folder)?.into_iter().filter(|path| path.is_dir()) {
            let before = images.len();
            let files = list(&class)?.into_iter().filter(|path| is_image(path));
            images.extend(files.map(|path| (path, classes.len())));
            if images.len() == before {
                return Err(nothing(&class, "images (.png, .jpg, .jpeg) in it"));
            }
            classes.push(class.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
        let Some((first, _)) = images.first() else { return Err(nothing(folder, "folders of images in it")) };
        let (width, height) =
            reader(first).and_then(|reader| reader.into_dimensions().map_err(fault)).map_err(at(first))?;
        Ok(ImageFolder { classes, images, size: [height as usize, width as usize], resize: false, grey: false })
    }

    /// Makes every image of this size, with a triangle filter: where it shrinks, all pixels count.
    ///
    /// # Panics
    /// Where height or width is zero.
    #[track_caller]
    pub fn resize(self, height: usize, width: usize) -> Self {
        assert!(height > 0 && width > 0, "ImageFolder: {height} × {width} is no size; both must be at least 1");
        ImageFolder { size: [height, width], resize: true, ..self }
    }

    /// One channel of brightness in the place of three of colours.
    pub fn grey(self) -> Self {
        ImageFolder { grey: true, ..self }
    }

    /// The classes, whose numbers are the labels.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The labels, an image each.
    pub fn labels(&self) -> Vec<usize> {
        self.images.iter().map(|&(_, class)| class).collect()
    }

    /// The file of an observation.
    pub fn path(&self, observation: usize) -> &Path {
        &self.images[observation].0
    }

    /// Appends an image's values, channel by channel.
    fn read(&self, path: &Path, values: &mut Vec<f32>) -> io::Result<()> {
        let mut image = reader(path)?.decode().map_err(fault)?;
        let [height, width] = self.size;
        if self.resize {
            image = image.resize_exact(width as u32, height as u32, FilterType::Triangle);
        }
        let found = [image.height() as usize, image.width() as usize];
        if found != self.size {
            let words = format!("the image is {found:?} pixels high and wide, the first one {:?}", self.size);
            return Err(super::source::wrong(words));
        }
        let (pixels, channels) = self.pixels(&image);
        for channel in 0..channels {
            values.extend(pixels.iter().skip(channel).step_by(channels).map(|&value| f32::from(value) / 255.0));
        }
        Ok(())
    }

    fn pixels(&self, image: &DynamicImage) -> (Vec<u8>, usize) {
        if self.grey { (image.to_luma8().into_raw(), 1) } else { (image.to_rgb8().into_raw(), 3) }
    }
}

impl Dataset for ImageFolder {
    type Batch = (Tensor, Tensor<i64>);

    fn len(&self) -> usize {
        self.images.len()
    }
    fn batch(&self, observations: &[usize]) -> Self::Batch {
        self.try_batch(0, observations).unwrap_or_else(|error| panic!("{error}"))
    }
    fn try_batch(&self, _: u64, observations: &[usize]) -> Result<Self::Batch> {
        let [height, width] = self.size;
        let channels = if self.grey { 1 } else { 3 };
        let mut values = vec![];
        for &i in observations {
            let path = self.path(i);
            self.read(path, &mut values).map_err(|error| Error::observation(i, at(path)(error)))?;
        }
        let labels: Vec<i64> = observations.iter().map(|&i| self.images[i].1 as i64).collect();
        Ok((Tensor::from_vec(values, (observations.len(), channels, height, width)), labels.into()))
    }
}

/// What is in a folder, by name: systems list it in any order.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = paths.map_err(Error::io(folder))?;
    paths.sort_unstable();
    Ok(paths)
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg"))
}

/// Reads by content: the name may be wrong.
fn reader(path: &Path) -> io::Result<ImageReader<io::BufReader<fs::File>>> {
    ImageReader::open(path)?.with_guessed_format()
}

fn fault(error: image::ImageError) -> io::Error {
    match error {
        image::ImageError::IoError(error) => error,
        error => super::source::wrong(error.to_string()),
    }
}
