//! Every rule finds the minimum of a parabola and comes down Rosenbrock's valley.

use sapwood::optim::Lookahead;
use sapwood::optim::schedule::Cosine;
use sapwood::prelude::*;

/// (x − 3)² + 10(y + 1)²
fn parabola<T: Float>(p: &Tensor<T>) -> Tensor<T> {
    let target = Tensor::from_vec([3.0, -1.0].map(T::from_f64).to_vec(), 2);
    let weight = Tensor::from_vec([1.0, 10.0].map(T::from_f64).to_vec(), 2);
    ((p - target).square() * weight).sum()
}

/// (1 − x)² + 100(y − x²)², from (−1.2, 1), where it is 24.2.
fn rosenbrock<T: Float>(p: &Tensor<T>) -> Tensor<T> {
    let (x, y) = (p.slice(s![0]), p.slice(s![1]));
    let one = Tensor::scalar(T::one());
    (one - &x).square() + (y - x.square()).square() * T::from_f64(100.0)
}

fn minimise<T: Float, R: Rule>(rule: R, loss: fn(&Tensor<T>) -> Tensor<T>, start: [f64; 2], steps: usize) -> f64 {
    let mut p = Tensor::from_vec(start.map(T::from_f64).to_vec(), 2);
    let mut state = setup(rule, &p);
    for _ in 0..steps {
        let grads = gradient(loss, &p);
        update(&mut state, &mut p, &grads);
    }
    loss(&p).item().to_f64()
}

/// Both functions, with a rate for each; says where it failed.
fn learns<T: Float, R: Rule>(name: &str, rule: impl Fn(f64) -> R, [easy, valley]: [f64; 2]) -> Option<String> {
    let easy = minimise::<T, R>(rule(easy), parabola, [0.0, 0.0], 3000);
    let valley = minimise::<T, R>(rule(valley), rosenbrock, [-1.2, 1.0], 4000);
    let learnt = easy < 1e-3 && valley < 0.1;
    (!learnt).then(|| format!("{name}: {easy:e} and {valley:e}"))
}

#[test]
fn every_rule_minimises_in_single_precision() {
    every_rule_minimises::<f32>();
}

#[test]
fn every_rule_minimises_in_double_precision() {
    every_rule_minimises::<f64>();
}

fn every_rule_minimises<T: Float>() {
    let failures = [
        learns::<T, _>("Descent", Descent::new, [0.01, 1e-3]),
        learns::<T, _>("Momentum", Momentum::new, [0.01, 2e-4]),
        learns::<T, _>("Nesterov", Nesterov::new, [0.01, 2e-4]),
        learns::<T, _>("RMSProp", RMSProp::new, [0.01, 3e-3]),
        learns::<T, _>("RMSProp, centred", |rate| RMSProp::new(rate).centred().epsilon(1e-3), [0.01, 3e-3]),
        learns::<T, _>("Rprop", Rprop::new, [0.01, 0.01]),
        learns::<T, _>("Adam", Adam::new, [0.01, 0.01]),
        learns::<T, _>("AdamW", |rate| AdamW::new(rate).lambda(0.0), [0.01, 0.01]),
        learns::<T, _>("AdaMax", AdaMax::new, [0.01, 0.01]),
        learns::<T, _>("AdaGrad", AdaGrad::new, [0.5, 0.5]),
        learns::<T, _>("AdaDelta", AdaDelta::new, [10.0, 0.1]),
        learns::<T, _>("AMSGrad", AMSGrad::new, [0.01, 0.01]),
        learns::<T, _>("NAdam", NAdam::new, [0.01, 0.01]),
        // Its first five steps are plain gradients, of length 233 in the valley.
        learns::<T, _>("RAdam", |rate| (ClipNorm::new(10.0), RAdam::new(rate)), [0.01, 0.01]),
        learns::<T, _>("OAdam", OAdam::new, [0.01, 0.01]),
        learns::<T, _>("AdaBelief", AdaBelief::new, [0.01, 0.01]),
        learns::<T, _>("Lion", Lion::new, [0.002, 0.002]),
        // Steps of a given length come to rest only with a rate that falls.
        learns::<T, _>("LAMB", |rate| Scheduled::new(LAMB::default(), Cosine::new(rate, 3000)), [0.03, 0.03]),
        learns::<T, _>("LARS", |rate| Scheduled::new(LARS::default().trust(0.01), Cosine::new(rate, 3000)), [0.1, 0.3]),
        learns::<T, _>("Adafactor", |rate| Scheduled::new(Adafactor::default(), Cosine::new(rate, 3000)), [0.03, 0.03]),
        learns::<T, _>("Muon", |rate| Muon::new(rate).lambda(0.0), [0.01, 0.01]),
        learns::<T, _>("Prodigy", Prodigy::new, [1.0, 1.0]),
        learns::<T, _>("ScheduleFree", ScheduleFree::new, [0.1, 0.03]),
        learns::<T, _>("Lookahead", |rate| Lookahead::new(Adam::new(rate)), [0.02, 0.02]),
        learns::<T, _>("decays", |rate| (WeightDecay::new(1e-6), SignDecay::new(1e-6), Adam::new(rate)), [0.01, 0.01]),
    ];
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{failures:#?}");
}
