//! [`Mapped`]: arrays that stay in their file.

use std::io;
use std::path::Path;

use super::raw::{Header, Order, Raw, numbers};
use super::source::{at, wrong};
use super::{idx, npy};
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::mapping::Mapping;
use crate::tensor::Tensor;

/// An array in a file, read where observations are asked for: for what is larger than memory.
///
/// The system keeps what it has read for as long as there is memory. The file must be left alone while it is mapped: what
/// another program writes shows up in the batches, and where one cuts it short, this program is ended by a signal.
///
/// ```
/// use sapwood::data::{Mapped, write_npy};
/// use sapwood::prelude::*;
///
/// let path = std::env::temp_dir().join("sapwood-doc-mapped.npy");
/// write_npy(&path, &Tensor::<f32>::arange(6).reshape((3, 2)))?;
/// let x = Mapped::<f32>::npy(&path)?;
/// assert_eq!(x.shape(), [3, 2]);
/// let batches = DataLoader::new(x).batch_size(2);
/// assert_eq!(batches.iter().last().unwrap().to_vec(), [4.0, 5.0]);
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Debug)]
pub struct Mapped<T> {
    file: Mapping,
    /// Where the numbers begin.
    start: usize,
    header: Header,
    /// Bytes to an observation.
    width: usize,
    elements: std::marker::PhantomData<fn() -> T>,
}

impl<T: Raw> Mapped<T> {
    /// An IDX file that is not compressed; see [`read_idx`](super::read_idx).
    ///
    /// # Errors
    /// As [`read_idx`](super::read_idx), and for a scalar.
    pub fn idx(path: impl AsRef<Path>) -> Result<Self> {
        Self::open(path.as_ref(), |bytes| {
            let mut rest = bytes;
            let header = idx::header::<T>(&mut rest)?;
            Ok((header, bytes.len() - rest.len()))
        })
    }

    /// An NPY file that is not compressed; see [`read_npy`](super::read_npy).
    ///
    /// # Errors
    /// As [`read_npy`](super::read_npy), for a scalar, and for an array in Fortran's order, whose observations do not lie
    /// together.
    pub fn npy(path: impl AsRef<Path>) -> Result<Self> {
        Self::open(path.as_ref(), |mut bytes| npy::header::<T>(&mut bytes))
    }

    /// The array's shape.
    pub fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    fn open(path: &Path, header: impl FnOnce(&[u8]) -> io::Result<(Header, usize)>) -> Result<Self> {
        let opened = || {
            let file = Mapping::open(path)?;
            if file.bytes().starts_with(&[0x1f, 0x8b]) {
                return Err(wrong("is compressed with gzip; only a file that is not can be mapped"));
            }
            let (header, start) = header(file.bytes())?;
            let (size, found) = (header.size::<T>()?, file.bytes().len() - start);
            if size != found {
                let shape = &header.shape;
                return Err(wrong(format!("the header promises {size} bytes of shape {shape:?}, and {found} follow")));
            }
            match header.shape[..] {
                [] => Err(wrong("a scalar has no axis of observations")),
                [_, _, ..] if header.fortran => {
                    Err(wrong("is in Fortran's order; numpy.ascontiguousarray brings its observations together"))
                }
                [observations, ..] => {
                    let width = size.checked_div(observations).unwrap_or(0);
                    Ok(Mapped { file, start, header, width, elements: std::marker::PhantomData })
                }
            }
        };
        opened().map_err(at(path))
    }
}

impl Mapped<u8> {
    /// Any file, as the bytes that it is: text as tokens of bytes, for one.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn bytes(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = Mapping::open(path).map_err(at(path))?;
        let header = Header { shape: vec![file.bytes().len()], order: Order::Little, fortran: false };
        Ok(Mapped { file, start: 0, header, width: 1, elements: std::marker::PhantomData })
    }
}

impl<T: Raw> Dataset for Mapped<T> {
    type Batch = Tensor<T>;

    fn len(&self) -> usize {
        self.header.shape[0]
    }
    fn batch(&self, observations: &[usize]) -> Tensor<T> {
        let bytes = &self.file.bytes()[self.start..];
        let mut elements = Vec::with_capacity(observations.len() * self.width / size_of::<T>());
        for &i in observations {
            elements.extend(numbers::<T>(&bytes[i * self.width..][..self.width], self.header.order));
        }
        let mut shape = self.header.shape.clone();
        shape[0] = observations.len();
        Tensor::from_vec(elements, shape)
    }
}
