//! A product by a matrix plus a row, with or without a rectifier: a fully connected layer.

use super::matmul::{matrix, matrix_product};
use crate::autodiff::op;
use crate::kernels::matmul::{Sizes, matmul, rectified_product};
use crate::kernels::{pool, rows};
use crate::tensor::{Float, Shape, Tensor};

/// y = x · W + b for a matrix W `[k, n]` and a row b `[n]`; where `rectified`, max(0, that): in one pass.
///
/// Derivatives: x̄ = ȳ · Wᵀ, W̄ = xᵀ · ȳ and b̄ = Σ ȳ over all axes but the last, where ȳ counts only where y is above 0 (or NaN) if
/// it is rectified.
///
/// # Panics
/// As [`Tensor::matmul`], and where the row is not as long as the result is wide.
#[inline(never)]
#[track_caller]
pub(crate) fn dense<T: Float>(x: &Tensor<T>, w: &Tensor<T>, bias: &Tensor<T>, rectified: bool) -> Tensor<T> {
    let (of_x, of_w) = (x.shape(), w.shape());
    assert!(
        of_w.len() == 2 && of_x.last() == Some(&of_w[0]),
        "matmul: a matrix of shape {of_w:?} does not fit the shape {of_x:?}"
    );
    let (k, n) = (of_w[0], of_w[1]);
    assert!(bias.shape() == [n], "matmul: a bias of shape {:?} does not fit {n} outputs", bias.shape());
    let m = of_x[..of_x.len() - 1].iter().product();
    let forward = |[x, w, bias]: [&Tensor<T>; 3]| {
        let (pair, bias) = ((matrix(x, x.layout().offset), matrix(w, w.layout().offset)), bias.contiguous());
        let mut y = pool::buffer(m * n);
        if rectified {
            rectified_product(&mut y, Sizes { m, k, n }, bias.dense(), pair);
        } else {
            matmul(&mut y, Sizes { m, k, n }, Some(bias.dense()), |_| pair);
        }
        Tensor::from_dense(y, &[m, n])
    };
    let y = op([&x.reshape((m, k)), w, bias], forward, &|[x, w, _]: [&Tensor<T>; 3], y: &Tensor<T>| {
        let (xt, wt, y) = (x.t(), w.t(), rectified.then(|| y.clone()));
        move |g: Tensor<T>, watched: [bool; 3]| {
            let (g, sums) = match &y {
                Some(y) => above_zero(g, y),
                None => (g, None),
            };
            [
                watched[0].then(|| matrix_product(&g, &wt)),
                watched[1].then(|| matrix_product(&xt, &g)),
                watched[2].then(|| sums.unwrap_or_else(|| g.sum_axis(0))),
            ]
        }
    });
    let mut shape = Shape::from_slice(of_x);
    shape[of_x.len() - 1] = n;
    y.reshape(shape.as_slice())
}

/// The cotangent times relu's slope, and in the same pass its sums over the first axis, unless an outer gradient watches.
fn above_zero<T: Float>(mut g: Tensor<T>, y: &Tensor<T>) -> (Tensor<T>, Option<Tensor<T>>) {
    if g.is_traced() || y.is_traced() {
        return (g * y.le(T::zero()).where_(T::zero(), T::one()), None);
    }
    let sums = rows::keep_above_zero(g.as_mut_slice(), y.dense(), y.shape()[1]);
    let sums = Tensor::from_dense(sums, &y.shape()[1..]);
    (g, Some(sums))
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::dense;
    use crate::ops::channels::tests::agree;
    use crate::prelude::*;

    #[test]
    fn one_pass_equals_the_operations_one_after_the_other() {
        // Against the plain composition, to the second derivative.
        let mut rng = StdRng::seed_from_u64(3);
        for (shape, outputs) in [(&[5][..], 4), (&[7, 5], 4), (&[2, 3, 5], 1), (&[300, 20], 35), (&[3, 100, 40], 7)] {
            let inputs = shape[shape.len() - 1];
            let of = [shape, &[inputs, outputs], &[outputs]];
            let operands = of.map(|shape| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng));
            let plain = |[x, w, b]: &[Tensor<f64>; 3]| x.matmul(w) + b;
            agree(&operands, |[x, w, b]| dense(x, w, b, false).powi(3).sum(), |m| plain(m).powi(3).sum());
            agree(&operands, |[x, w, b]| dense(x, w, b, true).powi(3).sum(), |m| plain(m).relu().powi(3).sum());
        }
        let none = dense(&Tensor::<f32>::ones((2, 0)), &Tensor::ones((0, 3)), &Tensor::from([-1.0, 0.0, 2.0]), true);
        assert_eq!(none, Tensor::from([[0.0, 0.0, 2.0], [0.0, 0.0, 2.0]]));
    }

    #[test]
    fn operands_may_lie_in_any_way() {
        let mut rng = StdRng::seed_from_u64(4);
        let mut draw = |shape: (usize, usize)| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
        let (x, w, b) = (draw((20, 300)).t(), draw((24, 40)).t(), draw((1, 48)).reshape(48));
        let (x, w, b) = (x.slice(s![..;-1, ..]), w.slice(s![..;2, ..]), b.slice(s![..;2]));
        for rectified in [false, true] {
            let y = x.matmul(&w) + &b;
            let expected = if rectified { y.relu() } else { y };
            assert!((dense(&x, &w, &b, rectified) - expected).abs().max().item() < 1e-12);
        }
    }

    #[test]
    fn a_rectified_nan_stays_and_has_a_gradient() {
        // As `relu`: NaN stays NaN, and counts as above 0 on the way back.
        let x: Tensor<f64> = Tensor::from([[1.0], [f64::NAN], [-1.0]]);
        let (w, b) = (Tensor::from([[1.0, -1.0]]), Tensor::from([0.0, 0.0]));
        let y = dense(&x, &w, &b, true).to_vec();
        assert!(y[2].is_nan() && y[3].is_nan());
        assert_eq!([&y[..2], &y[4..]].concat(), [1.0, 0.0, 0.0, 1.0]);
        let g = gradient(|b: &Tensor<f64>| dense(&x, &w, b, true).sum(), &b);
        assert_eq!(g.get().unwrap().to_vec(), [2.0, 2.0]);
    }

    /// Tall results by blocks of rows and others, of more than one panel, with a last block that is not full.
    const SIZES: [[usize; 3]; 4] = [[2000, 40, 70], [257, 300, 16], [300, 2100, 20], [1000, 17, 130]];

    #[test]
    fn a_rectified_product_has_the_bits_of_the_product() {
        for [m, k, n] in SIZES {
            let mut rng = StdRng::seed_from_u64(5);
            let mut draw = |shape: &[usize]| Tensor::<f32>::normal(shape, 0.0, 1.0, &mut rng);
            let [x, w, b] = [draw(&[m, k]), draw(&[k, n]), draw(&[n])];
            assert_eq!(dense(&x, &w, &b, true), dense(&x, &w, &b, false).relu(), "{m}×{k}×{n}");
        }
        let zeros = dense(&Tensor::from([[-1.0f32]]), &Tensor::zeros((1, 16)), &Tensor::full(16, -0.0), true);
        assert!(zeros.to_vec().into_iter().all(f32::is_sign_positive));
    }

    #[test]
    fn threads_change_no_bit() {
        for [m, k, n] in SIZES {
            let mut rng = StdRng::seed_from_u64(6);
            let mut draw = |shape: &[usize]| Tensor::<f32>::normal(shape, 0.0, 1.0, &mut rng);
            let operands = [draw(&[m, k]), draw(&[k, n]), draw(&[n])];
            let results = [1, 2, 3, 8].map(|threads| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let (loss, grads) = with_gradient(|[x, w, b]| dense(x, w, b, true).square().sum(), &operands);
                    (loss, grads.map(|grad| grad.get().unwrap().clone()))
                })
            });
            assert!(results.iter().all(|result| result == &results[0]), "{m}×{k}×{n}");
        }
    }

    #[test]
    #[should_panic(expected = "matmul: a bias of shape [1, 2] does not fit 2 outputs")]
    fn a_bias_is_a_row() {
        let _ = dense(&Tensor::<f32>::ones((3, 2)), &Tensor::ones((2, 2)), &Tensor::ones((1, 2)), false);
    }
}
