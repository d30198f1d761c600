use ndarray::NewAxis;
use sapwood::prelude::*;

use crate::harness::{check, check_shapes};

const X: std::ops::Range<f64> = -2.0..2.0;

#[test]
fn of_any_shape() {
    check("flatten", X, |x| x.flatten());
    check("reshape", X, |x| x.reshape((x.len(), 1)));
    check("t", X, |x| x.t());
    check("unsqueeze", X, |x| x.unsqueeze(x.rank()));
    check("squeeze", X, |x| x.unsqueeze(0).squeeze(0));
    check("stop_gradient", X, |x| x * x.stop_gradient().sign());
}

#[test]
fn of_matrices() {
    let check = |name, f: fn(&Tensor<f64>) -> Tensor<f64>| check_shapes(name, &[&[3, 4], &[0, 3], &[3, 0]], X, f);
    check("permute", |x| x.permute(&[1, 0]));
    check("swap_axes", |x| x.swap_axes(0, 1));
    check("flip", |x| x.flip(0).flip(1));
    check("reshape of the transpose", |x| x.t().reshape(x.shape()));
}

#[test]
fn slices() {
    let check = |name, shape: &[usize], f: fn(&Tensor<f64>) -> Tensor<f64>| check_shapes(name, &[shape], X, f);
    check("range", &[3, 4], |x| x.slice(s![.., 1..3]));
    check("step", &[3, 4], |x| x.slice(s![..;2, ..;3]));
    check("reversed step", &[3, 4], |x| x.slice(s![1..;-1, ..;-2]));
    check("index", &[3, 4], |x| x.slice(s![-1]));
    check("new axis", &[3, 4], |x| x.slice(s![NewAxis, 1.., NewAxis, 2]));
    check("all indices", &[3, 4], |x| x.slice(s![1, 2]));
    check("nothing", &[3, 4], |x| x.slice(s![1..1, ..]));
    check("empty", &[0, 3], |x| x.slice(s![.., ..2]));
    // Their cotangents meet in one.
    check("overlapping parts", &[3, 4], |x| {
        x.slice(s![.., 1..]) * x.slice(s![.., ..3]) + x.slice(s![NewAxis, 1, ..;-2]).sum()
    });
    check("parts and the whole", &[3, 4], |x| x * x.slice(s![1.., 1]).sum() + x.slice(s![2]));
}

#[test]
fn diagonals() {
    let check = |name, f: fn(&Tensor<f64>) -> Tensor<f64>| check_shapes(name, &[&[3, 4], &[2, 3, 2], &[0, 3]], X, f);
    check("diagonal", |x| x.diagonal(0));
    check("diagonal 1", |x| x.diagonal(1));
    check("diagonal -2", |x| x.diagonal(-2));
    check("diag_embed", |x| x.diag_embed(0));
    check("diag_embed -1", |x| x.diag_embed(-1));
    check("tril", |x| x.tril(0));
    check("triu", |x| x.triu(1));
    check("roll", |x| x.roll(1, 0).roll(-3, -1));
}
