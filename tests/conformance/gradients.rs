//! Gradients of small networks, composed of operations.

use sapwood::ops::Keep;
use sapwood::prelude::*;

use crate::{assert_close, numbers};

#[test]
fn a_linear_layer_pulls_back_to_its_input_its_weight_and_its_bias() {
    // mithril tests/json_files/models_directed_test.json, test_linear_2. Its weights are `[outputs, inputs]`.
    let layer = Dense::from_weights(Tensor::from([[0.1f64]]), Some(Tensor::from([0.1])));
    let x = Tensor::from([[1.0], [2.0], [3.0], [4.0]]);
    let (y, back) = pullback(|(x, layer): &(_, Dense<f64>)| layer.forward(x), &(x, layer));
    assert_close(&y.to_vec(), &[0.2, 0.3, 0.4, 0.5], 1e-15);
    let (dx, dlayer) = back(&Tensor::from([[1.0], [2.0], [3.0], [4.0]]));
    assert_close(&numbers(&dx), &[0.1, 0.2, 0.3, 0.4], 1e-15);
    assert_eq!((numbers(&dlayer.weight), numbers(dlayer.bias.as_ref().unwrap())), (vec![30.0], vec![10.0]));
}

/// (x − x̂) / √(var + ε) over the last axis, scaled and shifted.
fn layer_norm((x, weight, bias): &(Tensor<f64>, Tensor<f64>, Tensor<f64>)) -> Tensor<f64> {
    let centred = x - x.mean_axis(Keep(-1));
    centred / (x.var_axis(Keep(-1), 0) + 1e-5).sqrt() * weight + bias
}

#[test]
fn a_layer_norm_of_operations() {
    // mithril tests/json_files/models_directed_test.json, test_layernorm_1, ε = 1e-5.
    let x = Tensor::from([[0.1, 0.2], [0.2, 0.5], [0.3, 0.1]]);
    let (y, back) = pullback(layer_norm, &(x, Tensor::from([-2.0, -1.0]), Tensor::from([-0.2, -0.1])));
    let expected = [
        1.7960119601394982,
        -1.0980059800697486,
        1.7995557036488552,
        -1.0997778518244279,
        -2.199000749375546,
        0.8995003746877733,
    ];
    assert_close(&y.to_vec(), &expected, 1e-12);
    let (dx, dweight, dbias) = back(&Tensor::ones((3, 2)));
    let expected = [-0.039761194425, 0.039761194425, -0.001480494376, 0.001480494376, -0.004992509364, 0.004992509364];
    assert_close(&numbers(&dx), &expected, 1e-11);
    assert_close(&numbers(&dweight), &[-0.9982834572, 0.9982834572], 1e-9);
    assert_close(&numbers(&dbias), &[3.0, 3.0], 1e-12);
}

#[test]
fn gradients_are_summed_to_the_shape_that_was_broadcast() {
    // mithril tests/json_files/numpy_utils.json, accumulate_grads.
    let g = Tensor::from([[1.0f64, 2.0, 3.0]; 3]);
    assert_eq!(g.sum_to((1, 3)).to_vec(), [3.0, 6.0, 9.0]);
    assert_eq!(g.sum_to((1, 1)).to_vec(), [18.0]);
    let g = Tensor::from([
        [[1.0f64, 2.0, 3.0], [4.0, 5.0, 6.0]],
        [[3.0, 2.0, 1.0], [1.0, 3.0, 5.0]],
        [[6.0, 2.0, 5.0], [9.0, 3.0, 1.0]],
    ]);
    assert_eq!(g.sum_to((1, 2, 1)).to_vec(), [25.0, 37.0]);
    assert_eq!(g.sum_to((3, 1, 1)).to_vec(), [21.0, 15.0, 26.0]);
    // And so does broadcasting's own pullback.
    let (_, back) = pullback(|x: &Tensor<f64>| x.broadcast_to((3, 2, 3)), &Tensor::zeros((1, 2, 1)));
    assert_eq!(numbers(&back(&g)), [25.0, 37.0]);
}

#[test]
fn one_step_of_a_recurrent_cell() {
    // mithril tests/json_files/models_directed_test.json, test_rnn_cell_1. Its weights are `[outputs, inputs]`.
    let (h, x) = (Tensor::from([[0.0, -1.0]]), Tensor::from([[2.0, -3.4]]));
    let recurrent = Tensor::from([[1.7, 2.0], [4.2, 5.0]]).t();
    let input = Dense::from_weights(Tensor::from([[2.0f64, 1.0], [2.0, 3.2]]).t(), Some(Tensor::from([3.0, -10.0])));
    let output = Dense::from_weights(Tensor::from([[1.0, -2.0], [2.0, -1.0]]).t(), Some(Tensor::from([3.0, 2.0])));
    let hidden = (h.matmul(&recurrent) + input.forward(&x)).tanh();
    assert_close(&hidden.to_vec(), &[0.9216685544, -1.0], 1e-10);
    assert_close(&output.forward(&hidden).to_vec(), &[5.9216685544, 4.8433371088], 1e-10);
}
