use sapwood::ops::AttentionMask;
use sapwood::prelude::*;

use crate::harness::{check_model, check_pair_shapes, check_shapes, random};

const X: std::ops::Range<f64> = -2.0..2.0;

#[test]
fn attention() {
    let keep = Tensor::from([[true, false, true], [false, false, false]]);
    let shapes: [[&[usize]; 2]; 2] = [[&[2, 4], &[3, 4]], [&[2, 2, 3], &[2, 3, 3]]];
    check_pair_shapes("attention", &shapes, X, |q, k| q.attention(k, &(k * 0.5), AttentionMask::None));
    check_pair_shapes("causal attention", &shapes, X, |q, k| q.attention(k, &k.sin(), AttentionMask::Causal));
    check_pair_shapes("masked attention", &shapes, X, |q, k| q.attention(k, k, AttentionMask::Keep(&keep)));
    check_shapes("attention with added numbers", &[&[3, 3]], X, |x| x.attention(x, x, AttentionMask::Add(x)));
}

#[test]
fn attention_of_several_tiles() {
    for (queries, mask) in [(9, AttentionMask::None), (33, AttentionMask::Causal)] {
        let inputs = [([queries, 1], 1), ([65, 1], 2), ([65, 1], 3)].map(|(shape, seed)| random(&shape, X, seed));
        check_model("attention of several tiles", &inputs, |[q, k, v]: &[Tensor<f64>; 3]| q.attention(k, v, mask));
    }
}

#[test]
fn rotary() {
    check_shapes("rotary", &[&[3, 4], &[2, 3, 2]], X, |x| x.rotary(2, 100.0));
}
