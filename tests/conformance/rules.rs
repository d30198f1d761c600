//! Rules and their states.

use sapwood::params::Leaf;
use sapwood::prelude::*;

use crate::assert_close;

fn leaf<const N: usize>(gradient: [f64; N]) -> Leaf<Gradient, f64> {
    Leaf(Some(Tensor::from(gradient)))
}

#[test]
fn an_update_touches_nothing_that_was_cloned_before() {
    // Optimisers.jl test/runtests.jl, "very basics": m = ([1, 2],), g = ([25, 33],).
    let mut model = (Tensor::from([1.0, 2.0]),);
    let mut state = setup(Momentum::new(0.1), &model);
    let (old_model, old_state) = (model.clone(), state.clone());
    update(&mut state, &mut model, &(leaf([25.0, 33.0]),));
    assert_close(&model.0.to_vec(), &[-1.5, -1.3], 1e-14);
    assert_eq!((old_model.0.to_vec(), old_state.0.state.to_vec()), (vec![1.0, 2.0], vec![0.0, 0.0]));
    // There the velocity is [2.5, 3.3]; here the rate stands outside of it.
    assert_eq!(state.0.state.to_vec(), [25.0, 33.0]);
}

#[test]
fn clipping_passes_by_what_has_no_gradient() {
    // Optimisers.jl test/runtests.jl, "OptimiserChain" and "clipping": ClipGrad(13), α without a gradient.
    let mut model = (Tensor::from([0.0]), Tensor::from([0.0, 0.0, 0.0]));
    let mut state = setup(ClipGrad::new(13.0), &model);
    update(&mut state, &mut model, &(Leaf(None), leaf([1.0, 10.0, 100.0])));
    assert_eq!((model.0.to_vec(), model.1.to_vec()), (vec![0.0], vec![-1.0, -10.0, -13.0]));
}

#[test]
fn an_infinite_gradient_is_not_clipped_to_a_harmless_one() {
    // Optimisers.jl test/runtests.jl: with `throw = false` ClipNorm leaves NaN where the gradient is infinite. By
    // default it throws a DomainError; here nothing throws, and the loss that follows is NaN.
    let mut x = Tensor::from([0.0, 0.0, 0.0]);
    let mut state = setup(ClipNorm::new(5.0), &x);
    update(&mut state, &mut x, &leaf([1.0, f64::INFINITY, 3.0]));
    assert!(x.to_vec()[1].is_nan());
    assert_eq!((x.to_vec()[0], x.to_vec()[2]), (0.0, 0.0));
}

#[test]
fn frozen_parts_stay_while_numbers_are_no_parameters() {
    // Optimisers.jl docstring of `freeze!`: m = (x = ([1.0], 2.0), y = [3.0]), Momentum, gradient of y 100π.
    let mut model = ((Tensor::from([1.0]), 2.0), Tensor::from([3.0]));
    let mut state = setup(Momentum::new(0.01), &model);
    state.0.freeze();
    let hundred_pi = 100.0 * std::f64::consts::PI;
    update(&mut state, &mut model, &((leaf([hundred_pi]), ()), leaf([hundred_pi])));
    assert_eq!((model.0.0.to_vec(), model.0.1), (vec![1.0], 2.0));
    assert_close(&model.1.to_vec(), &[-0.14159265358979312], 1e-14);
    assert_eq!((state.0.0.state.to_vec(), state.0.0.step), (vec![0.0], 0));
}

#[test]
fn a_new_rate_acts_at_once_and_a_new_decay_too() {
    // Optimisers.jl test/runtests.jl, "adjusting parameters": Momentum(.1, .9), gradient [1, 10, 100]. There the
    // velocity holds the rate and would go on by the old one; here v ← ρv + g, x ← x − ηv.
    let g = leaf([1.0, 10.0, 100.0]);
    let mut x = Tensor::from([0.0, 0.0, 0.0]);
    let mut state = setup(Momentum::new(0.1), &x);
    update(&mut state, &mut x, &g);
    assert_close(&x.to_vec(), &[-0.1, -1.0, -10.0], 1e-13);
    state.adjust(0.2);
    assert_eq!((state.state.to_vec(), state.rule.rho), (vec![1.0, 10.0, 100.0], 0.9));
    let (mut y, mut other) = (x.clone(), state.clone());
    update(&mut state, &mut x, &g);
    assert_close(&x.to_vec(), &[-0.48, -4.8, -48.0], 1e-13);
    other.adjust_with(|rule| (rule.rate, rule.rho) = (0.3, 0.7));
    update(&mut other, &mut y, &g);
    assert_close(&y.to_vec(), &[-0.61, -6.1, -61.0], 1e-13);
}

#[test]
fn small_gradients_stay_finite_in_single_precision() {
    // Optimisers.jl test/rules.jl, after its issue 167: Adam(1e-4) in low precision. There Float16, here f32.
    let mut x = Tensor::from([0.579f32, -0.729, 0.5493]);
    let mut state = setup(Adam::new(1e-4), &x);
    for scale in [1.0, 1e-10, 1e-20, 1e-30] {
        let g = Tensor::from([-0.001497f32, 0.0001875, -0.013176]) * scale;
        update(&mut state, &mut x, &Leaf(Some(g)));
        assert!(x.is_finite().all(), "{x:?} after a gradient times {scale}");
    }
}

#[test]
fn options_are_set_by_name_and_the_rest_stays_as_it_was() {
    // Optimisers.jl test/runtests.jl, keyword constructors: AdamW(lambda = .3, eta = .1) == AdamW(.1, (.9, .999), .3, 1e-8).
    let nesterov = Nesterov::new(0.1).rho(0.8);
    assert_eq!((nesterov.rate, nesterov.rho), (0.1, 0.8));
    assert_eq!(
        AdamW::new(0.1).lambda(0.3),
        AdamW { adam: Adam::new(0.1).betas(0.9, 0.999).epsilon(1e-8), lambda: 0.3 }
    );
}
