//! Rules within rules, rules by leaf, and averages.

use sapwood::optim::schedule::{Cosine, Linear, WarmUp};
use sapwood::optim::{
    AccumGrad, Average, Either, GradientNoise, Lookahead, MeanGradient, Place, SkipNotFinite, setup_by,
};
use sapwood::params::Leaf;
use sapwood::prelude::*;

use crate::common::{ORACLE, StoredRule, Visit, difference, each_case, numbers, path, rows, step};

#[test]
fn every_rule_works_in_every_wrapper() {
    struct Wrap;
    impl Visit for Wrap {
        fn rule<R: StoredRule>(&mut self, name: &'static str, rule: R) {
            let bare = path(rule.clone());
            assert_eq!(path((rule.clone(),)), bare, "{name}");
            assert_eq!(path(AccumGrad::new(1, rule.clone())), bare, "{name}");
            assert_eq!(path(SkipNotFinite::new(rule.clone())), bare, "{name}");
            assert_eq!(path(Either::<R, Adam>::First(rule.clone())), bare, "{name}");
            assert_eq!(path(Either::<Adam, R>::Second(rule.clone())), bare, "{name}");
            assert!(difference(&path(Lookahead::new(rule.clone()).alpha(1.0)), &bare) < 1e-12, "{name}");
            assert_eq!(path((GradientNoise::new(0.0, 1), rule.clone())), bare, "{name}");

            // Each gradient twice makes one step; those that are not finite make none.
            let start = Tensor::from_vec(numbers(&ORACLE["start"]), (2, 3));
            let (mut x, mut y) = (start.clone(), start);
            let mut twice = setup(AccumGrad::new(2, rule.clone()), &x);
            let mut careful = setup(SkipNotFinite::new(rule), &y);
            for (gradient, expected) in rows(&ORACLE["gradients"]).iter().zip(&bare) {
                step(&mut twice, &mut x, gradient);
                step(&mut twice, &mut x, gradient);
                step(&mut careful, &mut y, gradient);
                step(&mut careful, &mut y, &[1.0, 2.0, f64::INFINITY, 3.0, f64::NAN, 4.0]);
                assert_eq!((&x.to_vec(), &y.to_vec()), (expected, expected), "{name}");
            }
            assert_eq!(careful.state.0.value, 24);
        }
    }
    each_case(&mut Wrap);
}

#[test]
fn accumulated_gradients_step_as_optimisers_jl_does() {
    // Optimisers.jl test/runtests.jl: AccumGrad(2), WeightDecay(.01), Descent(.1); x = 1, y = 2.
    let mut model = (Tensor::from([1.0f64]), Tensor::from([2.0f64]));
    let mut state = setup(AccumGrad::new(2, (WeightDecay::new(0.01), Descent::new(0.1))), &model);
    let grads = |x, y| (Leaf(Some(Tensor::from([x]))), Leaf(Some(Tensor::from([y]))));
    update(&mut state, &mut model, &grads(33.0, 0.0));
    assert_eq!((model.0.item(), model.1.item()), (1.0, 2.0));
    update(&mut state, &mut model, &grads(0.0, 444.0));
    assert!((model.0.item() + 0.651).abs() < 1e-12 && (model.1.item() + 20.202).abs() < 1e-12);
}

#[test]
fn uneven_batches_make_the_gradient_of_all() {
    let mut rng = StdRng::seed_from_u64(1);
    let (x, y): (Tensor<f64>, Tensor<f64>) = (Tensor::normal((7, 3), 0.0, 1.0, &mut rng), Tensor::zeros((7, 2)));
    let model = Dense::<f64>::new(3, 2, &mut rng);
    let all = gradient(|m| mse(&m.forward(&x), &y), &model);
    let mut mean = MeanGradient::new();
    for (from, to) in [(0, 3), (3, 4), (4, 7)] {
        let (x, y) = (x.slice(s![from..to, ..]), y.slice(s![from..to, ..]));
        mean.add(gradient(|m| mse(&m.forward(&x), &y), &model), to - from);
    }
    let mut off = mean.take();
    off.axpy(-1.0, &all);
    assert!(off.norm() < 1e-14 * all.norm());
    mean.add(all.clone(), 5);
    assert_eq!(mean.take().weight.get(), all.scale(5.0).scale(1.0 / 5.0).weight.get(), "a new mean after the first");
}

#[test]
fn noise_is_decided_by_the_seed_alone() {
    let n = 100_000;
    let noise = |threads: usize, seed: u64, steps: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut model = (Tensor::<f64>::zeros(n), Tensor::<f64>::zeros(n));
            let mut state = setup(GradientNoise::new(0.3, seed), &model);
            let zeros = || Leaf(Some(Tensor::<f64>::zeros(n)));
            for _ in 0..steps {
                model = (Tensor::zeros(n), Tensor::zeros(n));
                update(&mut state, &mut model, &(zeros(), zeros()));
            }
            (model.0.to_vec(), model.1.to_vec())
        })
    };
    let (a, b) = noise(1, 7, 1);
    assert_eq!((a.clone(), b.clone()), noise(3, 7, 1));
    let other = [b.clone(), noise(1, 8, 1).0, noise(1, 7, 2).0];
    let correlation = |b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / (0.3 * n as f64);
    // Five standard errors: other leaves, seeds and steps have other noise.
    assert!(other.iter().all(|b| correlation(b).abs() < 5.0 / (n as f64).sqrt()));
    // The moments of N(0, 0.3) and, in the second step, N(0, 0.3 / 2^0.55); within five standard errors.
    for (noise, variance) in [(a, 0.3), (noise(1, 7, 2).0, 0.3 / 2f64.powf(0.55))] {
        let moment =
            |k: i32| noise.iter().map(|x| x.powi(k)).sum::<f64>() / n as f64 / f64::powf(variance, f64::from(k) / 2.0);
        let error = |variance: f64| 5.0 * (variance / n as f64).sqrt();
        assert!(moment(1).abs() < error(1.0) && moment(3).abs() < error(15.0));
        assert!((moment(2) - 1.0).abs() < error(2.0) && (moment(4) - 3.0).abs() < error(96.0));
    }
}

#[test]
fn noise_and_schedules_go_on_from_a_file() {
    let rule = || {
        let rate = Cosine::new(0.1, 20).warm_up(4);
        (GradientNoise::new(0.3, 7), SkipNotFinite::new(Scheduled::new(AccumGrad::new(2, Adam::default()), rate)))
    };
    type Rules = (GradientNoise, SkipNotFinite<Scheduled<AccumGrad<Adam>, WarmUp<Cosine>>>);
    let gradients = rows(&ORACLE["gradients"]);
    let mut x = Tensor::from_vec(numbers(&ORACLE["start"]), (2, 3));
    let mut state = setup(rule(), &x);
    gradients[..11].iter().for_each(|gradient| step(&mut state, &mut x, gradient));
    let file = std::env::temp_dir().join(format!("sapwood-wrappers-{}", std::process::id()));
    save(&file, &(&x, &state)).unwrap();
    let (mut y, mut loaded): (Tensor<f64>, State<Rules, Tensor<f64>>) = load(&file).unwrap();
    assert!(load::<(Tensor<f64>, State<(GradientNoise, Adam), Tensor<f64>>)>(&file).is_err());
    std::fs::remove_file(&file).unwrap();
    for gradient in &gradients[11..] {
        step(&mut state, &mut x, gradient);
        step(&mut loaded, &mut y, gradient);
    }
    assert_eq!((x, state), (y, loaded));
}

#[test]
fn leaves_may_have_rules_of_their_own() {
    let start: (Dense<f64>, Dense<f64>) = {
        let mut rng = StdRng::seed_from_u64(2);
        (Dense::new(3, 4, &mut rng), Dense::new(4, 2, &mut rng))
    };
    let choose = |place: Place| match (place.path, place.shape.len()) {
        ("1.weight", 2) => Either::First(Momentum::new(0.1)),
        _ => Either::Second((ClipNorm::new(0.1), Adam::new(0.01))),
    };
    let mut mixed = (start.clone(), setup_by(choose, &start));
    let mut first = (start.clone(), setup(Momentum::new(0.1), &start));
    let mut second = (start.clone(), setup((ClipNorm::new(0.1), Adam::new(0.01)), &start));
    let x = Tensor::<f64>::normal((5, 3), 0.0, 1.0, &mut StdRng::seed_from_u64(3));
    for _ in 0..3 {
        let grads = gradient(|(a, b)| b.forward(&a.forward(&x).tanh()).square().mean(), &mixed.0);
        update(&mut mixed.1, &mut mixed.0, &grads);
        update(&mut first.1, &mut first.0, &grads);
        update(&mut second.1, &mut second.0, &grads);
    }
    assert_eq!(mixed.0.1.weight, first.0.1.weight);
    assert_eq!((mixed.0.0, &mixed.0.1.bias), (second.0.0, &second.0.1.bias));
    assert!(matches!(mixed.1.1.weight.state, Either::First(_)) && matches!(mixed.1.0.weight.state, Either::Second(_)));
}

#[test]
fn averages_are_models() {
    #[derive(Params, Clone, Debug, PartialEq)]
    struct Net {
        shared: Tied<Tensor<f64>>,
        again: Tied<Tensor<f64>>,
        fixed: Frozen<Tensor<f64>>,
        seen: Buffer<u64>,
    }
    let net = |x: f64| {
        let shared = Tied::new(Tensor::from([x]));
        Net { again: shared.clone(), shared, fixed: Frozen::new(Tensor::from([x])), seen: Buffer::new(x as u64) }
    };
    let numbers = [8.0, 2.0, 5.0, 1.0];
    let start = net(0.0);
    let (mut ema, mut swa) = (Average::exponential(&start, 0.75), Average::uniform(&start));
    assert_eq!(ema.model(), &start);
    for x in numbers {
        ema.update(&net(x));
        swa.update(&net(x));
    }
    // torch.optim.swa_utils: the first model as it is, then ema.lerp(x, 1 − ρ); and the mean.
    let expected = numbers[1..].iter().fold(numbers[0], |ema, x| 0.75 * ema + 0.25 * x);
    assert!((ema.model().shared.item() - expected).abs() < 1e-14 && (swa.model().shared.item() - 4.0).abs() < 1e-14);
    assert_eq!(swa.model().again.item(), swa.model().shared.item());
    assert_eq!((swa.model().fixed.item(), swa.model().seen.get(), swa.count()), (1.0, 1, 4));
}

#[test]
fn an_average_goes_on_from_a_file() {
    let model = |seed| Dense::<f64>::new(3, 2, &mut StdRng::seed_from_u64(seed));
    for mut average in [Average::exponential(&model(0), 0.9), Average::uniform(&model(0))] {
        (1..4).for_each(|seed| average.update(&model(seed)));
        let file = std::env::temp_dir().join(format!("sapwood-average-{}", std::process::id()));
        save(&file, &average).unwrap();
        let mut loaded: Average<Dense<f64>> = load(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        average.update(&model(4));
        loaded.update(&model(4));
        assert_eq!(loaded, average);
        assert_ne!(average.model(), &model(4));
    }
}

#[test]
#[should_panic(expected = "Average: `1` has the shape [3], in the average [2]")]
fn another_model_is_not_averaged() {
    let two = (Tensor::<f32>::zeros(2), Tensor::<f32>::zeros(2));
    let mut average = Average::uniform(&two);
    average.update(&(Tensor::zeros(2), Tensor::zeros(3)));
}

#[test]
fn a_state_tells_the_rate_of_its_last_update() {
    fn rates<R: Rule>(rule: R) -> Vec<Option<f64>> {
        let mut w = (Tensor::from([1.0f64]), Tensor::from([2.0f64]));
        let mut state = setup(rule, &w);
        state.0.freeze();
        let before = state.rate();
        let mut step = || {
            let grads = gradient(|(a, b)| (a + b).sum(), &w);
            update(&mut state, &mut w, &grads);
            state.rate()
        };
        vec![before, step(), step(), step()]
    }
    let falling = || Linear::new(0.4, 0.0, 4);
    let fallen = [Some(0.4), Some(0.4), Some(0.4 * 0.75), Some(0.4 * 0.5)];
    assert_eq!(rates(Adam::new(0.1)), [Some(0.1); 4]);
    assert_eq!(rates((ClipNorm::new(1.0), Momentum::new(0.2))), [Some(0.2); 4]);
    assert_eq!(rates(WeightDecay::new(0.1)), [None; 4]);
    assert_eq!(rates(Scheduled::new(Descent::new(1.0), falling())), fallen);
    // The second and the third gradient belong to the rule's first and second step.
    let slow = [Some(0.4), Some(0.4), Some(0.4), Some(0.4 * 0.75)];
    assert_eq!(rates(AccumGrad::new(2, Scheduled::new(Descent::new(1.0), falling()))), slow);
}
