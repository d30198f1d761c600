//! The number of threads changes no bit of a result.

use sapwood::ops::Keep;
use sapwood::prelude::*;

type Operation = fn(&Tensor, &Tensor) -> Tensor;

/// Operations that share their work out among threads, of a large matrix and a row of the same width.
const OPERATIONS: [(&str, Operation); 17] = [
    ("add", |x, row| x + row),
    ("gelu", |x, _| x.gelu()),
    ("softmax", |x, _| x.softmax(-1)),
    ("softmax of columns", |x, _| x.softmax(0)),
    ("log_softmax", |x, _| x.log_softmax(-1)),
    ("where", |x, row| x.gt(row).where_(x, row)),
    ("transposed", |x, _| x.t().contiguous()),
    ("exp of a transpose", |x, _| x.t().exp()),
    ("sum", |x, _| x.sum()),
    ("sums of rows", |x, _| x.sum_axis(Keep(-1))),
    ("sums of columns", |x, _| x.sum_axis(0)),
    ("sum of a transpose", |x, _| x.t().sum_axis(0)),
    ("variance", |x, _| x.var_axis(0, 1)),
    ("norm", |x, _| x.norm()),
    ("gradient by a number", |x, _| factors_gradient(x, &Tensor::scalar(0.5))),
    ("gradient by a column", |x, _| factors_gradient(x, &x.slice(s![.., ..1]).contiguous())),
    ("gradient by a row", factors_gradient),
];

/// By a factor that is broadcast.
fn factors_gradient(x: &Tensor, factor: &Tensor) -> Tensor {
    gradient(|factor| (x * factor).tanh().sum(), factor).get().unwrap().clone()
}

fn bits(x: &Tensor) -> Vec<u32> {
    x.to_vec().into_iter().map(f32::to_bits).collect()
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let mut rng = StdRng::seed_from_u64(0);
    for shape in [(3000, 7), (700, 300), (5, 50_000), (1, 200_000)] {
        let x = Tensor::normal(shape, 0.0, 1.0, &mut rng);
        let row = Tensor::normal(shape.1, 0.0, 1.0, &mut rng);
        for (name, operation) in OPERATIONS {
            let results = [1, 2, 3, 8].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| bits(&operation(&x, &row)))
            });
            assert!(results.iter().all(|result| *result == results[0]), "{name} of {shape:?}");
        }
    }
}

/// These find value and slope in one pass, which fills two results.
#[test]
fn large_transposes_have_the_values_and_slopes_of_their_rows() {
    fn both(f: impl Fn(&Tensor) -> Tensor, x: &Tensor) -> [Vec<u32>; 2] {
        let value = |x: &Tensor| {
            let y = f(x);
            (y.sum(), y)
        };
        let ((_, y), slope) = with_gradient(value, x);
        [bits(&y), bits(slope.get().unwrap())]
    }
    let x = Tensor::normal((700, 300), 0.0, 1.0, &mut StdRng::seed_from_u64(0));
    let functions: [fn(&Tensor) -> Tensor; 3] = [Tensor::gelu, Tensor::mish, Tensor::softplus];
    for f in functions {
        let of_transpose = both(|x| f(&x.t()).t(), &x);
        assert_eq!(both(f, &x), of_transpose);
        for (row, x) in x.to_vec().chunks_exact(300).enumerate() {
            let of_row = both(f, &Tensor::from(x.to_vec()));
            assert_eq!(of_row, of_transpose.each_ref().map(|all| all[300 * row..][..300].to_vec()), "row {row}");
        }
    }
}
