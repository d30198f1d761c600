use sapwood::ops::Keep;
use sapwood::prelude::*;

use crate::harness::{check, check_shapes};

const X: std::ops::Range<f64> = -2.0..2.0;
/// Shapes of two and more axes, one of them without elements to give or to take.
const SHAPES: &[&[usize]] = &[&[3, 4], &[2, 3, 2], &[4, 1], &[0, 3], &[5]];

/// Along the first axis, the last one, kept, and two at once.
fn along_axes(
    name: &str,
    shapes: &[&[usize]],
    operation: impl Fn(&Tensor<f64>, &[isize]) -> Tensor<f64>,
    kept: impl Fn(&Tensor<f64>, Keep<isize>) -> Tensor<f64>,
) {
    check_shapes(&format!("{name} 0"), shapes, X, |x| operation(x, &[0]));
    check_shapes(&format!("{name} -1"), shapes, X, |x| operation(x, &[-1]));
    check_shapes(&format!("{name} Keep(0)"), shapes, X, |x| kept(x, Keep(0)));
    check_shapes(&format!("{name} Keep(-1)"), shapes, X, |x| kept(x, Keep(-1)));
    check_shapes(&format!("{name} [-1, 0]"), &[&[3, 4], &[2, 3, 2]], X, |x| operation(x, &[-1, 0]));
}

#[test]
fn sums_and_means() {
    check("sum", X, |x| x.sum());
    along_axes("sum_axis", SHAPES, |x, axes| x.sum_axis(axes), |x, axis| x.sum_axis(axis));
    check_shapes("mean", &[&[3, 4], &[2, 3, 2], &[5], &[]], X, |x| x.mean());
    along_axes("mean_axis", &SHAPES[..3], |x, axes| x.mean_axis(axes), |x, axis| x.mean_axis(axis));
    check_shapes("mean_axis", &[&[0, 3]], X, |x| x.mean_axis(1));
}

#[test]
fn variances() {
    check_shapes("var", &[&[3, 4], &[2, 3, 2], &[5], &[]], X, |x| x.var(0));
    check_shapes("var", &[&[3, 4], &[2, 3, 2], &[5]], X, |x| x.var(1));
    along_axes("var_axis", &SHAPES[..3], |x, axes| x.var_axis(axes, 0), |x, axis| x.var_axis(axis, 0));
    check_shapes("var_axis", &[&[0, 3]], X, |x| x.var_axis(1, 1));
}

#[test]
fn deviations() {
    // Equal elements, as in a broadcast axis, have no derivative there.
    check_shapes("std", &[&[3, 4], &[2, 3, 2]], X, |x| x.std(0));
    check_shapes("std_axis", &[&[3, 4], &[2, 3, 2], &[0, 3]], X, |x| x.std_axis(-1, 1));
    check_shapes("std_axis", &[&[3, 4], &[2, 3, 2]], X, |x| x.std_axis(Keep([-1, 0]), 1));
}

#[test]
fn products() {
    check("prod", X, |x| x.prod());
    along_axes("prod_axis", SHAPES, |x, axes| x.prod_axis(axes), |x, axis| x.prod_axis(axis));
    // Rows with no zero, one and two.
    let with_zeros = Tensor::from([[1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [0.0, 2.0, 0.0]]);
    crate::harness::check_model("prod_axis with zeros", &with_zeros, |x| x.prod_axis(1));
}

#[test]
fn extrema() {
    check_shapes("max", &[&[3, 4], &[], &[5]], X, distinct(|x| x.max()));
    check_shapes("min", &[&[3, 4], &[], &[5]], X, distinct(|x| x.min()));
    let shapes: &[&[usize]] = &[&[3, 4], &[2, 3, 2], &[0, 3]];
    check_shapes("max_axis", shapes, X, distinct(|x| x.max_axis(-1)));
    check_shapes("max_axis", shapes, X, distinct(|x| x.max_axis([1])));
    check_shapes("min_axis", shapes, X, distinct(|x| x.min_axis(Keep(1))));
}

/// The operation of x plus different constants, since equal elements, as in a broadcast axis, are a kink.
fn distinct(operation: impl Fn(&Tensor<f64>) -> Tensor<f64>) -> impl Fn(&Tensor<f64>) -> Tensor<f64> {
    move |x| operation(&(x + Tensor::linspace(0.0, 0.1, x.len()).reshape(x.shape())))
}

#[test]
fn norms() {
    check_shapes("norm", &[&[3, 4], &[2, 3, 2], &[5], &[]], X, |x| x.norm());
    along_axes("norm_axis", &SHAPES[..3], |x, axes| x.norm_axis(axes), |x, axis| x.norm_axis(axis));
    check_shapes("norm_axis", &[&[0, 3]], X, |x| x.norm_axis(1));
}

#[test]
fn logsumexp() {
    check_shapes("logsumexp", &[&[3, 4], &[2, 3, 2], &[5], &[]], X, |x| x.logsumexp());
    along_axes("logsumexp_axis", &SHAPES[..3], |x, axes| x.logsumexp_axis(axes), |x, axis| x.logsumexp_axis(axis));
    check_shapes("logsumexp_axis", &[&[0, 3]], X, |x| x.logsumexp_axis(1));
}

#[test]
fn softmax() {
    for axis in [0, -1] {
        check_shapes("softmax", SHAPES, X, |x| x.softmax(axis));
        check_shapes("log_softmax", SHAPES, X, |x| x.log_softmax(axis));
    }
}

#[test]
fn running_results() {
    for axis in [0, -1] {
        check_shapes("cumsum", SHAPES, X, |x| x.cumsum(axis));
        check_shapes("cumprod", SHAPES, X, |x| x.cumprod(axis));
        check_shapes("cummax", SHAPES, X, distinct(|x| x.cummax(axis)));
    }
    let with_zeros = Tensor::from([[1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [0.0, 2.0, 0.0]]);
    crate::harness::check_model("cumprod with zeros", &with_zeros, |x| x.cumprod(1));
}

#[test]
fn normalised() {
    check_shapes("standardise", &[&[3, 4], &[4, 3], &[0, 3]], X, |x| x.standardise(-1, 0.1));
    check_shapes("standardise of two axes", &[&[2, 3, 2]], X, |x| x.standardise([0, 2], 0.1));
    check_shapes("rms_normalise", &[&[3, 4], &[4, 3], &[0, 3]], X, |x| x.rms_normalise(-1, 0.1));
}
