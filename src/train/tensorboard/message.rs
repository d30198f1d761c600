//! The messages of a file of events, as protocol buffers, and the records around them.
//!
//! Numbers of fields are those of TensorBoard's `event.proto`, `summary.proto` and `tensor.proto`.

use crate::train::Histogram;

/// A message under construction: fields one after another.
pub(super) struct Message(Vec<u8>);

impl Message {
    fn new() -> Self {
        Message(vec![])
    }

    fn varint(mut self, field: u32, value: usize) -> Self {
        self.key(field, 0);
        self.number(value);
        self
    }

    fn double(mut self, field: u32, value: f64) -> Self {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.key(field, 2);
        self.number(bytes.len());
        self.0.extend(bytes);
        self
    }

    fn doubles(self, field: u32, values: &[f64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(field, &bytes)
    }

    fn message(self, field: u32, message: Message) -> Self {
        self.bytes(field, &message.0)
    }

    fn key(&mut self, field: u32, wire: u32) {
        self.number((field << 3 | wire) as usize);
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

/// The event that every file begins with.
pub(super) fn version(time: f64) -> Message {
    Message::new().double(1, time).bytes(3, b"brain.Event:2")
}

/// A value at a step.
pub(super) fn event(time: f64, step: usize, value: Message) -> Message {
    Message::new().double(1, time).varint(2, step).message(5, Message::new().message(1, value))
}

pub(super) fn scalar(tag: &str, value: f64) -> Message {
    tagged(tag).float(2, value as f32)
}

pub(super) fn histogram(tag: &str, histogram: &Histogram, numbers: &[f64]) -> Message {
    let sum: f64 = numbers.iter().sum();
    let squares: f64 = numbers.iter().map(|x| x * x).sum();
    let (min, max) = histogram.range();
    let counts: Vec<f64> = histogram.counts.iter().map(|&count| count as f64).collect();
    let message = Message::new()
        .double(1, min)
        .double(2, max)
        .double(3, numbers.len() as f64)
        .double(4, sum)
        .double(5, squares)
        .doubles(6, &histogram.edges[1..])
        .doubles(7, &counts);
    tagged(tag).message(5, message)
}

pub(super) fn text(tag: &str, text: &str) -> Message {
    const STRING: usize = 7;
    let plugin = Message::new().message(1, Message::new().bytes(1, b"text"));
    let shape = Message::new().message(2, Message::new().varint(1, 1));
    let tensor = Message::new().varint(1, STRING).message(2, shape).bytes(8, text.as_bytes());
    tagged(tag).message(8, tensor).message(9, plugin)
}

pub(super) fn image(tag: &str, [height, width, channels]: [usize; 3], png: &[u8]) -> Message {
    let image = Message::new().varint(1, height).varint(2, width).varint(3, channels).bytes(4, png);
    tagged(tag).message(4, image)
}

fn tagged(tag: &str) -> Message {
    Message::new().bytes(1, tag.as_bytes())
}

/// A record: the length, its checksum, the message, its checksum, all little-endian.
pub(super) fn record(message: &Message) -> Vec<u8> {
    let length = (message.0.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), &message.0, &checksum(&message.0)].concat()
}

/// CRC-32C, rotated and shifted: so a checksum of bytes that hold checksums is no weaker.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// The remainder by Castagnoli's polynomial, bit by bit ([RFC 3720](https://www.rfc-editor.org/rfc/rfc3720), section 12.1).
fn crc32c(bytes: &[u8]) -> u32 {
    let shifted = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| shifted(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc_32c() {
        // RFC 3720, appendix B.4: 32 bytes of zeroes, of ones, and counting up.
        let counted: Vec<u8> = (0..32).collect();
        for (bytes, crc) in [(&[0; 32][..], 0x8a91_36aa), (&[0xff; 32], 0x62a8_ab43), (&counted, 0x46dd_794e)] {
            assert_eq!(crc32c(bytes), crc);
        }
    }

    /// What the `tensorboard` package 2.21.0 writes for the same events: `RecordWriter` of the serialised messages.
    #[test]
    fn records_are_those_of_tensorboard() {
        let hex = |message: Message| record(&message).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(version(1.5)),
            "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"
        );
        assert_eq!(
            hex(event(1.5, 300, scalar("loss", 0.25))),
            "1b000000000000001a0d9e1309000000000000f83f10ac022a0d0a0b0a046c6f7373150000803e9908deed"
        );
        let numbers = [-1.0, 0.0, 0.5, 2.0];
        let bins = Histogram { edges: vec![-1.0, 0.0, 1.0, 2.0], counts: vec![1, 1, 2] };
        assert_eq!(
            hex(event(1.5, 7, histogram("w", &bins, &numbers))),
            "7500000000000000d7d9417809000000000000f83f10072a680a660a01772a6109000000000000f0bf110000000000000040190000\
             00000000104021000000000000f83f29000000000000154032180000000000000000000000000000f03f00000000000000403a1800\
             0000000000f03f000000000000f03f0000000000000040efd211e2"
        );
        assert_eq!(
            hex(event(1.5, 7, text("note", "hello"))),
            "300000000000000095f5d05f09000000000000f83f10072a230a210a046e6f7465420f0807120412020801420568656c6c6f4a080a\
             060a04746578743919e3c4"
        );
        assert_eq!(
            hex(event(1.5, 7, image("i", [2, 3, 1], b"png"))),
            "1f00000000000000514b441809000000000000f83f10072a120a100a0169220b0802100318012203706e676fbc5eb9"
        );
    }
}
