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
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::encoding;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"SAPWOOD\0";
const VERSION: u32 = 1;
const HEADER: usize = 24;

/// Writes a value to a file: to a sibling first, which is synced and then renamed, so that a crash leaves the old
/// file or the new one and never a part of either. When this returns, the file and its name are on the disk.
///
/// # Errors
/// Where the file can't be written, or the value can't be stored.
pub fn save(path: impl AsRef<Path>, value: &impl Serialize) -> Result<()> {
    let path = path.as_ref();
    let payload = encoding::encode(value).map_err(|error| Error::Format {
        path: path.to_owned(),
        reason: format!("the value can't be stored: {error}"),
    })?;
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((payload.len() as u64).to_le_bytes());
    bytes.extend(crc32fast::hash(&payload).to_le_bytes());
    bytes.extend(payload);
    replace(path, &bytes)
}

/// Reads a value that [`save`] has written.
///
/// The type must be the one that was saved: the file does not describe it, though a checksum tells whether the
/// file is whole.
///
/// # Errors
/// Where the file can't be read, is truncated, corrupted, foreign or of another version, or holds another type.
pub fn load<V: DeserializeOwned>(path: impl AsRef<Path>) -> Result<V> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(Error::io(path))?;
    decode(&bytes).map_err(|reason| Error::Format { path: path.to_owned(), reason })
}

fn decode<V: DeserializeOwned>(bytes: &[u8]) -> std::result::Result<V, String> {
    let (header, payload) = bytes.split_at_checked(HEADER).ok_or("shorter than a header; not a sapwood file")?;
    let (magic, rest) = header.split_at(8);
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    if magic != MAGIC {
        return Err("not a sapwood file".to_owned());
    }
    let version = number(&rest[..4]);
    if version != u64::from(VERSION) {
        return Err(format!("format version {version}; this library reads version {VERSION}"));
    }
    let length = number(&rest[4..12]);
    if length != payload.len() as u64 {
        return Err(format!("truncated or overlong: {} bytes of {length}", payload.len()));
    }
    if number(&rest[12..]) != u64::from(crc32fast::hash(payload)) {
        return Err("corrupted: the checksum does not match".to_owned());
    }
    encoding::decode(payload).map_err(|words| format!("holds another type than the one asked for: {words}"))
}

/// Writes a file as a whole or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let sibling = sibling(path);
    let write = || {
        let mut file = File::create(&sibling)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&sibling, path)
    };
    let written = write().inspect_err(|_| drop(fs::remove_file(&sibling)));
    written.and_then(|()| sync_folder(path)).map_err(Error::io(path))
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
    fn a_file_that_cannot_be_written_leaves_nothing_behind() {
        let folder = path("no-such-folder");
        assert!(matches!(save(folder.join("file"), &1u8), Err(Error::Io { .. })));
    }
}
