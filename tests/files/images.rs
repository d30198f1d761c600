//! PNG files written chunk by chunk from the definition (<https://www.w3.org/TR/png/>), and a JPEG file.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sapwood::data::ImageFolder;
use sapwood::prelude::*;

use super::{Scratch, refusal};

/// An image of 8 bits a sample: 1 sample a pixel for grey, 3 for colours, 4 with transparency.
fn png(width: usize, samples: usize, pixels: &[u8]) -> Vec<u8> {
    let row = width * samples;
    let color_type = [0, 0, 0, 2, 6][samples];
    let header =
        [&(width as u32).to_be_bytes()[..], &((pixels.len() / row) as u32).to_be_bytes(), &[8, color_type, 0, 0, 0]];
    let mut data = ZlibEncoder::new(vec![], Compression::default());
    for row in pixels.chunks(row) {
        data.write_all(&[0]).unwrap();
        data.write_all(row).unwrap();
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, content) in [(b"IHDR", header.concat()), (b"IDAT", data.finish().unwrap()), (b"IEND", vec![])] {
        let chunk = [&name[..], &content].concat();
        file.extend((content.len() as u32).to_be_bytes());
        file.extend(&chunk);
        file.extend(crc32fast::hash(&chunk).to_be_bytes());
    }
    file
}

#[test]
fn folders_are_classes_in_the_order_of_their_names() {
    let scratch = Scratch::folder();
    // 1×2 pixels: red, and a dark green.
    scratch.write("dogs/b.png", png(2, 3, &[255, 0, 0, 0, 51, 0]));
    scratch.write("dogs/a.PNG", png(2, 1, &[0, 102]));
    scratch.write("cats/9.png", png(2, 4, &[1, 2, 3, 0, 4, 5, 6, 255]));
    scratch.write("cats/notes.txt", "no image");
    scratch.write("readme.txt", "no class");
    let folder = ImageFolder::open(&scratch.0).unwrap();
    assert_eq!((folder.classes(), folder.labels()), (&["cats".to_owned(), "dogs".to_owned()][..], vec![0, 1, 1]));
    assert!(folder.path(1).ends_with("dogs/a.PNG"));

    let (x, y) = folder.batch(&[2, 0, 1]);
    let scaled = |bytes: [u8; 6]| bytes.map(|byte| f32::from(byte) / 255.0);
    // Channel by channel.
    let images = [[255, 0, 0, 51, 0, 0], [1, 4, 2, 5, 3, 6], [0, 102, 0, 102, 0, 102]].map(scaled).concat();
    assert_eq!((x, y), (Tensor::from_vec(images, (3, 3, 1, 2)), Tensor::from([1, 0, 1])));
    let (x, _) = folder.grey().batch(&[1]);
    assert_eq!(x, Tensor::from([[[[0.0, 0.4]]]]));
}

#[test]
fn images_of_other_sizes_are_resized_or_refused() {
    let scratch = Scratch::folder();
    scratch.write("a/1.png", png(2, 1, &[10, 20]));
    let path = scratch.write("a/2.png", png(4, 1, &[100; 8]));
    let folder = ImageFolder::open(&scratch.0).unwrap();
    let words = "the image is [2, 4] pixels high and wide, the first one [1, 2]";
    let error = folder.try_batch(0, &[0, 1]).unwrap_err().to_string();
    assert_eq!(error, format!("observation 1: {}: {words}", path.display()));
    let (x, _) = folder.resize(1, 2).batch(&[0, 1]);
    assert_eq!(x.shape(), [2, 3, 1, 2]);
    assert_eq!((x * 255.0).slice(s![.., 0, .., ..]).to_vec(), [10.0, 20.0, 100.0, 100.0]);
}

#[test]
fn broken_images_are_named_and_the_others_still_come() {
    let scratch = Scratch::folder();
    let whole = png(2, 1, &[10, 20]);
    scratch.write("a/1.png", &whole);
    let path = scratch.write("a/2.png", &whole[..whole.len() - 20]);
    scratch.write("a/3.png", &whole);
    let data = DataLoader::new(ImageFolder::open(&scratch.0).unwrap()).workers(2);
    let words: Vec<_> = data.try_epoch(0).map(|batch| batch.err().map(|error| error.to_string())).collect();
    assert!(words[0].is_none() && words[2].is_none());
    let place = format!("batch 1 of epoch 0: observation 1: {}: ", path.display());
    assert!(words[1].as_ref().is_some_and(|words| words.starts_with(&place)), "{words:?}");
}

#[test]
fn folders_without_images_are_refused() {
    let scratch = Scratch::folder();
    assert_eq!(refusal(&scratch.0, ImageFolder::open(&scratch.0)), "there are no folders of images in it");
    let path = scratch.write("a/x.txt", "");
    let folder = path.parent().unwrap();
    assert_eq!(refusal(folder, ImageFolder::open(&scratch.0)), "there are no images (.png, .jpg, .jpeg) in it");
    let path = scratch.write("a/x.png", "no image");
    assert!(!refusal(&path, ImageFolder::open(&scratch.0)).is_empty());
}

/// 16×8 pixels, the left half (200, 40, 90), the right half (30, 160, 220); by Pillow 13.0:
/// `image.save("x.jpg", quality=95, subsampling=0)`.
#[test]
fn jpeg_files_are_read() {
    let scratch = Scratch::folder();
    scratch.write("a/x.jpg", include_bytes!("two_colours.jpg"));
    let (x, _) = ImageFolder::open(&scratch.0).unwrap().batch(&[0]);
    assert_eq!(x.shape(), [1, 3, 8, 16]);
    // The format loses a little.
    for (channel, left, right) in [(0, 200.0, 30.0), (1, 40.0, 160.0), (2, 90.0, 220.0)] {
        let values = (x.slice(s![0, channel, .., ..]) * 255.0).to_vec();
        for (i, value) in values.into_iter().enumerate() {
            let expected: f32 = if i % 16 < 8 { left } else { right };
            assert!((value - expected).abs() <= 3.0, "channel {channel}, pixel {i}: {value}");
        }
    }
}
