//! The loop by hand: skip a step whose loss is not finite, keep the best model, stop when validation no longer improves.
//!
//! `cargo run --release --example early_stopping`

use sapwood::prelude::*;

#[derive(Params, Clone, Debug)]
struct Mlp {
    hidden: Dense,
    out: Dense,
}

impl Mlp {
    /// x `[batch, 1]` → `[batch, 1]`.
    fn forward(&self, x: &Tensor) -> Tensor {
        self.out.forward(&self.hidden.forward(x).tanh())
    }
}

/// Noisy samples of sin 3x.
fn samples(count: usize, rng: &mut impl Rng) -> (Tensor, Tensor) {
    let x: Tensor = Tensor::uniform((count, 1), -1.0..1.0, rng);
    let y = (&x * 3.0).sin() + Tensor::normal((count, 1), 0.0, 0.2, rng);
    (x, y)
}

/// Epochs without improvement before the loop ends.
const PATIENCE: usize = 20;

fn main() {
    let mut rng = StdRng::seed_from_u64(0);
    let data = DataLoader::new(samples(40, &mut rng)).batch_size(8).shuffle(1);
    let (test_x, test_y) = samples(200, &mut rng);
    let mut model = Mlp { hidden: Dense::new(1, 64, &mut rng), out: Dense::new(64, 1, &mut rng) };
    let mut state = setup(Adam::new(0.01), &model);

    // A clone of a model shares its memory until one of the two changes: keeping the best one is cheap.
    let (mut best, mut best_loss, mut best_epoch) = (model.clone(), f32::INFINITY, 0);
    for epoch in 0..1000 {
        for (x, y) in &data {
            let (loss, grads) = with_gradient(|m| mse(&m.forward(&x), &y), &model);
            if !loss.is_finite() {
                eprintln!("loss is {loss}, step skipped");
                continue;
            }
            update(&mut state, &mut model, &grads.clip_norm(1.0));
        }
        let loss = mse(&model.forward(&test_x), &test_y).item();
        if loss < best_loss {
            (best, best_loss, best_epoch) = (model.clone(), loss, epoch);
            println!("epoch {epoch:3}  validation loss {loss:.4}");
        } else if epoch - best_epoch >= PATIENCE {
            println!("stopping after {epoch} epochs: no improvement since epoch {best_epoch}");
            break;
        }
    }
    println!("best validation loss {:.4}", mse(&best.forward(&test_x), &test_y).item());
}
