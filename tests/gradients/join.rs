use sapwood::prelude::*;

use crate::harness::{check, check_pair_shapes, check_shapes};

const X: std::ops::Range<f64> = -2.0..2.0;

#[test]
fn joins() {
    let shapes: [[&[usize]; 2]; 3] = [[&[3, 2], &[3, 4]], [&[2, 2, 3], &[2, 1, 3]], [&[0, 2], &[0, 3]]];
    check_pair_shapes("concat", &shapes, X, |x, y| Tensor::concat(&[x, y, x], 1));
    let shapes: [[&[usize]; 2]; 3] = [[&[3, 2], &[3, 2]], [&[], &[]], [&[0], &[0]]];
    check_pair_shapes("stack", &shapes, X, |x, y| Tensor::stack(&[x, y, x], x.rank()));
}

#[test]
fn parts() {
    check_shapes("split", &[&[3, 4], &[3, 4, 2]], X, |x| x.split(&[1, 0, 3], 1).swap_remove(2).square());
    check_shapes("chunk", &[&[3, 4], &[3, 0]], X, |x| {
        x.chunk(2, 0).iter().enumerate().fold(Tensor::scalar(0.0), |sum, (i, part)| sum + part.sum() * (i + 1) as f64)
    });
}

#[test]
fn copies() {
    check("pad", X, |x| x.pad(&vec![(1, 2); x.rank()], 0.5));
    check("repeat", X, |x| x.repeat(&vec![2; x.rank()]));
    check("repeat along new axes", X, |x| x.repeat(&vec![2; x.rank() + 1]));
    check_shapes("repeat_interleave", &[&[3, 4], &[3, 0]], X, |x| x.repeat_interleave(3, 1));
    check_shapes("no copies", &[&[3, 4]], X, |x| x.repeat_interleave(0, 1));
}
