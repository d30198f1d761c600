//! The training steps that `steps` times beside other libraries', and `cargo bench --bench steps` by criterion:
//!
//! | workload | model | input | loss | rule |
//! | --- | --- | --- | --- | --- |
//! | `linear` | m·x + b | `[10, 1]` | mean squares | descent |
//! | `tiny_mlp` | 10 → 32 relu → 1 | `[1024, 10]` | mean squares | descent |
//! | `mlp` | 784 → 512 relu → 512 relu → 10 | `[128, 784]` | cross-entropy | Adam |
//! | `lenet` | two convolutions and three dense layers | `[128, 1, 28, 28]` | cross-entropy | Adam |
//! | `vgg` | four 3×3 convolutions with batch normalisation | `[64, 3, 32, 32]` | cross-entropy | Adam |
//! | `char_gpt` | 4 transformer blocks, 4 heads, width 128, 65 characters | `[12, 64]` | cross-entropy | AdamW |
//! | `lstm` | embedding 65 → 64, LSTM 128, dense 65 | `[32, 64]` | cross-entropy | Adam |
//! | `adam_25m` | 100 tensors of 250,000: the update alone | | | Adam |
//! | `loader` | an epoch of shuffled batches of 128, no training | `[60000, 784]` | | |
//!
//! A step is gradient and update, on a batch that is in memory.

use std::hint::black_box;

use sapwood::nn::{BatchNorm, Conv2d, Embedding, Flatten, GlobalMeanPool, Lstm, MaxPool};
use sapwood::prelude::*;

#[path = "../gpt/mod.rs"]
mod gpt;
use gpt::Gpt;

#[derive(Params)]
struct Line {
    m: Tensor,
    b: Tensor,
}

/// Dense layers with relu between them.
#[derive(Params)]
struct Mlp {
    layers: Vec<Dense>,
}

impl Mlp {
    fn new(widths: &[usize], rng: &mut impl Rng) -> Self {
        let mut layers: Vec<Dense> = widths.windows(2).map(|pair| Dense::new(pair[0], pair[1], rng)).collect();
        let hidden = layers.len() - 1;
        layers[..hidden].iter_mut().for_each(|layer| layer.activation = Activation::Relu);
        Mlp { layers }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        self.layers.iter().fold(x.clone(), |x, layer| layer.forward(&x))
    }
}

/// A function that does one step.
pub(crate) type Step = Box<dyn FnMut()>;

/// A workload: its name, and what makes its step.
pub(crate) type Workload = (&'static str, fn(&mut StdRng) -> Step);

pub(crate) const WORKLOADS: [Workload; 9] = [
    ("linear", linear),
    ("tiny_mlp", tiny_mlp),
    ("mlp", mlp),
    ("lenet", lenet),
    ("vgg", vgg),
    ("char_gpt", char_gpt),
    ("lstm", lstm),
    ("adam_25m", adam_25m),
    ("loader", loader),
];

fn training<M: Params + 'static, R: Rule>(mut model: M, rule: R, loss: impl Fn(&M) -> Tensor + 'static) -> Step {
    let mut state = setup(rule, &model);
    Box::new(move || {
        let (value, grads) = with_gradient(&loss, &model);
        update(&mut state, &mut model, &grads);
        black_box(value);
    })
}

fn linear(rng: &mut StdRng) -> Step {
    let (x, y) = (Tensor::uniform((10, 1), 0.0..1.0, rng), Tensor::uniform((10, 1), 0.0..1.0, rng));
    let model = Line { m: Tensor::uniform((), 0.0..1.0, rng), b: Tensor::uniform((), 0.0..1.0, rng) };
    training(model, Descent::new(0.1), move |line| mse(&(&line.m * &x + &line.b), &y))
}

fn tiny_mlp(rng: &mut StdRng) -> Step {
    let (x, y) = (Tensor::normal((1024, 10), 0.0, 1.0, rng), Tensor::normal((1024, 1), 0.0, 1.0, rng));
    training(Mlp::new(&[10, 32, 1], rng), Descent::new(0.01), move |m| mse(&m.forward(&x), &y))
}

fn mlp(rng: &mut StdRng) -> Step {
    let x = Tensor::uniform((128, 784), 0.0..1.0, rng);
    let y = labels(128, rng);
    training(Mlp::new(&[784, 512, 512, 10], rng), Adam::new(1e-3), move |m| cross_entropy(&m.forward(&x), &y))
}

fn labels(count: usize, rng: &mut StdRng) -> Tensor<i64> {
    numbers(&[count], 10, rng)
}

/// Random integers below `end`.
fn numbers(shape: &[usize], end: i64, rng: &mut StdRng) -> Tensor<i64> {
    Tensor::from_vec((0..shape.iter().product()).map(|_| rng.random_range(0..end)).collect(), shape)
}

fn lenet(rng: &mut StdRng) -> Step {
    let (x, y) = (Tensor::uniform((128, 1, 28, 28), 0.0..1.0, rng), labels(128, rng));
    let model = chain![
        Conv2d::new(1, 6, 5, rng).padding(2).activation(Activation::Relu),
        MaxPool::new(2),
        Conv2d::new(6, 16, 5, rng).activation(Activation::Relu),
        MaxPool::new(2),
        Flatten,
        Dense::new(400, 120, rng).activation(Activation::Relu),
        Dense::new(120, 84, rng).activation(Activation::Relu),
        Dense::new(84, 10, rng),
    ];
    training(model, Adam::new(1e-3), move |m| cross_entropy(&m.forward(&x), &y))
}

fn vgg(rng: &mut StdRng) -> Step {
    let (x, y) = (Tensor::uniform((64, 3, 32, 32), 0.0..1.0, rng), labels(64, rng));
    let block = |inputs: usize, outputs: usize, rng: &mut StdRng| {
        let norm = BatchNorm::new(outputs).activation(Activation::Relu);
        chain![Conv2d::new(inputs, outputs, 3, rng).padding(1), norm]
    };
    let model = chain![
        block(3, 32, rng),
        block(32, 32, rng),
        MaxPool::new(2),
        block(32, 64, rng),
        block(64, 64, rng),
        MaxPool::new(2),
        GlobalMeanPool,
        Flatten,
        Dense::new(64, 10, rng),
    ];
    training(model, Adam::new(1e-3), move |m| cross_entropy(&m.forward(&x), &y))
}

fn char_gpt(rng: &mut StdRng) -> Step {
    let (x, y) = (numbers(&[12, 64], 65, rng), numbers(&[12, 64], 65, rng));
    let model = Gpt::new(65, 64, rng);
    training(model, AdamW::new(1e-3).lambda(0.1), move |m| cross_entropy(&m.forward(&x), &y))
}

fn lstm(rng: &mut StdRng) -> Step {
    let (x, y) = (numbers(&[32, 64], 65, rng), numbers(&[32, 64], 65, rng));
    let model = chain![Embedding::new(65, 64, rng), Lstm::new(64, 128, rng), Dense::new(128, 65, rng)];
    training(model, Adam::new(1e-3), move |m| cross_entropy(&m.forward(&x), &y))
}

fn adam_25m(rng: &mut StdRng) -> Step {
    let draw = |rng: &mut StdRng| (0..100).map(|_| Tensor::uniform(250_000, 0.0..1.0, rng)).collect::<Vec<Tensor>>();
    let (mut model, fixed) = (draw(rng), draw(rng));
    let sum =
        |model: &Vec<Tensor>| model.iter().zip(&fixed).fold(Tensor::scalar(0.0), |sum, (x, c)| sum + (x * c).sum());
    let grads = gradient(sum, &model);
    let mut state = setup(Adam::new(1e-3), &model);
    Box::new(move || update(&mut state, &mut model, &grads))
}

fn loader(_: &mut StdRng) -> Step {
    let data = (Tensor::<f32>::ones((60_000, 784)), Tensor::<i64>::ones(60_000));
    let data = DataLoader::new(data).batch_size(128).shuffle(0);
    Box::new(move || data.iter().for_each(|batch| drop(black_box(batch))))
}
