//! Trains a classifier on 1,797 real handwritten digits of 8×8 pixels and shows what it reads.
//!
//! `cargo run --release --example digits`
//!
//! The data is the test set of the Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak, UCI Machine
//! Learning Repository, CC BY 4.0), as shipped with scikit-learn: 64 values of 0 to 16 and a label a row.

use std::time::Instant;

use sapwood::prelude::*;

const PIXELS: usize = 64;
const EPOCHS: usize = 60;

#[derive(Params, Clone, Debug)]
struct Classifier {
    first: Dense,
    dropout: Dropout,
    second: Dense,
    out: Dense,
}

impl Classifier {
    fn new(rng: &mut impl Rng) -> Self {
        Classifier {
            first: Dense::new(PIXELS, 256, rng),
            dropout: Dropout::new(0.3, 2),
            second: Dense::new(256, 128, rng),
            out: Dense::new(128, 10, rng),
        }
    }

    /// Images `[batch, 64]` → logits `[batch, 10]`.
    fn forward(&self, x: &Tensor) -> Tensor {
        let x = self.dropout.forward(&self.first.forward(x).relu());
        let x = self.second.forward(&x).relu();
        self.out.forward(&x)
    }
}

/// Images `[1797, 64]`, scaled to 0..1, and labels `[1797]`.
fn read_digits() -> Result<(Tensor, Tensor<u8>), csv::Error> {
    let file = flate2::read::GzDecoder::new(&include_bytes!("data/digits.csv.gz")[..]);
    let rows: Vec<Vec<u8>> =
        csv::ReaderBuilder::new().has_headers(false).from_reader(file).deserialize().collect::<Result<_, _>>()?;
    let all = Tensor::from(rows);
    let images = all.slice(s![.., ..PIXELS]).cast::<f32>() / 16.0;
    Ok((images, all.slice(s![.., PIXELS])))
}

/// One digit as text, a character a pixel.
fn draw(image: &Tensor) -> Vec<String> {
    const SHADES: &[u8] = b" .:-=+*#%@";
    let shade = |&x: &f32| SHADES[(x * (SHADES.len() - 1) as f32).round() as usize] as char;
    image.to_vec().chunks(8).map(|row| row.iter().map(shade).collect()).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (images, labels) = read_digits()?;

    // 80 % to train on, 20 % to test on, by seed.
    let observations = images.shape()[0];
    let shuffled = DataLoader::new((images, labels)).batch_size(observations * 4 / 5).shuffle(1);
    let mut parts = shuffled.iter();
    let (Some(training), Some((test_x, test_y))) = (parts.next(), parts.next()) else { unreachable!("two parts") };

    let mut rng = StdRng::seed_from_u64(0);
    let mut model = Classifier::new(&mut rng);
    println!("{}", model.summary());

    let criterion = CrossEntropy::new().label_smoothing(0.1);
    let data = DataLoader::new(training).batch_size(64).shuffle(1);
    let mut state = setup(AdamW::new(0.003), &model);
    let start = Instant::now();
    for epoch in 1..=EPOCHS {
        let history = train(&mut model, &data, &mut state, |m, (x, y)| criterion.loss(&m.forward(&x), &y))?;
        state.adjust(0.003 * (1.0 - epoch as f64 / EPOCHS as f64));
        let logits = model.forward(&test_x);
        println!(
            "epoch {epoch:2}  train loss {:.4}  test loss {:.4}  test accuracy {:5.2} %  {:.2} s",
            history.mean_loss(),
            cross_entropy(&logits, &test_y).item(),
            100.0 * accuracy(&logits, &test_y),
            start.elapsed().as_secs_f64()
        );
    }

    let predicted = model.forward(&test_x).argmax_axis(1);
    let digits: Vec<_> = (0..8).map(|i| draw(&test_x.slice(s![i, ..]))).collect();
    println!("\neight test digits and what the model reads in them:");
    for row in 0..8 {
        println!("  {}", digits.iter().map(|digit| digit[row].as_str()).collect::<Vec<_>>().join("  "));
    }
    let read: Vec<_> = (0..8).map(|i| format!("{:^8}", format!("{} ({})", predicted[[i]], test_y[[i]]))).collect();
    println!("  {}   read (true)", read.join("  "));
    println!("\nfinal test accuracy {:.2} %", 100.0 * accuracy(&model.forward(&test_x), &test_y));
    Ok(())
}
