//! A small network learns a linear function with noise: 10 features → 32 relu → 1.
//!
//! `cargo run --release --example mlp_regression`

use sapwood::prelude::*;

#[derive(Params, Clone, Debug)]
struct Mlp {
    hidden: Dense,
    out: Dense,
}

impl Mlp {
    fn new(rng: &mut impl Rng) -> Self {
        Mlp { hidden: Dense::new(10, 32, rng), out: Dense::new(32, 1, rng) }
    }

    /// x `[batch, 10]` → `[batch, 1]`.
    fn forward(&self, x: &Tensor) -> Tensor {
        self.out.forward(&self.hidden.forward(x).relu())
    }
}

const SAMPLES: usize = 1024;
const WEIGHTS: [f32; 10] = [1.5, -2.0, 1.0, 1.5, -2.0, 1.0, 3.0, -2.0, 1.0, 3.0];

fn main() -> sapwood::Result<()> {
    let mut rng = StdRng::seed_from_u64(0);
    let x: Tensor = Tensor::normal((SAMPLES, 10), 0.0, 1.0, &mut rng);
    let noise = Tensor::normal((SAMPLES, 1), 0.0, 1.0, &mut rng);
    let y = x.matmul(&Tensor::from(WEIGHTS).reshape((10, 1))) + noise * 0.1;

    let mut model = Mlp::new(&mut rng);
    println!("{}", model.summary());
    let data = DataLoader::new((x, y)).batch_size(32).shuffle(1);
    let mut state = setup(Descent::new(0.01), &model);
    for epoch in 1..=10 {
        let history = train(&mut model, &data, &mut state, |m, (x, y)| mse(&m.forward(&x), &y))?;
        println!("epoch {epoch:2}  loss {:.4}", history.mean_loss());
    }
    Ok(())
}
