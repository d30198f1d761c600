//! Opening files, and errors that name them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};

/// The first bytes of a gzip file (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What is wrong with a file's content, as an [`io::Error`], so that it travels with those of the system.
pub(super) fn wrong(reason: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason.into())
}

/// The crate's error for what went wrong with a file: its content, or access to it.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    |source| match source.kind() {
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
            Error::Format { path: path.to_owned(), reason: source.to_string() }
        }
        _ => Error::io(path)(source),
    }
}

/// Opens a file and reads it with `read`. What is compressed with gzip, by its content, is decompressed.
pub(super) fn open<V>(path: &Path, read: impl FnOnce(&mut dyn Read) -> io::Result<V>) -> Result<V> {
    let opened = || {
        let mut file = BufReader::new(File::open(path)?);
        if file.fill_buf()?.starts_with(&GZIP) { read(&mut MultiGzDecoder::new(file)) } else { read(&mut file) }
    };
    opened().map_err(at(path))
}

/// Exactly `N` bytes of a header.
pub(super) fn bytes<const N: usize>(source: &mut (impl Read + ?Sized)) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(source, &mut bytes)?;
    Ok(bytes)
}

/// As many bytes of a header as there is room for.
pub(super) fn fill(source: &mut (impl Read + ?Sized), bytes: &mut [u8]) -> io::Result<()> {
    source.read_exact(bytes).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => wrong("ends within its header"),
        _ => error,
    })
}
