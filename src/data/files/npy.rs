//! NPY, NumPy's format of one array.
//!
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>: a magic string, the version, the length of a
//! header, the header as a Python dictionary, the numbers.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use super::raw::{Header, Order, Raw};
use super::source::{at, bytes, fill, open, wrong};
use crate::error::Result;
use crate::tensor::Tensor;

const MAGIC: [u8; 6] = *b"\x93NUMPY";
/// NumPy refuses headers above 10,000 bytes too.
const LONGEST_HEADER: usize = 10_000;
/// The numbers begin at a multiple of this, so that they can be used where they are mapped.
const ALIGNMENT: usize = 64;

/// Reads an array that NumPy's `save` has written; gzip or not, by its content. Elements are of the type that the file
/// holds, in any byte order; [`cast`](Tensor::cast) converts. Both of NumPy's memory orders are read.
///
/// # Errors
/// Where the file cannot be read, is no NPY file, holds another type, or is shorter or longer than its header says.
///
/// ```
/// use sapwood::data::{read_npy, write_npy};
/// use sapwood::prelude::*;
///
/// let path = std::env::temp_dir().join("sapwood-doc.npy");
/// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// write_npy(&path, &x)?;
/// assert_eq!(read_npy::<f32>(&path)?, x);
/// assert!(read_npy::<f64>(&path).unwrap_err().to_string().ends_with("holds `<f4`, not f64"));
/// # Ok::<(), sapwood::Error>(())
/// ```
pub fn read_npy<T: Raw>(path: impl AsRef<Path>) -> Result<Tensor<T>> {
    open(path.as_ref(), |source| read(source))
}

/// Writes an array as NumPy's `save` does; `numpy.load` reads it.
///
/// # Errors
/// Where the file cannot be written.
pub fn write_npy<T: Raw>(path: impl AsRef<Path>, x: &Tensor<T>) -> Result<()> {
    let path = path.as_ref();
    let written = || {
        let mut file = BufWriter::new(File::create(path)?);
        write(&mut file, x)?;
        file.flush()
    };
    written().map_err(at(path))
}

pub(super) fn read<T: Raw>(source: &mut (impl Read + ?Sized)) -> io::Result<Tensor<T>> {
    header::<T>(source)?.0.read(source)
}

pub(super) fn write<T: Raw>(file: &mut impl Write, x: &Tensor<T>) -> io::Result<()> {
    let axes: String = x.shape().iter().map(|axis| format!("{axis}, ")).collect();
    let order = if size_of::<T>() == 1 { '|' } else { '<' };
    let mut header = format!("{{'descr': '{order}{}', 'fortran_order': False, 'shape': ({axes}), }}", T::NPY);
    let before = MAGIC.len() + 4;
    let length = (before + header.len() + 1).next_multiple_of(ALIGNMENT) - before;
    header = format!("{header:<width$}\n", width = length - 1);
    file.write_all(&MAGIC)?;
    // The first version's header has two bytes of length; a shape that does not fit into it has 3,000 axes.
    file.write_all(&[1, 0])?;
    let length = u16::try_from(length).map_err(|_| wrong(format!("{} axes are too many", x.rank())))?;
    file.write_all(&length.to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    let mut numbers = Vec::with_capacity(x.len() * size_of::<T>());
    x.to_vec().into_iter().for_each(|number| number.extend(&mut numbers));
    file.write_all(&numbers)
}

/// The header, and how many bytes it is long.
pub(super) fn header<T: Raw>(source: &mut (impl Read + ?Sized)) -> io::Result<(Header, usize)> {
    if bytes::<6>(source)? != MAGIC {
        return Err(wrong("no NPY file: it does not begin with \\x93NUMPY"));
    }
    let (length, before) = match bytes(source)? {
        [1, _] => (u16::from_le_bytes(bytes(source)?).into(), 10),
        [2 | 3, _] => (u32::from_le_bytes(bytes(source)?) as usize, 12),
        [version, _] => return Err(wrong(format!("version {version} of NPY, where 1 to 3 are known"))),
    };
    if length > LONGEST_HEADER {
        return Err(wrong(format!("a header of {length} bytes, where {LONGEST_HEADER} are the most")));
    }
    let mut text = vec![0; length];
    fill(source, &mut text)?;
    let text = str::from_utf8(&text).map_err(|_| wrong("a header that is no text"))?;
    let (descr, fortran, shape) =
        Dictionary(text.trim_end()).read().ok_or_else(|| wrong(format!("a header that is not understood: {text}")))?;
    let (order, kind) = descr.split_at_checked(1).unwrap_or_default();
    let order = match order {
        ">" => Order::Big,
        "=" if cfg!(target_endian = "big") => Order::Big,
        "<" | "|" | "=" => Order::Little,
        _ => return Err(wrong(format!("elements `{descr}` of no known byte order"))),
    };
    if kind != T::NPY {
        return Err(wrong(format!("holds `{descr}`, not {}", T::NAME)));
    }
    Ok((Header { shape, order, fortran }, before + length))
}

/// The rest of a Python dictionary of NPY's three entries, in any order.
struct Dictionary<'a>(&'a str);

impl<'a> Dictionary<'a> {
    /// Type, memory order and shape; `None` where it is anything else, such as an array of records.
    fn read(mut self) -> Option<(&'a str, bool, Vec<usize>)> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.eat("{")?;
        while self.eat("}").is_none() {
            let key = self.string()?;
            self.eat(":")?;
            match key {
                "descr" => descr = Some(self.string()?),
                "fortran_order" => fortran = Some(self.boolean()?),
                "shape" => shape = Some(self.shape()?),
                _ => return None,
            }
            if self.eat(",").is_none() {
                self.eat("}")?;
                break;
            }
        }
        self.0.is_empty().then_some((descr?, fortran?, shape?))
    }

    fn eat(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(token)?.trim_start();
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let quote = if self.eat("'").is_some() { '\'' } else { self.eat("\"").map(|()| '"')? };
        let (string, rest) = self.0.split_once(quote)?;
        self.0 = rest.trim_start();
        Some(string)
    }

    fn boolean(&mut self) -> Option<bool> {
        self.eat("True").map(|()| true).or_else(|| self.eat("False").map(|()| false))
    }

    fn shape(&mut self) -> Option<Vec<usize>> {
        let mut shape = vec![];
        self.eat("(")?;
        while self.eat(")").is_none() {
            let digits = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
            let (number, rest) = self.0.split_at(digits);
            shape.push(number.parse().ok()?);
            self.0 = rest;
            // Python 2 wrote long integers so.
            let _ = self.eat("L");
            if self.eat(",").is_none() {
                self.eat(")")?;
                break;
            }
        }
        Some(shape)
    }
}
