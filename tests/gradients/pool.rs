use sapwood::ops::Window;

use crate::harness::check_shapes;

const X: std::ops::Range<f64> = -2.0..2.0;
const AWAY_FROM_ZERO: std::ops::Range<f64> = 0.5..2.0;

const SHAPES: [&[usize]; 4] = [&[2, 2, 5], &[1, 2, 4, 3], &[1, 1, 3, 2, 3], &[0, 2, 5]];

#[test]
fn largest_elements() {
    // Broadcast inputs have equal elements along their first axis, which is no spatial one.
    check_shapes("max_pool", &SHAPES, X, |x| x.max_pool(&Window::new(2)));
    check_shapes("max_pool", &SHAPES, X, |x| x.max_pool(&Window::new(2).stride(1).padding(1)));
    check_shapes("max_pool", &[&[1, 1, 7], &[1, 2, 5, 6]], X, |x| x.max_pool(&Window::new(3).dilation(2).stride(1)));
    check_shapes("adaptive_max_pool", &SHAPES, X, |x| x.adaptive_max_pool(2));
}

#[test]
fn windows_that_are_cut_off() {
    let window = Window::new(2).stride(3).padding(1).ceil_mode();
    check_shapes("max_pool in ceil mode", &SHAPES, X, |x| x.max_pool(&window));
    check_shapes("mean_pool in ceil mode", &SHAPES, X, |x| x.mean_pool(&window, true));
    check_shapes("lp_pool in ceil mode", &SHAPES, X, |x| x.lp_pool(2.0, &window));
}

#[test]
fn means() {
    let window = Window::new(2).stride(1).padding(1);
    check_shapes("mean_pool", &SHAPES, X, |x| x.mean_pool(&Window::new(2), true));
    check_shapes("mean_pool", &SHAPES, X, |x| x.mean_pool(&window, true));
    check_shapes("mean_pool", &SHAPES, X, |x| x.mean_pool(&window, false));
    check_shapes("adaptive_mean_pool", &SHAPES, X, |x| x.adaptive_mean_pool(2));
}

#[test]
fn norms() {
    check_shapes("lp_pool 1", &SHAPES, AWAY_FROM_ZERO, |x| x.lp_pool(1.0, &Window::new(2)));
    check_shapes("lp_pool 2", &SHAPES, X, |x| x.lp_pool(2.0, &Window::new(2).stride(1)));
    check_shapes("lp_pool 3", &SHAPES, AWAY_FROM_ZERO, |x| (-x).lp_pool(3.0, &Window::new(2).padding(1)));
}
