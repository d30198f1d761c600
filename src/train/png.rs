//! Images as PNG ([ISO/IEC 15948](https://www.w3.org/TR/png-3/)), eight bits a channel.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// The file of an image whose `pixels` are rows of `width` times `channels` bytes: 1 (grey), 3 (RGB) or 4 (RGBA).
pub(super) fn encode(pixels: &[u8], channels: usize, width: usize) -> Vec<u8> {
    let row = channels * width;
    let colour = match channels {
        1 => 0,
        3 => 2,
        _ => 6,
    };
    let size = |pixels: usize| (pixels as u32).to_be_bytes();
    let head = [&size(width)[..], &size(pixels.len() / row), &[8, colour, 0, 0, 0]].concat();
    // Each row begins with its filter: none.
    let rows: Vec<u8> = pixels.chunks(row).flat_map(|row| [&[0], row].concat()).collect();
    let mut data = ZlibEncoder::new(vec![], Compression::default());
    let written = data.write_all(&rows).and_then(|()| data.finish());
    let data = written.unwrap_or_else(|_| unreachable!("a Vec takes all bytes"));
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &head), &chunk(b"IDAT", &data), &chunk(b"IEND", &[])].concat()
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&name[..], data].concat();
    [&(data.len() as u32).to_be_bytes()[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
}
