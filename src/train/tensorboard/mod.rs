//! [`EventWriter`]: what a training run shows in TensorBoard. With the feature `files`.

mod message;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use self::message::{Message, record};
use super::{Histogram, png};
use crate::error::{Error, Result};
use crate::tensor::{Element, Float, Tensor};

/// Writes a file of events, which [TensorBoard](https://www.tensorflow.org/tensorboard) shows while it grows:
/// `tensorboard --logdir runs`.
///
/// A tag names a series; slashes group them: `loss/train`. Every event is in the file when its method returns.
///
/// ```
/// use sapwood::prelude::*;
/// use sapwood::train::tensorboard::EventWriter;
///
/// # let folder = std::env::temp_dir().join(format!("sapwood-doc-events-{}", std::process::id()));
/// let model: Dense = Dense::new(3, 2, &mut StdRng::seed_from_u64(0));
/// let mut events = EventWriter::create(folder.join("runs/first"))?;
/// for epoch in 0..3 {
///     events.scalar("loss/train", 1.0 / (epoch + 1) as f64, epoch)?;
///     for (path, tensor) in model.parameters() {
///         events.histogram(&path, &tensor.cast::<f64>(), epoch)?;
///     }
/// }
/// events.text("notes", "Dense, *no* hidden layer", 0)?;
/// events.image("weights", &model.weight, 0)?;
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: fs::File,
}

impl EventWriter {
    /// Begins a new file of events in a folder, which is made where there is none. A folder is a run; files of one run
    /// are shown as one.
    ///
    /// # Errors
    /// Where the folder or the file can't be made.
    pub fn create(folder: impl AsRef<Path>) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // TensorBoard takes files whose names have `tfevents`, in the order of their names.
        let path = folder.join(format!("events.out.tfevents.{:010}.{process}.{number}", now() as u64));
        let file = OpenOptions::new().append(true).create_new(true).open(&path).map_err(Error::io(&path))?;
        let mut writer = EventWriter { path, file };
        writer.write(&message::version(now()))?;
        Ok(writer)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A number at a step. TensorBoard keeps it as `f32`.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn scalar(&mut self, tag: &str, value: f64, step: usize) -> Result<()> {
        self.event(message::scalar(tag, value), step)
    }

    /// How a tensor's elements are distributed at a step, in 30 bins of equal width. Elements that are not finite are
    /// not counted.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn histogram<T: Float>(&mut self, tag: &str, tensor: &Tensor<T>, step: usize) -> Result<()> {
        let numbers: Vec<f64> = tensor.view().iter().map(|&x| x.to_f64()).filter(|x| x.is_finite()).collect();
        self.event(message::histogram(tag, &Histogram::of(&numbers, 30), &numbers), step)
    }

    /// A text at a step, in Markdown.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn text(&mut self, tag: &str, text: &str, step: usize) -> Result<()> {
        self.event(message::text(tag, text), step)
    }

    /// An image at a step: `[height, width]`, or `[channels, height, width]` with one channel (grey), three (red, green,
    /// blue) or four (and opacity). 0 is black and 1 white; what is beyond is shown as these, NaN as black.
    ///
    /// # Errors
    /// Where the file can't be written.
    ///
    /// # Panics
    /// Where the tensor has another shape or no pixels.
    #[track_caller]
    pub fn image<T: Element>(&mut self, tag: &str, image: &Tensor<T>, step: usize) -> Result<()> {
        let (channels, height, width) = match *image.shape() {
            [height, width] => (1, height, width),
            [channels @ (1 | 3 | 4), height, width] => (channels, height, width),
            _ => panic!(
                "image: a tensor of shape {:?}, where [height, width] or [1, 3 or 4, height, width] is needed",
                image.shape()
            ),
        };
        assert!(height > 0 && width > 0, "image: a tensor of shape {:?} has no pixels", image.shape());
        let image = image.reshape((channels, height, width)).permute(&[1, 2, 0]);
        let bytes: Vec<u8> = image.view().iter().map(|x| (255.0 * x.to_f64()).round() as u8).collect();
        let encoded = png::encode(&bytes, channels, width);
        self.event(message::image(tag, [height, width, channels], &encoded), step)
    }

    fn event(&mut self, value: Message, step: usize) -> Result<()> {
        self.write(&message::event(now(), step, value))
    }

    /// In one call, so that a reader never sees a part of a record that is not about to be completed.
    fn write(&mut self, event: &Message) -> Result<()> {
        self.file.write_all(&record(event)).map_err(Error::io(&self.path))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
