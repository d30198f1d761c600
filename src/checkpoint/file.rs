//! Files: a header that names the format and its version, a checksum, and the value as bincode 2 encodes it.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0..8 | `SAPWOOD` and a zero byte |
//! | 8..12 | version of the format, 1 (all numbers little-endian) |
//! | 12..20 | length of the payload |
//! | 20..24 | CRC-32 (IEEE) of the payload |
//! | 24.. | payload: bincode 2, its standard configuration |

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bincode::error::EncodeError;
use crc32fast::Hasher;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::encoding::{self, BUFFER};
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"SAPWOOD\0";
const VERSION: u32 = 1;
const HEADER: usize = 24;

/// Writes a value to a file: to a sibling first, which is synced and then renamed, so that a crash leaves the old
/// file or the new one and never a part of either. When this returns, the file and its name are on the disk.
///
/// The value is encoded as it is written: no copy of it is made in memory.
///
/// # Errors
/// Where the file can't be written, or the value can't be stored.
pub fn save(path: impl AsRef<Path>, value: &impl Serialize) -> Result<()> {
    let path = path.as_ref();
    replace_by(path, |file| {
        // The payload's length and checksum are known when it has been written.
        file.write_all(&[0; HEADER]).map_err(Error::io(path))?;
        let mut payload = BufWriter::with_capacity(BUFFER, Payload { to: file, checksum: Hasher::new() });
        let length = encoding::encode_into(&mut payload, value).map_err(|error| match error {
            EncodeError::Io { inner, .. } => Error::io(path)(inner),
            error => Error::Format { path: path.to_owned(), reason: format!("the value can't be stored: {error}") },
        })?;
        let Payload { to: file, checksum } =
            payload.into_inner().map_err(|error| Error::io(path)(error.into_error()))?;
        let mut header = Vec::with_capacity(HEADER);
        header.extend(MAGIC);
        header.extend(VERSION.to_le_bytes());
        header.extend((length as u64).to_le_bytes());
        header.extend(checksum.finalize().to_le_bytes());
        file.rewind().and_then(|()| file.write_all(&header)).map_err(Error::io(path))
    })
}

/// A payload, whose checksum is found as it is written.
struct Payload<'a, W> {
    to: &'a mut W,
    checksum: Hasher,
}

impl<W: Write> Write for Payload<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.checksum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Reads a value that [`save`] has written.
///
/// The type must be the one that was saved: the file does not describe it, though a checksum tells whether the
/// file is whole. The file is read twice, a few bytes at a time: for the checksum, and then for the value.
///
/// # Errors
/// Where the file can't be read (a pipe can't, twice), is truncated, corrupted, foreign or of another version, or holds
/// another type.
pub fn load<V: DeserializeOwned>(path: impl AsRef<Path>) -> Result<V> {
    let path = path.as_ref();
    let format = |reason| Error::Format { path: path.to_owned(), reason };
    let mut file = File::open(path).map_err(Error::io(path))?;
    let mut header = vec![];
    (&file).take(HEADER as u64).read_to_end(&mut header).map_err(Error::io(path))?;
    let (length, checksum) = described(&header).map_err(format)?;
    let mut payload = Payload { to: &mut io::sink(), checksum: Hasher::new() };
    let found = io::copy(&mut file, &mut payload).map_err(Error::io(path))?;
    if found != length {
        return Err(format(format!("truncated or overlong: {found} bytes of {length}")));
    }
    if payload.checksum.finalize() != checksum {
        return Err(format("corrupted: the checksum does not match".to_owned()));
    }
    file.seek(SeekFrom::Start(HEADER as u64)).map_err(Error::io(path))?;
    let value = encoding::decode_from(file, length).map_err(Error::io(path))?;
    value.map_err(|words| format(format!("holds another type than the one asked for: {words}")))
}

/// The length and the checksum of the payload that a header describes.
fn described(header: &[u8]) -> std::result::Result<(u64, u32), String> {
    let header: &[u8; HEADER] = header.try_into().map_err(|_| "shorter than a header; not a sapwood file")?;
    let (magic, rest) = header.split_at(MAGIC.len());
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    if magic != MAGIC {
        return Err("not a sapwood file".to_owned());
    }
    let version = number(&rest[..4]);
    if version != u64::from(VERSION) {
        return Err(format!("format version {version}; this library reads version {VERSION}"));
    }
    Ok((number(&rest[4..12]), number(&rest[12..]) as u32))
}

/// Writes a file as a whole or not at all.
#[cfg(any(feature = "files", feature = "plots"))]
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_by(path, |file| file.write_all(bytes).map_err(Error::io(path)))
}

/// [`replace`] by what `write` writes.
fn replace_by(path: &Path, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let sibling = sibling(path);
    let all = || {
        let mut file = File::create(&sibling).map_err(Error::io(path))?;
        write(&mut file)?;
        file.sync_all().and_then(|()| fs::rename(&sibling, path)).map_err(Error::io(path))
    };
    all().inspect_err(|_| drop(fs::remove_file(&sibling)))?;
    sync_folder(path).map_err(Error::io(path))
}

/// Where a file's new content stands before it is whole.
fn sibling(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}{UNFINISHED}", std::process::id()));
    path.with_file_name(name)
}

/// How the name of such a sibling ends. One that is left behind is of a process that was killed.
pub(crate) const UNFINISHED: &str = ".tmp";

/// A new name is on the disk only when its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Other systems open no folders.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path of this test's own.
    fn path(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("sapwood-file-{name}-{}", std::process::id()))
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let path = path("round-trip");
        let value = (vec![1.5f32, f32::NEG_INFINITY], "name".to_owned());
        save(&path, &value).unwrap();
        assert_eq!(load::<(Vec<f32>, String)>(&path).unwrap(), value);
        save(&path, &3u8).unwrap();
        assert_eq!(load::<u8>(&path).unwrap(), 3);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn every_damage_is_an_error_that_names_the_file() {
        let path = path("damage");
        save(&path, &vec![1.0f64, 2.0, 3.0]).unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            assert!(load::<Vec<f64>>(&path).is_err(), "cut at {cut}");
        }
        for byte in 0..whole.len() {
            let mut damaged = whole.clone();
            for flipped in [0x01, 0x10, 0x80, 0xff] {
                damaged[byte] = whole[byte] ^ flipped;
                fs::write(&path, &damaged).unwrap();
                let message = load::<Vec<f64>>(&path).unwrap_err().to_string();
                assert!(message.starts_with(&*path.to_string_lossy()), "{message}");
            }
        }
        fs::remove_file(&path).unwrap();
        assert!(matches!(load::<u8>(&path), Err(Error::Io { .. })));
    }

    #[test]
    fn another_type_is_an_error() {
        let path = path("type");
        save(&path, &vec![1u8; 100]).unwrap();
        assert!(matches!(load::<(Vec<f64>, String)>(&path), Err(Error::Format { .. })));
        assert!(matches!(load::<u8>(&path), Err(Error::Format { .. })));
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_value_that_cannot_be_stored_leaves_the_old_file() {
        struct Half;
        impl Serialize for Half {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                use serde::ser::{Error, SerializeTuple};
                let mut tuple = serializer.serialize_tuple(2)?;
                tuple.serialize_element(&vec![1.0f64; BUFFER])?;
                Err(S::Error::custom("the other half is missing"))
            }
        }
        let path = path("half");
        save(&path, &7u8).unwrap();
        let message = save(&path, &Half).unwrap_err().to_string();
        assert!(message.starts_with(&*path.to_string_lossy()) && message.contains("the other half"), "{message}");
        assert_eq!(load::<u8>(&path).unwrap(), 7);
        assert!(!sibling(&path).exists());
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_behind() {
        let folder = path("no-such-folder");
        assert!(matches!(save(folder.join("file"), &1u8), Err(Error::Io { .. })));
    }
}
