//! The digits that several examples read.
//!
//! They are the test set of the Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak, UCI Machine Learning
//! Repository, CC BY 4.0), as shipped with scikit-learn: 1,797 images of 8×8 pixels, 64 values of 0 to 16 and a label a
//! row.

use sapwood::data::random_split;
use sapwood::prelude::*;

pub(crate) const PIXELS: usize = 64;

/// Images `[n, 64]`, scaled to 0..1, with their labels `[n]`: 80 % to train on, 20 % to test on, by seed.
pub(crate) fn digits() -> Result<[(Tensor, Tensor<u8>); 2], csv::Error> {
    let file = flate2::read::GzDecoder::new(&include_bytes!("digits.csv.gz")[..]);
    let rows: Vec<Vec<u8>> =
        csv::ReaderBuilder::new().has_headers(false).from_reader(file).deserialize().collect::<Result<_, _>>()?;
    let all = Tensor::from(rows);
    let images = all.slice(s![.., ..PIXELS]).cast::<f32>() / 16.0;
    let data = (images, all.slice(s![.., PIXELS]));
    Ok(random_split(&data, [0.8, 0.2], 1).map(|part| part.all()))
}
