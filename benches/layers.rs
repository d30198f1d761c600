//! What models are made of, forward and back: matrix products, attention, recurrent sequences, normalisation, losses,
//! and the update of each common rule: `cargo bench --bench layers`.

use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sapwood::nn::{BatchNorm, Embedding, GroupNorm, Gru, LayerNorm, Lstm, RmsNorm};
use sapwood::ops::AttentionMask;
use sapwood::prelude::*;

fn draw<const N: usize>(shape: [usize; N]) -> Tensor {
    Tensor::normal(shape.as_slice(), 0.0, 1.0, &mut StdRng::seed_from_u64(0))
}

/// Times a function of one tree, and its pullback.
fn both<M: Params>(criterion: &mut Criterion, group: &str, name: &str, of: impl Fn(&M) -> Tensor, model: &M) {
    let mut group = criterion.benchmark_group(group);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2)).sample_size(20);
    let y = of(model);
    group.bench_function(BenchmarkId::new("forward", name), |bench| bench.iter(|| of(model)));
    group.bench_function(BenchmarkId::new("back", name), |bench| {
        bench.iter_batched(|| pullback(&of, model).1, |back| back(&y), BatchSize::PerIteration);
    });
}

/// Products of the workloads, and square ones: C[m×n] = A[m×k] · B[k×n] with each operand as it lies and transposed.
fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matmul");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(20);
    for [m, k, n] in
        [[32, 32, 32], [128, 784, 512], [768, 128, 512], [768, 512, 128], [512, 512, 512], [2048, 2048, 2048]]
    {
        group.throughput(Throughput::Elements((m * k * n) as u64));
        let size = format!("{m}×{k}×{n}");
        let (a, b) = (draw([m, k]), draw([k, n]));
        let (at, bt) = (draw([k, m]).t(), draw([n, k]).t());
        group.bench_function(BenchmarkId::new("NN", &size), |bench| bench.iter(|| a.matmul(&b)));
        group.bench_function(BenchmarkId::new("NT", &size), |bench| bench.iter(|| a.matmul(&bt)));
        group.bench_function(BenchmarkId::new("TN", &size), |bench| bench.iter(|| at.matmul(&b)));
    }
}

/// Of lengths as they are, and of heads split from the width and joined again, as multi-head attention does: batch, heads,
/// length and width of a head.
fn attention(criterion: &mut Criterion) {
    for (batch, length) in [(48, 64), (16, 256), (4, 1024)] {
        let qkv = [0, 1, 2].map(|_| draw([batch, length, 32]));
        for (name, mask) in [("full", AttentionMask::None), ("causal", AttentionMask::Causal)] {
            let name = format!("{name} {batch}×{length}×32");
            both(criterion, "attention", &name, |[q, k, v]: &[Tensor; 3]| q.attention(k, v, mask), &qkv);
        }
    }
    for [batch, heads, length, width] in [[12, 4, 64, 32], [2, 4, 1024, 64]] {
        let qkv = [0, 1, 2].map(|_| draw([batch, length, heads * width]));
        let split = |x: &Tensor| x.reshape((batch, length, heads, width)).permute(&[0, 2, 1, 3]);
        let of = |[q, k, v]: &[Tensor; 3]| {
            let y = split(q).attention(&split(k), &split(v), AttentionMask::Causal);
            y.permute(&[0, 2, 1, 3]).reshape((batch, length, heads * width))
        };
        both(criterion, "attention", &format!("heads {batch}×{heads}×{length}×{width}"), of, &qkv);
    }
}

fn recurrent(criterion: &mut Criterion) {
    let (x, rng) = (draw([32, 64, 64]), &mut StdRng::seed_from_u64(0));
    both(criterion, "recurrent", "lstm 32×64, 64 → 128", |layer: &Lstm| layer.forward(&x), &Lstm::new(64, 128, rng));
    both(criterion, "recurrent", "gru 32×64, 64 → 128", |layer: &Gru| layer.forward(&x), &Gru::new(64, 128, rng));
}

fn others(criterion: &mut Criterion) {
    let x = draw([64, 32, 32, 32]);
    both(criterion, "normalise", "batch_norm 64×32×32×32", |layer: &BatchNorm| layer.forward(&x), &BatchNorm::new(32));
    let (batch_norm, relu) = (BatchNorm::new(32), BatchNorm::new(32).activation(Activation::Relu));
    both(criterion, "normalise", "batch_norm, relu", |layer: &BatchNorm| layer.forward(&x).relu(), &batch_norm);
    both(criterion, "normalise", "batch_norm of activation relu", |layer: &BatchNorm| layer.forward(&x), &relu);
    let group_norm = GroupNorm::new(8, 32);
    both(criterion, "normalise", "group_norm 64×32×32×32", |layer: &GroupNorm| layer.forward(&x), &group_norm);
    let x = draw([768, 128]);
    both(criterion, "normalise", "layer_norm 768×128", |layer: &LayerNorm| layer.forward(&x), &LayerNorm::new(128));
    both(criterion, "normalise", "rms_norm 768×128", |layer: &RmsNorm| layer.forward(&x), &RmsNorm::new(128));
    let labels = Tensor::from((0..768).map(|i| i % 65).collect::<Vec<i64>>());
    both(criterion, "losses", "cross_entropy 768×65", |x: &Tensor| cross_entropy(x, &labels), &draw([768, 65]));
    let table = Embedding::new(65, 128, &mut StdRng::seed_from_u64(0));
    both(criterion, "embedding", "768 of 65×128", |table: &Embedding| table.forward(&labels), &table);
}

/// An update of 2 million parameters in leaves of several sizes.
fn updates(criterion: &mut Criterion) {
    fn one<R: Rule>(criterion: &mut Criterion, name: &str, rule: R) {
        let mut model = [1000, 10_000, 100_000, 2_000_000].map(|length| draw([length]));
        let grads =
            gradient(|m: &[Tensor; 4]| m.iter().map(|x| x.square().sum()).reduce(|a, b| a + b).unwrap(), &model);
        let mut state = setup(rule, &model);
        let mut group = criterion.benchmark_group("update");
        group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(20);
        group.throughput(Throughput::Elements(2_111_000));
        group.bench_function(name, |bench| bench.iter(|| update(&mut state, &mut model, &grads)));
    }
    one(criterion, "Descent", Descent::new(1e-3));
    one(criterion, "Momentum", Momentum::new(1e-3));
    one(criterion, "Adam", Adam::new(1e-3));
    one(criterion, "AdamW", AdamW::new(1e-3));
    one(criterion, "ClipGrad, WeightDecay, Adam", (ClipGrad::new(1.0), WeightDecay::new(1e-4), Adam::new(1e-3)));
    one(criterion, "RAdam", RAdam::new(1e-3));
    one(criterion, "Lion", Lion::new(1e-4));
}

criterion_group!(layers, products, attention, recurrent, others, updates);
criterion_main!(layers);
