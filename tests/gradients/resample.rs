use sapwood::ops::Interpolation;

use crate::harness::check_shapes;

const X: std::ops::Range<f64> = -2.0..2.0;

#[test]
fn interpolations() {
    let shapes: &[&[usize]] = &[&[2, 1, 3], &[1, 2, 3, 2], &[1, 1, 2, 2, 3], &[0, 2, 3]];
    check_shapes("nearest", shapes, X, |x| x.interpolate(5, Interpolation::Nearest));
    for align_corners in [false, true] {
        check_shapes("linear", shapes, X, |x| x.interpolate(4, Interpolation::Linear { align_corners }));
        check_shapes("linear", shapes, X, |x| x.interpolate(1, Interpolation::Linear { align_corners }));
        check_shapes("cubic", shapes, X, |x| x.interpolate(4, Interpolation::Cubic { align_corners }));
    }
}

#[test]
fn shuffles() {
    check_shapes("pixel_shuffle", &[&[2, 4, 3], &[1, 4, 2, 1]], X, |x| x.pixel_shuffle(2));
    check_shapes("pixel_unshuffle", &[&[2, 1, 4], &[1, 2, 2, 4]], X, |x| x.pixel_unshuffle(2));
}
