//! The tape at its limits: long, branching, nested, carried between threads, interrupted by panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use sapwood::prelude::*;

fn message(attempt: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(attempt)).expect_err("this must panic");
    payload.downcast::<String>().map_or_else(|payload| payload.downcast::<&str>().unwrap().to_string(), |text| *text)
}

fn derivative(f: impl Fn(&Tensor<f64>) -> Tensor<f64>, x: &Tensor<f64>) -> Tensor<f64> {
    gradient(f, x).get().unwrap().clone()
}

#[test]
fn a_million_operations_need_no_deep_stack() {
    let x = Tensor::scalar(2.0f64);
    let chain = |x: &Tensor<f64>| (0..1_000_000).fold(x.clone(), |y, i| if i % 2 == 0 { y + 1.0 } else { y - 1.0 });
    assert_eq!(derivative(|x| chain(x) * x, &x).item(), 4.0);
}

#[test]
fn chained_diamonds_cost_what_they_are_long() {
    // Each doubles: walked path by path this would take 2⁶⁰ steps.
    let diamonds = |x: &Tensor<f64>| (0..60).fold(x.clone(), |y, _| &y + &y);
    assert_eq!(derivative(diamonds, &Tensor::scalar(1.0)).item(), 60f64.exp2());
}

#[test]
fn derivatives_of_derivatives() {
    // MLX python/tests/test_autograd.py: x·x at 0.5, from the 0th to the 3rd derivative: .25, 1, 2, 0.
    let square = |x: &Tensor<f64>| x * x;
    let x = Tensor::scalar(0.5);
    let first = |x: &Tensor<f64>| derivative(square, x);
    let second = |x: &Tensor<f64>| derivative(first, x);
    assert_eq!((square(&x).item(), first(&x).item(), second(&x).item()), (0.25, 1.0, 2.0));
    // The second derivative is constant: nothing depends on x any more, and that is said.
    assert!(message(|| drop(derivative(second, &x))).contains("the loss depends on none of the model's 1 parameters"));
    // MLX docs: the second derivative of sin at π/2 is −1.
    let sine = derivative(|x| derivative(|x| x.sin(), x), &Tensor::scalar(std::f64::consts::FRAC_PI_2));
    assert_eq!(sine.item(), -1.0);
    // MLX: x·y at (2, 3) -> 3, 2; vjp of (x·y, y·z) at (2, 4, 6) with cotangents (1, 3) -> 4, 20, 12.
    let at = |x: f64| Tensor::scalar(x);
    let (dx, dy) = gradient(|(x, y)| x * y, &(at(2.0), at(3.0)));
    assert_eq!((dx.get().unwrap().item(), dy.get().unwrap().item()), (3.0, 2.0));
    let (dx, dy, dz) = gradient(|(x, y, z)| x * y + y * z * 3.0, &(at(2.0), at(4.0), at(6.0)));
    assert_eq!([dx, dy, dz].map(|d| d.get().unwrap().item()), [4.0, 20.0, 12.0]);
}

#[test]
fn nested_gradients_do_not_confuse_their_variables() {
    // d/dx (x · d/dy (x + y)) = 1: a single tape without levels says 2 (Siskind and Pearlmutter, 2005).
    let outer = |x: &Tensor<f64>| x * derivative(|y| x + y, &Tensor::scalar(1.0));
    assert_eq!(derivative(outer, &Tensor::scalar(3.0)).item(), 1.0);
    // And an inner gradient taken at the outer variable: d/dx (x · d/dx x²) = d/dx 2x² = 4x.
    let inner = |x: &Tensor<f64>| x * derivative(|x| x * x, x);
    assert_eq!(derivative(inner, &Tensor::scalar(3.0)).item(), 12.0);
}

#[test]
fn unreached_leaves_are_none_and_zeros_are_zeros() {
    let model = (Tensor::scalar(1.0f64), Tensor::scalar(2.0), Tensor::scalar(3.0));
    let grads = gradient(|(a, b, _)| a + b * 0.0, &model);
    assert_eq!(grads.0.get().unwrap().item(), 1.0);
    assert_eq!(grads.1.get().unwrap().item(), 0.0);
    assert!(grads.2.get().is_none());
}

#[test]
fn using_the_model_outside_says_what_went_wrong() {
    let model = (Tensor::scalar(1.0f32), Tensor::scalar(2.0));
    let text = message(|| drop(gradient(|_| &model.0 * &model.1, &model)));
    assert_eq!(
        text,
        "gradient: the loss depends on none of the model's 2 parameters; does the function use a variable from outside, \
         such as the model itself, instead of its argument?"
    );
    let frozen = Frozen::new(Tensor::scalar(1.0f32));
    let text = message(|| gradient(|m: &Frozen<Tensor>| &**m * 2.0, &frozen));
    assert_eq!(text, "gradient: the model has no parameters to differentiate by; is all of it frozen or skipped?");
}

#[test]
fn a_loss_with_a_shape_is_refused() {
    let x = Tensor::<f32>::ones((2, 3));
    let text = message(|| drop(gradient(|x| x * 2.0, &x)));
    assert_eq!(text, "gradient: the loss must be a scalar, but its shape is [2, 3]");
}

#[test]
fn a_panic_in_the_loss_leaves_the_thread_ready() {
    let x = Tensor::scalar(3.0f64);
    let text = message(|| drop(gradient(|x: &Tensor<f64>| -> Tensor<f64> { panic!("at {}", x.item()) }, &x)));
    assert_eq!(text, "at 3");
    assert!(!sapwood::autodiff::is_active());
    assert_eq!(derivative(|x| x * x, &x).item(), 6.0);
}

#[test]
fn eight_threads_share_one_model() {
    let mut rng = StdRng::seed_from_u64(0);
    let model: (Dense, Dense) = (Dense::new(20, 30, &mut rng), Dense::new(30, 1, &mut rng));
    let x: Tensor = Tensor::normal((16, 20), 0.0, 1.0, &mut rng);
    let loss = |(a, b): &(Dense, Dense)| b.forward(&a.forward(&x).relu()).square().mean();
    let expected = gradient(loss, &model);
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| (0..20).all(|_| gradient(loss, &model) == expected))).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
}

#[test]
fn a_traced_tensor_is_traced_on_other_threads_too() {
    let x = Tensor::from([1.0f64, 2.0, 3.0]);
    let g = derivative(
        |x| {
            let square = thread::scope(|scope| scope.spawn(|| x * x).join().unwrap());
            square.sum()
        },
        &x,
    );
    assert_eq!(g.to_vec(), [2.0, 4.0, 6.0]);
}

#[test]
fn what_leaves_a_gradient_is_a_constant() {
    let x = Tensor::scalar(3.0f64);
    let ((_, y), _) = with_gradient(|x| (x * x, x * 5.0), &x);
    let g = derivative(|x| x * &y, &x);
    assert_eq!((y.item(), g.item()), (15.0, 15.0));
    let mut y = y;
    y.as_mut_slice()[0] = 1.0;
    assert_eq!(y.item(), 1.0);
}

#[test]
fn what_leaves_a_gradient_by_a_panic_is_a_constant_too() {
    let mut leaked = None;
    let x = Tensor::scalar(3.0f64);
    message(|| {
        let _ = gradient(
            |x: &Tensor<f64>| -> Tensor<f64> {
                leaked = Some(x * 2.0);
                panic!("away with it")
            },
            &x,
        );
    });
    let mut leaked = leaked.unwrap();
    leaked.as_mut_slice()[0] += 1.0;
    assert_eq!(leaked.item(), 7.0);
    assert_eq!(format!("{leaked:?}"), "Tensor<f64>[] 7");
}

#[test]
fn dropout_is_active_on_threads_of_the_loss_too() {
    let dropout = Dropout::new(0.5, 1);
    let x = Tensor::<f32>::ones(1000);
    let g = gradient(|x| thread::scope(|s| s.spawn(|| dropout.forward(x).sum()).join().unwrap()), &x);
    assert!(g.get().unwrap().to_vec().contains(&0.0));
}

#[test]
fn stop_gradient_makes_a_constant() {
    let x = Tensor::scalar(3.0f64);
    assert_eq!(derivative(|x| x * x.stop_gradient(), &x).item(), 3.0);
}

#[test]
fn writing_to_a_traced_tensor_is_refused() {
    let x = Tensor::from([1.0f32]);
    let text = message(|| {
        drop(gradient(
            |x: &Tensor| {
                x.clone().as_mut_slice()[0] = 2.0;
                x.sum()
            },
            &x,
        ))
    });
    assert!(text.contains("a tensor that is being differentiated can't be written to"), "{text}");
}
