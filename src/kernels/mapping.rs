//! Files as memory.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::path::Path;

/// A file whose pages the system reads when they are looked at.
#[derive(Debug)]
pub(crate) struct Mapping(memmap2::Mmap);

impl Mapping {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the map is private to this struct and read-only, and it ends before the struct does. What cannot be
        // ensured from here is that no other process writes to the file meanwhile: its bytes would change under a `&[u8]`,
        // and where it is cut short, reading beyond its new end ends the process with a signal. Only plain numbers are
        // read, of which every bit pattern is one, so that changed bytes are wrong numbers and nothing worse in practice;
        // the public documentation says that a file that is mapped must be left alone.
        let map = unsafe { memmap2::Mmap::map(&file)? };
        Ok(Mapping(map))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
