//! Data files broken in every place: a reader says that they are wrong, or reads what they say; it neither panics nor takes
//! memory that the file could not fill.
#![cfg(feature = "files")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use sapwood::data::{Mapped, NpzReader, NpzWriter, read_csv, read_idx, read_npy, write_npy};
use sapwood::prelude::*;

/// Knows the largest piece of memory that was asked for.
struct Watching;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as our caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as our caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static WATCHING: Watching = Watching;

/// Files of a few hundred bytes; buffers of readers are larger.
const MOST: usize = 1 << 20;

/// Reads the file cut at every length, and with the lowest, the highest and all bits of each of the first `header` bytes turned. Counts what was refused.
fn torture(name: &str, whole: &[u8], header: usize, read: impl Fn(&Path) -> Result<(), sapwood::Error>) -> usize {
    let path = std::env::temp_dir().join(format!("sapwood-broken-{}-{name}", std::process::id()));
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        match read(&path) {
            Ok(()) => false,
            Err(error) => {
                assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
                true
            }
        }
    };
    assert!(!refused(whole), "{name} as it is");
    let cut = (0..whole.len()).filter(|&length| refused(&whole[..length])).count();
    let places = (0..header.min(whole.len())).flat_map(|place| [0x01, 0x80, 0xff].map(|bits| (place, bits)));
    let turned = places.filter(|&(place, bits)| {
        let mut turned = whole.to_vec();
        turned[place] ^= bits;
        refused(&turned)
    });
    let turned = turned.count();
    std::fs::remove_file(&path).unwrap();
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(largest <= MOST, "{name}: {largest} bytes at once");
    assert!(cut + turned > 0, "{name}: nothing is refused");
    cut
}

#[test]
fn broken_files_are_refused_or_read_and_nothing_else() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    };
    let idx = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2][..], &[7; 12]].concat();
    let read = |path: &Path| read_idx::<u8>(path).map(drop);
    // Every cut is seen: the header says how long the file is.
    assert_eq!(torture("idx", &idx, 16, read), idx.len());
    assert_eq!(torture("idx.gz", &gzip(&idx), usize::MAX, read), gzip(&idx).len());
    let map = |path: &Path| Mapped::<u8>::idx(path).map(|x| drop(x.batch(&(0..x.len().min(3)).collect::<Vec<_>>())));
    assert_eq!(torture("mapped", &idx, 16, map), idx.len());

    let path = std::env::temp_dir().join(format!("sapwood-whole-{}", std::process::id()));
    write_npy(&path, &Tensor::<f32>::ones((2, 3))).unwrap();
    let npy = std::fs::read(&path).unwrap();
    assert_eq!(torture("npy", &npy, 128, |path| read_npy::<f32>(path).map(drop)), npy.len());
    assert_eq!(torture("npy-mapped", &npy, 128, |path| Mapped::<f32>::npy(path).map(drop)), npy.len());

    let x = Tensor::<f32>::ones((2, 3));
    NpzWriter::create(&path).unwrap().write("x", &x).unwrap().write("y", &x).unwrap().finish().unwrap();
    let npz = std::fs::read(&path).unwrap();
    let read_npz = |path: &Path| {
        let mut file = NpzReader::open(path)?;
        let names = file.names().to_vec();
        names.iter().try_for_each(|name| file.read::<f32>(name).map(drop))
    };
    torture("npz", &npz, usize::MAX, read_npz);
    let compressed = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/arrays.npz")).unwrap();
    torture("compressed.npz", &compressed, usize::MAX, |path| NpzReader::open(path)?.read::<f32>("half").map(drop));
    std::fs::remove_file(&path).unwrap();

    let csv = b"a,b\n1,\"two\"\n3,4\n";
    torture("csv", csv, usize::MAX, |path| {
        let table = read_csv(path)?;
        table.column::<f32>("a").and(table.classes("b")).map(drop)
    });
}
