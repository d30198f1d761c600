//! The real MNIST, where `../shared/data/mnist` has it; else the test says that it is ignored.

use std::path::Path;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mnist");
    println!("\nrunning 1 test");
    let present = cfg!(feature = "files") && folder.is_dir();
    if present {
        #[cfg(feature = "files")]
        check(&folder);
        println!("test mnist_is_as_published ... ok");
    } else {
        println!("test mnist_is_as_published ... ignored, it needs the feature `files` and {}", folder.display());
    }
    let (passed, ignored) = (usize::from(present), usize::from(!present));
    println!("\ntest result: ok. {passed} passed; 0 failed; {ignored} ignored; 0 measured; 0 filtered out\n");
}

#[cfg(feature = "files")]
fn check(folder: &Path) {
    use sapwood::data::{Mapped, read_idx};
    use sapwood::prelude::*;

    let images = read_idx::<u8>(folder.join("t10k-images-idx3-ubyte.gz")).unwrap();
    let labels = read_idx::<u8>(folder.join("t10k-labels-idx1-ubyte.gz")).unwrap();
    assert_eq!((images.shape(), labels.shape()), (&[10_000, 28, 28][..], &[10_000][..]));
    // The first labels of the test set as LeCun's page shows them, and how often each digit occurs.
    assert_eq!(labels.to_vec()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let mut counts = [0; 10];
    labels.to_vec().into_iter().for_each(|label| counts[usize::from(label)] += 1);
    assert_eq!(counts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    // int(numpy.frombuffer(gzip.open("t10k-images-idx3-ubyte.gz").read(), "u1", offset=16).sum())
    let sum: u64 = images.to_vec().into_iter().map(u64::from).sum();
    assert_eq!(sum, 264_923_200);

    // Decompressed and mapped it is the same.
    let path = std::env::temp_dir().join(format!("sapwood-mnist-{}", std::process::id()));
    let mut plain = std::fs::File::create(&path).unwrap();
    let file = std::fs::File::open(folder.join("t10k-images-idx3-ubyte.gz")).unwrap();
    std::io::copy(&mut flate2::read::GzDecoder::new(file), &mut plain).unwrap();
    let mapped = Mapped::<u8>::idx(&path).unwrap();
    let some = [9_999, 0, 5_000];
    assert_eq!(mapped.batch(&some), images.batch(&some));
    std::fs::remove_file(&path).unwrap();
}
