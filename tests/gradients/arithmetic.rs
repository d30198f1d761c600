use crate::harness::{check, check_pair};

const X: std::ops::Range<f64> = -2.0..2.0;
const AWAY_FROM_ZERO: std::ops::Range<f64> = 0.5..2.0;

#[test]
fn operators() {
    check_pair("x + y", X, |x, y| x + y);
    check_pair("x - y", X, |x, y| x - y);
    check_pair("x * y", X, |x, y| x * y);
    check_pair("x / y", AWAY_FROM_ZERO, |x, y| x / y);
    check("-x", X, |x| -x);
}

#[test]
fn operators_with_a_number() {
    check("x + c", X, |x| x + 2.0);
    check("c - x", X, |x| 2.0 - x);
    check("x * c", X, |x| x * 3.0);
    check("x / c", X, |x| x / 3.0);
    check("c / x", AWAY_FROM_ZERO, |x| 3.0 / x);
}

#[test]
fn broadcasting() {
    check("sum_to", X, |x| x.sum_to(()));
    check("broadcast_to", X, |x| {
        let mut shape = vec![2];
        shape.extend(x.shape());
        x.broadcast_to(shape)
    });
}
