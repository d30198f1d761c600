//! The loop by hand, as Flux's manual shows it: log, skip a step whose loss is not finite, stop when the model is good
//! enough.
//!
//! `cargo run --release --example flux_loop`

mod data;

use data::PIXELS;
use sapwood::prelude::*;
use sapwood::train::terminal_curve;

#[derive(Params, Clone, Debug)]
struct Mlp {
    hidden: Dense,
    out: Dense,
}

impl Mlp {
    /// Images `[batch, 64]` → logits `[batch, 10]`.
    fn forward(&self, x: &Tensor) -> Tensor {
        self.out.forward(&self.hidden.forward(x).relu())
    }
}

fn main() -> Result<(), csv::Error> {
    let [(mut x, y), (test_x, test_y)] = data::digits()?;
    // A broken pixel, as real data have them: every loss of its batch is NaN.
    x.as_mut_slice()[100 * PIXELS] = f32::NAN;
    let batches = DataLoader::new((x, y)).batch_size(64).shuffle(1);

    let mut rng = StdRng::seed_from_u64(0);
    let mut model = Mlp { hidden: Dense::new(PIXELS, 64, &mut rng), out: Dense::new(64, 10, &mut rng) };
    let mut state = setup(Adam::new(0.003), &model);
    let mut curve = vec![];
    for epoch in 1..=100 {
        let mut losses = vec![];
        for (i, (x, y)) in batches.iter().enumerate() {
            let (loss, grads) = with_gradient(|m| cross_entropy(&m.forward(&x), &y), &model);
            if !loss.is_finite() {
                println!("epoch {epoch:2}  loss is {loss} on batch {i}, step skipped");
                continue;
            }
            update(&mut state, &mut model, &grads);
            losses.push(loss);
        }
        curve.extend(losses.iter().map(|&loss| f64::from(loss)));
        let accuracy = accuracy(&model.forward(&test_x), &test_y);
        let mean = losses.iter().sum::<f32>() / losses.len() as f32;
        println!("epoch {epoch:2}  train loss {mean:.4}  test accuracy {:.2} %", 100.0 * accuracy);
        if accuracy > 0.95 {
            println!("stopping after {epoch} epochs");
            break;
        }
    }
    println!("\nthe loss of each step:\n{}", terminal_curve(&curve, 60, 8));
    Ok(())
}
