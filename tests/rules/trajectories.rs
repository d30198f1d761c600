//! Trajectories step by step, and that a state is a value: kept types, clones, files.

use std::collections::BTreeSet;

use sapwood::prelude::*;

use crate::common::{
    ORACLE, StoredRule, Visit, difference, each_case, each_elementwise_case, each_global_case, expected, numbers, path,
    rows, step,
};

/// Beyond rounding: powers and roots differ in their last bits between libraries.
const TOLERANCE: f64 = 1e-12;

#[test]
fn every_rule_follows_the_oracle_step_by_step() {
    #[derive(Default)]
    struct Compare {
        seen: BTreeSet<&'static str>,
        wrong: Vec<String>,
    }
    impl Visit for Compare {
        fn rule<R: StoredRule>(&mut self, name: &'static str, rule: R) {
            let difference = difference(&path(rule), &expected(name));
            if difference > TOLERANCE {
                self.wrong.push(format!("{name}: {difference:e}"));
            }
            self.seen.insert(name);
        }
    }
    let mut compare = Compare::default();
    each_case(&mut compare);
    each_global_case(&mut compare);
    assert!(compare.wrong.is_empty(), "{:#?}", compare.wrong);
    let cases: BTreeSet<&str> = ORACLE["cases"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(compare.seen, cases, "a case of the oracle is not tested");
}

#[test]
fn single_precision_follows_as_far_as_it_can() {
    struct Compare;
    impl Visit for Compare {
        fn rule<R: StoredRule>(&mut self, name: &'static str, rule: R) {
            let start: Vec<f32> = numbers(&ORACLE["start"]).iter().map(|&x| x as f32).collect();
            let mut x = Tensor::from_vec(start, (2, 3));
            let mut state = setup(rule, &x);
            let mut path = vec![];
            for gradient in rows(&ORACLE["gradients"]) {
                step(&mut state, &mut x, &gradient);
                path.push(x.to_vec().iter().map(|&x| x.into()).collect::<Vec<f64>>());
            }
            let difference = difference(&path, &expected(name));
            assert!(difference < 1e-4, "{name}: {difference:e}");
        }
    }
    each_case(&mut Compare);
    each_global_case(&mut Compare);
}

#[test]
fn a_state_is_a_value() {
    // A clone of model and state goes on as they do and leaves them alone; so does one that was in a file.
    struct Twice;
    impl Visit for Twice {
        fn rule<R: StoredRule>(&mut self, name: &'static str, rule: R) {
            let gradients = rows(&ORACLE["gradients"]);
            let mut x = Tensor::from_vec(numbers(&ORACLE["start"]), (2, 3));
            let mut state = setup(rule, &x);
            let walk = |state: &mut State<R, Tensor<f64>>, x: &mut Tensor<f64>, steps: &[Vec<f64>]| {
                steps.iter().for_each(|gradient| step(state, x, gradient));
            };
            walk(&mut state, &mut x, &gradients[..10]);
            let (before, state_before) = (x.to_vec(), format!("{state:?}"));
            let (mut other, mut other_state) = (x.clone(), state.clone());
            walk(&mut other_state, &mut other, &gradients[10..]);
            assert_eq!((x.to_vec(), format!("{state:?}")), (before, state_before), "{name}");

            let file = std::env::temp_dir().join(format!("sapwood-rules-{}-{name}", std::process::id()));
            save(&file, &state).unwrap();
            let mut loaded: State<R, Tensor<f64>> = load(&file).unwrap();
            std::fs::remove_file(&file).unwrap();
            let mut resumed = x.clone();
            walk(&mut loaded, &mut resumed, &gradients[10..]);
            walk(&mut state, &mut x, &gradients[10..]);
            assert_eq!((&x, &state), (&other, &other_state), "{name}");
            assert_eq!((x, state), (resumed, loaded), "{name}");
        }
    }
    each_case(&mut Twice);
    each_global_case(&mut Twice);
}

#[test]
fn a_leaf_of_many_chunks_is_updated_as_its_elements_are() {
    struct Long;
    impl Visit for Long {
        fn rule<R: StoredRule>(&mut self, name: &'static str, rule: R) {
            let n = 5000;
            let mut rng = StdRng::seed_from_u64(4);
            let start = Tensor::<f64>::normal(n, 0.0, 1.0, &mut rng);
            let gradients: Vec<_> = (0..3).map(|_| Tensor::<f64>::normal(n, 0.0, 1.0, &mut rng).to_vec()).collect();
            let mut x = start.clone();
            let mut state = setup(rule.clone(), &x);
            gradients.iter().for_each(|gradient| step(&mut state, &mut x, gradient));
            for i in [0, 2047, 2048, n - 1] {
                let mut one = Tensor::from([start.to_vec()[i]]);
                let mut state = setup(rule.clone(), &one);
                gradients.iter().for_each(|gradient| step(&mut state, &mut one, &gradient[i..=i]));
                assert_eq!(one.item().to_bits(), x.to_vec()[i].to_bits(), "{name}: element {i}");
            }
        }
    }
    each_elementwise_case(&mut Long);
}
