//! Data: what observations are drawn from, and how they become batches.

mod dataset;
mod loader;

pub use dataset::Dataset;
pub use loader::{Batches, DataLoader};
