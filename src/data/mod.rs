//! Data: what observations are drawn from, how they become batches, and how they are cut, folded and prepared.

mod batches;
mod dataset;
mod folds;
mod loader;
mod prefetch;
mod resample;
mod sequences;
mod split;
mod standardiser;
mod subset;

pub use batches::{Batches, TryBatches};
pub use dataset::Dataset;
pub use folds::{Fold, k_fold, leave_p_out, random_k_fold, stratified_k_fold, time_series_folds};
pub use loader::DataLoader;
pub use resample::{oversample, undersample, weighted_sample};
pub use sequences::{pad_sequences, windows};
pub use split::{Parts, random_split, split, stratified_split};
pub use standardiser::Standardiser;
pub use subset::{Map, Subset};
