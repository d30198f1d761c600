//! The format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. What NumPy itself wrote is in
//! `tests/python`.

use sapwood::data::{Mapped, NpzReader, NpzWriter, read_npy, write_npy};
use sapwood::prelude::*;

use super::{Scratch, gzip, refusal};

fn npy(version: u8, header: &str, body: &[u8]) -> Vec<u8> {
    let mut file = [b"\x93NUMPY", &[version, 0][..]].concat();
    match version {
        1 => file.extend((header.len() as u16).to_le_bytes()),
        _ => file.extend((header.len() as u32).to_le_bytes()),
    }
    [&file, header.as_bytes(), body].concat()
}

#[test]
fn headers_may_be_written_in_any_way_that_python_reads() {
    let scratch = Scratch::folder();
    for header in [
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }          \n",
        "{\"shape\":(2,1),\"fortran_order\":False,\"descr\":\"<i2\"}",
        "{ 'fortran_order' : False , 'shape' : ( 2L , 1L , ) , 'descr' : '<i2' }\n",
    ] {
        for version in [1, 2, 3] {
            let path = scratch.write("x.npy", npy(version, header, &[1, 2, 255, 255]));
            assert_eq!(read_npy::<i16>(&path).unwrap(), Tensor::from([[513], [-1]]));
            assert_eq!(Mapped::<i16>::npy(&path).unwrap().batch(&[1]), Tensor::from([[-1]]));
        }
    }
}

#[test]
fn byte_orders_and_memory_orders_are_read() {
    let scratch = Scratch::folder();
    let read = |header: &str, body: &[u8]| read_npy(scratch.write("x.npy", npy(1, header, body))).unwrap();
    let big = read("{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", &[0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0]);
    assert_eq!(big, Tensor::from([1.0f32, -2.5]));
    let path =
        scratch.write("f.npy", npy(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}", &[1, 4, 2, 5, 3, 6]));
    assert_eq!(read_npy::<u8>(&path).unwrap(), Tensor::from([[1, 2, 3], [4, 5, 6]]));
    assert!(refusal(&path, Mapped::<u8>::npy(&path)).starts_with("is in Fortran's order; numpy.ascontiguousarray"));
    let scalar = npy(1, "{'descr': '|b1', 'fortran_order': True, 'shape': ()}", &[1]);
    assert_eq!(read_npy::<bool>(scratch.write("s.npy", gzip(&scalar))).unwrap(), Tensor::scalar(true));
}

fn round_trip<T: sapwood::data::Raw>(x: &Tensor<T>) {
    let scratch = Scratch::folder();
    let path = scratch.0.join("x.npy");
    write_npy(&path, x).unwrap();
    assert_eq!(&read_npy::<T>(&path).unwrap(), x);
    // NumPy asks for numbers that begin at a multiple of 64.
    assert_eq!((std::fs::read(&path).unwrap().len() - x.len() * size_of::<T>()) % 64, 0);
    if x.rank() > 0 {
        let all: Vec<usize> = (0..x.shape()[0]).collect();
        assert_eq!(&Mapped::<T>::npy(&path).unwrap().batch(&all), x);
    }
}

#[test]
fn what_is_written_is_read() {
    let mut rng = StdRng::seed_from_u64(0);
    round_trip(&Tensor::<f32>::normal((3, 4, 5), 0.0, 1.0, &mut rng));
    round_trip(&Tensor::<f64>::normal((7, 2), 0.0, 1.0, &mut rng).t());
    round_trip(&Tensor::from([u64::MAX, 0]));
    round_trip(&Tensor::from([i64::MIN, 5]));
    round_trip(&Tensor::from([i8::MIN, 5]));
    round_trip(&Tensor::from([[true, false], [false, true]]));
    round_trip(&Tensor::scalar(3.5f32));
    round_trip(&Tensor::<u16>::zeros((0, 3)));
}

#[test]
fn what_is_wrong_is_said_with_the_file() {
    let scratch = Scratch::folder();
    let words = |content: &[u8]| {
        let path = scratch.write("x.npy", content);
        refusal(&path, read_npy::<f32>(&path))
    };
    let header = |descr: &str, shape: &str| {
        npy(1, &format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"), &[0; 4])
    };
    assert_eq!(words(&header("'<f8'", "(1,)")), "holds `<f8`, not f32");
    assert_eq!(words(&header("'f4'", "(1,)")), "elements `f4` of no known byte order");
    assert_eq!(words(&header("'<f4'", "(2,)")), "the header promises 8 bytes of shape [2], and only 4 follow");
    assert_eq!(words(&header("'<f4'", "(1,)")[..40]), "ends within its header");
    assert!(words(&header("[('a', '<f4')]", "(1,)")).starts_with("a header that is not understood: {'descr': [("));
    assert!(words(&header("'<f4'", "(1, -1)")).starts_with("a header that is not understood"));
    assert!(words(&header("'<f4'", &format!("({0}, {0})", u64::MAX))).ends_with("is larger than memory can be"));
    assert_eq!(words(b"\x93NUMPY\x04\x00"), "version 4 of NPY, where 1 to 3 are known");
    assert_eq!(words(b"\x93NUMPY\x02\x00\xff\xff\xff\xff"), "a header of 4294967295 bytes, where 10000 are the most");
    assert_eq!(words(b"PK\x03\x04 and more"), "no NPY file: it does not begin with \\x93NUMPY");
}

#[test]
fn an_npz_file_names_its_arrays() {
    let scratch = Scratch::folder();
    let path = scratch.0.join("x.npz");
    let (x, y) = (Tensor::from([[1.5f32, 2.5]]), Tensor::from([true, false]));
    NpzWriter::create(&path).unwrap().write("layer.weight", &x).unwrap().write("y", &y).unwrap().finish().unwrap();
    let mut file = NpzReader::open(&path).unwrap();
    assert_eq!(file.names(), ["layer.weight", "y"]);
    assert_eq!((file.read::<bool>("y").unwrap(), file.read::<f32>("layer.weight").unwrap()), (y, x));
    assert_eq!(refusal(&path, file.read::<f32>("y")), "y: holds `|b1`, not f32");
    assert_eq!(refusal(&path, file.read::<f32>("z")), "z: no array of this name among [\"layer.weight\", \"y\"]");

    // A name that ends as a file's does comes back whole.
    let path = scratch.0.join("z.npz");
    let z = Tensor::scalar(1u8);
    NpzWriter::create(&path).unwrap().write("z.npy", &z).unwrap().finish().unwrap();
    let mut file = NpzReader::open(&path).unwrap();
    assert_eq!(file.names(), ["z.npy"]);
    assert_eq!(file.read::<u8>("z.npy").unwrap(), z);

    // The list says how many arrays there are, 12 bytes before the end.
    let mut bytes = std::fs::read(&path).unwrap();
    let count = bytes.len() - 12;
    bytes[count] += 1;
    let path = scratch.write("more.npz", &bytes);
    assert_eq!(refusal(&path, NpzReader::open(&path)), "lists 1 arrays, where it says 2");

    let path = scratch.write("y.npz", b"no archive");
    let expected = "no whole ZIP archive: Missing end of central directory";
    assert_eq!(refusal(&path, NpzReader::open(&path)), expected);
    let writer = NpzWriter::create(&path).unwrap().write("y", &Tensor::scalar(1u8)).unwrap();
    let expected = "there is an array of the name \"y\" already";
    assert_eq!(refusal(&path, writer.write("y", &Tensor::scalar(1u8))), expected);
}
