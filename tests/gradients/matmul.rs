use sapwood::prelude::*;

use crate::harness::check_pair_shapes;

#[test]
fn vectors_and_matrices() {
    let shapes: [[&[usize]; 2]; 6] =
        [[&[3], &[3]], [&[2, 3], &[3]], [&[3], &[3, 2]], [&[2, 3], &[3, 4]], [&[0, 3], &[3, 2]], [&[2, 0], &[0, 3]]];
    check_pair_shapes("matmul", &shapes, -2.0..2.0, |x, y| x.matmul(y));
}

#[test]
fn batches() {
    let shapes: [[&[usize]; 2]; 7] = [
        [&[2, 2, 3], &[3, 2]],
        [&[2, 3], &[2, 3, 2]],
        [&[2, 2, 3], &[2, 3, 2]],
        [&[2, 1, 2, 3], &[3, 3, 2]],
        [&[2, 2, 3], &[3]],
        [&[3], &[2, 3, 2]],
        [&[0, 2, 3], &[3, 2]],
    ];
    check_pair_shapes("matmul", &shapes, -2.0..2.0, |x, y| x.matmul(y));
}

#[test]
fn transposed_operands() {
    let shapes: [[&[usize]; 2]; 2] = [[&[3, 2], &[4, 3]], [&[2, 3, 2], &[4, 3]]];
    check_pair_shapes("matmul of transposes", &shapes, -2.0..2.0, |x, y| x.t().matmul(&y.t()));
}

#[test]
fn einsums() {
    let check =
        |letters, a, b| check_pair_shapes(letters, &[[a, b]], -2.0..2.0, |x, y| Tensor::einsum(letters, &[x, y]));
    check("ij,kj->ki", &[2, 3], &[4, 3]);
    check("bij,bij->bj", &[2, 3, 2], &[2, 3, 2]);
    check("i,jj->ij", &[3], &[2, 2]);
    check("...ij,jk->...", &[2, 2, 3], &[3, 2]);
    check("abc,bad->dc", &[2, 3, 2], &[3, 2, 2]);
    check("ij,jk", &[0, 3], &[3, 2]);
}
