//! NPZ, NumPy's format of several arrays: a ZIP archive of NPY files.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::npy;
use super::raw::Raw;
use super::source::{at, wrong};
use crate::error::Result;
use crate::tensor::Tensor;

/// Arrays of an NPZ file, as NumPy's `savez` and `savez_compressed` write it; each is read when asked for.
///
/// ```
/// use sapwood::data::{NpzReader, NpzWriter};
/// use sapwood::prelude::*;
///
/// let path = std::env::temp_dir().join("sapwood-doc.npz");
/// let (x, y) = (Tensor::from([[1.0f32, 2.0]]), Tensor::from([3i64]));
/// NpzWriter::create(&path)?.write("x", &x)?.write("y", &y)?.finish()?;
///
/// let mut file = NpzReader::open(&path)?;
/// assert_eq!(file.names(), ["x", "y"]);
/// assert_eq!((file.read::<f32>("x")?, file.read::<i64>("y")?), (x, y));
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Debug)]
pub struct NpzReader {
    path: PathBuf,
    /// Those of the arrays.
    names: Vec<String>,
    archive: ZipArchive<BufReader<File>>,
}

impl NpzReader {
    /// Opens a file.
    ///
    /// # Errors
    /// Where it cannot be read or is no ZIP archive.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let open = || {
            let archive = ZipArchive::new(BufReader::new(File::open(&path)?))?;
            let names = archive.file_names().map(|name| Ok(name?.trim_end_matches(".npy").to_owned()));
            Ok((names.collect::<io::Result<_>>()?, archive))
        };
        let (names, archive) = open().map_err(at(&path))?;
        Ok(NpzReader { path, names, archive })
    }

    /// The names of the arrays, in the file's order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads an array.
    ///
    /// # Errors
    /// Where there is none of that name, or as [`read_npy`](super::read_npy) and with the array's name.
    pub fn read<T: Raw>(&mut self, name: &str) -> Result<Tensor<T>> {
        let mut read = || {
            let Some(number) = self.archive.index_for_name(&format!("{name}.npy")) else {
                return Err(wrong(format!("no array of this name among {:?}", self.names)));
            };
            npy::read(&mut self.archive.by_index(number)?)
        };
        read().map_err(|error| at(&self.path)(io::Error::new(error.kind(), format!("{name}: {error}"))))
    }
}

/// Writes an NPZ file, array by array; `numpy.load` reads it. See [`NpzReader`].
#[derive(Debug)]
pub struct NpzWriter {
    path: PathBuf,
    archive: ZipWriter<BufWriter<File>>,
}

impl NpzWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let file = File::create(&path).map_err(at(&path))?;
        Ok(NpzWriter { path, archive: ZipWriter::new(BufWriter::new(file)) })
    }

    /// Adds an array.
    ///
    /// # Errors
    /// Where the file cannot be written, or has an array of that name.
    pub fn write<T: Raw>(mut self, name: &str, x: &Tensor<T>) -> Result<Self> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
        let mut write = || {
            self.archive.start_file(format!("{name}.npy"), options)?;
            npy::write(&mut self.archive, x)
        };
        write().map_err(at(&self.path))?;
        Ok(self)
    }

    /// Writes the list of arrays at the file's end, without which it cannot be read.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn finish(self) -> Result<()> {
        let finish = || self.archive.finish()?.into_inner().map_err(|error| error.into_error());
        finish().map(drop).map_err(at(&self.path))
    }
}
