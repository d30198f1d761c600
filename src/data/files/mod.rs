//! Readers of data files; the feature `files`, and `images` for images.

mod csv;
mod idx;
#[cfg(feature = "images")]
mod images;
mod mapped;
mod npy;
mod npz;
mod raw;
mod source;
mod text;

pub use csv::{Column, CsvReader, Table, read_csv};
pub use idx::read_idx;
#[cfg(feature = "images")]
pub use images::ImageFolder;
pub use mapped::Mapped;
pub use npy::{read_npy, write_npy};
pub use npz::{NpzReader, NpzWriter};
pub use raw::Raw;
pub use text::{Vocabulary, read_text};
