//! [`Cell`]: one step of a recurrent layer.

use ndarray_rand::rand::Rng;

use super::unroll;
use crate::nn::Init;
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// One step of a recurrent layer: a state and an input become a state.
///
/// The part that needs only the input is a function of its own, [`project`](Self::project): a
/// [`Recurrent`](super::Recurrent) layer calls it once for all steps. A cell of your own is a layer with
/// `Recurrent<YourCell>`.
///
/// ```
/// use sapwood::nn::{Cell, GruCell};
/// use sapwood::prelude::*;
///
/// let cell: GruCell = GruCell::new(3, 8, &mut StdRng::seed_from_u64(0));
/// let mut state = cell.zeros(5);
/// for _ in 0..4 {
///     state = cell.step(&Tensor::ones((5, 3)), &state);
/// }
/// assert_eq!(state.shape(), [5, 8]);
/// ```
pub trait Cell: Params + Clone {
    /// The type of its numbers.
    type Scalar: Float;

    /// What goes from step to step.
    type State: CellState<Self::Scalar>;

    /// A cell of the given widths.
    ///
    /// # Panics
    /// Where one is zero.
    fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self;

    /// The width of the input.
    fn inputs(&self) -> usize;

    /// The width of the state.
    fn hidden(&self) -> usize;

    /// The state to start from.
    fn zeros(&self, batch: usize) -> Self::State;

    /// What a step asks of its input alone: x `[…, inputs]` becomes `[…, n · hidden]` for the cell's n gates.
    fn project(&self, x: &Tensor<Self::Scalar>) -> Tensor<Self::Scalar>;

    /// The next state, from a projected input `[batch, n · hidden]`.
    fn advance(&self, projected: Tensor<Self::Scalar>, state: &Self::State) -> Self::State;

    /// The outputs at all steps `[batch, time, hidden]`, in the order of time, and the last state; where `backward`, from
    /// the last step to the first. There must be a step.
    ///
    /// As [`advance`](Self::advance) does it, step by step; a cell that knows a faster way says so here.
    #[track_caller]
    fn run(&self, x: &Tensor<Self::Scalar>, state: Self::State, backward: bool) -> (Tensor<Self::Scalar>, Self::State) {
        unroll(self, x, state, None, backward)
    }

    /// The next state, from an input `[batch, inputs]`.
    ///
    /// # Panics
    /// Where the shapes of input and state do not fit.
    #[track_caller]
    fn step(&self, x: &Tensor<Self::Scalar>, state: &Self::State) -> Self::State {
        self.advance(self.project(x), state)
    }
}

/// The state of a [`Cell`]: tensors `[batch, hidden]`.
pub trait CellState<T: Float>: Clone {
    /// What the cell gives at this step.
    fn output(&self) -> &Tensor<T>;

    /// This state where the mask `[batch, 1]` is `true`, else the other.
    fn where_(&self, mask: &Tensor<bool>, other: &Self) -> Self;
}

impl<T: Float> CellState<T> for Tensor<T> {
    fn output(&self) -> &Tensor<T> {
        self
    }

    fn where_(&self, mask: &Tensor<bool>, other: &Self) -> Self {
        mask.where_(self, other)
    }
}

impl<T: Float> CellState<T> for (Tensor<T>, Tensor<T>) {
    fn output(&self) -> &Tensor<T> {
        &self.0
    }

    fn where_(&self, mask: &Tensor<bool>, other: &Self) -> Self {
        (mask.where_(&self.0, &other.0), mask.where_(&self.1, &other.1))
    }
}

/// The first numbers of a cell: uniform in ±1/√hidden, as PyTorch's and MLX's.
#[track_caller]
pub(super) fn uniform<T: Float>(shape: &[usize], hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
    assert!(
        !shape.contains(&0) && hidden > 0,
        "Recurrent: weights of shape {shape:?} for a state of width {hidden}; no width may be zero"
    );
    let limit = (hidden as f64).sqrt().recip();
    Init::Uniform(-limit, limit).weight(shape, 1, 1, rng)
}
