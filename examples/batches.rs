//! Regression in shuffled batches with validation, 1,000 observations of 20 features and 10 targets; and the same numbers,
//! to the last bit, from one thread and from two.
//!
//! `cargo run --release --example batches`

use sapwood::data::random_split;
use sapwood::prelude::*;

#[derive(Params, Clone, Debug, PartialEq)]
struct Mlp {
    first: Dense,
    second: Dense,
    out: Dense,
}

impl Mlp {
    fn new(rng: &mut impl Rng) -> Self {
        Mlp { first: Dense::new(20, 512, rng), second: Dense::new(512, 512, rng), out: Dense::new(512, 10, rng) }
    }

    /// x `[batch, 20]` → `[batch, 10]`.
    fn forward(&self, x: &Tensor) -> Tensor {
        self.out.forward(&self.second.forward(&self.first.forward(x).relu()).relu())
    }
}

/// What a run leaves: the losses of each epoch, on training and validation data, and the model.
#[derive(Debug, PartialEq)]
struct Run {
    losses: Vec<[f32; 2]>,
    model: Mlp,
}

fn run() -> sapwood::Result<Run> {
    let mut rng = StdRng::seed_from_u64(0);
    let x: Tensor = Tensor::normal((1000, 20), 0.0, 1.0, &mut rng);
    let noise = Tensor::normal((1000, 10), 0.0, 0.1, &mut rng);
    let y = x.matmul(&Tensor::normal((20, 10), 0.0, 0.2, &mut rng)).tanh() + noise;
    let [train_set, validation] = random_split(&(x, y), [0.8, 0.2], 1);
    let (x, y) = validation.all();

    let mut model = Mlp::new(&mut rng);
    let mut state = setup(Adam::new(3e-4), &model);
    let batches = DataLoader::new(train_set).batch_size(100).shuffle(2);
    let mut losses = vec![];
    for _ in 0..20 {
        let history = train(&mut model, &batches, &mut state, |m, (x, y)| mse(&m.forward(&x), &y))?;
        losses.push([history.mean_loss() as f32, mse(&model.forward(&x), &y).item()]);
    }
    Ok(Run { losses, model })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let with_threads = |threads| -> Result<Run, Box<dyn std::error::Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        Ok(pool.install(run)?)
    };
    let one = with_threads(1)?;
    for (epoch, [train, validation]) in one.losses.iter().enumerate() {
        println!("epoch {:2}  train loss {train:.4}  validation loss {validation:.4}", epoch + 1);
    }
    if one != with_threads(2)? {
        return Err("two threads gave other numbers than one".into());
    }
    println!(
        "two threads gave the same bits: {} losses and {} weights",
        2 * one.losses.len(),
        one.model.num_parameters()
    );
    Ok(())
}
