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

/// Both functions in both precisions, with a rate for each function; says where it failed.
fn learns<R: Rule>(name: &str, rule: impl Fn(f64) -> R, [easy, valley]: [f64; 2]) -> Option<String> {
    let found = [
        minimise::<f64, R>(rule(easy), parabola, [0.0, 0.0], 3000),
        minimise::<f32, R>(rule(easy), parabola, [0.0, 0.0], 3000),
        minimise::<f64, R>(rule(valley), rosenbrock, [-1.2, 1.0], 4000),
        minimise::<f32, R>(rule(valley), rosenbrock, [-1.2, 1.0], 4000),
    ];
    let enough = [1e-3, 1e-3, 0.1, 0.1];
    let learnt = found.iter().zip(enough).all(|(found, enough)| *found < enough);
    (!learnt).then(|| format!("{name}: {found:?}"))
}

#[test]
fn every_rule_minimises() {
    let failures = [
        learns("Descent", Descent::new, [0.01, 1e-3]),
        learns("Momentum", Momentum::new, [0.01, 2e-4]),
        learns("Nesterov", Nesterov::new, [0.01, 2e-4]),
        learns("RMSProp", RMSProp::new, [0.01, 3e-3]),
        learns("RMSProp, centred", |rate| RMSProp::new(rate).centred().epsilon(1e-3), [0.01, 3e-3]),
        learns("Rprop", Rprop::new, [0.01, 0.01]),
        learns("Adam", Adam::new, [0.01, 0.01]),
        learns("AdamW", |rate| AdamW::new(rate).lambda(0.0), [0.01, 0.01]),
        learns("AdaMax", AdaMax::new, [0.01, 0.01]),
        learns("AdaGrad", AdaGrad::new, [0.5, 0.5]),
        learns("AdaDelta", AdaDelta::new, [10.0, 0.1]),
        learns("AMSGrad", AMSGrad::new, [0.01, 0.01]),
        learns("NAdam", NAdam::new, [0.01, 0.01]),
        // Its first five steps are plain gradients, of length 233 in the valley.
        learns("RAdam", |rate| (ClipNorm::new(10.0), RAdam::new(rate)), [0.01, 0.01]),
        learns("OAdam", OAdam::new, [0.01, 0.01]),
        learns("AdaBelief", AdaBelief::new, [0.01, 0.01]),
        learns("Lion", Lion::new, [0.002, 0.002]),
        // Steps of a given length come to rest only with a rate that falls.
        learns("LAMB", |rate| Scheduled::new(LAMB::default(), Cosine::new(rate, 3000)), [0.03, 0.03]),
        learns("LARS", |rate| Scheduled::new(LARS::default().trust(0.01), Cosine::new(rate, 3000)), [0.1, 0.3]),
        learns("Adafactor", |rate| Scheduled::new(Adafactor::default(), Cosine::new(rate, 3000)), [0.03, 0.03]),
        learns("Muon", |rate| Muon::new(rate).lambda(0.0), [0.01, 0.01]),
        learns("Prodigy", Prodigy::new, [1.0, 1.0]),
        learns("ScheduleFree", ScheduleFree::new, [0.1, 0.03]),
        learns("Lookahead", |rate| Lookahead::new(Adam::new(rate)), [0.02, 0.02]),
        learns("decays", |rate| (WeightDecay::new(1e-6), SignDecay::new(1e-6), Adam::new(rate)), [0.01, 0.01]),
    ];
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{failures:#?}");
}
