//! Trains a classifier on 1,797 real handwritten digits of 8×8 pixels and shows what it reads.
//!
//! `cargo run --release --example digits`

mod data;
#[path = "data/picture.rs"]
mod picture;

use std::time::Instant;

use data::PIXELS;
use sapwood::prelude::*;

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [training, (test_x, test_y)] = data::digits()?;
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
    println!("\neight test digits and what the model reads in them:");
    picture::print_row(&test_x.slice(s![..8, ..]));
    let read: Vec<_> = (0..8).map(|i| format!("{:^8}", format!("{} ({})", predicted[[i]], test_y[[i]]))).collect();
    println!("  {}   read (true)", read.join("  "));
    println!("\nfinal test accuracy {:.2} %", 100.0 * accuracy(&model.forward(&test_x), &test_y));
    Ok(())
}
