//! Times single operations, of many sizes, to find those that are slow for their size. `benches/operations.py` runs this
//! beside PyTorch and prints the ratios; by itself it reads lines such as `conv 16 64 64 16 5 2` from its standard input and
//! prints each with the best time in microseconds:
//!
//! `echo "sum 1000 1000 1" | cargo run --release --example operations -- 2`
//!
//! The argument is the number of threads. Most operations are timed forward and back, with y² as the loss.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sapwood::nn::{BatchNorm, Gru, LayerNorm, Lstm};
use sapwood::ops::{AttentionMask, ConvOptions, Interpolation, Window};
use sapwood::prelude::*;

type Step = Box<dyn FnMut() + Send>;

fn random(shape: impl Into<Vec<usize>>) -> Tensor {
    Tensor::normal(shape.into(), 0.0, 1.0, &mut StdRng::seed_from_u64(0))
}

/// The function and its pullback.
fn both<M: Params + Send + 'static>(model: M, f: impl Fn(&M) -> Tensor + Send + 'static) -> Step {
    Box::new(move || drop(black_box(gradient(|model| f(model).square().sum(), &model))))
}

/// The function alone.
fn forward(x: Tensor, f: impl Fn(&Tensor) -> Tensor + Send + 'static) -> Step {
    Box::new(move || drop(black_box(f(&x))))
}

/// What a line asks for; `None` where there is no such operation with so many sizes.
fn step(operation: &str, sizes: &[usize]) -> Option<Step> {
    let rng = &mut StdRng::seed_from_u64(0);
    Some(match (operation, sizes) {
        ("dense", &[batch, inputs, outputs]) => {
            both((random([batch, inputs]), random([inputs, outputs]), random([outputs])), |(x, w, b)| {
                (x.matmul(w) + b).relu()
            })
        }
        ("matmul", &[batch, m, k, n]) => both((random([batch, m, k]), random([batch, k, n])), |(a, b)| a.matmul(b)),
        ("conv", &[batch, inputs, outputs, side, kernel, stride]) => {
            let options = ConvOptions::new().stride(stride).padding((kernel / 2, kernel / 2));
            let operands = (random([batch, inputs, side, side]), random([outputs, inputs, kernel, kernel]));
            both(operands, move |(x, w)| x.conv(w, &options))
        }
        ("depthwise", &[batch, channels, side, kernel]) => {
            let options = ConvOptions::new().padding((kernel / 2, kernel / 2)).groups(channels);
            let operands = (random([batch, channels, side, side]), random([channels, 1, kernel, kernel]));
            both(operands, move |(x, w)| x.conv(w, &options))
        }
        ("conv_transpose", &[batch, inputs, outputs, side, kernel, stride]) => {
            let options = ConvOptions::new().stride(stride);
            let operands = (random([batch, inputs, side, side]), random([inputs, outputs, kernel, kernel]));
            both(operands, move |(x, w)| x.conv_transpose(w, &options, 0))
        }
        ("max_pool", &[batch, channels, side, window, stride]) => {
            let window = Window::new(window).stride(stride);
            both(random([batch, channels, side, side]), move |x| x.max_pool(&window))
        }
        ("mean_pool", &[batch, channels, side, window, stride]) => {
            let window = Window::new(window).stride(stride);
            both(random([batch, channels, side, side]), move |x| x.mean_pool(&window, true))
        }
        ("batch_norm", &[batch, channels, side]) => {
            both((BatchNorm::<f32>::new(channels), random([batch, channels, side, side])), |(norm, x)| norm.forward(x))
        }
        ("layer_norm", &[rows, width]) => {
            both((LayerNorm::<f32>::new(width), random([rows, width])), |(norm, x)| norm.forward(x))
        }
        ("attention", shape @ &[_, _, _, _]) => {
            both((random(shape), random(shape), random(shape)), |(q, k, v)| q.attention(k, v, AttentionMask::Causal))
        }
        ("lstm", &[batch, time, inputs, hidden]) => {
            both((Lstm::new(inputs, hidden, rng), random([batch, time, inputs])), |(lstm, x)| lstm.forward(x))
        }
        ("gru", &[batch, time, inputs, hidden]) => {
            both((Gru::new(inputs, hidden, rng), random([batch, time, inputs])), |(gru, x)| gru.forward(x))
        }
        ("embedding", &[words, width, count]) => {
            let indices = Tensor::from((0..count).map(|i| (i * 7919 % words) as i64).collect::<Vec<_>>());
            both(random([words, width]), move |w| w.index_select(0, &indices))
        }
        ("cross_entropy", &[rows, classes]) => {
            let labels = Tensor::<i64>::zeros(rows);
            both(random([rows, classes]), move |x| cross_entropy(x, &labels))
        }
        ("softmax", shape) => both(random(shape), |x| x.softmax(-1)),
        ("gelu", shape) => both(random(shape), |x| x.gelu()),
        ("tanh", shape) => both(random(shape), |x| x.tanh()),
        ("silu", shape) => both(random(shape), |x| x.silu()),
        ("sin", shape) => both(random(shape), |x| x.sin()),
        ("atan", shape) => both(random(shape), |x| x.atan()),
        ("sinh", shape) => both(random(shape), |x| x.sinh()),
        ("bias", shape @ &[.., width]) => both((random(shape), random([width])), |(x, b)| x + b),
        // x times a factor that is repeated along its axes of length one.
        ("mul", &[rows, width, of_rows, of_width]) => {
            both((random([rows, width]), random([of_rows, of_width])), |(x, factor)| x * factor)
        }
        ("nearest", &[batch, channels, side, to]) => {
            both(random([batch, channels, side, side]), move |x| x.interpolate(to, Interpolation::Nearest))
        }
        ("bilinear", &[batch, channels, side, to]) => {
            let linear = Interpolation::Linear { align_corners: false };
            both(random([batch, channels, side, side]), move |x| x.interpolate(to, linear))
        }
        ("index_select", &[rows, columns, count]) => {
            let indices = Tensor::from((0..count).map(|i| (i * 7919 % columns) as i64).collect::<Vec<_>>());
            both(random([rows, columns]), move |x| x.index_select(1, &indices))
        }
        ("masked_select", shape) => both(random(shape), |x| x.masked_select(&x.gt(0.0))),
        ("stack", &[rows, width]) => {
            both((random([rows, width]), random([rows, width])), |(a, b)| Tensor::stack(&[a, b], 2))
        }
        ("flip", shape) => forward(random(shape), |x| x.flip(-1).contiguous()),
        ("topk", &[rows, columns, k]) => forward(random([rows, columns]), move |x| x.topk(k, 1, true).0),
        ("normal", shape) => {
            let (shape, mut rng) = (shape.to_vec(), StdRng::seed_from_u64(0));
            Box::new(move || drop(black_box(Tensor::<f32>::normal(&shape[..], 0.0, 1.0, &mut rng))))
        }
        ("concat", &[rows, width]) => {
            both((random([rows, width]), random([rows, width])), |(a, b)| Tensor::concat(&[a, b], 1))
        }
        ("slice", shape) => both(random(shape), |x| x.slice(s![.., 1..])),
        ("sum", &[rows, columns, axis]) => forward(random([rows, columns]), move |x| x.sum_axis(axis)),
        ("max", &[rows, columns, axis]) => forward(random([rows, columns]), move |x| x.max_axis(axis)),
        ("cumsum", &[rows, columns, axis]) => forward(random([rows, columns]), move |x| x.cumsum(axis)),
        ("sort", &[rows, columns, axis]) => forward(random([rows, columns]), move |x| x.sort(axis, false).0),
        ("mean", shape) => forward(random(shape), |x| x.mean()),
        ("reverse_axes", shape) => {
            let axes: Vec<_> = (0..shape.len()).rev().collect();
            forward(random(shape), move |x| x.permute(&axes).contiguous())
        }
        _ => return None,
    })
}

/// The best time of 0.15 seconds and five runs at least, in microseconds.
fn best(mut step: Step) -> f64 {
    (0..3).for_each(|_| step());
    let (mut best, mut runs, start) = (f64::INFINITY, 0, Instant::now());
    while runs < 5 || start.elapsed() < Duration::from_millis(150) {
        let start = Instant::now();
        step();
        best = best.min(start.elapsed().as_secs_f64());
        runs += 1;
    }
    best * 1e6
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads = std::env::args().nth(1).ok_or("the number of threads is missing")?.parse()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    for line in std::io::stdin().lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        let Some(operation) = words.next() else { continue };
        let sizes: Vec<usize> = words.map(str::parse).collect::<Result<_, _>>()?;
        let step = step(operation, &sizes).ok_or_else(|| format!("no operation `{line}`"))?;
        println!("{line}: {:.1}", pool.install(|| best(step)));
    }
    Ok(())
}
