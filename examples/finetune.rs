//! Fine-tuning: a network that has learnt to read the digits 0 to 4 learns 5 to 9 from eight images of each.
//!
//! `cargo run --release --example finetune [FILE]`
//!
//! The first part trains on the digits 0 to 4 and writes the layers below the last, the backbone, to a file of
//! safetensors; where FILE is given, the backbone is read from it instead. The second part puts a new last layer, the
//! head, on top. It is trained while the backbone is frozen, then both are at a tenth of the rate. A network that starts
//! from nothing is shown the same images as often, to compare. The goal is a test accuracy of 90 % at least, and more
//! than without the backbone.
//!
//! The data are described in `digits`.

use std::path::PathBuf;

use sapwood::checkpoint::Safetensors;
use sapwood::prelude::*;
use sapwood::train::Trainer;

/// Labelled images of each new digit.
const SHOTS: usize = 8;

#[derive(Params, Clone, Debug)]
struct Backbone {
    first: Dense,
    second: Dense,
}

#[derive(Params, Clone, Debug)]
struct Classifier {
    backbone: Backbone,
    head: Dense,
}

impl Classifier {
    fn new(rng: &mut impl Rng) -> Self {
        let backbone = Backbone { first: Dense::new(64, 128, rng), second: Dense::new(128, 64, rng) };
        Classifier { backbone, head: Dense::new(64, 5, rng) }
    }

    /// Images `[batch, 64]` → logits `[batch, 5]`.
    fn forward(&self, x: &Tensor) -> Tensor {
        let x = self.backbone.first.forward(x).relu();
        self.head.forward(&self.backbone.second.forward(&x).relu())
    }

    fn accuracy(&self, (x, y): &Digits) -> f64 {
        100.0 * accuracy(&self.forward(x), y)
    }
}

/// Images `[n, 64]`, scaled to 0..1, and labels `[n]`, counted from 0.
type Digits = (Tensor, Tensor<u8>);

/// The digits 0 to 4, and 5 to 9 as 0 to 4.
fn read_digits() -> Result<[Digits; 2], csv::Error> {
    let file = flate2::read::GzDecoder::new(&include_bytes!("data/digits.csv.gz")[..]);
    let rows: Vec<Vec<u8>> =
        csv::ReaderBuilder::new().has_headers(false).from_reader(file).deserialize().collect::<Result<_, _>>()?;
    let (low, mut high): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row[64] < 5);
    high.iter_mut().for_each(|row| row[64] -= 5);
    Ok([low, high].map(|rows| {
        let all = Tensor::from(rows);
        (all.slice(s![.., ..64]).cast::<f32>() / 16.0, all.slice(s![.., 64]))
    }))
}

/// The first few of each class, and all others.
fn split((x, y): &Digits, few: usize) -> (Digits, Digits) {
    let mut seen = [0; 5];
    let (few, others): (Vec<usize>, Vec<usize>) = (0..x.shape()[0]).partition(|&i| {
        let class = usize::from(y[[i]]);
        seen[class] += 1;
        seen[class] <= few
    });
    let take = |indices: Vec<usize>| {
        let indices = Tensor::from(indices);
        (x.index_select(0, &indices), y.index_select(0, &indices))
    };
    (take(few), take(others))
}

fn fit(model: &mut Classifier, state: &mut State<Adam, Classifier>, data: &Digits, epochs: u64) -> sapwood::Result<()> {
    let data = DataLoader::new(data.clone()).batch_size(32).shuffle(1);
    let loss = |m: &Classifier, (x, y): (Tensor, Tensor<u8>)| cross_entropy(&m.forward(&x), &y);
    Trainer::new(model, &data, state, loss).epochs(epochs).run().map(drop)
}

/// Trains a classifier of the digits 0 to 4 and writes its backbone to a file.
fn pretrain(digits: &Digits, path: &PathBuf, rng: &mut StdRng) -> sapwood::Result<()> {
    let mut model = Classifier::new(rng);
    let mut state = setup(Adam::new(0.002), &model);
    fit(&mut model, &mut state, digits, 20)?;
    println!("0 to 4: training accuracy {:.2} %", model.accuracy(digits));
    Safetensors::new().save(path, &model.backbone)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [low, high] = read_digits()?;
    let mut rng = StdRng::seed_from_u64(0);
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let written = std::env::temp_dir().join(format!("sapwood-finetune-{}.safetensors", std::process::id()));
    if given.is_none() {
        pretrain(&low, &written, &mut rng)?;
    }

    let (training, test) = split(&high, SHOTS);
    let mut model = Classifier::new(&mut rng);
    let mut from_nothing = model.clone();
    Safetensors::new().load(given.as_ref().unwrap_or(&written), &mut model.backbone)?;
    if given.is_none() {
        std::fs::remove_file(written)?;
    }

    let mut state = setup(Adam::new(0.01), &model);
    state.backbone.freeze();
    fit(&mut model, &mut state, &training, 40)?;
    println!("5 to 9: test accuracy {:.2} % with a new head", model.accuracy(&test));
    state.backbone.thaw();
    state.adjust(0.001);
    fit(&mut model, &mut state, &training, 40)?;

    let mut state = setup(Adam::new(0.01), &from_nothing);
    fit(&mut from_nothing, &mut state, &training, 40)?;
    state.adjust(0.001);
    fit(&mut from_nothing, &mut state, &training, 40)?;
    println!("5 to 9: test accuracy {:.2} % without the backbone", from_nothing.accuracy(&test));
    println!("test accuracy {:.2} %", model.accuracy(&test));
    Ok(())
}
