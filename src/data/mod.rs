//! Data: what observations are drawn from, how they become batches, and how they are cut, folded and prepared.
//!
//! | for | what |
//! | --- | --- |
//! | batches | [`DataLoader`]: batch size, shuffling, worker threads |
//! | where they come from | [`Dataset`]: tensors, arrays, `Vec`s, tuples of them, your own |
//! | datasets of datasets | [`map`](Dataset::map), [`subset`](Dataset::subset), [`concatenate`](Dataset::concatenate), [`cache`](Dataset::cache), [`augment`](Dataset::augment); [`TokenWindows`] |
//! | transforms of images | [`RandomCrop`], [`RandomFlip`], [`RandomShift`], [`Normalise`], or your own [`Transform`] |
//! | files (feature `files`) | [`read_idx`], [`read_csv`], [`read_npy`], [`NpzReader`], [`read_text`] with a [`Vocabulary`]; [`Mapped`] for what is larger than memory |
//! | images (feature `images`) | `ImageFolder`: folders of PNG and JPEG files |
//! | cutting | [`split`], [`random_split`], [`stratified_split`], [`k_fold`] and its kin |
//! | preparing | [`Standardiser`], [`oversample`], [`undersample`], [`weighted_sample`], [`windows`], [`pad_sequences`] |

mod augment;
mod batches;
mod cache;
mod collate;
mod concatenated;
mod dataset;
#[cfg(feature = "files")]
mod files;
mod folds;
mod loader;
mod prefetch;
mod resample;
mod sequences;
mod split;
mod standardiser;
mod subset;
mod token_windows;
mod transforms;

pub use augment::{Augmented, Inputs, Transform, TransformRng};
pub use batches::{Batches, TryBatches};
pub use cache::Cache;
pub use collate::Collate;
pub use concatenated::Concatenated;
pub use dataset::Dataset;
#[cfg(feature = "images")]
pub use files::ImageFolder;
#[cfg(feature = "files")]
pub use files::{
    Column, CsvReader, Mapped, NpzReader, NpzWriter, Raw, Table, Vocabulary, read_csv, read_idx, read_npy, read_text,
    write_npy,
};
pub use folds::{Fold, k_fold, leave_p_out, random_k_fold, stratified_k_fold, time_series_folds};
pub use loader::DataLoader;
pub use resample::{oversample, undersample, weighted_sample};
pub use sequences::{pad_sequences, windows};
pub use split::{Parts, random_split, split, stratified_split};
pub use standardiser::Standardiser;
pub use subset::{Map, Subset};
pub use token_windows::TokenWindows;
pub use transforms::{Normalise, RandomCrop, RandomFlip, RandomShift};
