//! Reductions beside naive ones by `ndarray`, over random shapes, axes and layouts.

use ndarray::{ArrayD, ArrayViewD, Axis, Slice};
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::RngSeed;
use sapwood::ops::Keep;
use sapwood::tensor::Tensor;

/// A tensor of up to four axes, its storage permuted, sliced and reversed at random; with small whole numbers, so that
/// sums and products are exact and ties are many.
fn tensors() -> impl Strategy<Value = Tensor<f64>> {
    let axis = (0usize..=5, prop_oneof![Just(1isize), Just(2), Just(-1), Just(-2)]);
    let shape = proptest::collection::vec(axis, 0..=4);
    shape.prop_flat_map(|axes| {
        let lengths: Vec<usize> = axes.iter().map(|(length, step)| length * step.unsigned_abs()).collect();
        let count: usize = lengths.iter().product();
        let order = Just((0..axes.len()).collect::<Vec<_>>()).prop_shuffle();
        let elements = proptest::collection::vec((-3i8..=3).prop_map(f64::from), count);
        (elements, order).prop_map(move |(elements, order)| {
            let mut array = ArrayD::from_shape_vec(lengths.as_slice(), elements).expect("as many as the shape has");
            for (axis, &(_, step)) in axes.iter().enumerate() {
                array.slice_axis_inplace(Axis(axis), Slice::new(0, None, step));
            }
            Tensor::from(array.permuted_axes(order))
        })
    })
}

/// A tensor and some of its axes.
fn with_axes() -> impl Strategy<Value = (Tensor<f64>, Vec<usize>)> {
    tensors().prop_flat_map(|x| {
        let rank = x.rank();
        (Just(x), subsequence((0..rank).collect::<Vec<_>>(), 0..=rank))
    })
}

/// A tensor and one of its axes.
fn with_axis() -> impl Strategy<Value = (Tensor<f64>, usize)> {
    let of_rank = tensors().prop_filter("one axis at least", |x| x.rank() > 0);
    of_rank.prop_flat_map(|x| {
        let rank = x.rank();
        (Just(x), 0..rank)
    })
}

/// `f` of the elements along some axes, in row-major order: those axes are moved last, and each rest is a line.
fn naive<U>(x: &Tensor<f64>, axes: &[usize], f: impl Fn(Vec<f64>) -> U) -> Vec<U> {
    let kept: Vec<usize> = (0..x.rank()).filter(|axis| !axes.contains(axis)).collect();
    let array = x.to_array();
    let lengths: Vec<usize> = kept.iter().map(|&axis| array.len_of(Axis(axis))).collect();
    let line = |index: ndarray::IxDyn| {
        // From the last axis on, so that the numbers of those before stay right.
        let view = kept
            .iter()
            .enumerate()
            .rev()
            .fold(array.view(), |view: ArrayViewD<f64>, (i, &axis)| view.index_axis_move(Axis(axis), index[i]));
        f(view.iter().copied().collect())
    };
    ndarray::indices(lengths).into_iter().map(line).collect()
}

fn close(a: &[f64], b: &[f64]) -> bool {
    let near = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * b.abs().max(1.0);
    a.len() == b.len() && a.iter().zip(b).all(near)
}

fn signed(axes: &[usize], rank: usize) -> Vec<isize> {
    axes.iter().map(|&axis| axis as isize - rank as isize).collect()
}

/// Σ (x − x̂)² / (n − ddof), as it is written.
fn naive_var(x: &[f64], ddof: usize) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len().saturating_sub(ddof) as f64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_products_and_means((x, axes) in with_axes()) {
        let sum = x.sum_axis(axes.as_slice());
        prop_assert_eq!(sum.to_vec(), naive(&x, &axes, |line| line.iter().sum::<f64>()));
        let prod = x.prod_axis(axes.as_slice());
        prop_assert_eq!(prod.to_vec(), naive(&x, &axes, |line| line.iter().product::<f64>()));
        let mean = naive(&x, &axes, |line| line.iter().sum::<f64>() / line.len() as f64);
        prop_assert!(close(&x.mean_axis(axes.as_slice()).to_vec(), &mean));
        // Negative axes are the same ones; kept axes hold the same elements.
        prop_assert_eq!(&x.sum_axis(signed(&axes, x.rank()).as_slice()), &sum);
        let kept = x.sum_axis(Keep(axes.as_slice()));
        let shape: Vec<usize> =
            (0..x.rank()).map(|axis| if axes.contains(&axis) { 1 } else { x.shape()[axis] }).collect();
        prop_assert_eq!(kept.shape(), shape);
        prop_assert_eq!(kept.to_vec(), sum.to_vec());
    }

    #[test]
    fn whole_tensors((x, _) in with_axes()) {
        let all = x.to_vec();
        prop_assert_eq!(x.sum().item(), all.iter().sum::<f64>());
        prop_assert_eq!(x.prod().item(), all.iter().product::<f64>());
        prop_assert!(close(&[x.norm().item()], &[all.iter().map(|x| x * x).sum::<f64>().sqrt()]));
        prop_assert!(close(&[x.var(0).item()], &[naive_var(&all, 0)]));
        if !all.is_empty() {
            let largest = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(x.max().item(), largest);
            prop_assert_eq!(Some(x.argmax().item()), all.iter().position(|&x| x == largest));
        }
    }

    #[test]
    fn spreads_and_norms((x, axes) in with_axes(), ddof in 0usize..2) {
        let var = naive(&x, &axes, |line| naive_var(&line, ddof));
        prop_assert!(close(&x.var_axis(axes.as_slice(), ddof).to_vec(), &var));
        let std: Vec<f64> = var.iter().map(|var| var.sqrt()).collect();
        prop_assert!(close(&x.std_axis(axes.as_slice(), ddof).to_vec(), &std));
        let norm = naive(&x, &axes, |line| line.iter().map(|x| x * x).sum::<f64>().sqrt());
        prop_assert!(close(&x.norm_axis(axes.as_slice()).to_vec(), &norm));
        let logsumexp = naive(&x, &axes, |line| line.iter().map(|x| x.exp()).sum::<f64>().ln());
        prop_assert!(close(&x.logsumexp_axis(axes.as_slice()).to_vec(), &logsumexp));
    }

    #[test]
    fn extrema((x, axes) in with_axes()) {
        prop_assume!(axes.iter().all(|&axis| x.shape()[axis] > 0));
        let max = naive(&x, &axes, |line| line.into_iter().fold(f64::NEG_INFINITY, f64::max));
        prop_assert_eq!(x.max_axis(axes.as_slice()).to_vec(), max);
        let min = naive(&x, &axes, |line| line.into_iter().fold(f64::INFINITY, f64::min));
        prop_assert_eq!(x.min_axis(axes.as_slice()).to_vec(), min);
    }

    #[test]
    fn places_and_orders((x, axis) in with_axis(), descending: bool, part in 0usize..=5) {
        let rank = x.rank();
        if x.shape()[axis] > 0 {
            let first_largest = |line: Vec<f64>| (0..line.len()).rev().max_by(|&i, &j| line[i].total_cmp(&line[j]));
            let places = x.argmax_axis(axis).to_vec();
            prop_assert_eq!(places.into_iter().map(Some).collect::<Vec<_>>(), naive(&x, &[axis], first_largest));
        }
        let sorted = |mut line: Vec<f64>| {
            line.sort_by(|a, b| if descending { b.total_cmp(a) } else { a.total_cmp(b) });
            line
        };
        // Rows of the result, for results along the axis.
        let rows = |y: &Tensor<f64>| naive(y, &[axis], |line| line);
        let (values, places) = x.sort(axis as isize - rank as isize, descending);
        let expected = naive(&x, &[axis], sorted);
        prop_assert_eq!(&rows(&values), &expected);
        prop_assert_eq!(&x.gather(axis, &places), &values);
        let k = part.min(x.shape()[axis]);
        let (top, first) = x.topk(k, axis, descending);
        prop_assert_eq!(rows(&top), expected.into_iter().map(|line| line[..k].to_vec()).collect::<Vec<_>>());
        prop_assert!(naive(&first.cast(), &[axis], |line| line) ==
            naive(&places.cast(), &[axis], |line| line[..k].to_vec()));
    }

    #[test]
    fn running_results((x, axis) in with_axis()) {
        let running = |f: fn(f64, f64) -> f64| {
            naive(&x, &[axis], move |line| {
                let mut last = None;
                line.into_iter().map(|x| *last.insert(last.map_or(x, |last| f(last, x)))).collect::<Vec<f64>>()
            })
        };
        let rows = |y: &Tensor<f64>| naive(y, &[axis], |line| line);
        prop_assert_eq!(rows(&x.cumsum(axis)), running(|a, b| a + b));
        prop_assert_eq!(rows(&x.cumprod(axis)), running(|a, b| a * b));
        prop_assert_eq!(rows(&x.cummax(axis)), running(f64::max));
    }

    #[test]
    fn softmax((x, axis) in with_axis()) {
        let softmax = |line: Vec<f64>| {
            let sum: f64 = line.iter().map(|x| x.exp()).sum();
            line.iter().map(|x| x.exp() / sum).collect::<Vec<_>>()
        };
        let expected = naive(&x, &[axis], softmax).concat();
        prop_assert!(close(&naive(&x.softmax(axis), &[axis], |line| line).concat(), &expected));
        let logs: Vec<f64> = expected.iter().map(|p| p.ln()).collect();
        prop_assert!(close(&naive(&x.log_softmax(axis), &[axis], |line| line).concat(), &logs));
    }
}

/// Enough elements for several threads, along either axis and over both.
#[test]
fn large_reductions() {
    let array = ndarray::Array2::from_shape_fn((700, 600), |(i, j)| ((i * 7 + j * 13) % 11) as f64);
    let x = Tensor::from(array.clone());
    for x in [x.clone(), Tensor::from(x.t().to_array()).t()] {
        assert_eq!(x.sum_axis(0).to_vec(), array.sum_axis(Axis(0)).to_vec());
        assert_eq!(x.sum_axis(1).to_vec(), array.sum_axis(Axis(1)).to_vec());
        assert_eq!(x.sum().item(), array.sum());
        assert_eq!(x.max_axis(0).to_vec(), array.fold_axis(Axis(0), 0.0, |a: &f64, b| a.max(*b)).to_vec());
        assert!(x.softmax(0).sum_axis(0).to_vec().iter().all(|sum| (sum - 1.0).abs() < 1e-12));
    }
}
