//! Events that TensorBoard reads.

use std::fs;

use sapwood::prelude::*;
use sapwood::train::tensorboard::EventWriter;

use crate::{folder, python};

#[test]
fn tensorboard_reads_what_is_written() {
    let folder = folder("events");
    let mut events = EventWriter::create(folder.join("a/run")).unwrap();
    for step in [0, 1, 1_000_000] {
        events.scalar("loss/train", 0.5 * step as f64, step).unwrap();
    }
    events.histogram("weights", &Tensor::from([-1.0, 0.0, 0.5, 2.0, f64::NAN]), 3).unwrap();
    let colours = Tensor::from([[[0.0, 1.0]], [[0.5, 2.0]], [[1.0, -1.0]]]);
    events.image("colours", &colours, 4).unwrap();
    events.image("grey", &Tensor::from([[0.0f32], [1.0]]), 5).unwrap();
    events.text("notes", "größer, *better*", 6).unwrap();
    assert!(events.path().starts_with(&folder));
    // Another file of the same run.
    EventWriter::create(folder.join("a/run")).unwrap().scalar("loss/test", f64::INFINITY, 2).unwrap();
    if let Some(said) = python("tensorboard, PIL", "events.py", &[&folder.join("a/run")]) {
        assert_eq!(
            said.lines().collect::<Vec<_>>(),
            [
                "loss/test [(2, inf)]",
                "loss/train [(0, 0.0), (1, 0.5), (1000000, 500000.0)]",
                "weights 3 -1.0 2.0 4.0 1.5 5.25 4.0",
                "colours 4 (1, 2) RGB [0, 128, 255, 255, 255, 0]",
                "grey 5 (2, 1) L [0, 255]",
                "notes 6 größer, *better*",
            ]
        );
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
#[should_panic(expected = "image: a tensor of shape [2, 4, 4], where [height, width] or [1, 3 or 4, height, width]")]
fn two_channels_are_no_image() {
    let _ = EventWriter::create(folder("no-image")).unwrap().image("x", &Tensor::<f32>::zeros((2, 4, 4)), 0);
}
