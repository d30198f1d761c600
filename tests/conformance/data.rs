//! Data loaders.

use sapwood::prelude::*;

#[test]
fn a_loader_goes_round_as_often_as_wanted() {
    // Flux test/data.jl: ten epochs of one observation a batch, (0 − θ)² under Descent(.1), shrink θ below 1e-4.
    let mut theta = Tensor::<f64>::ones(2);
    let data = DataLoader::new(Tensor::zeros((10, 2)));
    let mut state = setup(Descent::new(0.1), &theta);
    let epochs = (0..10).flat_map(|_| &data);
    let history = train(&mut theta, epochs, &mut state, |theta, x| (x - theta).square().sum()).unwrap();
    assert_eq!(history.losses.len(), 100);
    assert!(theta.norm().item() < 1e-4);
}

#[test]
fn tuples_of_arrays_are_cut_at_the_same_places() {
    // MLUtils test/dataloader.jl: X = reshape(1:10, 2, 5) and Y = 1:5, batches of two; observations come first here.
    let x = (Tensor::<f64>::arange(10) + 1.0).reshape((5, 2));
    let y = Tensor::from([1i64, 2, 3, 4, 5]);
    let batches: Vec<_> = DataLoader::new((x, y)).batch_size(2).iter().map(|(x, y)| (x.to_vec(), y.to_vec())).collect();
    let expected =
        [(vec![1.0, 2.0, 3.0, 4.0], vec![1, 2]), (vec![5.0, 6.0, 7.0, 8.0], vec![3, 4]), (vec![9.0, 10.0], vec![5])];
    assert_eq!(batches, expected);
}

#[test]
fn chunks_are_of_equal_sizes_but_the_last() {
    // MLUtils test/utils.jl: chunk(1:10, 3) has 4, 4 and 2.
    let chunks = Tensor::<f64>::arange(10).chunk(3, 0);
    assert_eq!(chunks.iter().map(Tensor::len).collect::<Vec<_>>(), [4, 4, 2]);
}
