//! One training step, gradient and update, of the two smallest models: `cargo bench`.

use criterion::{Criterion, criterion_group, criterion_main};
use sapwood::prelude::*;

#[derive(Params, Clone)]
struct Line {
    m: Tensor,
    b: Tensor,
}

/// `linear`: m·x + b on 10 samples, mean squared error, gradient descent.
fn linear(criterion: &mut Criterion) {
    let mut rng = StdRng::seed_from_u64(0);
    let x = Tensor::uniform((10, 1), -1.0..1.0, &mut rng);
    let y = &x * 0.25 + 7.0;
    let mut model = Line { m: Tensor::scalar(1.0), b: Tensor::scalar(0.0) };
    let mut state = setup(Descent::new(0.1), &model);
    criterion.bench_function("linear", |bench| {
        bench.iter(|| {
            let (loss, grads) = with_gradient(|line| mse(&(&line.m * &x + &line.b), &y), &model);
            update(&mut state, &mut model, &grads);
            loss
        });
    });
}

/// `tiny_mlp`: 10 → 32 relu → 1 on 1,024 samples, mean squared error, gradient descent.
fn tiny_mlp(criterion: &mut Criterion) {
    let mut rng = StdRng::seed_from_u64(0);
    let x = Tensor::normal((1024, 10), 0.0, 1.0, &mut rng);
    let y = Tensor::normal((1024, 1), 0.0, 1.0, &mut rng);
    let mut model: (Dense, Dense) = (Dense::new(10, 32, &mut rng), Dense::new(32, 1, &mut rng));
    let mut state = setup(Descent::new(0.01), &model);
    criterion.bench_function("tiny_mlp", |bench| {
        bench.iter(|| {
            let forward = |(hidden, out): &(Dense, Dense)| mse(&out.forward(&hidden.forward(&x).relu()), &y);
            let (loss, grads) = with_gradient(forward, &model);
            update(&mut state, &mut model, &grads);
            loss
        });
    });
}

criterion_group!(steps, linear, tiny_mlp);
criterion_main!(steps);
