//! NPZ, NumPy's format of several arrays: a ZIP archive of NPY files.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;
use rawzip::{
    CompressionMethod, ErrorKind, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder,
    ZipArchiveWriter,
};

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
    /// Where each array is, and how it is compressed.
    places: Vec<(ZipArchiveEntryWayfinder, CompressionMethod)>,
    archive: ZipArchive<FileReader>,
}

impl NpzReader {
    /// Opens a file.
    ///
    /// # Errors
    /// Where it cannot be read or is no ZIP archive.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let open = || {
            let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
            let archive = ZipArchive::from_file(File::open(&path)?, &mut buffer).map_err(broken)?;
            let (mut names, mut places) = (vec![], vec![]);
            let mut entries = archive.entries(&mut buffer);
            while let Some(entry) = entries.next_entry().map_err(broken)? {
                let name = str::from_utf8(entry.file_path().as_bytes()).map_err(|_| wrong("a name that is no text"))?;
                names.push(name.strip_suffix(".npy").unwrap_or(name).to_owned());
                places.push((entry.wayfinder(), entry.compression_method()));
            }
            if names.len() as u64 != archive.entries_hint() {
                return Err(wrong(format!("lists {} arrays, where it says {}", names.len(), archive.entries_hint())));
            }
            Ok((names, places, archive))
        };
        let (names, places, archive) = open().map_err(at(&path))?;
        Ok(NpzReader { path, names, places, archive })
    }

    /// The names of the arrays, in the file's order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads an array.
    ///
    /// # Errors
    /// Where there is none of that name or it is neither stored nor deflated, or as [`read_npy`](super::read_npy), with the
    /// array's name.
    pub fn read<T: Raw>(&mut self, name: &str) -> Result<Tensor<T>> {
        let read = || {
            // Of several of one name the last, as NumPy.
            let Some(number) = self.names.iter().rposition(|other| other == name) else {
                return Err(wrong(format!("no array of this name among {:?}", self.names)));
            };
            let (place, compression) = self.places[number];
            let entry = self.archive.get_entry(place).map_err(broken)?;
            // Reading to the end finds whether it is what was written.
            match compression {
                CompressionMethod::STORE => npy::read(&mut entry.verifying_reader(BufReader::new(entry.reader()))),
                CompressionMethod::DEFLATE => {
                    npy::read(&mut entry.verifying_reader(DeflateDecoder::new(entry.reader())))
                }
                other => Err(wrong(format!("compressed by {other:?}, where what NumPy writes is stored or deflated"))),
            }
        };
        read().map_err(|error| at(&self.path)(io::Error::new(error.kind(), format!("{name}: {error}"))))
    }
}

/// Writes an NPZ file, array by array; `numpy.load` reads it. See [`NpzReader`].
#[derive(Debug)]
pub struct NpzWriter {
    path: PathBuf,
    names: Vec<String>,
    archive: ZipArchiveWriter<BufWriter<File>>,
}

impl NpzWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let file = File::create(&path).map_err(at(&path))?;
        Ok(NpzWriter { path, names: vec![], archive: ZipArchiveWriter::new(BufWriter::new(file)) })
    }

    /// Adds an array.
    ///
    /// # Errors
    /// Where the file cannot be written, or has an array of that name.
    pub fn write<T: Raw>(mut self, name: &str, x: &Tensor<T>) -> Result<Self> {
        let mut write = || {
            if self.names.iter().any(|other| other == name) {
                return Err(wrong(format!("there is an array of the name {name:?} already")));
            }
            self.names.push(name.to_owned());
            let (mut entry, config) = self.archive.new_file(format!("{name}.npy")).start().map_err(broken)?;
            let mut file = config.wrap(&mut entry);
            npy::write(&mut file, x)?;
            let (_, written) = file.finish().map_err(broken)?;
            entry.finish(written).map(drop).map_err(broken)
        };
        write().map_err(at(&self.path))?;
        Ok(self)
    }

    /// Writes the list of arrays at the file's end, without which it cannot be read.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn finish(self) -> Result<()> {
        let finish = || self.archive.finish().map_err(broken)?.flush();
        finish().map_err(at(&self.path))
    }
}

/// What is wrong with an archive, where it is not the file that could not be read or written.
fn broken(error: rawzip::Error) -> io::Error {
    match error.kind() {
        ErrorKind::IO(error) => io::Error::new(error.kind(), error.to_string()),
        _ => wrong(format!("no whole ZIP archive: {error}")),
    }
}
