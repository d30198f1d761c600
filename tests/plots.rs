//! Pictures of training as files.
#![cfg(feature = "plots")]

use std::fs;
use std::io::Read;

use sapwood::prelude::*;
use sapwood::train::plots::Plot;

fn folder(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("sapwood-plots-{name}-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}

/// Every kind of picture, with what is awkward in it: gaps, one number, no numbers, many series.
fn pictures() -> Vec<Plot> {
    let gap = vec![1.0, f64::NAN, 3.0, f64::INFINITY, 0.1, -2.0];
    let none: [(&str, Vec<f64>); 0] = [];
    vec![
        Plot::curves([("a", gap.clone()), ("b", vec![2.0]), ("c", vec![])]),
        Plot::curves([("a", gap.clone()), ("b", vec![2.0]), ("c", vec![])]).log_y(),
        Plot::curves(none),
        Plot::curves((0..12).map(|i| (format!("series {i}"), vec![f64::from(i), 1e300, -1e300]))),
        Plot::lines([("line", vec![(0.0, 1.0), (10.0, 1.0)])]).size(100, 100),
        Plot::predictions(&Tensor::from([1.0, f64::NAN]), &Tensor::from([1.5, 2.0])),
        Plot::confusion_matrix(&Tensor::from([[5usize]]), &[]),
        Plot::confusion_matrix(&Tensor::from([[5usize, 1], [0, 0]]), &["cat", "dog"]),
        Plot::histograms([("same", Tensor::from([2.0, 2.0])), ("none", Tensor::from([f64::NAN]))]),
        Plot::histograms([("weights", Tensor::from(gap))]),
    ]
}

#[test]
fn a_picture_says_what_it_was_told_to() {
    let curves = [("training", vec![1.0, 0.5]), ("validation", vec![1.2, 0.9])];
    let svg = Plot::curves(curves).title("Digits").x_label("epoch").y_label("loss").to_svg();
    for text in ["Digits", "epoch", "loss", "training", "validation"] {
        assert!(svg.lines().any(|line| line == text), "{text} is not in {svg}");
    }
    let svg = Plot::confusion_matrix(&Tensor::from([[17usize, 3], [4, 26]]), &["cat", "dog"]).to_svg();
    for text in ["cat", "dog", "17", "3", "4", "26", "label", "prediction"] {
        assert!(svg.lines().any(|line| line == text), "{text} is not in {svg}");
    }
}

/// The texts and their places in an SVG: `(x, y, text)`.
fn texts(svg: &str) -> Vec<(f64, f64, String)> {
    let number = |line: &str, name: &str| {
        let start = line.find(name).map(|at| at + name.len()).unwrap();
        line[start..].split('"').next().unwrap().parse().unwrap()
    };
    let lines: Vec<&str> = svg.lines().collect();
    let texts = lines.windows(2).filter(|pair| pair[0].starts_with("<text"));
    texts.map(|pair| (number(pair[0], " x=\""), number(pair[0], " y=\""), pair[1].to_owned())).collect()
}

#[test]
fn a_confusion_matrix_has_its_labels_downwards_and_its_predictions_across() {
    let svg = Plot::confusion_matrix(&Tensor::from([[11usize, 12], [21, 22]]), &["cat", "dog"]).to_svg();
    let texts = texts(&svg);
    let at = |text: &str| texts.iter().find(|found| found.2 == text).map(|found| (found.0, found.1)).unwrap();
    assert!(at("11").1 == at("12").1 && at("11").0 == at("21").0 && at("22").0 == at("12").0);
    assert!(at("11").0 < at("12").0 && at("11").1 < at("21").1);
    // The names beside the rows stand at their heights.
    let names: Vec<_> = texts.iter().filter(|(x, _, text)| *x < at("11").0 - 50.0 && text.len() == 3).collect();
    let near = |text: &str, row: &str| names.iter().any(|name| name.2 == text && (name.1 - at(row).1).abs() < 10.0);
    assert!(near("cat", "11") && near("dog", "21"), "{texts:?}");
}

#[test]
fn every_picture_is_written_as_svg_and_png() {
    let folder = folder("all");
    for (number, plot) in pictures().into_iter().enumerate() {
        let (svg, png) = (folder.join("p.svg"), folder.join("p.PNG"));
        plot.save(&svg).unwrap();
        plot.save(&png).unwrap();
        assert_eq!(fs::read_to_string(&svg).unwrap(), plot.to_svg(), "{number}");
        let (width, height, pixels) = decode(&fs::read(&png).unwrap());
        assert_eq!(pixels.len(), 3 * width * height);
        assert!(plot.to_svg().contains(&format!("width=\"{width}\" height=\"{height}\"")), "{number}");
        // Drawn upon: neither empty nor full.
        let white = pixels.iter().filter(|&&byte| byte == 255).count();
        assert!(white > pixels.len() / 4 && white < pixels.len(), "{number}: {white} of {}", pixels.len());
    }
    fs::remove_dir_all(folder).unwrap();
}

/// Width, height and the bytes of an RGB image without filters.
fn decode(png: &[u8]) -> (usize, usize, Vec<u8>) {
    assert_eq!(&png[..16], b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
    let (width, height, length) = (number(16), number(20), number(33));
    assert_eq!((&png[24..29], &png[37..41]), (&[8, 2, 0, 0, 0][..], &b"IDAT"[..]));
    let mut rows = vec![];
    flate2::read::ZlibDecoder::new(&png[41..41 + length]).read_to_end(&mut rows).unwrap();
    let rows = rows.chunks(1 + 3 * width).inspect(|row| assert_eq!(row[0], 0));
    (width, height, rows.flat_map(|row| row[1..].to_vec()).collect())
}

#[test]
fn other_extensions_are_errors() {
    let plot = Plot::curves([("a", [1.0, 2.0])]);
    for path in ["loss.jpeg", "loss"] {
        let message = plot.save(path).unwrap_err().to_string();
        assert_eq!(message, format!("{path}: pictures are written as `.svg` or `.png`"));
    }
    assert!(matches!(plot.save("/no/such/folder/a.svg"), Err(sapwood::Error::Io { .. })));
}
