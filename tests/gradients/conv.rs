use sapwood::ops::ConvOptions;
use sapwood::prelude::*;

use crate::harness::check_pair_shapes;

const X: std::ops::Range<f64> = -1.0..1.0;

#[test]
fn convolutions() {
    let plain = ConvOptions::new();
    check_pair_shapes("conv", &[[&[2, 2, 4], &[3, 2, 2]], [&[1, 1, 3, 4], &[2, 1, 2, 3]]], X, |x, w| x.conv(w, &plain));
    check_pair_shapes("conv", &[[&[1, 1, 2, 3, 2], &[2, 1, 2, 2, 1]]], X, |x, w| x.conv(w, &plain));
    check_pair_shapes("conv of nothing", &[[&[0, 1, 3], &[2, 1, 2]]], X, |x, w| x.conv(w, &plain));
    let options = ConvOptions::new().stride([2, 1]).padding([(1, 0), (0, 2)]).dilation([1, 2]).groups(2);
    check_pair_shapes("conv with options", &[[&[1, 2, 3, 4], &[4, 1, 2, 2]]], X, |x, w| x.conv(w, &options));
    let same = ConvOptions::new().stride(2);
    let both = |x: &Tensor<f64>, w: &Tensor<f64>| x.conv(w, &same) * x.square().conv(w, &same);
    check_pair_shapes("conv of x and of x²", &[[&[1, 1, 5], &[1, 1, 2]]], X, both);
}

#[test]
fn transposed_convolutions() {
    let plain = ConvOptions::new();
    let shapes: [[&[usize]; 2]; 2] = [[&[2, 3, 3], &[3, 2, 2]], [&[1, 1, 2, 3], &[1, 2, 2, 1]]];
    check_pair_shapes("conv_transpose", &shapes, X, |x, w| x.conv_transpose(w, &plain, 0));
    let options = ConvOptions::new().stride(2).padding((1, 0)).groups(2);
    check_pair_shapes("conv_transpose with options", &[[&[1, 2, 2, 2], &[2, 1, 2, 2]]], X, |x, w| {
        x.conv_transpose(w, &options, [1, 0])
    });
}
