//! [`Plot`]: pictures of training. With the feature `plots`.

mod axis;
mod draw;

use std::path::Path;

use self::draw::Content;
use super::png;
use crate::checkpoint::replace;
use crate::error::{Error, Result};
use crate::tensor::{Element, Tensor};

/// A picture, to be written as SVG or PNG.
///
/// ```
/// use sapwood::train::plots::Plot;
///
/// # let folder = std::env::temp_dir().join(format!("sapwood-doc-plots-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let curves = [("training", vec![1.0, 0.4, 0.2]), ("validation", vec![1.1, 0.6, 0.5])];
/// Plot::curves(curves).title("Loss").x_label("epoch").y_label("cross-entropy").log_y().save(folder.join("loss.svg"))?;
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plot {
    content: Content,
    title: String,
    x_label: String,
    y_label: String,
    log_y: bool,
    size: (u32, u32),
}

impl Plot {
    /// A line for each series of numbers, over 0, 1, 2, …; losses and metrics. Numbers that are not finite are gaps.
    pub fn curves<N: Into<String>, V: AsRef<[f64]>>(series: impl IntoIterator<Item = (N, V)>) -> Self {
        let counted = |numbers: V| (0..).map(f64::from).zip(numbers.as_ref().iter().copied()).collect();
        Plot::of(Content::Lines(series.into_iter().map(|(name, numbers)| (name.into(), counted(numbers))).collect()))
    }

    /// A line through the points (x, y) of each series.
    pub fn lines<N: Into<String>>(series: impl IntoIterator<Item = (N, Vec<(f64, f64)>)>) -> Self {
        Plot::of(Content::Lines(series.into_iter().map(|(name, points)| (name.into(), points)).collect()))
    }

    /// Predictions over their targets, a point for each pair of elements, and the diagonal on which they agree.
    ///
    /// # Panics
    /// Where the shapes differ.
    #[track_caller]
    pub fn predictions<T: Element>(predictions: &Tensor<T>, targets: &Tensor<T>) -> Self {
        assert!(
            predictions.shape() == targets.shape(),
            "predictions: of shape {:?}, with targets of shape {:?}",
            predictions.shape(),
            targets.shape()
        );
        let numbers = |tensor: &Tensor<T>| tensor.view().iter().map(|x| x.to_f64()).collect::<Vec<_>>();
        let points = numbers(targets).into_iter().zip(numbers(predictions)).collect();
        Plot::of(Content::Points(points)).x_label("target").y_label("prediction")
    }

    /// A [confusion matrix](crate::loss::confusion_matrix) `[C, C]`: its counts, in shades by the part of their row.
    /// `classes` has the names of the C classes, or nothing, and they are numbered.
    ///
    /// # Panics
    /// Where the matrix is not square or has no classes, or the number of names is another.
    #[track_caller]
    pub fn confusion_matrix(matrix: &Tensor<usize>, classes: &[&str]) -> Self {
        let [rows, columns] = *matrix.shape() else {
            panic!("confusion_matrix: a tensor of shape {:?}", matrix.shape())
        };
        assert!(
            rows == columns && rows > 0 && (classes.is_empty() || classes.len() == rows),
            "confusion_matrix: a matrix of shape {:?} and {} names of classes",
            matrix.shape(),
            classes.len()
        );
        let names = match classes {
            [] => (0..rows).map(|class| class.to_string()).collect(),
            names => names.iter().map(|&name| name.to_owned()).collect(),
        };
        let counts = matrix.to_vec().chunks(rows).map(<[usize]>::to_vec).collect();
        Plot { size: (640, 600), ..Plot::of(Content::Matrix { names, counts }) }.x_label("prediction").y_label("label")
    }

    /// How the elements of tensors are distributed, in 40 bins each; weights and gradients. What is not finite is left
    /// out.
    ///
    /// ```no_run
    /// # use sapwood::prelude::*;
    /// # use sapwood::train::plots::Plot;
    /// # let model: Dense = Dense::new(3, 2, &mut StdRng::seed_from_u64(0));
    /// Plot::histograms(model.parameters().into_iter().map(|(path, tensor)| (path, tensor.cast::<f64>()))).save("weights.png")?;
    /// # Ok::<(), sapwood::Error>(())
    /// ```
    pub fn histograms<N: Into<String>, T: Element>(tensors: impl IntoIterator<Item = (N, Tensor<T>)>) -> Self {
        let tensors = tensors.into_iter().map(|(name, tensor)| (name.into(), super::Histogram::of_tensor(&tensor, 40)));
        Plot::of(Content::Histograms(tensors.collect())).x_label("value").y_label("count")
    }

    fn of(content: Content) -> Self {
        let empty = String::new;
        Plot { content, title: empty(), x_label: empty(), y_label: empty(), log_y: false, size: (800, 500) }
    }

    /// The same picture with a title.
    pub fn title(self, title: impl Into<String>) -> Self {
        Plot { title: title.into(), ..self }
    }

    /// The same picture with a name of its horizontal axis.
    pub fn x_label(self, label: impl Into<String>) -> Self {
        Plot { x_label: label.into(), ..self }
    }

    /// The same picture with a name of its vertical axis.
    pub fn y_label(self, label: impl Into<String>) -> Self {
        Plot { y_label: label.into(), ..self }
    }

    /// Lines over a logarithmic vertical axis; numbers that are not positive are gaps. Other pictures stay as they are.
    pub fn log_y(self) -> Self {
        Plot { log_y: true, ..self }
    }

    /// The same picture of another size in pixels: 800 × 500 is what it is else, 640 × 600 for a matrix.
    ///
    /// # Panics
    /// Where a side is below 100 or above 10,000.
    #[track_caller]
    pub fn size(self, width: u32, height: u32) -> Self {
        let sides = 100..=10_000;
        assert!(
            sides.contains(&width) && sides.contains(&height),
            "size: {width} × {height} pixels, where each side must have 100 to 10,000"
        );
        Plot { size: (width, height), ..self }
    }

    /// The picture as the text of an SVG file.
    pub fn to_svg(&self) -> String {
        draw::svg(self)
    }

    /// Writes the picture, as a whole or not at all: SVG or PNG by the path's extension.
    ///
    /// # Errors
    /// Where the extension is another, or the file can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let bytes = match extension.to_ascii_lowercase().as_str() {
            "svg" => self.to_svg().into_bytes(),
            "png" => png::encode(&draw::pixels(self), 3, self.size.0 as usize),
            _ => {
                let reason = "pictures are written as `.svg` or `.png`".to_owned();
                return Err(Error::Format { path: path.to_owned(), reason });
            }
        };
        replace(path, &bytes)
    }
}
