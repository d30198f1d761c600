use sapwood::prelude::*;

use crate::harness::{check_pair_shapes, check_shapes};

const X: std::ops::Range<f64> = -2.0..2.0;

#[test]
fn gather_and_scatter_add() {
    let index = Tensor::from([[0i64, 2, 1, 1], [2, 2, 0, 1]]);
    check_shapes("gather 0", &[&[3, 4], &[3, 5]], X, |x| x.gather(0, &index));
    check_shapes("gather -1", &[&[2, 3], &[3, 4]], X, |x| x.gather(-1, &index));
    check_shapes("gather nothing", &[&[0, 3]], X, |x| x.gather(1, &Tensor::<u8>::zeros((0, 2))));
    let transposed = index.t();
    check_shapes("gather transposed", &[&[4, 3]], X, |x| x.gather(1, &transposed));
    check_pair_shapes("scatter_add 0", &[[&[3, 4], &[2, 4]]], X, |x, source| x.scatter_add(0, &index, source));
    check_pair_shapes("scatter_add -1", &[[&[2, 3], &[2, 4]]], X, |x, source| x.scatter_add(-1, &index, source));
}

#[test]
fn index_select_and_index_add() {
    let indices = Tensor::from([2usize, 0, 2, 1]);
    check_shapes("index_select 0", &[&[3, 4], &[3, 2, 2], &[3]], X, |x| x.index_select(0, &indices));
    check_shapes("index_select -1", &[&[2, 3], &[2, 2, 3], &[0, 3]], X, |x| x.index_select(-1, &indices));
    let table = Tensor::from([[1i32, 0], [2, 2]]);
    check_shapes("index_select 1", &[&[2, 3], &[2, 3, 2]], X, |x| x.index_select(1, &table));
    check_pair_shapes("index_add 0", &[[&[3, 2], &[4, 2]]], X, |x, source| x.index_add(0, &indices, source));
    check_pair_shapes("index_add 1", &[[&[2, 3], &[2, 2, 2]]], X, |x, source| x.index_add(1, &table, source));
}

#[test]
fn sort_and_topk() {
    // Broadcast inputs have equal elements along their first axis, which are a kink of sorting along it.
    let shapes: &[&[usize]] = &[&[3, 4], &[2, 3, 2], &[0, 3]];
    check_shapes("sort", shapes, X, |x| x.sort(-1, false).0);
    check_shapes("sort", shapes, X, |x| x.sort(1, true).0);
    check_shapes("topk", shapes, X, |x| x.topk(2, -1, true).0);
    check_shapes("topk", shapes, X, |x| x.topk(1, 1, false).0);
}

#[test]
fn masked_select() {
    let mask = Tensor::from([[true, false, true, true], [false; 4], [true; 4]]);
    check_shapes("masked_select", &[&[3, 4]], X, |x| x.masked_select(&mask));
    check_shapes("masked_select", &[&[4, 3]], X, |x| x.masked_select(&mask.t()));
}
