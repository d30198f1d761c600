//! Rules, chains and states against the field's numbers.

use crate::prelude::*;

/// One update of a single leaf by a given gradient.
fn step<R: Rule>(state: &mut State<R, Tensor<f64>>, x: &mut Tensor<f64>, gradient: &[f64]) {
    let shape = x.shape().to_vec();
    update(state, x, &crate::params::Leaf(Some(Tensor::from_vec(gradient.to_vec(), shape))));
}

#[track_caller]
fn assert_close(a: &[f64], b: &[f64], tolerance: f64) {
    assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance), "{a:?} is not {b:?}");
}

/// Three updates of x = [1, −2, 3] by fixed gradients.
fn trajectory<R: Rule>(rule: R) -> [Vec<f64>; 3] {
    let mut x = Tensor::from([1.0, -2.0, 3.0]);
    let mut state = setup(rule, &x);
    [[0.1, -0.2, 0.3], [0.3, 0.1, -0.2], [-0.2, 0.4, 0.1]].map(|gradient| {
        step(&mut state, &mut x, &gradient);
        x.to_vec()
    })
}

#[test]
fn nesterov_looks_ahead_as_torch_does() {
    // torch.optim.SGD(lr=0.01, momentum=0.9, nesterov=True) starts from v = g: v = .1, .39, .151 for the first entry,
    // and its steps are 0.01 · (g + 0.9 v) = .0019, .00651, −.000641.
    let first: Vec<f64> = trajectory(Nesterov::new(0.01)).iter().map(|x| x[0]).collect();
    assert_close(&first, &[0.9981, 0.99159, 0.992231], 1e-12);
}

#[test]
fn descent_updates_by_the_rate() {
    // Optimisers.jl test/runtests.jl: m = [1, 2], g = [25, 33], Descent(0.1).
    let mut x = Tensor::from([1.0, 2.0]);
    let before = x.clone();
    let mut state = setup(Descent::new(0.1), &x);
    step(&mut state, &mut x, &[25.0, 33.0]);
    assert_close(&x.to_vec(), &[-1.5, -1.3], 1e-12);
    assert_eq!(before.to_vec(), [1.0, 2.0], "a clone made before the update is another tensor");
}

/// One update of x = [1, 10, 100] by the gradient [1, 2, 3].
fn once<R: Rule>(rule: R) -> Vec<f64> {
    let mut x = Tensor::from([1.0, 10.0, 100.0]);
    let mut state = setup(rule, &x);
    step(&mut state, &mut x, &[1.0, 2.0, 3.0]);
    x.to_vec()
}

#[test]
fn chains_apply_their_rules_in_order() {
    // Optimisers.jl test/runtests.jl, "OptimiserChain".
    let (clip, decay) = (|| ClipGrad::new(2.0), || WeightDecay::new(0.1));
    assert_close(&once(decay()), &[-0.1, 7.0, 87.0], 1e-12);
    assert_close(&once(clip()), &[0.0, 8.0, 98.0], 1e-12);
    assert_close(&once((clip(), decay())), &[-0.1, 7.0, 88.0], 1e-12);
    assert_close(&once(((clip(),), (decay(),))), &[-0.1, 7.0, 88.0], 1e-12);
    assert_close(&once((decay(), clip())), &[-0.1, 8.0, 98.0], 1e-12);
    assert_close(&once((Descent::new(0.1),)), &[0.9, 9.8, 99.7], 1e-12);
    assert_close(&once(SignDecay::new(0.1)), &[-0.1, 7.9, 96.9], 1e-12);
    let mut x = Tensor::from([1.0, -10.0, 100.0]);
    let mut state = setup(SignDecay::new(0.1), &x);
    step(&mut state, &mut x, &[3.0, 2.0, -1.0]);
    assert_close(&x.to_vec(), &[-2.1, -11.9, 100.9], 1e-12);
}

#[test]
fn clipping_is_per_leaf_in_a_rule_and_global_on_a_tree() {
    // Optimisers.jl: ClipGrad(13) turns [1, 10, 100] into [1, 10, 13]; ClipNorm(10) leaves [0.1] and scales the other.
    let mut model = (Tensor::from([0.0f64]), Tensor::from([0.0f64, 0.0, 0.0]));
    let grads =
        (crate::params::Leaf(Some(Tensor::from([0.1]))), crate::params::Leaf(Some(Tensor::from([1.0, 10.0, 100.0]))));
    let mut state = setup(ClipNorm::new(10.0), &model);
    update(&mut state, &mut model, &grads);
    assert_close(&model.0.to_vec(), &[-0.1], 1e-12);
    let squares: f64 = model.1.to_vec().iter().map(|x| x * x).sum();
    assert!((squares.sqrt() - 10.0).abs() < 1e-12);

    let norm = grads.norm();
    assert!((norm - (0.01f64 + 1.0 + 100.0 + 10000.0).sqrt()).abs() < 1e-12);
    let clipped = grads.clone().clip_norm(1.0);
    assert_close(&clipped.0.get().unwrap().to_vec(), &[0.1 / norm], 1e-15);
    assert!((clipped.norm() - 1.0).abs() < 1e-12);
    assert_eq!(grads.clone().clip_norm(1e6), grads);

    let mut x = Tensor::from([0.0, 0.0, 0.0]);
    let mut state = setup((ClipGrad::new(1.0), Descent::new(0.1)), &x);
    step(&mut state, &mut x, &[0.3, 1.0, 7.0]);
    assert_close(&x.to_vec(), &[-0.03, -0.1, -0.1], 1e-12);
}

#[test]
fn not_a_number_is_never_clipped_away() {
    let mut x = Tensor::from([0.0, 0.0]);
    let mut state = setup(ClipGrad::new(1.0), &x);
    step(&mut state, &mut x, &[f64::NAN, f64::INFINITY]);
    assert!(x.to_vec()[0].is_nan() && x.to_vec()[1] == -1.0);
    let mut state = setup(ClipNorm::new(1.0), &Tensor::from([0.0f64; 2]));
    let mut x = Tensor::from([0.0, 0.0]);
    step(&mut state, &mut x, &[f64::NAN, 1.0]);
    assert!(x.to_vec().iter().all(|x| x.is_nan()));
}

#[test]
fn frozen_leaves_and_their_state_stay() {
    // Optimisers.jl test/runtests.jl, "freeze/thaw" and "adjust".
    let mut model = (Tensor::from([1.0, 2.0]), (Tensor::from([3.0, 4.0]),));
    let grads = (
        crate::params::Leaf(Some(Tensor::from([1.0, 10.0]))),
        (crate::params::Leaf(Some(Tensor::from([100.0, 1000.0]))),),
    );
    let mut state = setup(Descent::new(0.1), &model);
    state.1.freeze();
    update(&mut state, &mut model, &grads);
    assert_close(&model.0.to_vec(), &[0.9, 1.0], 1e-12);
    assert_eq!(model.1.0.to_vec(), [3.0, 4.0]);
    assert_eq!((state.0.step, state.1.0.step), (1, 0));
    state.adjust(0.2);
    state.thaw();
    update(&mut state, &mut model, &grads);
    assert_close(&model.0.to_vec(), &[0.7, -1.0], 1e-12);
    assert_close(&model.1.0.to_vec(), &[-17.0, -196.0], 1e-12);
}

#[test]
fn adjusting_keeps_the_state() {
    // Optimisers.jl: adjust reaches the rate of the rules that have one, or any named hyper-parameter.
    let mut x = Tensor::from([0.0, 0.0, 0.0]);
    let mut state = setup((ClipGrad::new(1e9), Momentum::new(0.1)), &x);
    step(&mut state, &mut x, &[1.0, 10.0, 100.0]);
    let before = state.state.clone();
    state.adjust(0.2);
    assert_eq!(state.state, before);
    assert_eq!((state.rule.1.rate, state.rule.1.rho), (0.2, 0.9));
    state.adjust_with(|(clip, _)| clip.delta = 2.5);
    assert_eq!((state.rule.0.delta, state.rule.1.rate), (2.5, 0.2));
}

#[test]
#[should_panic(expected = "has no learning rate")]
fn adjusting_what_has_no_rate_panics() {
    setup(ClipGrad::new(1.0), &Tensor::from([1.0f32])).adjust(0.1);
}

#[test]
fn a_leaf_without_a_gradient_stays_with_its_state() {
    // Optimisers.jl docs/src/index.md: after Adam(0.1) has seen ones, zeros move a leaf and nothing does not.
    let mut model = (Tensor::from([1.0, 1.0]), Tensor::from([1.0, 1.0]));
    let mut state = setup(Adam::new(0.1), &model);
    let leaf = |x: f64| crate::params::Leaf(Some(Tensor::from([x, x])));
    update(&mut state, &mut model, &(leaf(1.0), leaf(1.0)));
    let moments = |state: &[Tensor<f64>; 2]| [state[0].to_vec()[0], state[1].to_vec()[0]];
    assert_close(&moments(&state.0.state), &[0.1, 0.001], 1e-12);
    let (before, untouched) = (model.clone(), state.1.clone());
    update(&mut state, &mut model, &(leaf(0.0), crate::params::Leaf(None)));
    assert_close(&moments(&state.0.state), &[0.09, 0.000999], 1e-12);
    assert_ne!(model.0, before.0);
    assert_eq!((model.1, state.1), (before.1, untouched));
}

#[test]
fn both_precisions_keep_their_types() {
    let mut model = (Tensor::from([0.5f32]), Tensor::from([0.5f64]));
    let mut state = setup(Adam::new(0.1), &model);
    let grads = gradient(|(a, b)| (a.cast::<f64>() + b).sum_to(()), &model);
    update(&mut state, &mut model, &grads);
    let moment: f32 = state.0.state[0].item();
    assert!((model.0.item() - 0.4f32).abs() < 1e-6 && (moment - 0.1).abs() < 1e-6);
    assert!((model.1.item() - 0.4f64).abs() < 1e-7);
}

#[test]
fn long_leaves_are_updated_as_short_ones_are() {
    // Chunks, threads and layouts change no bit: one long leaf beside its entries one by one.
    let n = 70_001;
    let numbers = |seed| Tensor::<f32>::normal(n, 0.0, 1.0, &mut StdRng::seed_from_u64(seed));
    let (start, gradient) = (numbers(1), numbers(2));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut x = start.clone();
            let mut state = setup((ClipGrad::new(1.0), Adam::new(0.1)), &x);
            for _ in 0..3 {
                update(&mut state, &mut x, &crate::params::Leaf(Some(gradient.clone())));
            }
            x.to_vec()
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
    for i in [0, 1, 2047, 2048, 16_384, n - 1] {
        let mut x = Tensor::from([start.to_vec()[i]]);
        let mut state = setup((ClipGrad::new(1.0), Adam::new(0.1)), &x);
        for _ in 0..3 {
            update(&mut state, &mut x, &crate::params::Leaf(Some(Tensor::from([gradient.to_vec()[i]]))));
        }
        assert_eq!(x.item(), one[i]);
    }
}

#[test]
fn a_gradient_of_the_wrong_shape_changes_nothing() {
    let mut model = (Tensor::from([1.0, 2.0]), Tensor::from([3.0]));
    let mut state = setup(Momentum::new(0.1), &model);
    let grads =
        (crate::params::Leaf(Some(Tensor::from([1.0, 1.0]))), crate::params::Leaf(Some(Tensor::from([1.0, 1.0]))));
    let (before, untouched) = (model.clone(), state.clone());
    let attempt = std::panic::AssertUnwindSafe(|| update(&mut state, &mut model, &grads));
    let message = *std::panic::catch_unwind(attempt).unwrap_err().downcast::<String>().unwrap();
    assert_eq!(message, "update: the gradient of `1` has the shape [2], the leaf [1]; nothing was changed");
    assert_eq!((model, state), (before, untouched));
}

#[test]
#[should_panic(expected = "update: the state of `1` was set up for another shape than [3]; nothing was changed")]
fn a_leaf_that_grew_after_setup_is_named() {
    let mut model = (Tensor::from([1.0, 2.0]), Tensor::from([3.0]));
    let mut state = setup(Momentum::new(0.1), &model);
    model.1 = Tensor::from([1.0, 2.0, 3.0]);
    let grads = gradient(|(a, b)| a.sum_to(()) + b.sum_to(()), &model);
    update(&mut state, &mut model, &grads);
}

#[test]
#[should_panic(expected = "Descent: rate must be a finite number, at least 0, not -1")]
fn a_negative_rate_is_refused() {
    Descent::new(-1.0);
}

#[test]
#[should_panic(expected = "Adam: beta 2 must be at least 0 and less than 1, not 1")]
fn betas_beyond_their_range_are_refused() {
    let _ = Adam::default().betas(0.9, 1.0);
}

#[test]
fn the_state_of_another_rule_is_not_loaded() {
    let path = std::env::temp_dir().join(format!("sapwood-rule-{}", std::process::id()));
    let w: Tensor = Tensor::zeros(2);
    save(&path, &setup((ClipNorm::new(1.0), Momentum::new(0.1)), &w)).unwrap();
    assert!(load::<State<(ClipNorm, Momentum), Tensor>>(&path).is_ok());
    let message = load::<State<(ClipNorm, Nesterov), Tensor>>(&path).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(
        message.ends_with("the state of (ClipNorm, Momentum) where that of (ClipNorm, Nesterov) is asked for"),
        "{message}"
    );
}

#[test]
#[should_panic(expected = "adjust: the rate must be a finite number, at least 0, not NaN")]
fn a_rate_that_is_no_number_panics() {
    setup(Adam::default(), &Tensor::<f32>::zeros(2)).adjust(f64::NAN);
}

#[test]
#[should_panic(expected = "adjust: (WeightDecay, ClipGrad) has no learning rate")]
fn a_rule_without_a_rate_panics() {
    setup((WeightDecay::new(0.1), ClipGrad::new(1.0)), &Tensor::<f32>::zeros(2)).adjust(0.1);
}

#[test]
fn a_model_that_has_grown_is_named_with_what_it_does_not_fit() {
    let one = vec![Tensor::<f32>::zeros(2)];
    let two = vec![Tensor::<f32>::zeros(2), Tensor::<f32>::zeros(2)];
    let loss = |model: &Vec<Tensor>| model[0].sum();
    let message = |setup_for: &Vec<Tensor>, grads_of: &Vec<Tensor>| {
        let (mut state, mut model) = (setup(Descent::new(0.1), setup_for), two.clone());
        let grads = gradient(loss, grads_of);
        let attempt = std::panic::AssertUnwindSafe(|| update(&mut state, &mut model, &grads));
        *std::panic::catch_unwind(attempt).unwrap_err().downcast::<String>().unwrap()
    };
    let text = |other| {
        format!(
            "update: the model and its {other} differ at the model itself (has the model changed since?): a sequence of \
             length 2 against a sequence of length 1; nothing was changed"
        )
    };
    assert_eq!(message(&one, &two), text("state"));
    assert_eq!(message(&two, &one), text("gradient"));
}
