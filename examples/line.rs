//! The smallest model there is: a straight line through noiseless points.
//!
//! `cargo run --release --example line`

use sapwood::prelude::*;

/// y = m·x + b: any struct of tensors is a model.
#[derive(Params, Clone, Debug)]
struct Line {
    m: Tensor,
    b: Tensor,
}

impl Line {
    fn forward(&self, x: &Tensor) -> Tensor {
        &self.m * x + &self.b
    }
}

fn main() {
    let mut rng = StdRng::seed_from_u64(0);
    let mut model = Line { m: Tensor::uniform((), -5.0..5.0, &mut rng), b: Tensor::uniform((), -5.0..5.0, &mut rng) };
    let mut state = setup(Descent::new(0.1), &model);
    for step in 0..30 {
        let x = Tensor::uniform((10, 1), -5.0..5.0, &mut rng);
        let y = &x * 0.25 + 7.0;
        let (loss, grads) = with_gradient(|line| mse(&line.forward(&x), &y), &model);
        update(&mut state, &mut model, &grads);
        println!("{step:2}  loss {loss:.4}  m {:.3}  b {:.3}", model.m.item(), model.b.item());
    }
}
