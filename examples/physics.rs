//! A network that solves a differential equation: gradients by the input stand within the loss, and the gradient of the
//! loss goes through them.
//!
//! `cargo run --release --example physics`
//!
//! A damped oscillator, u″ + u′/2 + 4u = 0 with u(0) = 1 and u′(0) = 0, from t = 0 to 6. The solution is sought as
//! u(t) = 1 + (1 − e^(−t²)) n(t), which starts right whatever the network n says (Lagaris et al. 1998,
//! <https://arxiv.org/abs/physics/9705023>, with another factor that vanishes twice at 0: t² would be large at the end);
//! the loss is the mean square of what the equation leaves over at 64 points.

use sapwood::optim::LBFGS;
use sapwood::prelude::*;

const DAMPING: f64 = 0.5;
const STIFFNESS: f64 = 4.0;
const END: f64 = 6.0;

#[derive(Params, Clone, Debug)]
struct Oscillator {
    first: Dense<f64>,
    second: Dense<f64>,
    out: Dense<f64>,
}

impl Oscillator {
    fn new(width: usize, rng: &mut impl Rng) -> Self {
        let tanh = |inputs, rng: &mut _| Dense::new(inputs, width, rng).activation(Activation::Tanh);
        Oscillator { first: tanh(1, rng), second: tanh(width, rng), out: Dense::new(width, 1, rng) }
    }

    /// u at times t, `[points, 1]`.
    fn forward(&self, t: &Tensor<f64>) -> Tensor<f64> {
        let n = self.out.forward(&self.second.forward(&self.first.forward(&(t / END))));
        1.0 + (1.0 - (-t.square()).exp()) * n
    }
}

/// The derivative of a function that treats each point by itself: so the gradient of the sum holds every point's own.
fn derivative(f: impl Fn(&Tensor<f64>) -> Tensor<f64>, t: &Tensor<f64>) -> Tensor<f64> {
    match gradient(|t| f(t).sum(), t).0 {
        Some(slopes) => slopes,
        None => unreachable!("f depends on t"),
    }
}

/// What the equation leaves over at each point.
fn residual(model: &Oscillator, t: &Tensor<f64>) -> Tensor<f64> {
    let u = |t: &Tensor<f64>| model.forward(t);
    let velocity = |t: &Tensor<f64>| derivative(u, t);
    derivative(velocity, t) + velocity(t) * DAMPING + u(t) * STIFFNESS
}

/// The solution in closed form: e^(−t/4) (cos ωt + sin ωt / 4ω), ω² = 4 − 1/16.
fn exact(t: &Tensor<f64>) -> Tensor<f64> {
    let decay = DAMPING / 2.0;
    let frequency = (STIFFNESS - decay * decay).sqrt();
    let phase = t * frequency;
    (t * -decay).exp() * (phase.cos() + phase.sin() * (decay / frequency))
}

/// Points from 0 to the end, `[count, 1]`.
fn times(count: usize) -> Tensor<f64> {
    Tensor::<f64>::arange(count).reshape((count, 1)) * (END / (count - 1) as f64)
}

fn main() -> sapwood::Result<()> {
    let mut model = Oscillator::new(24, &mut StdRng::seed_from_u64(0));
    let (t, test) = (times(64), times(501));
    let error = |model: &Oscillator| (model.forward(&test) - exact(&test)).abs().max().item();

    // All points at once make the loss one smooth function: what L-BFGS is for.
    let mut lbfgs = LBFGS::new();
    println!("largest error {:.6} at the start", error(&model));
    for round in 1..=20 {
        let end = lbfgs.minimise(|m| residual(m, &t).square().mean(), &mut model, 100)?;
        println!("after {:4} steps: loss {:.2e}, largest error {:.6}", 100 * round, end.loss, error(&model));
    }

    println!("\n  t     u(t)    exact");
    let t = times(13);
    for row in Tensor::concat(&[t.clone(), model.forward(&t), exact(&t)], 1).to_vec().chunks(3) {
        println!("{:4.1}  {:7.4}  {:7.4}", row[0], row[1], row[2]);
    }
    println!("\nlargest error {:.6}", error(&model));
    Ok(())
}
