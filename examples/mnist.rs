//! Trains LeNet on handwritten digits of 28×28 pixels.
//!
//! `cargo run --release --example mnist -- --data FOLDER --epochs 10`
//!
//! FOLDER has the 10,000 test digits of MNIST as published, `t10k-images-idx3-ubyte.gz` and `t10k-labels-idx1-ubyte.gz`: the
//! first 8,000 are trained on, each shifted by up to two pixels, and the last 2,000 tested on.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sapwood::data::{Normalise, RandomShift, read_idx, split};
use sapwood::nn::{Conv2d, Flatten, MaxPool};
use sapwood::optim::schedule::Cosine;
use sapwood::prelude::*;

const BATCH: usize = 64;
const RATE: f64 = 0.002;

/// The options `--data` and `--epochs`.
fn options() -> Result<(PathBuf, u64), String> {
    let (mut folder, mut epochs) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mnist"), 10);
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--data" => folder = value.into(),
            "--epochs" => {
                let count: NonZero<u64> = value.parse().map_err(|error| format!("--epochs {value}: {error}"))?;
                epochs = count.get();
            }
            _ => return Err(format!("{option} is unknown; there are --data FOLDER and --epochs N")),
        }
    }
    if !folder.is_dir() {
        return Err(format!("no folder {}: pass --data FOLDER, one with MNIST's t10k-*.gz files", folder.display()));
    }
    Ok((folder, epochs))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (folder, epochs) = options()?;
    let images = read_idx::<u8>(folder.join("t10k-images-idx3-ubyte.gz"))?.cast::<f32>().unsqueeze(1) / 255.0;
    let labels = read_idx::<u8>(folder.join("t10k-labels-idx1-ubyte.gz"))?;
    let [train_data, test_data] = split(&(images, labels), [8_000, 2_000]);
    let (test_x, test_y) = test_data.all();

    let normalise = Normalise::fit(&train_data.all().0);
    let test_x = normalise.apply(&test_x);
    let augmented = train_data.augment((RandomShift::new(2), normalise), 1);
    let data = DataLoader::new(augmented).batch_size(BATCH).shuffle(1).drop_last();

    let mut rng = StdRng::seed_from_u64(0);
    let mut model = chain![
        Conv2d::new(1, 6, 5, &mut rng).padding(2).activation(Activation::Relu),
        MaxPool::new(2),
        Conv2d::new(6, 16, 5, &mut rng).activation(Activation::Relu),
        MaxPool::new(2),
        Flatten,
        Dense::new(400, 120, &mut rng).activation(Activation::Relu),
        Dense::new(120, 84, &mut rng).activation(Activation::Relu),
        Dense::new(84, 10, &mut rng),
    ];
    println!("{}", model.summary());

    let schedule = Cosine::new(RATE, epochs * data.len() as u64);
    let mut state = setup(Scheduled::new(Adam::default(), schedule), &model);
    let start = Instant::now();
    for epoch in 1..=epochs {
        let history = train(&mut model, &data, &mut state, |m, (x, y)| cross_entropy(&m.forward(&x), &y))?;
        let test = 100.0 * accuracy(&model.forward(&test_x), &test_y);
        let seconds = start.elapsed().as_secs_f64();
        println!("epoch {epoch:2}  train loss {:.4}  test accuracy {test:5.2} %  {seconds:.1} s", history.mean_loss());
    }
    let test = 100.0 * accuracy(&model.forward(&test_x), &test_y);
    println!("\nfinal test accuracy {test:.2} % after {:.1} s of training", start.elapsed().as_secs_f64());
    Ok(())
}
