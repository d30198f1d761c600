//! Operations on whole tensors, a group an operation, at 10³, 10⁵ and 10⁷ elements of `f32`: `cargo bench --bench elementwise`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sapwood::ops::Keep;
use sapwood::prelude::*;

/// Rows and columns of each size.
const SHAPES: [(usize, usize); 3] = [(25, 40), (250, 400), (10_000, 1000)];

/// What an operation is given: two tensors of a shape, a row, a column and a mask that fit it.
struct Operands {
    x: Tensor,
    y: Tensor,
    row: Tensor,
    column: Tensor,
    mask: Tensor<bool>,
}

type Operation = fn(&Operands) -> Tensor;

const OPERATIONS: [(&str, Operation); 19] = [
    ("add", |o| &o.x + &o.y),
    ("mul", |o| &o.x * &o.y),
    ("mul_number", |o| &o.x * 2.5),
    ("exp", |o| o.x.exp()),
    ("tanh", |o| o.x.tanh()),
    ("sigmoid", |o| o.x.sigmoid()),
    ("gelu", |o| o.x.gelu()),
    ("gelu_gradient", |o| gradient(|x| x.gelu().sum(), &o.x).get().unwrap().clone()),
    ("sin", |o| o.x.sin()),
    ("softmax", |o| o.x.softmax(-1)),
    ("add_row", |o| &o.x + &o.row),
    ("sum_to_row", |o| o.x.sum_axis(0)),
    ("normalise_rows", |o| (&o.x - &o.column) * &o.column * &o.row + &o.row),
    ("where", |o| o.mask.where_(&o.x, 0.0)),
    ("sum", |o| o.x.sum()),
    ("sum_rows", |o| o.x.sum_axis(Keep(-1))),
    ("max", |o| o.x.max()),
    ("max_rows", |o| o.x.max_axis(-1)),
    ("transposed", |o| o.x.t().contiguous()),
];

fn operations(criterion: &mut Criterion) {
    let mut rng = StdRng::seed_from_u64(0);
    for (name, operation) in OPERATIONS {
        let mut group = criterion.benchmark_group(name);
        group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1)).sample_size(20);
        for (rows, columns) in SHAPES {
            let mut draw = |shape: (usize, usize)| Tensor::normal(shape, 0.0, 1.0, &mut rng);
            let (x, y, column) = (draw((rows, columns)), draw((rows, columns)), draw((rows, 1)));
            let operands = Operands { row: draw((1, columns)).reshape(columns), mask: x.gt(0.0), x, y, column };
            group.throughput(Throughput::Elements((rows * columns) as u64));
            group.bench_with_input(BenchmarkId::from_parameter(rows * columns), &operands, |bench, operands| {
                bench.iter(|| black_box(operation(operands)));
            });
        }
    }
}

criterion_group!(elementwise, operations);
criterion_main!(elementwise);
