//! Convolutions of the `lenet` and `vgg` workloads, of single images and of deep layers, forward and both gradients:
//! `cargo bench --bench conv`.

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use sapwood::ops::{ConvOptions, Window};
use sapwood::prelude::*;

/// (name, batch, inputs, outputs, length of both axes, kernel, padding)
const LAYERS: [(&str, [usize; 6]); 9] = [
    ("lenet 1", [128, 1, 6, 28, 5, 2]),
    ("lenet 2", [128, 6, 16, 14, 5, 0]),
    ("vgg 1", [64, 3, 32, 32, 3, 1]),
    ("vgg 2", [64, 32, 32, 32, 3, 1]),
    ("vgg 3", [64, 32, 64, 16, 3, 1]),
    ("vgg 4", [64, 64, 64, 16, 3, 1]),
    ("one image", [1, 64, 64, 56, 3, 1]),
    ("two images", [2, 128, 128, 28, 3, 1]),
    ("deep", [8, 512, 512, 14, 3, 1]),
];

fn convolutions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("conv");
    for (name, [batch, inputs, outputs, length, kernel, padding]) in LAYERS {
        let mut rng = StdRng::seed_from_u64(0);
        let x: Tensor = Tensor::normal((batch, inputs, length, length), 0.0, 1.0, &mut rng);
        let w: Tensor = Tensor::normal((outputs, inputs, kernel, kernel), 0.0, 1.0, &mut rng);
        let options = ConvOptions::new().padding(padding);
        let y = x.conv(&w, &options);
        group.bench_function(BenchmarkId::new("forward", name), |bench| bench.iter(|| x.conv(&w, &options)));
        group.bench_function(BenchmarkId::new("to the input", name), |bench| {
            let prepare = || pullback(|x: &Tensor| x.conv(&w, &options), &x).1;
            bench.iter_batched(prepare, |back| back(&y), BatchSize::PerIteration);
        });
        group.bench_function(BenchmarkId::new("to the weight", name), |bench| {
            let prepare = || pullback(|w: &Tensor| x.conv(w, &options), &w).1;
            bench.iter_batched(prepare, |back| back(&y), BatchSize::PerIteration);
        });
    }
}

fn pools(criterion: &mut Criterion) {
    let x: Tensor = Tensor::normal((128, 6, 28, 28), 0.0, 1.0, &mut StdRng::seed_from_u64(0));
    let window = Window::new(2);
    criterion.bench_function("max_pool", |bench| bench.iter(|| x.max_pool(&window)));
    criterion.bench_function("mean_pool", |bench| bench.iter(|| x.mean_pool(&window, true)));
}

criterion_group!(conv, convolutions, pools);
criterion_main!(conv);
