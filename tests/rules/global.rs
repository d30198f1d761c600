//! Rules that look at whole leaves, at all leaves, or at the loss itself.

use sapwood::optim::schedule::Constant;
use sapwood::optim::{GradientNoise, LBFGS, Lookahead, Scheduled, evaluation_model, sam_gradient};
use sapwood::params::Leaf;
use sapwood::prelude::*;

use crate::common::{ORACLE, difference, numbers, path_by, rows, step};

/// A trajectory under the oracle's gradients in another shape.
fn shaped<R: Rule>(rule: R, shape: &[usize]) -> Vec<Vec<f64>> {
    path_by(rule, &numbers(&ORACLE["start"]), shape, &rows(&ORACLE["gradients"]))
}

#[test]
fn other_ranks_follow_the_oracle_too() {
    let check = |name: &str, path: Vec<Vec<f64>>| {
        let expected = rows(&ORACLE["shaped"][name]);
        assert!(difference(&path, &expected) < 1e-12, "{name}: {:e}", difference(&path, &expected));
    };
    check("adafactor, vector", shaped(Adafactor::default(), &[6]));
    check("adafactor, stack", shaped(Adafactor::default(), &[3, 1, 2]));
    check("muon, tall", shaped(Muon::default(), &[3, 2]));
    // Leaves that are no matrices are AdamW's.
    let adamw = AdamW::new(0.001).lambda(0.1);
    assert_eq!(shaped(Muon::default(), &[6]), shaped(adamw.clone(), &[6]));
    assert_eq!(shaped(Muon::default(), &[1, 2, 3]), shaped(adamw, &[6]));
}

#[test]
fn evaluation_points_are_the_averages() {
    // optax.contrib.schedule_free_eval_params after each step.
    let mut y = Tensor::from_vec(numbers(&ORACLE["start"]), (2, 3));
    let mut state = setup((ClipGrad::new(1e9), ScheduleFree::default()), &y);
    let mut averages = vec![];
    for gradient in rows(&ORACLE["gradients"]) {
        step(&mut state, &mut y, &gradient);
        averages.push(evaluation_model(&state, &y).to_vec());
    }
    let off = difference(&averages, &rows(&ORACLE["shaped"]["schedule free, evaluated"]));
    assert!(off < 1e-12, "{off:e}");

    let mut x = Tensor::from([1.0f64]);
    let mut state = setup(Lookahead::new(Descent::new(0.1)).steps(2), &x);
    step(&mut state, &mut x, &[1.0]);
    assert_eq!((x.item(), evaluation_model(&state, &x).item()), (0.9, 1.0));
    let state = setup(Adam::default(), &x);
    assert_eq!(evaluation_model(&state, &x), x);
}

#[test]
fn prodigy_estimates_one_rate_for_all_leaves() {
    // Two leaves have the rate that one of both together has.
    let loss = |x: &Tensor<f64>, y: &Tensor<f64>| (x - 5.0).square().sum() + (y + 300.0).square().sum() * 0.1;
    let mut together = Tensor::from([1.0, 2.0, 3.0]);
    let mut apart = (Tensor::from([1.0]), Tensor::from([2.0, 3.0]), Tensor::from([7.0]));
    let mut state = setup(Prodigy::default(), &together);
    let mut states = setup(Scheduled::new(Prodigy::default(), Constant::new(1.0)), &apart);
    // A frozen leaf takes no part, but its copy of the rule knows the rate.
    states.2.freeze();
    for _ in 0..400 {
        let grads = gradient(|x| loss(&x.slice(s![..1]), &x.slice(s![1..])), &together);
        update(&mut state, &mut together, &grads);
        let grads = gradient(|(x, y, z)| loss(x, y) + z.sum() * 1e6, &apart);
        update(&mut states, &mut apart, &grads);
    }
    let estimate = state.rule.estimate();
    assert!(estimate > 0.1, "{estimate}");
    for other in [&states.0.rule, &states.1.rule, &states.2.rule] {
        assert!((other.rule.estimate() / estimate - 1.0).abs() < 1e-9);
    }
    let off = (Tensor::concat(&[apart.0, apart.1], 0) - together).abs().max().item();
    assert!(off < 1e-9 && apart.2.item() == 7.0, "{off:e}");
}

#[test]
fn sharpness_is_measured_by_the_whole_tree() {
    // f = a² + 3b², at (3, 1): g = (6, 6), so the second gradient is that at (3, 1) + ρ (1, 1) / √2.
    let model = (Tensor::from([3.0f64]), Tied::new(Tensor::from([1.0f64])));
    let loss = |(a, b): &(Tensor<f64>, Tied<Tensor<f64>>)| (a.square() + b.square() * 3.0).sum();
    let (value, grads) = sam_gradient(loss, &model, 0.2);
    let moved = 0.2 / 2f64.sqrt();
    assert_eq!(value, 12.0);
    assert!((grads.0.get().unwrap().item() - 2.0 * (3.0 + moved)).abs() < 1e-12);
    assert!((grads.1.get().unwrap().get().unwrap().item() - 6.0 * (1.0 + moved)).abs() < 1e-12);
    assert_eq!((model.0.item(), model.1.item()), (3.0, 1.0));
    // At a minimum there is no way to go.
    let (_, grads) = sam_gradient(|x: &Tensor<f64>| x.square().sum(), &Tensor::from([0.0, 0.0]), 0.2);
    assert_eq!(grads.norm(), 0.0);
}

#[test]
fn wrong_options_panic_where_the_rule_is_built() {
    let message = |build: fn()| match std::panic::catch_unwind(build).unwrap_err().downcast::<String>() {
        Ok(message) => *message,
        Err(message) => (*message.downcast::<&str>().unwrap()).to_owned(),
    };
    let checks: [(fn(), &str); 12] = [
        (|| _ = Lion::new(-1.0), "Lion: rate must be a finite number, at least 0, not -1"),
        (|| _ = NAdam::default().betas(0.9, 1.0), "NAdam: beta 2 must be at least 0 and less than 1, not 1"),
        (|| _ = AdaDelta::default().rho(-0.1), "AdaDelta: rho must be at least 0 and less than 1, not -0.1"),
        (|| _ = AdaGrad::default().initial(f64::NAN), "AdaGrad: initial must be a finite number, at least 0, not NaN"),
        (|| _ = Rprop::default().factors(1.5, 1.2), "Rprop: factors must be below 1 and above 1, not 1.5 and 1.2"),
        (|| _ = Rprop::default().bounds(2.0, 1.0), "Rprop: the least step must be at most the largest, not 2 and 1"),
        (|| _ = ScheduleFree::default().betas(0.0, 0.9), "ScheduleFree: beta 1 must be above 0, not 0"),
        (|| _ = Prodigy::default().first(0.0), "Prodigy: the first rate must be above 0 and finite, not 0"),
        (|| _ = Adafactor::default().clip(0.0), "Adafactor: clip must be a finite number above 0, not 0"),
        (|| _ = Lookahead::new(Adam::default()).steps(0), "Lookahead: steps must be at least 1, not 0"),
        (|| _ = Lookahead::new(Adam::default()).alpha(1.5), "Lookahead: alpha must be between 0 and 1, not 1.5"),
        (|| _ = LBFGS::new().memory(0), "LBFGS: memory must be at least 1 step, not 0"),
    ];
    for (build, expected) in checks {
        assert_eq!(message(build), expected);
    }
}

#[test]
fn not_a_number_shows_in_every_rule_that_scales() {
    fn shows<R: Rule>(rule: R) {
        let mut x = Tensor::from([[1.0f64, 2.0], [3.0, 4.0]]);
        let mut state = setup(rule, &x);
        update(&mut state, &mut x, &Leaf(Some(Tensor::from([[1.0, f64::NAN], [0.0, 0.0]]))));
        assert!(x.to_vec().iter().all(|x| x.is_nan()), "{}: {x:?}", std::any::type_name::<R>());
    }
    shows(Muon::default());
    shows(LAMB::default());
    shows(LARS::default());
    shows(Adafactor::default());
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    fn same_bits<R: Rule + Clone>(rule: R) {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut rng = StdRng::seed_from_u64(5);
                let mut model = (Dense::<f32>::new(300, 257, &mut rng), Dense::<f32>::new(257, 10, &mut rng));
                let mut state = setup(rule.clone(), &model);
                let x = Tensor::<f32>::normal((20, 300), 0.0, 1.0, &mut rng);
                for _ in 0..3 {
                    let grads = gradient(|(a, b)| b.forward(&a.forward(&x).tanh()).square().mean(), &model);
                    update(&mut state, &mut model, &grads);
                }
                Snapshot::of(&model)
            })
        };
        let one = run(1);
        assert!([2, 3, 8].into_iter().all(|threads| run(threads) == one), "{}", std::any::type_name::<R>());
    }
    same_bits(LAMB::default());
    same_bits(LARS::default());
    same_bits(Adafactor::default());
    same_bits(Muon::default());
    same_bits(Prodigy::default());
    same_bits((GradientNoise::new(0.1, 3), Lookahead::new(ScheduleFree::default()).steps(2)));
}
