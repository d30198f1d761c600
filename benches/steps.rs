//! One training step, gradient and update, of each workload that `examples/steps.rs` times beside other libraries':
//! `cargo bench --bench steps -- mlp`.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use sapwood::prelude::*;

#[path = "../examples/workloads/mod.rs"]
mod workloads;
use workloads::WORKLOADS;

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("steps");
    // A step of the largest takes a fifth of a second.
    group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    for (name, workload) in WORKLOADS {
        group.bench_function(name, |bench| bench.iter(workload(&mut StdRng::seed_from_u64(0))));
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
