//! The format: <http://yann.lecun.com/exdb/mnist/>, "The IDX file format".

use sapwood::data::{Mapped, read_idx};
use sapwood::prelude::*;

use super::{Scratch, gzip, refusal};

/// 2×3 bytes, as the images of MNIST are.
const BYTES: [u8; 18] = [0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 250, 255];

#[test]
fn every_type_is_read_in_big_endian_order() {
    let scratch = Scratch::folder();
    let file = |code: u8, body: &[u8]| scratch.write("x", [&[0, 0, code, 1, 0, 0, 0, 2], body].concat());
    // Two's complement and IEEE 754 by hand.
    assert_eq!(read_idx::<u8>(file(0x08, &[7, 255])).unwrap(), Tensor::from([7, 255]));
    assert_eq!(read_idx::<i8>(file(0x09, &[7, 255])).unwrap(), Tensor::from([7, -1]));
    assert_eq!(read_idx::<i16>(file(0x0b, &[1, 2, 255, 254])).unwrap(), Tensor::from([258, -2]));
    assert_eq!(read_idx::<i32>(file(0x0c, &[0, 1, 0, 2, 255, 255, 255, 254])).unwrap(), Tensor::from([65538, -2]));
    assert_eq!(read_idx::<f32>(file(0x0d, &[0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0])).unwrap(), Tensor::from([1.0, -2.5]));
    let doubles = [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0x04, 0, 0, 0, 0, 0, 0];
    assert_eq!(read_idx::<f64>(file(0x0e, &doubles)).unwrap(), Tensor::from([1.0, -2.5]));
}

#[test]
fn shapes_and_compression_come_from_the_content() {
    let scratch = Scratch::folder();
    let expected = Tensor::from([[1u8, 2, 3], [4, 250, 255]]);
    for content in [&BYTES[..], &gzip(&BYTES)] {
        // Whatever the name says.
        for name in ["x-idx2-ubyte", "x-idx2-ubyte.gz"] {
            assert_eq!(read_idx::<u8>(scratch.write(name, content)).unwrap(), expected);
        }
    }
    assert_eq!(read_idx::<u8>(scratch.write("scalar", [0, 0, 8, 0, 9])).unwrap(), Tensor::scalar(9));
    let empty = [0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 5];
    assert_eq!(read_idx::<u8>(scratch.write("empty", empty)).unwrap().shape(), [0, 5]);
}

#[test]
fn a_mapped_file_is_a_dataset() {
    let scratch = Scratch::folder();
    let x = Mapped::<u8>::idx(scratch.write("x", BYTES)).unwrap();
    assert_eq!((x.len(), x.shape()), (2, &[2, 3][..]));
    assert_eq!(x.batch(&[1, 0, 1]), Tensor::from([[4, 250, 255], [1, 2, 3], [4, 250, 255]]));
    let batches: Vec<_> = DataLoader::new(x).workers(2).iter().collect();
    assert_eq!(batches, [Tensor::from([[1, 2, 3]]), Tensor::from([[4, 250, 255]])]);

    let path = scratch.write("x.gz", gzip(&BYTES));
    assert_eq!(
        refusal(&path, Mapped::<u8>::idx(&path)),
        "is compressed with gzip; only a file that is not can be mapped"
    );
    let path = scratch.write("scalar", [0, 0, 8, 0, 9]);
    assert_eq!(refusal(&path, Mapped::<u8>::idx(&path)), "a scalar has no axis of observations");
    let path = scratch.write("short", &BYTES[..17]);
    let words = "the header promises 6 bytes of shape [2, 3], and 5 follow";
    assert_eq!(refusal(&path, Mapped::<u8>::idx(&path)), words);
}

#[test]
fn what_is_wrong_is_said_with_the_file() {
    let scratch = Scratch::folder();
    let words = |content: &[u8]| {
        let path = scratch.write("x", content);
        refusal(&path, read_idx::<u8>(&path))
    };
    let promise = "the header promises 6 bytes of shape [2, 3], and";
    assert_eq!(words(&BYTES[..17]), format!("{promise} only 5 follow"));
    assert_eq!(words(&gzip(&[&BYTES[..], &[0]].concat())), format!("{promise} more follow"));
    assert_eq!(words(&BYTES[..10]), "ends within its header");
    assert_eq!(words(b"PK\x03\x04"), "begins with the bytes 80 and 75, not 0 and 0: no IDX file");
    assert_eq!(words(&[0, 0, 0x0d, 1, 0, 0, 0, 0]), "holds f32, not u8");
    assert_eq!(words(&[0, 0, 0x0a, 1, 0, 0, 0, 0]), "0x0a is no type of an IDX file");
    let huge = [&[0, 0, 8, 3][..], &[255; 12]].concat();
    assert!(words(&huge).starts_with("the shape [4294967295, 4294967295, 4294967295] is larger than memory"));
    let compressed = gzip(&BYTES);
    assert!(!words(&compressed[..compressed.len() - 9]).is_empty());
    let path = scratch.0.join("nowhere");
    assert!(refusal(&path, read_idx::<u8>(&path)).contains("No such file"));
}
