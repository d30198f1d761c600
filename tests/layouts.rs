//! Operations on operands of random shapes and layouts, beside `ndarray` and naive loops.

use ndarray::{Array, ArrayD, Axis, Ix3, IxDyn, SliceInfoElem};
use proptest::prelude::*;
use sapwood::prelude::*;

/// A tensor of the given shape, and how it lies in memory: axes permuted, reversed, cut out of a larger one, repeated.
#[derive(Clone, Debug)]
struct Case {
    tensor: Tensor<f64>,
    array: ArrayD<f64>,
}

fn case(shape: Vec<usize>) -> impl Strategy<Value = Case> {
    let rank = shape.len();
    let order = Just((0..rank).collect::<Vec<_>>()).prop_shuffle();
    let flags = || proptest::collection::vec(any::<bool>(), rank);
    (order, flags(), flags(), flags(), any::<u64>()).prop_map(move |(order, reversed, cut, repeated, seed)| {
        // The axes in the order of memory, each perhaps wider, or of length one.
        let wide: Vec<usize> = order
            .iter()
            .map(|&axis| match () {
                () if repeated[axis] && shape[axis] > 0 => 1,
                () if cut[axis] => 2 * shape[axis] + 3,
                () => shape[axis],
            })
            .collect();
        let mut tensor = Tensor::<f64>::uniform(wide, -1.0..1.0, &mut StdRng::seed_from_u64(seed));
        let mut back = vec![0; rank];
        order.iter().enumerate().for_each(|(i, &axis)| back[axis] = i);
        tensor = tensor.permute(&back);
        for axis in 0..rank {
            if cut[axis] && !(repeated[axis] && shape[axis] > 0) {
                let mut part: Vec<SliceInfoElem> = vec![(..).into(); rank];
                part[axis] = SliceInfoElem::Slice { start: 1, end: Some(1 + 2 * shape[axis] as isize), step: 2 };
                tensor = tensor.slice(part);
            }
            if reversed[axis] {
                tensor = tensor.flip(axis);
            }
        }
        let tensor = tensor.broadcast_to(shape.clone());
        Case { array: tensor.to_array(), tensor }
    })
}

fn any_case() -> impl Strategy<Value = Case> {
    proptest::collection::vec(0usize..5, 0..5).prop_flat_map(case)
}

fn same(tensor: &Tensor<f64>, array: ndarray::ArrayViewD<'_, f64>) {
    assert_eq!(tensor.view(), array);
    assert_eq!(tensor.to_vec(), array.iter().copied().collect::<Vec<_>>());
    let double: Vec<f64> = array.iter().map(|x| x * 2.0).collect();
    assert_eq!((tensor * 2.0).to_vec(), double, "a kernel reads what the view shows");
}

/// Batch axes of both operands, which broadcast together, then m, k, n, then whether both operands get batch axes.
fn matrices() -> impl Strategy<Value = (Case, Case)> {
    let axis = (1usize..4, any::<bool>(), any::<bool>());
    let batch = proptest::collection::vec(axis, 0..3);
    (batch, 0usize..3, 0usize..3, 0usize..7, 0usize..7, 0usize..7).prop_flat_map(|(batch, drop_a, drop_b, m, k, n)| {
        let mut a: Vec<usize> = batch.iter().map(|&(length, one, _)| if one { 1 } else { length }).collect();
        let mut b: Vec<usize> = batch.iter().map(|&(length, _, one)| if one { 1 } else { length }).collect();
        a.drain(..drop_a.min(a.len()));
        b.drain(..drop_b.min(b.len()));
        a.extend([m, k]);
        b.extend([k, n]);
        (case(a), case(b))
    })
}

/// The products one by one, through `ndarray`'s broadcasting and sums.
fn naive_product(a: &ArrayD<f64>, b: &ArrayD<f64>) -> ArrayD<f64> {
    let split =
        |x: &ArrayD<f64>| (x.shape()[..x.ndim() - 2].to_vec(), x.shape()[x.ndim() - 2], x.shape()[x.ndim() - 1]);
    let ((batch_a, m, k), (batch_b, _, n)) = (split(a), split(b));
    let rank = batch_a.len().max(batch_b.len());
    let length = |batch: &[usize], axis: usize| (axis + batch.len()).checked_sub(rank).map_or(1, |axis| batch[axis]);
    let batch: Vec<usize> = (0..rank).map(|axis| length(&batch_a, axis).max(length(&batch_b, axis))).collect();
    let with = |last: [usize; 2]| [&batch[..], &last].concat();
    let count: usize = batch.iter().product();
    let flat = |x: &ArrayD<f64>, last: [usize; 2]| -> Array<f64, Ix3> {
        let whole = x.broadcast(IxDyn(&with(last))).unwrap().to_owned();
        whole.into_shape_with_order((count, last[0], last[1])).unwrap()
    };
    let (a, b) = (flat(a, [m, k]), flat(b, [k, n]));
    let product =
        Array::from_shape_fn((count, m, n), |(batch, i, j)| (0..k).map(|l| a[[batch, i, l]] * b[[batch, l, j]]).sum());
    product.into_shape_with_order(IxDyn(&with([m, n]))).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn matrix_products_are_the_naive_ones((a, b) in matrices()) {
        let (ours, naive) = (a.tensor.matmul(&b.tensor), naive_product(&a.array, &b.array));
        prop_assert_eq!(ours.shape(), naive.shape());
        prop_assert!(ours.to_vec().iter().zip(&naive).all(|(x, y)| (x - y).abs() < 1e-13));
        let single = a.tensor.cast::<f32>().matmul(&b.tensor.cast::<f32>());
        prop_assert!(single.to_vec().iter().zip(&naive).all(|(&x, y)| (f64::from(x) - y).abs() < 1e-5));
    }

    #[test]
    fn products_with_vectors_are_those_with_thin_matrices((a, b) in matrices()) {
        let (row, column) = (a.tensor.rank() - 2, b.tensor.rank() - 1);
        prop_assume!(a.tensor.shape()[row] > 0 && b.tensor.shape()[column] > 0);
        if a.tensor.rank() == 2 {
            let vector = a.tensor.slice(s![0]);
            let expected = a.tensor.slice(s![..1]).matmul(&b.tensor);
            prop_assert_eq!(vector.matmul(&b.tensor), expected.squeeze(expected.rank() - 2));
        }
        if b.tensor.rank() == 2 {
            let vector = b.tensor.slice(s![.., 0]);
            let expected = a.tensor.matmul(&b.tensor.slice(s![.., ..1]));
            prop_assert_eq!(a.tensor.matmul(&vector), expected.squeeze(expected.rank() - 1));
        }
    }

    #[test]
    fn slices_are_ndarrays(x in any_case(), entries in proptest::collection::vec((0u8..4, -6isize..6, -6isize..6, -3isize..4), 4)) {
        let length = |axis: usize| x.tensor.shape()[axis] as isize;
        let mut part: Vec<SliceInfoElem> = vec![];
        for (axis, &(kind, a, b, step)) in entries.iter().enumerate().take(x.tensor.rank()) {
            if kind == 0 {
                part.push(SliceInfoElem::NewAxis);
            }
            let length = length(axis);
            if kind == 1 && length > 0 {
                part.push(SliceInfoElem::Index(a.rem_euclid(length) - if b < 0 { length } else { 0 }));
            } else {
                let (a, b) = (a.rem_euclid(length + 1), b.rem_euclid(length + 1));
                let end = if b == length { None } else { Some(b) };
                part.push(SliceInfoElem::Slice { start: a, end, step: if step == 0 { 1 } else { step } });
            }
        }
        same(&x.tensor.slice(&part), x.array.slice(part.as_slice()));
    }

    #[test]
    fn permutations_are_ndarrays((x, order) in any_case().prop_flat_map(|x| {
        let order = Just((0..x.tensor.rank()).collect::<Vec<_>>()).prop_shuffle();
        (Just(x), order)
    })) {
        same(&x.tensor.permute(&order), x.array.view().permuted_axes(order));
    }

    #[test]
    fn reshapes_are_ndarrays(x in any_case(), at in 0usize..5, other in 0usize..5) {
        // The new shapes: flat, with an axis of length one, with two axes merged, with an axis split.
        let rank = x.tensor.rank();
        let mut shapes = vec![vec![x.tensor.len()], x.tensor.shape().to_vec()];
        shapes[1].insert(at.min(rank), 1);
        if rank >= 2 {
            let mut merged = x.tensor.shape().to_vec();
            let length = merged.remove(at % (rank - 1));
            merged[at % (rank - 1)] *= length;
            shapes.push(merged);
        }
        if rank >= 1 && x.tensor.shape()[other % rank] % 2 == 0 {
            let mut split = x.tensor.shape().to_vec();
            split[other % rank] /= 2;
            split.insert(other % rank, 2);
            shapes.push(split);
        }
        for shape in shapes {
            same(&x.tensor.reshape(shape.clone()), x.array.to_shape(IxDyn(&shape)).unwrap().view());
        }
    }

    #[test]
    fn flips_are_ndarrays(x in any_case(), axis in 0usize..5) {
        prop_assume!(x.tensor.rank() > 0);
        let axis = axis % x.tensor.rank();
        let mut array = x.array.clone();
        array.invert_axis(Axis(axis));
        same(&x.tensor.flip(axis), array.view());
    }

    #[test]
    fn joins_are_ndarrays(x in any_case(), axis in 0usize..5, times in 1usize..4) {
        prop_assume!(x.tensor.rank() > 0);
        let axis = axis % x.tensor.rank();
        let copies = vec![x.tensor.clone(); times];
        let views = vec![x.array.view(); times];
        same(&Tensor::concat(&copies, axis), ndarray::concatenate(Axis(axis), &views).unwrap().view());
        same(&Tensor::stack(&copies, axis), ndarray::stack(Axis(axis), &views).unwrap().view());
        let mut repeats = vec![1; x.tensor.rank()];
        repeats[axis] = times;
        prop_assert_eq!(x.tensor.repeat(&repeats), Tensor::concat(&copies, axis));
    }
}
