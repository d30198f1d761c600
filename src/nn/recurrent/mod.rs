//! [`Recurrent`]: cells applied to sequences; [`Rnn`], [`Lstm`] and [`Gru`] are its kinds.

mod cell;
mod gru;
mod lstm;
mod rnn;

use ndarray::s;
use ndarray_rand::rand::Rng;
use serde::{Deserialize, Serialize};

pub use cell::{Cell, CellState};
pub use gru::GruCell;
pub use lstm::LstmCell;
pub use rnn::RnnCell;

use super::Layer;
use crate::params::Params;
use crate::tensor::Tensor;

/// A recurrent layer of Elman's kind ([`RnnCell`]).
pub type Rnn<T = f32> = Recurrent<RnnCell<T>>;

/// A long short-term memory ([`LstmCell`]).
pub type Lstm<T = f32> = Recurrent<LstmCell<T>>;

/// A recurrent layer of gated units ([`GruCell`]).
pub type Gru<T = f32> = Recurrent<GruCell<T>>;

/// Cells applied step by step to sequences: one layer or several, in one direction or both.
///
/// Shapes: x `[batch, time, inputs]`, y `[batch, time, hidden]`, twice as wide with both directions (forward first).
/// y holds the last layer's outputs at all steps. [`forward`](Layer::forward) starts from zeros;
/// [`run`](Self::run) takes and returns states, and a mask for sequences of uneven lengths.
///
/// ```
/// use sapwood::nn::Lstm;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let one: Lstm = Lstm::new(3, 8, &mut rng);
/// assert_eq!(output_shape(&one, (5, 7, 3)), [5, 7, 8]);
///
/// let deep: Lstm = Lstm::bidirectional(3, 8, 2, &mut rng);
/// let x = Tensor::ones((5, 7, 3));
/// let (outputs, states) = deep.run(&x, None, None);
/// assert_eq!((outputs.shape(), states.len()), (&[5, 7, 16][..], 4));
/// ```
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recurrent<C> {
    /// First to last: each takes what the one before gives.
    pub layers: Vec<Directions<C>>,
}

/// The cells of one layer of a [`Recurrent`].
#[derive(Params, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Directions<C> {
    /// Goes from the first step to the last.
    pub forward: C,
    /// Goes from the last step to the first, where there is one.
    pub backward: Option<C>,
}

impl<C: Cell> Recurrent<C> {
    /// One layer, in one direction.
    ///
    /// # Panics
    /// Where a width is zero.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Recurrent::stacked(inputs, hidden, 1, rng)
    }

    /// Several layers, each on top of the other.
    ///
    /// # Panics
    /// Where a width or the number of layers is zero.
    #[track_caller]
    pub fn stacked(inputs: usize, hidden: usize, layers: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        check_layers(layers);
        let inputs = |layer| if layer == 0 { inputs } else { hidden };
        let layer = |i| Directions { forward: C::new(inputs(i), hidden, rng), backward: None };
        Recurrent { layers: (0..layers).map(layer).collect() }
    }

    /// Several layers, each with a cell from the first step to the last and one from the last to the first.
    ///
    /// # Panics
    /// Where a width or the number of layers is zero.
    #[track_caller]
    pub fn bidirectional(inputs: usize, hidden: usize, layers: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        check_layers(layers);
        let inputs = |layer| if layer == 0 { inputs } else { 2 * hidden };
        let layer =
            |i| Directions { forward: C::new(inputs(i), hidden, rng), backward: Some(C::new(inputs(i), hidden, rng)) };
        Recurrent { layers: (0..layers).map(layer).collect() }
    }

    /// The outputs at all steps, and the states after the last step.
    ///
    /// There is a state a cell, layer by layer, the forward one first; none given are zeros. Where `mask`
    /// (`[batch, time]`) is `false`, a sequence has no step: the output is zero and the state stays.
    ///
    /// # Panics
    /// Where the input, the mask or the states have other shapes or numbers.
    #[track_caller]
    pub fn run(
        &self,
        x: &Tensor<C::Scalar>,
        states: Option<&[C::State]>,
        mask: Option<&Tensor<bool>>,
    ) -> (Tensor<C::Scalar>, Vec<C::State>) {
        let mut states = self.check(x, states, mask).into_iter();
        let mut start = |cell: &C| states.next().unwrap_or_else(|| cell.zeros(x.shape()[0]));
        let (mut x, mut ends) = (x.clone(), vec![]);
        for layer in &self.layers {
            let (outputs, end) = sweep(&layer.forward, &x, start(&layer.forward), mask, false);
            ends.push(end);
            x = match &layer.backward {
                Some(cell) => {
                    let (backward, end) = sweep(cell, &x, start(cell), mask, true);
                    ends.push(end);
                    Tensor::concat(&[outputs, backward], 2)
                }
                None => outputs,
            };
        }
        (x, ends)
    }

    /// The states to start from, none for zeros.
    #[track_caller]
    fn check(&self, x: &Tensor<C::Scalar>, states: Option<&[C::State]>, mask: Option<&Tensor<bool>>) -> Vec<C::State> {
        let shape = x.shape();
        let inputs = self.layers.first().map(|layer| layer.forward.inputs());
        assert!(
            shape.len() == 3 && Some(shape[2]) == inputs,
            "Recurrent: an input of shape {shape:?}, where [batch, time, {}] is needed",
            inputs.unwrap_or(0)
        );
        if let Some(mask) = mask {
            assert!(
                mask.shape() == &shape[..2],
                "Recurrent: a mask of shape {:?} for an input of shape {shape:?}, where {:?} is needed",
                mask.shape(),
                &shape[..2]
            );
        }
        let cells = self.layers.iter().map(|layer| 1 + usize::from(layer.backward.is_some())).sum::<usize>();
        let states = states.unwrap_or_default();
        assert!(
            states.is_empty() || states.len() == cells,
            "Recurrent: {} states were given for {cells} cells",
            states.len()
        );
        let cells = self.layers.iter().flat_map(|layer| std::iter::once(&layer.forward).chain(&layer.backward));
        for (state, cell) in states.iter().zip(cells) {
            let (found, expected) = (state.output().shape(), [shape[0], cell.hidden()]);
            assert!(found == expected, "Recurrent: a state of shape {found:?}, where {expected:?} is needed");
        }
        states.to_vec()
    }
}

#[track_caller]
fn check_layers(layers: usize) {
    assert!(layers > 0, "Recurrent: there must be at least one layer");
}

/// The outputs of a cell at all steps, and its last state.
#[track_caller]
fn sweep<C: Cell>(
    cell: &C,
    x: &Tensor<C::Scalar>,
    state: C::State,
    mask: Option<&Tensor<bool>>,
    backward: bool,
) -> (Tensor<C::Scalar>, C::State) {
    match (x.shape()[1], mask) {
        (0, _) => (Tensor::zeros((x.shape()[0], 0, cell.hidden())), state),
        (_, None) => cell.run(x, state, backward),
        (_, mask) => unroll(cell, x, state, mask, backward),
    }
}

/// The same for a step at least, step by step.
#[track_caller]
fn unroll<C: Cell>(
    cell: &C,
    x: &Tensor<C::Scalar>,
    mut state: C::State,
    mask: Option<&Tensor<bool>>,
    backward: bool,
) -> (Tensor<C::Scalar>, C::State) {
    let time = x.shape()[1];
    // One product for all steps: only what depends on the step before is left to the loop.
    let projected = cell.project(x);
    let mut outputs = Vec::with_capacity(time);
    for step in 0..time {
        let t = if backward { time - 1 - step } else { step };
        let next = cell.advance(projected.slice(s![.., t, ..]), &state);
        match mask {
            Some(mask) => {
                let mask = mask.slice(s![.., t..t + 1]);
                outputs.push(next.output() * mask.cast());
                state = next.where_(&mask, &state);
            }
            None => {
                outputs.push(next.output().clone());
                state = next;
            }
        }
    }
    if backward {
        outputs.reverse();
    }
    (Tensor::stack(&outputs, 1), state)
}

impl<C: Cell> Layer<Tensor<C::Scalar>> for Recurrent<C> {
    type Output = Tensor<C::Scalar>;

    /// The outputs at all steps, from states of zeros.
    ///
    /// # Panics
    /// Unless the input is `[batch, time, inputs]`.
    #[track_caller]
    fn forward(&self, x: &Tensor<C::Scalar>) -> Tensor<C::Scalar> {
        self.run(x, None, None).0
    }
}

#[cfg(test)]
mod tests {
    use super::{Gru, Lstm};
    use crate::prelude::*;

    #[test]
    fn a_masked_end_leaves_states_as_they_are() {
        let mut rng = StdRng::seed_from_u64(1);
        let model: Lstm<f64> = Lstm::bidirectional(3, 4, 2, &mut rng);
        let x = Tensor::normal((2, 5, 3), 0.0, 1.0, &mut rng);
        let mask = Tensor::from([[true; 5], [true, true, true, false, false]]);
        let (outputs, states) = model.run(&x, None, Some(&mask));
        // The second sequence alone, without its end, gives the same.
        let (short, alone) = model.run(&x.slice(s![1..2, ..3, ..]), None, None);
        assert!((outputs.slice(s![1..2, ..3, ..]) - short).abs().max().item() < 1e-14);
        assert_eq!(outputs.slice(s![1, 3.., ..]), Tensor::zeros((2, 8)));
        for ((h, c), (h1, c1)) in states.iter().zip(&alone) {
            assert!((h.slice(s![1..2, ..]) - h1).abs().max().item() < 1e-14);
            assert!((c.slice(s![1..2, ..]) - c1).abs().max().item() < 1e-14);
        }
    }

    #[test]
    fn a_sequence_in_two_pieces_is_one() {
        let mut rng = StdRng::seed_from_u64(1);
        let model: Gru<f64> = Gru::stacked(3, 4, 2, &mut rng);
        let x = Tensor::normal((2, 6, 3), 0.0, 1.0, &mut rng);
        let (first, states) = model.run(&x.slice(s![.., ..2, ..]), None, None);
        let (second, _) = model.run(&x.slice(s![.., 2.., ..]), Some(&states), None);
        assert!((Tensor::concat(&[first, second], 1) - model.forward(&x)).abs().max().item() < 1e-14);
        assert_eq!(output_shape(&model, (2, 0, 3)), [2, 0, 4]);
    }

    #[test]
    #[should_panic(expected = "Recurrent: an input of shape [2, 3], where [batch, time, 3] is needed")]
    fn time_is_an_axis() {
        let model: Gru = Gru::new(3, 4, &mut StdRng::seed_from_u64(1));
        let _ = model.forward(&Tensor::ones((2, 3)));
    }

    #[test]
    #[should_panic(expected = "Recurrent: 1 states were given for 2 cells")]
    fn each_cell_has_a_state() {
        let model: Gru = Gru::stacked(3, 4, 2, &mut StdRng::seed_from_u64(1));
        let _ = model.run(&Tensor::ones((2, 2, 3)), Some(&[Tensor::zeros((2, 4))]), None);
    }
}
