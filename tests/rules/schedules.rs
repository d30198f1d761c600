//! Schedules against PyTorch's and optax' (tests/oracle/schedules.py), against their own closed forms taken step by
//! step, and at work in a rule.

use std::collections::BTreeSet;
use std::fmt::Debug;

use sapwood::optim::schedule::{
    Constant, Cosine, CosineRestarts, Cyclic, Exponential, InverseSqrt, Linear, MultiStep, OneCycle, Plateau,
    Polynomial, StepDecay, Triangle,
};
use sapwood::optim::{Adjust, Scheduled};
use sapwood::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use crate::common::{numbers, step};

fn oracle() -> serde_json::Value {
    serde_json::from_str(include_str!("../oracle/schedules.json")).unwrap()
}

/// Compares schedules with the oracle's and sends each through a file.
struct Compare {
    oracle: serde_json::Value,
    seen: BTreeSet<String>,
}

impl Compare {
    #[track_caller]
    fn case<S: Schedule + Debug + PartialEq + Serialize + DeserializeOwned>(&mut self, name: &str, schedule: S) {
        let bytes = bincode::serde::encode_to_vec(&schedule, bincode::config::standard()).unwrap();
        let (stored, _): (S, _) = bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap();
        assert_eq!(stored, schedule);
        let expected = numbers(&self.oracle["cases"][name]);
        for (t, expected) in expected.iter().enumerate() {
            let value = stored.at(t as u64);
            assert!((value - expected).abs() < 1e-14, "{name}: {value} at step {t} is not {expected}");
        }
        self.seen.insert(name.to_owned());
    }
}

#[test]
fn schedules_follow_the_oracle() {
    let mut compare = Compare { oracle: oracle(), seen: BTreeSet::new() };
    compare.case("constant", Constant::new(0.1));
    compare.case("linear", Linear::new(0.1, 0.02, 25));
    compare.case("exponential", Exponential::new(0.1, 0.9));
    compare.case("step", StepDecay::new(0.1, 0.3, 7));
    compare.case("multi step", MultiStep::new(0.1, 0.3, [5, 6, 20]));
    compare.case("polynomial", Polynomial::new(0.1, 2.0, 25));
    compare.case("polynomial to an end", Polynomial::new(0.1, 1.5, 25).end(0.02));
    compare.case("cosine", Cosine::new(0.1, 25).end(0.01));
    compare.case("cosine restarts", CosineRestarts::new(0.1, 6).end(0.01));
    compare.case("cosine restarts", Cyclic::new(6, Cosine::new(0.1, 6).end(0.01)));
    compare.case("cosine stretched", CosineRestarts::new(0.1, 4).stretch(2));
    compare.case("one cycle", OneCycle::new(0.1, 40));
    compare.case("one cycle, other options", OneCycle::new(0.1, 40).rise(0.5).divisors(10.0, 100.0));
    compare.case("triangle", Triangle::new(0.01, 0.1, 5).fall(3));
    compare.case("triangle, halving", Triangle::new(0.01, 0.1, 5).halving());
    compare.case("triangle, shrinking", Triangle::new(0.01, 0.1, 5).shrinking(0.95));
    compare.case("warm-up", Exponential::new(0.1, 0.9).warm_up(8).from(0.02));
    compare.case("warm-up", Linear::new(0.02, 0.1, 8).then(8, Exponential::new(0.1, 0.9)));
    compare.case("warm-up and cosine", Cosine::new(0.1, 20).end(0.001).warm_up(10));
    let cases = compare.oracle["cases"].as_object().unwrap();
    let missing: Vec<_> = cases.keys().filter(|name| !compare.seen.contains(*name)).collect();
    assert_eq!(missing, ["plateau", "plateau, other options"]);
}

#[test]
fn plateaus_follow_the_oracle() {
    let oracle = oracle();
    let metrics: Vec<f64> =
        oracle["metrics"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect();
    let check = |name: &str, plateau: Plateau, sign: f64| {
        let mut plateau = plateau;
        for (metric, expected) in metrics.iter().zip(numbers(&oracle["cases"][name])) {
            // Through a file between any two observations.
            let bytes = bincode::serde::encode_to_vec(&plateau, bincode::config::standard()).unwrap();
            plateau = bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap().0;
            let rate = plateau.observe(sign * metric);
            assert!((rate - expected).abs() < 1e-16 && rate == plateau.rate(), "{name}: {rate} is not {expected}");
        }
    };
    check("plateau", Plateau::new(0.1).patience(2).factor(0.5), 1.0);
    let other = Plateau::new(0.1).rising().patience(1).factor(0.3).cooldown(2).threshold(1e-2).least(0.001);
    check("plateau, other options", other, -1.0);
}

#[test]
fn closed_forms_are_what_steps_add_up_to() {
    let (exponential, mut value) = (Exponential::new(0.3, 0.97), 0.3);
    let (linear, mut line) = (Linear::new(0.3, 0.1, 50), 0.3);
    for t in 0..50 {
        assert!((exponential.at(t) - value).abs() < 1e-14 && (linear.at(t) - line).abs() < 1e-14);
        value *= 0.97;
        line -= 0.2 / 50.0;
    }
    assert_eq!([linear.at(50), linear.at(1000)], [0.1, 0.1]);
    // Vaswani et al. (2017): d^−½ · min(t^−½, t · w^−1.5), with d = 512, w = 100.
    let noam = InverseSqrt::new(512f64.powf(-0.5) * 0.1, 100).warm_up(100);
    for t in 1..500u32 {
        let expected = 512f64.powf(-0.5) * f64::from(t).powf(-0.5).min(f64::from(t) * 100f64.powf(-1.5));
        assert!((noam.at(t.into()) - expected).abs() < 1e-15, "{t}");
    }
    // The end of one stays, whatever comes: no NaN, no overflow.
    for schedule in [OneCycle::new(0.1, 1), OneCycle::new(0.1, 2).rise(1.0), OneCycle::new(0.1, 10).rise(0.1)] {
        assert!((0..20).chain([u64::MAX]).all(|t| (0.0..=0.1 + 1e-15).contains(&schedule.at(t))), "{schedule:?}");
    }
    assert!((0.0..=1.0).contains(&CosineRestarts::new(1.0, 3).stretch(3).at(u64::MAX)));
}

#[test]
fn a_scheduled_rule_is_the_loop_by_hand() {
    let gradients: Vec<Vec<f64>> = (0..12).map(|t| vec![f64::from(t).sin(), 1.0, -0.5]).collect();
    let rate = Cosine::new(0.1, 10).warm_up(3);
    let start = || Tensor::from([1.0f64, 2.0, 3.0]);

    let (mut a, mut b) = (start(), start());
    let mut by_hand = setup((ClipGrad::new(0.7), Adam::default()), &a);
    let mut by_itself = setup((ClipGrad::new(0.7), Scheduled::new(Adam::default(), rate.clone())), &b);
    for (t, gradient) in gradients.iter().enumerate() {
        by_hand.adjust(rate.at(t as u64));
        step(&mut by_hand, &mut a, gradient);
        step(&mut by_itself, &mut b, gradient);
        assert_eq!(a, b, "step {t}");
    }
    // The warm-up begins at 0: the first update moves nothing.
    let mut c = start();
    let mut state = setup(Scheduled::new(Descent::default(), rate.clone()), &c);
    step(&mut state, &mut c, &gradients[1]);
    assert_eq!(c, start());
    step(&mut state, &mut c, &gradients[1]);
    assert!((c.to_vec()[1] - (2.0f64 - 0.1 / 3.0)).abs() < 1e-15);

    // Any hyper-parameter.
    #[derive(Clone, Debug)]
    struct Rho;
    impl Adjust<Momentum> for Rho {
        fn adjust(rule: &mut Momentum, value: f64) {
            rule.rho = value;
        }
    }
    let rho = Linear::new(0.9, 0.5, 10);
    let (mut a, mut b) = (start(), start());
    let mut by_hand = setup(Momentum::new(0.1), &a);
    let mut by_itself = setup(Scheduled::of::<Rho>(Momentum::new(0.1), rho.clone()), &b);
    for (t, gradient) in gradients.iter().enumerate() {
        by_hand.adjust_with(|rule| rule.rho = rho.at(t as u64));
        step(&mut by_hand, &mut a, gradient);
        step(&mut by_itself, &mut b, gradient);
    }
    assert_eq!(a, b);
}

#[test]
#[should_panic(expected = "Scheduled: ClipGrad has no learning rate")]
fn a_rule_without_a_rate_cannot_be_scheduled() {
    let _ = Scheduled::new(ClipGrad::new(1.0), Constant::new(0.1));
}

#[test]
#[should_panic(expected = "adjust: Scheduled<Descent, Constant> has no learning rate")]
fn a_scheduled_rate_is_not_adjusted() {
    setup(Scheduled::new(Descent::default(), Constant::new(0.1)), &Tensor::from([1.0f32])).adjust(0.1);
}

#[test]
fn wrong_options_panic_where_the_schedule_is_built() {
    let message = |build: fn()| *std::panic::catch_unwind(build).unwrap_err().downcast::<String>().unwrap();
    let checks: [(fn(), &str); 8] = [
        (|| _ = Constant::new(-0.1), "Constant: value must be a finite number, at least 0, not -0.1"),
        (|| _ = Cosine::new(0.1, 0), "Cosine: steps must be at least 1, not 0"),
        (|| _ = StepDecay::new(0.1, f64::NAN, 3), "StepDecay: factor must be a finite number, at least 0, not NaN"),
        (|| _ = MultiStep::new(0.1, 0.5, [5, 3]), "MultiStep: milestones must ascend, not [5, 3]"),
        (|| _ = OneCycle::new(0.1, 9).rise(2.0), "OneCycle: the rise must be a part between 0 and 1, not 2"),
        (|| _ = Cyclic::new(0, Constant::new(0.1)), "Cyclic: period must be at least 1, not 0"),
        (|| _ = Constant::new(0.1).warm_up(0), "WarmUp: steps must be at least 1, not 0"),
        (|| _ = Plateau::new(0.1).factor(1.0), "Plateau: factor must be at least 0 and less than 1, not 1"),
    ];
    for (build, expected) in checks {
        assert_eq!(message(build), expected);
    }
}
