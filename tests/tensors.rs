//! Tensors as containers: creation, memory, `ndarray` and back, printing, storing.

use ndarray::{Array2, Array3, ArrayD, array};
use sapwood::prelude::*;

fn range(shape: (usize, usize)) -> Tensor {
    Tensor::arange(shape.0 * shape.1).reshape(shape)
}

#[test]
fn creation() {
    assert_eq!(Tensor::<f32>::zeros((2, 0)).shape(), [2, 0]);
    assert_eq!(Tensor::<u8>::ones([2, 1]).to_vec(), [1, 1]);
    assert_eq!(Tensor::<bool>::ones(2).to_vec(), [true, true]);
    assert_eq!(Tensor::full((2, 2), 7i64).to_vec(), [7; 4]);
    assert_eq!(Tensor::<f64>::eye(2).to_vec(), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(Tensor::<f64>::eye(0).shape(), [0, 0]);
    assert_eq!(Tensor::<i32>::arange(3).to_vec(), [0, 1, 2]);
    // numpy.linspace(0, 1, 4), and of one element and of none.
    assert_eq!(Tensor::linspace(0.0f64, 1.0, 4).to_vec(), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    assert_eq!(Tensor::linspace(2.0f32, 3.0, 1).to_vec(), [2.0]);
    assert!(Tensor::linspace(2.0f32, 3.0, 0).is_empty());
    let nested: Tensor = Tensor::from([[[1.0], [2.0]], [[3.0], [4.0]]]);
    assert_eq!(nested.shape(), [2, 2, 1]);
    assert_eq!(Tensor::from(vec![vec![1u8, 2], vec![3, 4]]).shape(), [2, 2]);
    assert_eq!(Tensor::from(2.5f64).shape(), [0usize; 0]);
    assert_eq!(Tensor::<f32>::default().shape(), [0]);
}

#[test]
#[should_panic(expected = "from: row 1 has the shape [1], row 0 has [2]")]
fn ragged_rows_are_refused() {
    let _: Tensor = Tensor::from(vec![vec![1.0, 2.0], vec![3.0]]);
}

#[test]
#[should_panic(expected = "from_vec: 3 elements do not fill the shape [2, 2], which has 4")]
fn a_vector_must_fill_its_shape() {
    let _ = Tensor::from_vec(vec![1.0f32, 2.0, 3.0], (2, 2));
}

#[test]
fn random_numbers_have_their_moments_and_follow_their_seed() {
    let draw = |seed| Tensor::<f64>::normal(100_000, 3.0, 2.0, &mut StdRng::seed_from_u64(seed));
    let x = draw(1);
    // Standard errors: 2/√n = .0063 of the mean, 2/√(2n) = .0045 of the deviation.
    assert!((x.mean().item() - 3.0).abs() < 0.03 && (x.std(0).item() - 2.0).abs() < 0.025);
    assert_eq!(x, draw(1));
    assert_ne!(x, draw(2));
    let single = Tensor::<f32>::normal(100_000, 3.0, 2.0, &mut StdRng::seed_from_u64(1));
    assert!((single.cast::<f64>() - x).abs().max().item() < 1e-5, "both precisions draw the same numbers");
    let u = Tensor::<f32>::uniform(100_000, -1.0..3.0, &mut StdRng::seed_from_u64(1));
    assert!((u.mean().item() - 1.0).abs() < 0.02 && (u.var(0).item() - 16.0 / 12.0).abs() < 0.03);
    assert!(u.min().item() >= -1.0 && u.max().item() < 3.0);
}

#[test]
fn clones_share_memory_until_one_is_written_to() {
    let a = range((2, 3));
    let mut b = a.clone();
    assert_eq!(a.as_slice().unwrap().as_ptr(), b.as_slice().unwrap().as_ptr());
    b.as_mut_slice()[0] = 9.0;
    assert_eq!((a[[0, 0]], b[[0, 0]]), (0.0, 9.0));
    let place = b.as_slice().unwrap().as_ptr();
    b.as_mut_slice()[1] = 8.0;
    assert_eq!(b.as_slice().unwrap().as_ptr(), place, "a sole owner writes in place");

    let mut row = a.slice(s![1, ..]);
    row.view_mut()[[0]] = 7.0;
    assert_eq!((a[[1, 0]], row.to_vec()), (3.0, vec![7.0, 4.0, 5.0]));
    let mut transposed = a.t();
    transposed.view_mut()[[0, 1]] = 5.0;
    assert_eq!((a[[1, 0]], transposed[[0, 1]], transposed.shape()), (3.0, 5.0, [3, 2].as_slice()));
}

#[test]
fn arrays_come_and_go_without_copies() {
    let array = Array2::from_shape_fn((3, 4), |(i, j)| (10 * i + j) as f32);
    let place = array.as_ptr();
    let tensor = Tensor::from(array.clone());
    assert_eq!(tensor.view(), array.view().into_dyn());
    let tensor_of_owned = Tensor::from(array);
    assert_eq!(tensor_of_owned.as_slice().unwrap().as_ptr(), place);
    assert_eq!(tensor_of_owned.view().as_ptr(), place);
    let back: ArrayD<f32> = tensor_of_owned.into_array();
    assert_eq!(back.as_ptr(), place);

    // A shared tensor must copy; so must one that views a part.
    let (a, b) = (tensor.clone(), tensor);
    assert_ne!(a.into_array().as_ptr(), b.as_slice().unwrap().as_ptr());
    assert_eq!(b.slice(s![1, ..]).into_array(), array![10.0, 11.0, 12.0, 13.0].into_dyn());
    assert_eq!(Tensor::from(&array![1u8, 2].view()).to_vec(), [1, 2]);
}

#[test]
fn what_was_computed_comes_and_goes_without_copies() {
    // Large results start where a line of the cache does, within memory that starts before.
    let computed = &Tensor::<f32>::arange(5000).reshape((50, 100)) + 1.0;
    let place = computed.as_slice().unwrap().as_ptr();
    assert_eq!(place.addr() % 64, 0);
    let array = computed.into_array();
    assert_eq!((array.as_ptr(), array.shape(), array[[3, 7]]), (place, [50, 100].as_slice(), 308.0));
    let mut tensor = Tensor::from(array);
    tensor.view_mut()[[3, 7]] = 0.5;
    assert_eq!((tensor.as_slice().unwrap().as_ptr(), tensor[[3, 7]], tensor[[3, 8]]), (place, 0.5, 309.0));

    let part = Array2::from_shape_fn((3, 4), |(i, j)| (10 * i + j) as f32).slice_move(s![1.., ..]);
    let place = part.as_ptr();
    let mut tensor = Tensor::from(part);
    tensor.view_mut()[[1, 0]] += 0.5;
    assert_eq!(tensor.to_vec(), [10.0, 11.0, 12.0, 13.0, 20.5, 21.0, 22.0, 23.0]);
    assert_eq!(tensor.into_array().as_ptr(), place);
}

#[test]
fn arrays_of_any_layout_are_understood() {
    let array = Array3::from_shape_fn((3, 4, 5), |(i, j, k)| (100 * i + 10 * j + k) as i64);
    let mut turned = array.clone().permuted_axes([2, 0, 1]);
    turned.invert_axis(ndarray::Axis(1));
    let expected = turned.as_standard_layout().into_owned().into_dyn();
    let tensor = Tensor::from(turned);
    assert_eq!(tensor.to_array(), expected);
    assert_eq!(tensor[[4, 0, 3]], 234);
    let sliced = tensor.slice(s![..;-2, 1.., 2]);
    assert_eq!(sliced.to_array(), expected.slice(s![..;-2, 1.., 2]).into_owned().into_dyn());
    assert_eq!(sliced.view(), sliced.to_array());
}

#[test]
fn equality_is_of_shapes_and_elements() {
    let x = range((2, 3));
    assert_eq!(x.t().t(), x);
    assert_eq!(x.t(), Tensor::from([[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]));
    assert_ne!(x, x.reshape((3, 2)));
    assert_ne!(Tensor::scalar(f32::NAN), Tensor::scalar(f32::NAN));
}

#[test]
fn printing_is_short_and_obeys_precision() {
    let x: Tensor = Tensor::from([[1.0, 2.5], [3.0, 1.0 / 3.0]]);
    assert_eq!(format!("{x:.2}"), "[[1.00, 2.50],\n [3.00, 0.33]]");
    assert_eq!(format!("{:.3}", Tensor::scalar(2.0f32)), "2.000");
    assert_eq!(format!("{:?}", Tensor::from([1i64, 2])), "Tensor<i64>[2] [1, 2]");
    let traced = &mut String::new();
    let _ = gradient(
        |x: &Tensor| {
            *traced = format!("{x:?}");
            x.sum()
        },
        &Tensor::from([1.5]),
    );
    assert_eq!(traced, "Tensor<f32>[1] traced [1.5]");
    let large = Tensor::<f32>::zeros((1000, 1000));
    assert!(format!("{large}").len() < 2000 && format!("{large:?}").len() < 2000);
    assert!(format!("{large}").contains("..."));
}

#[test]
fn stored_tensors_come_back_to_the_bit() {
    let odd = [f64::NAN, -0.0, f64::INFINITY, f64::MIN_POSITIVE / 8.0, 0.1];
    let x = Tensor::from(odd);
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(&x, config).unwrap();
    let (back, _): (Tensor<f64>, usize) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
    let bits = |x: &Tensor<f64>| x.to_vec().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&x));

    // Views are stored as what they show; a shape that its elements do not fill is refused, however large.
    let bytes = bincode::serde::encode_to_vec(range((2, 3)).t(), config).unwrap();
    let (back, _): (Tensor, usize) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
    assert_eq!(back, range((2, 3)).t());
    for shape in [vec![3usize, 3], vec![usize::MAX, 2], vec![]] {
        let bytes = bincode::serde::encode_to_vec((shape, vec![1.0f32; 6]), config).unwrap();
        assert!(bincode::serde::decode_from_slice::<Tensor, _>(&bytes, config).is_err());
    }
}
