//! Values as bytes: bincode 2 in its standard configuration.

use std::io::{self, BufReader, ErrorKind, Read, Write};

use bincode::config;
use bincode::error::{DecodeError, EncodeError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes that are read or written at a time.
pub(super) const BUFFER: usize = 1 << 16;

pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, EncodeError> {
    bincode::serde::encode_to_vec(value, config::standard())
}

/// Writes the value's bytes, a few at a time; returns their number.
pub(super) fn encode_into(to: &mut impl Write, value: &impl Serialize) -> Result<usize, EncodeError> {
    bincode::serde::encode_into_std_write(value, to, config::standard())
}

/// The value that the bytes hold, all of them; else why not, in words.
pub(super) fn decode<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, String> {
    decode_from(bytes, bytes.len() as u64).unwrap_or_else(|error| Err(error.to_string()))
}

/// The value that the next `length` bytes hold, all of them; else why not, in words. An error where they can't be read.
///
/// A length that lies must not make bincode reserve memory for it. bincode bounds what it reserves by a limit that has
/// to be known when it is compiled, and counts what is decoded: at most 16 bytes for one that is read. So there are two.
pub(super) fn decode_from<V: DeserializeOwned>(from: impl Read, length: u64) -> io::Result<Result<V, String>> {
    const SMALL: usize = 1 << 24;
    const LARGE: usize = 1 << 40;
    let mut bytes = BufReader::with_capacity(length.min(BUFFER as u64) as usize, from.take(length));
    let decoded = if length <= SMALL as u64 {
        bincode::serde::decode_from_std_read(&mut bytes, config::standard().with_limit::<{ 16 * SMALL }>())
    } else {
        bincode::serde::decode_from_std_read(&mut bytes, config::standard().with_limit::<{ 16 * LARGE }>())
    };
    let left = bytes.get_ref().limit() + bytes.buffer().len() as u64;
    Ok(match decoded {
        Ok(value) if left == 0 => Ok(value),
        Ok(_) => Err(format!("{} bytes of {length} were read", length - left)),
        Err(DecodeError::Io { inner, .. }) if inner.kind() != ErrorKind::UnexpectedEof => return Err(inner),
        Err(DecodeError::Io { .. }) => Err(format!("{length} bytes are too few")),
        Err(error) => Err(words(error)),
    })
}

/// What a type's own `Deserialize` said, without bincode's wrapping; else what bincode says.
fn words(error: DecodeError) -> String {
    match error {
        DecodeError::OtherString(words) => words,
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_lies_is_an_error_and_reserves_no_memory() {
        // bincode's varints: 253 stands before a number of eight bytes.
        for length in [1u64 << 30, 1 << 60, u64::MAX] {
            let mut bytes = vec![253];
            bytes.extend(length.to_le_bytes());
            bytes.extend([0; 64]);
            assert!(decode::<String>(&bytes).is_err());
            assert!(decode::<Vec<u8>>(&bytes).is_err());
            assert!(decode::<Vec<f64>>(&bytes).is_err());
            assert!(decode::<Vec<String>>(&bytes).is_err());
            assert!(decode::<crate::tensor::Tensor<f64>>(&bytes).is_err());
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_fault_of_the_type() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        assert_eq!(decode_from::<u64>(Broken, 8).unwrap_err().to_string(), "the disk is gone");
        assert_eq!(decode::<[f64; 2]>(&[0; 8]).unwrap_err(), "8 bytes are too few");
    }

    #[test]
    fn a_shape_that_lies_is_an_error() {
        for shape in [vec![3usize], vec![0], vec![1 << 40, 1 << 40], vec![0, 1 << 60, 1 << 60]] {
            let bytes = encode(&(shape, vec![1.0f64, 2.0])).unwrap();
            assert!(decode::<crate::tensor::Tensor<f64>>(&bytes).is_err());
        }
        let hidden = encode(&(vec![0usize, 1 << 60, 1 << 60], Vec::<f64>::new())).unwrap();
        assert!(decode::<crate::tensor::Tensor<f64>>(&hidden).is_err());
    }

    #[test]
    fn many_small_numbers_are_no_large_claim() {
        // Each takes one byte and counts as sixteen.
        let numbers = vec![1u128; 100_000];
        assert_eq!(decode::<Vec<u128>>(&encode(&numbers).unwrap()).unwrap(), numbers);
    }
}
