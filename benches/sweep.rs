//! A training step of an MLP over batches of 1 to 4,096 and widths of 16 to 4,096, in picoseconds a multiply-add, to see
//! that there is no cliff: `cargo bench --bench sweep`.
//!
//! The model is width → width relu → width → 10 with Adam, whose three products take 3·batch·(2·width² + 10·width)
//! multiply-adds a step, of which the gradient to the input of the first layer is not needed. The update, which reads and
//! writes seven numbers a weight whatever the batch, is left out: a batch of one would measure nothing else.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sapwood::prelude::*;

/// The best time of a gradient, in seconds.
fn time(batch: usize, width: usize) -> f64 {
    let rng = &mut StdRng::seed_from_u64(0);
    let (x, y) = (Tensor::normal((batch, width), 0.0, 1.0, rng), Tensor::<i64>::zeros(batch));
    let hidden = |rng: &mut StdRng| Dense::<f32>::new(width, width, rng).activation(Activation::Relu);
    let model = chain![hidden(rng), hidden(rng), Dense::new(width, 10, rng)];
    let (mut best, mut runs, start) = (f64::INFINITY, 0, Instant::now());
    while runs < 5 || start.elapsed() < Duration::from_millis(300) {
        let start = Instant::now();
        black_box(with_gradient(|m| cross_entropy(&m.forward(&x), &y), &model));
        best = best.min(start.elapsed().as_secs_f64());
        runs += 1;
    }
    best
}

fn main() {
    const WIDTHS: [usize; 5] = [16, 64, 256, 1024, 4096];
    print!("| batch |");
    WIDTHS.iter().for_each(|width| print!(" width {width} |"));
    println!("\n|{}", " --- |".repeat(WIDTHS.len() + 1));
    for batch in [1, 4, 16, 64, 256, 1024, 4096] {
        print!("| {batch} |");
        for width in WIDTHS {
            let products = (batch * (5 * width * width + 30 * width)) as f64;
            let cost =
                if products > 2e11 { "—".into() } else { format!("{:.1}", time(batch, width) * 1e12 / products) };
            print!(" {cost} |");
        }
        println!();
    }
}
