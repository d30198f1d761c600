//! A variational autoencoder of handwritten digits ([Kingma and Welling 2013](https://arxiv.org/abs/1312.6114)): each
//! image becomes a normal distribution over 8 numbers, from which a decoder draws it again, and invents others.
//!
//! `cargo run --release --example vae`

mod data;
#[path = "data/picture.rs"]
mod picture;

use data::PIXELS;
use sapwood::prelude::*;

const LATENT: usize = 8;
const EPOCHS: usize = 60;

#[derive(Params, Clone, Debug)]
struct Vae {
    encoder: Dense,
    mean: Dense,
    log_variance: Dense,
    decoder: Dense,
    out: Dense,
}

impl Vae {
    fn new(rng: &mut impl Rng) -> Self {
        Vae {
            encoder: Dense::new(PIXELS, 256, rng).activation(Activation::Relu),
            mean: Dense::new(256, LATENT, rng),
            log_variance: Dense::new(256, LATENT, rng),
            decoder: Dense::new(LATENT, 256, rng).activation(Activation::Relu),
            out: Dense::new(256, PIXELS, rng),
        }
    }

    /// Images `[batch, 64]` → means and logarithms of variances, `[batch, 8]` each.
    fn encode(&self, x: &Tensor) -> (Tensor, Tensor) {
        let h = self.encoder.forward(x);
        (self.mean.forward(&h), self.log_variance.forward(&h))
    }

    /// Latent numbers `[batch, 8]` → logits of pixels `[batch, 64]`.
    fn decode(&self, z: &Tensor) -> Tensor {
        self.out.forward(&self.decoder.forward(z))
    }
}

/// The negative evidence lower bound an image: what the pixels cost, and how far the distributions are from the
/// standard normal one.
fn loss(model: &Vae, x: &Tensor, rng: &mut StdRng) -> Tensor {
    let (mean, log_variance) = model.encode(x);
    // z = μ + σ ε, with the chance outside of what is differentiated.
    let noise = Tensor::normal(mean.shape(), 0.0, 1.0, rng);
    let z = &mean + (&log_variance * 0.5).exp() * noise;
    let pixels = binary_cross_entropy_with_logits(&model.decode(&z), x) * PIXELS as f32;
    let divergence = (mean.square() + log_variance.exp() - 1.0 - &log_variance).sum_axis(1).mean() * 0.5;
    pixels + divergence
}

/// The mean squared error of pixels that are drawn again from their image's mean.
fn reconstruction(model: &Vae, x: &Tensor) -> f32 {
    mse(&model.decode(&model.encode(x).0).sigmoid(), x).item()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [(images, _), (test, _)] = data::digits()?;
    let mut rng = StdRng::seed_from_u64(0);
    let mut model = Vae::new(&mut rng);
    let mut state = setup(Adam::new(0.002), &model);
    let batches = DataLoader::new(images).batch_size(64).shuffle(1);
    for epoch in 1..=EPOCHS {
        let history = train(&mut model, &batches, &mut state, |m, x| loss(m, &x, &mut rng))?;
        if epoch % 10 == 0 {
            println!(
                "epoch {epoch:2}  loss {:.3}  test reconstruction {:.4}",
                history.mean_loss(),
                reconstruction(&model, &test)
            );
        }
    }

    println!("\neight test digits, and how they are drawn again:");
    let some = test.slice(s![..8, ..]);
    picture::print_row(&some);
    picture::print_row(&model.decode(&model.encode(&some).0).sigmoid());
    println!("\neight that no one wrote:");
    picture::print_row(&model.decode(&Tensor::normal((8, LATENT), 0.0, 1.0, &mut rng)).sigmoid());
    let blank = test.var_axis(0, 0).mean().item();
    println!("\ntest reconstruction {:.4}, where the mean image has {blank:.4}", reconstruction(&model, &test));
    Ok(())
}
