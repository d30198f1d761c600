//! Arrays between NumPy and Sapwood; `arrays.py` is the other side.

use std::path::Path;

use sapwood::data::{NpzReader, NpzWriter, Raw, read_npy, write_npy};
use sapwood::prelude::*;

use super::python;

/// What `arrays.py write` makes.
fn check(folder: &Path) {
    let mut file = NpzReader::open(folder.join("arrays.npz")).unwrap();
    assert_eq!(file.names(), ["half", "scalar", "flags", "large"]);
    assert_eq!(file.read::<f32>("half").unwrap(), Tensor::from([[0.0, 0.5, 1.0], [1.5, 2.0, 2.5]]));
    assert_eq!(file.read::<f64>("scalar").unwrap(), Tensor::scalar(0.1));
    assert_eq!(file.read::<bool>("flags").unwrap(), Tensor::from([true, false]));
    assert_eq!(file.read::<u16>("large").unwrap(), Tensor::full((40, 50), 7));
    assert_eq!(read_npy::<i64>(folder.join("big_endian.npy")).unwrap(), Tensor::from([1, -2, 1 << 40]));
    let counted = Tensor::from((0..24).collect::<Vec<i32>>()).reshape((2, 3, 4));
    assert_eq!(read_npy::<i32>(folder.join("fortran.npy")).unwrap(), counted);
}

#[test]
fn arrays_of_numpy_are_read() {
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python"));
    let folder = std::env::temp_dir().join(format!("sapwood-arrays-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    if python("numpy", "arrays.py write", &[&folder]).is_some() {
        check(&folder);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn numpy_reads_arrays() {
    let [npy, npz] = ["npy", "npz"]
        .map(|extension| std::env::temp_dir().join(format!("sapwood-written-{}.{extension}", std::process::id())));
    fn row<T: Raw>(from: [T; 2]) -> Tensor<T>
    where
        Tensor<T>: From<[T; 2]>,
    {
        from.into()
    }
    write_npy(&npy, &Tensor::<f32>::arange(24).reshape((2, 3, 4))).unwrap();
    let file = NpzWriter::create(&npz).unwrap();
    let file = file.write("floats", &row([0.5f64, -1.0])).unwrap().write("bytes", &row([200u8, 1])).unwrap();
    file.write("flags", &row([true, false]))
        .unwrap()
        .write("scalar", &Tensor::scalar(-3i16))
        .unwrap()
        .finish()
        .unwrap();
    if let Some(said) = python("numpy", "arrays.py check", &[&npy, &npz]) {
        let expected = "float32 (2, 3, 4) 276.0\nfloats float64 [0.5, -1.0]\nbytes uint8 [200, 1]\n\
                        flags bool [True, False]\nscalar int16 -3\n";
        assert_eq!(said, expected);
    }
    [npy, npz].iter().for_each(|path| std::fs::remove_file(path).unwrap());
}
