//! Data files, written byte by byte from the definitions of their formats.
#![cfg(feature = "files")]

use std::fmt::Debug;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

mod csv;
mod idx;
#[cfg(feature = "images")]
mod images;
mod npy;
mod text;

/// A file of the given name and content in a folder of its own, which goes with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn folder() -> Scratch {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("sapwood-files-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Scratch(folder)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The error's words, which begin with the file.
#[track_caller]
fn refusal<V: Debug>(path: &Path, result: sapwood::Result<V>) -> String {
    let words = result.unwrap_err().to_string();
    words.strip_prefix(&format!("{}: ", path.display())).unwrap_or_else(|| panic!("{words}")).to_owned()
}
