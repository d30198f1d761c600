//! IDX, the format of MNIST: big-endian arrays behind a header of a few bytes.
//!
//! <http://yann.lecun.com/exdb/mnist/>, "The IDX file format": two zero bytes, a code of the type, the number of axes, the
//! length of each as 32 bits, the numbers.

use std::io::{self, Read};
use std::path::Path;

use super::raw::{Header, Order, Raw};
use super::source::{bytes, open, wrong};
use crate::error::Result;
use crate::tensor::Tensor;

/// Reads an IDX file, such as those of MNIST; gzip or not, by its content. Elements are `u8`, `i8`, `i16`, `i32`, `f32` or
/// `f64`, as the file holds them.
///
/// # Errors
/// Where the file cannot be read, is no IDX file, holds another type, or is shorter or longer than its header says.
///
/// ```no_run
/// use sapwood::data::read_idx;
/// use sapwood::prelude::*;
///
/// let images = read_idx::<u8>("t10k-images-idx3-ubyte.gz")?.cast::<f32>() / 255.0;   // [10000, 28, 28]
/// let labels = read_idx::<u8>("t10k-labels-idx1-ubyte.gz")?;                         // [10000]
/// let data = DataLoader::new((images, labels)).batch_size(128).shuffle(7);
/// # Ok::<(), sapwood::Error>(())
/// ```
pub fn read_idx<T: Raw>(path: impl AsRef<Path>) -> Result<Tensor<T>> {
    open(path.as_ref(), |source| header::<T>(source)?.read(source))
}

pub(super) fn header<T: Raw>(source: &mut (impl Read + ?Sized)) -> io::Result<Header> {
    let [zero, zero_too, code, rank] = bytes(source)?;
    if (zero, zero_too) != (0, 0) {
        return Err(wrong(format!("begins with the bytes {zero} and {zero_too}, not 0 and 0: no IDX file")));
    }
    if T::IDX != Some(code) {
        return Err(wrong(format!("holds {}, not {}", name(code)?, T::NAME)));
    }
    let axis = |_| Ok(u32::from_be_bytes(bytes(source)?) as usize);
    let shape = (0..rank).map(axis).collect::<io::Result<_>>()?;
    Ok(Header { shape, order: Order::Big, fortran: false })
}

fn name(code: u8) -> io::Result<&'static str> {
    let types = [(0x08, "u8"), (0x09, "i8"), (0x0b, "i16"), (0x0c, "i32"), (0x0d, "f32"), (0x0e, "f64")];
    let known = types.iter().find(|(known, _)| *known == code);
    known.map(|(_, name)| *name).ok_or_else(|| wrong(format!("{code:#04x} is no type of an IDX file")))
}
