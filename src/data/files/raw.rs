//! Arrays as files hold them: a header, then numbers one after another.

use std::io::{self, Read};

use super::source::wrong;
use crate::tensor::{Element, Tensor};

/// An element that files of raw numbers hold: `f32`, `f64`, integers of a fixed width, and `bool`.
pub trait Raw: Element {
    /// As NPY spells it, without the byte order.
    #[doc(hidden)]
    const NPY: &'static str;

    /// Its code in IDX, where it has one.
    #[doc(hidden)]
    const IDX: Option<u8>;

    /// The number that these bytes, of the type's size, are.
    #[doc(hidden)]
    fn from_bytes(bytes: &[u8], order: Order) -> Self;

    /// Its bytes, the lowest first.
    #[doc(hidden)]
    fn extend(self, bytes: &mut Vec<u8>);
}

/// Which byte of a number comes first.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

macro_rules! raw {
    ($($t:ident $npy:literal $idx:expr),+ $(,)?) => {$(
        impl Raw for $t {
            const NPY: &'static str = $npy;
            const IDX: Option<u8> = $idx;

            #[inline]
            fn from_bytes(bytes: &[u8], order: Order) -> Self {
                let mut number = [0; size_of::<$t>()];
                number.copy_from_slice(bytes);
                match order {
                    Order::Little => $t::from_le_bytes(number),
                    Order::Big => $t::from_be_bytes(number),
                }
            }
            fn extend(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        }
    )+};
}

raw! {
    u8 "u1" Some(0x08), i8 "i1" Some(0x09), i16 "i2" Some(0x0b), i32 "i4" Some(0x0c), f32 "f4" Some(0x0d),
    f64 "f8" Some(0x0e), u16 "u2" None, u32 "u4" None, u64 "u8" None, i64 "i8" None,
}

impl Raw for bool {
    const NPY: &'static str = "b1";
    const IDX: Option<u8> = None;

    #[inline]
    fn from_bytes(bytes: &[u8], _: Order) -> Self {
        bytes != [0]
    }
    fn extend(self, bytes: &mut Vec<u8>) {
        bytes.push(self.into());
    }
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) shape: Vec<usize>,
    pub(super) order: Order,
    /// Whether the first axis is the one that changes fastest.
    pub(super) fortran: bool,
}

impl Header {
    /// How many bytes the numbers take.
    pub(super) fn size<T>(&self) -> io::Result<usize> {
        // Where an axis has length 0 the others must make sense all the same: layouts multiply them.
        let axes = self.shape.iter().map(|&axis| axis.max(1)).chain([size_of::<T>()]);
        match axes.into_iter().try_fold(1usize, usize::checked_mul) {
            Some(size) if size <= isize::MAX as usize => Ok(if self.shape.contains(&0) { 0 } else { size }),
            _ => Err(wrong(format!("the shape {:?} is larger than memory can be", self.shape))),
        }
    }

    /// Reads the numbers that follow the header, and checks that nothing else does. Memory is taken as bytes arrive, not
    /// as the header promises them.
    pub(super) fn read<T: Raw>(self, source: &mut (impl Read + ?Sized)) -> io::Result<Tensor<T>> {
        let size = self.size::<T>()?;
        let mut bytes = vec![];
        source.take(size as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() != size {
            let (shape, found) = (&self.shape, bytes.len());
            let found = if found < size { format!("only {found} follow") } else { "more follow".to_owned() };
            return Err(wrong(format!("the header promises {size} bytes of shape {shape:?}, and {found}")));
        }
        let numbers = numbers(&bytes, self.order).collect();
        if !self.fortran {
            return Ok(Tensor::from_vec(numbers, self.shape));
        }
        let reversed: Vec<usize> = self.shape.iter().rev().copied().collect();
        let axes: Vec<usize> = (0..reversed.len()).rev().collect();
        Ok(Tensor::from_vec(numbers, reversed).permute(&axes).contiguous())
    }
}

/// The numbers that bytes are.
pub(super) fn numbers<T: Raw>(bytes: &[u8], order: Order) -> impl Iterator<Item = T> {
    bytes.chunks_exact(size_of::<T>()).map(move |bytes| T::from_bytes(bytes, order))
}
