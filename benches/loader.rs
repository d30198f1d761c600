//! What a loader's threads cost and bring.
//!
//! `cargo bench --bench loader`
//!
//! `gather` is the work itself, rows of a matrix copied into batches by plain loops; `free` is a loader whose data needs no
//! more than that, by workers; `decoding` one that computes for every element, as decoding an image does.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sapwood::prelude::*;

const ROWS: usize = 20_000;
const WIDTH: usize = 784;
const BATCH: usize = 128;

fn rows() -> Tensor {
    Tensor::uniform((ROWS, WIDTH), 0.0..1.0, &mut StdRng::seed_from_u64(0))
}

fn epoch<D: Dataset>(data: &DataLoader<D>) {
    for batch in data {
        black_box(batch);
    }
}

fn loader(c: &mut Criterion) {
    let mut group = c.benchmark_group("loader");
    group.sample_size(20).throughput(Throughput::Bytes((ROWS * WIDTH * 4) as u64));

    let x = rows();
    let order: Vec<usize> =
        DataLoader::new(Tensor::<i64>::arange(ROWS)).shuffle(1).epoch(0).map(|i| i.item() as usize).collect();
    group.bench_function("gather", |b| {
        let elements = x.as_slice().unwrap_or_default();
        let mut batch = vec![0.0; BATCH * WIDTH];
        b.iter(|| {
            for rows in order.chunks(BATCH) {
                for (row, out) in rows.iter().zip(batch.chunks_exact_mut(WIDTH)) {
                    out.copy_from_slice(&elements[row * WIDTH..][..WIDTH]);
                }
                black_box(&mut batch);
            }
        });
    });
    for workers in [0, 1, 2] {
        let free = DataLoader::new(x.clone()).batch_size(BATCH).shuffle(1).workers(workers);
        group.bench_function(BenchmarkId::new("free", workers), |b| b.iter(|| epoch(&free)));
    }
    for workers in [0, 1, 2] {
        let decoding = x.clone().map(|x| x.exp().sin().exp().sin());
        let decoding = DataLoader::new(decoding).batch_size(BATCH).shuffle(1).workers(workers);
        group.bench_function(BenchmarkId::new("decoding", workers), |b| b.iter(|| epoch(&decoding)));
    }
    group.finish();
}

criterion_group!(benches, loader);
criterion_main!(benches);
