//! Trains a small classifier on handwritten digits and draws how it went: curves, a confusion matrix, weights and
//! gradients, and a regression's predictions.
//!
//! `cargo run --release --example pictures --features plots [FOLDER]` writes SVG and PNG files to FOLDER
//! (`target/pictures`).

use std::path::PathBuf;

use sapwood::loss::confusion_matrix;
use sapwood::prelude::*;
use sapwood::train::{plots::Plot, terminal_curve};

/// Images `[1797, 64]`, scaled to 0..1, and labels `[1797]`; see `digits`.
fn read_digits() -> Result<(Tensor, Tensor<u8>), csv::Error> {
    let file = flate2::read::GzDecoder::new(&include_bytes!("data/digits.csv.gz")[..]);
    let rows: Vec<Vec<u8>> =
        csv::ReaderBuilder::new().has_headers(false).from_reader(file).deserialize().collect::<Result<_, _>>()?;
    let all = Tensor::from(rows);
    Ok((all.slice(s![.., ..64]).cast::<f32>() / 16.0, all.slice(s![.., 64])))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).map_or(PathBuf::from("target/pictures"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;

    let (x, y) = read_digits()?;
    let data = DataLoader::new((x.slice(s![..1400, ..]), y.slice(s![..1400]))).batch_size(64).shuffle(1);
    let (test_x, test_y) = (x.slice(s![1400.., ..]), y.slice(s![1400..]));
    let mut rng = StdRng::seed_from_u64(0);
    let mut model = chain![Dense::new(64, 32, &mut rng), Tensor::relu, Dense::new(32, 10, &mut rng)];
    let mut state = setup(Adam::new(0.003), &model);
    let (mut losses, mut training, mut validation, mut right) = (vec![], vec![], vec![], vec![]);
    for _ in 0..30 {
        let history = train(&mut model, &data, &mut state, |m, (x, y)| cross_entropy(&m.forward(&x), &y))?;
        let logits = model.forward(&test_x);
        losses.extend_from_slice(&history.losses);
        training.push(history.mean_loss());
        validation.push(f64::from(cross_entropy(&logits, &test_y).item()));
        right.push(100.0 * accuracy(&logits, &test_y));
    }
    println!("the loss of each step:\n{}", terminal_curve(&losses, 60, 10));

    for kind in ["svg", "png"] {
        let path = |name: &str| folder.join(name).with_extension(kind);
        Plot::curves([("training", training.clone()), ("validation", validation.clone())])
            .title("Handwritten digits")
            .x_label("epoch")
            .y_label("cross-entropy")
            .log_y()
            .save(path("loss"))?;
        Plot::curves([("accuracy", right.clone())])
            .title("Accuracy on digits of other writers")
            .x_label("epoch")
            .y_label("%")
            .save(path("accuracy"))?;
        Plot::confusion_matrix(&confusion_matrix(&model.forward(&test_x), &test_y), &[])
            .title("What is taken for what")
            .save(path("confusion"))?;
        let weights = model.parameters().into_iter().filter(|(path, _)| path.ends_with("weight"));
        Plot::histograms(weights.map(|(path, tensor)| (path, tensor.cast::<f64>())))
            .title("Weights")
            .save(path("weights"))?;
        let grads = gradient(|m| cross_entropy(&m.forward(&test_x), &test_y), &model);
        let gradients = [("first", &grads.layers.0.weight), ("last", &grads.layers.2.weight)];
        Plot::histograms(gradients.map(|(name, leaf)| (name, leaf.get().cloned().unwrap_or_default())))
            .title("Gradients")
            .save(path("gradients"))?;
        let target = Tensor::uniform(200, 0.0f32..10.0, &mut rng);
        let prediction = &target + Tensor::normal(200, 0.0, 0.6, &mut rng);
        Plot::predictions(&prediction, &target).title("A regression").size(600, 600).save(path("regression"))?;
    }
    println!("pictures in {}", folder.display());
    Ok(())
}
