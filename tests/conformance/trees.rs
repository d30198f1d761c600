//! Models of unusual shapes, and what trains in them.

use std::collections::BTreeMap;

use sapwood::params::{MapModel, Walk};
use sapwood::prelude::*;

use crate::{assert_close, numbers};

#[derive(Params, Clone)]
struct Partly {
    a: Tensor<f64>,
    #[params(skip)]
    b: Tensor<f64>,
    c: Frozen<Tensor<f64>>,
}

#[test]
fn only_what_is_marked_trainable_trains() {
    // Optimisers.jl test/runtests.jl, "trainable subset": loss Σa² + 100 Σb², Momentum(.1).
    let mut model =
        Partly { a: Tensor::from([1.0, 2.0]), b: Tensor::from([3.0, 4.0]), c: Frozen::new(Tensor::from([5.0, 6.0])) };
    let mut state = setup(Momentum::new(0.1), &model);
    let loss = |m: &Partly| m.a.square().sum() + m.b.square().sum() * 100.0 + m.c.sum();
    let grads = gradient(loss, &model);
    update(&mut state, &mut model, &grads);
    assert_close(&model.a.to_vec(), &[0.8, 1.6], 1e-15);
    assert_eq!((model.b.to_vec(), model.c.to_vec()), (vec![3.0, 4.0], vec![5.0, 6.0]));

    // There `fmap` reaches a and c, the fields of the functor, and not b; so does `map_model`, where it is told to
    // change what is frozen.
    struct TenTimes;
    impl MapModel for TenTimes {
        fn leaf<T: Float>(&mut self, _: &Walk, x: &Tensor<T>) -> Tensor<T> {
            x * T::from_f64(10.0)
        }
        fn frozen<T: Float>(&mut self, _: &Walk, x: &Tensor<T>) -> Tensor<T> {
            x * T::from_f64(10.0)
        }
    }
    let tenfold = model.map_model(&mut Walk::new(), &mut TenTimes);
    assert_close(&tenfold.a.to_vec(), &[8.0, 16.0], 1e-14);
    assert_eq!((tenfold.b.to_vec(), tenfold.c.to_vec()), (vec![3.0, 4.0], vec![50.0, 60.0]));
}

#[test]
fn maps_are_models_whose_keys_stay() {
    // Optimisers.jl test/runtests.jl, "dict": AdamW(.1) with its λ = 0, loss Σa².
    let entries = [("a", Tensor::from([1.0, 2.0])), ("b", Tensor::from([3.0, 4.0]))];
    let map: BTreeMap<String, Tensor<f64>> = entries.map(|(key, x)| (key.to_owned(), x)).into();
    let mut model = (map, 1i64);
    let mut state = setup(AdamW::new(0.1).lambda(0.0), &model);
    let grads = gradient(|(map, _)| map["a"].square().sum(), &model);
    update(&mut state, &mut model, &grads);
    assert_close(&model.0["a"].to_vec(), &[0.9, 1.9], 1e-7);
    assert_eq!((model.0["b"].to_vec(), model.1), (vec![3.0, 4.0], 1));
    assert_eq!(model.0.keys().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_matrix_tied_to_its_transpose_gets_both_gradients_before_the_rules() {
    // Optimisers.jl test/runtests.jl, "tied weights", transpose: the chain clips after the sum, not before.
    let tied = Tied::new(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    let mut model = (tied.clone(), tied);
    let rule = || (ClipGrad::new(10.0), Descent::new(0.1), ClipGrad::new(10.0));
    let mut state = setup(rule(), &model);
    let (one, other) = (Tensor::from([[3.0, 8.0], [1.0, 0.0]]), Tensor::from([[1.0, 1.0], [9.0, -2.0]]));
    let grads = gradient(|(m, t)| (&**m * &one).sum() + (t.t() * &other).sum(), &model);
    // g + otherᵀ = [[4, 17], [2, −2]], of which 17 is clipped to 10.
    assert_eq!(numbers(grads.0.get().unwrap()), [4.0, 17.0, 2.0, -2.0]);
    update(&mut state, &mut model, &grads);
    assert_close(&model.0.to_vec(), &[0.6, 1.0, 2.8, 4.2], 1e-14);
    assert_eq!(*model.0, *model.1);
}

#[test]
fn equal_values_are_not_tied() {
    // Optimisers.jl test/runtests.jl: arrays that are equal but not the same have states of their own.
    let x = Tensor::from([1.0, 2.0]);
    let mut model = (x.clone(), x);
    let mut state = setup(Momentum::new(0.1), &model);
    let grads = gradient(|(a, b)| a.sum() * 3.0 + b.sum() * 7.0, &model);
    update(&mut state, &mut model, &grads);
    assert_close(&model.0.to_vec(), &[0.7, 1.7], 1e-15);
    assert_close(&model.1.to_vec(), &[0.3, 1.3], 1e-15);
}
