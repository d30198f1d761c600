//! The oracle's table, and steps by given gradients.

use std::fmt::Debug;
use std::sync::LazyLock;

use sapwood::optim::{AccumGrad, Lookahead};
use sapwood::params::Leaf;
use sapwood::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

/// What tests/oracle/rules.py has written.
pub(crate) static ORACLE: LazyLock<serde_json::Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../oracle/rules.json")).unwrap());

pub(crate) fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

pub(crate) fn rows(value: &serde_json::Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

/// One update of a single tensor by a given gradient.
pub(crate) fn step<R: Rule, T: Float>(state: &mut State<R, Tensor<T>>, x: &mut Tensor<T>, gradient: &[f64]) {
    let gradient = Tensor::from_vec(gradient.iter().map(|&g| T::from_f64(g)).collect(), x.shape());
    update(state, x, &Leaf(Some(gradient)));
}

/// The parameters after each step from `start`, by the given gradients.
pub(crate) fn path_by<R: Rule>(rule: R, start: &[f64], shape: &[usize], gradients: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut x = Tensor::from_vec(start.to_vec(), shape);
    let mut state = setup(rule, &x);
    let next = |gradient: &Vec<f64>| {
        step(&mut state, &mut x, gradient);
        x.to_vec()
    };
    gradients.iter().map(next).collect()
}

/// The trajectory under the oracle's gradients.
pub(crate) fn path<R: Rule>(rule: R) -> Vec<Vec<f64>> {
    path_by(rule, &numbers(&ORACLE["start"]), &[2, 3], &rows(&ORACLE["gradients"]))
}

/// The largest difference between two trajectories, of numbers above 1 relative to them.
pub(crate) fn difference(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    assert_eq!((a.len(), a[0].len()), (b.len(), b[0].len()));
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    // Not f64::max alone, which hides a NaN.
    pairs.fold(0.0, |worst: f64, (a, b)| {
        let d = (a - b).abs() / a.abs().max(1.0);
        if d.is_nan() { f64::INFINITY } else { worst.max(d) }
    })
}

/// The oracle's trajectory of a case.
pub(crate) fn expected(case: &str) -> Vec<Vec<f64>> {
    assert!(!ORACLE["cases"][case].is_null(), "the oracle has no case {case}");
    rows(&ORACLE["cases"][case]["path"])
}

/// A rule whose state can be compared and stored.
pub(crate) trait StoredRule: Rule + Debug + PartialEq + Serialize + DeserializeOwned {}

impl<R: Rule + Debug + PartialEq + Serialize + DeserializeOwned> StoredRule for R {}

/// What is done with each of many rules, which are of different types.
pub(crate) trait Visit {
    fn rule<R: StoredRule>(&mut self, name: &'static str, rule: R);
}

/// Every rule with the options of the oracle's case of that name.
pub(crate) fn each_case(visit: &mut impl Visit) {
    each_elementwise_case(visit);
    visit.rule("lamb", LAMB::new(0.01));
    visit.rule("lamb with decay", LAMB::new(0.01).betas(0.8, 0.95).epsilon(1e-3).lambda(0.1));
    visit.rule("lars", LARS::new(0.5).trust(0.1));
    visit.rule("lars with decay", LARS::new(0.5).rho(0.8).trust(0.1).lambda(0.05));
    visit.rule("adafactor", Adafactor::default());
    visit.rule("adafactor other options", Adafactor::new(0.5).power(0.6).epsilon(1.5).clip(1.05).lambda(0.1));
    visit.rule("muon", Muon::default());
    visit.rule("muon other options", Muon::new(0.05).mu(0.8).lambda(0.0));
}

/// The global rules, which most wrappers refuse.
pub(crate) fn each_global_case(visit: &mut impl Visit) {
    visit.rule("prodigy", Prodigy::default());
    let other = Prodigy::new(0.5).betas(0.8, 0.95).epsilon(1e-3).first(1e-2).coefficient(0.5).lambda(0.1);
    visit.rule("prodigy other options", other);
}

/// Those that do to an element of a long leaf what they do to it alone.
pub(crate) fn each_elementwise_case(visit: &mut impl Visit) {
    visit.rule("descent", Descent::new(0.01));
    visit.rule("momentum", Momentum::new(0.01).rho(0.8));
    visit.rule("nesterov", Nesterov::new(0.01).rho(0.8));
    visit.rule("weight decay", (WeightDecay::new(0.3), Momentum::new(0.01).rho(0.8)));
    visit.rule("sign decay", (SignDecay::new(0.3), Descent::new(0.01)));
    visit.rule("rmsprop", RMSProp::new(0.01));
    visit.rule("rmsprop centred", RMSProp::new(0.01).epsilon(1e-4).centred());
    visit.rule("rprop", Rprop::default());
    visit.rule("rprop other options", Rprop::new(0.1).factors(0.3, 1.5).bounds(0.05, 0.2));
    visit.rule("adam", Adam::default());
    visit.rule("adam other options", Adam::new(0.02).betas(0.8, 0.95).epsilon(1e-3));
    visit.rule("adamw", AdamW::new(0.01).lambda(0.1));
    visit.rule("adamax", AdaMax::default());
    visit.rule("adamax other options", AdaMax::new(0.02).betas(0.8, 0.95).epsilon(1e-3));
    visit.rule("adagrad", AdaGrad::default());
    visit.rule("adagrad other options", AdaGrad::new(0.1).epsilon(1e-3).initial(0.5));
    visit.rule("adadelta", AdaDelta::default());
    visit.rule("adadelta other options", AdaDelta::new(0.5).rho(0.8).epsilon(1e-3));
    visit.rule("amsgrad", AMSGrad::new(0.01).betas(0.9, 0.9));
    visit.rule("nadam", NAdam::new(0.01));
    visit.rule("radam", RAdam::default().epsilon(0.0));
    visit.rule("radam other options", RAdam::new(0.01).betas(0.9, 0.99).epsilon(1e-3));
    visit.rule("oadam", OAdam::new(0.01));
    visit.rule("adabelief", AdaBelief::default());
    visit.rule("adabelief other options", AdaBelief::new(0.01).betas(0.8, 0.95).epsilon(1e-3));
    visit.rule("lion", Lion::default());
    visit.rule("lion with decay", Lion::new(0.01).betas(0.8, 0.95).lambda(0.1));
    visit.rule("schedule free", ScheduleFree::default());
    let other = ScheduleFree::new(0.05).betas(0.8, 0.99).lambda(0.1).warm_up(5);
    visit.rule("schedule free other options", other);
    visit.rule("lookahead", Lookahead::new(Momentum::new(0.05).rho(0.8)).steps(3).alpha(0.4));
    visit.rule("accumulated", AccumGrad::new(3, Adam::new(0.01)));
}
