//! [`gradient`], [`with_gradient`] and [`pullback`].

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::tape::{Cotangents, Tape};
use crate::params::{Kind, Leaf, MapLeaf, MapModel, Nothing, Params, Walk};
use crate::tensor::{Float, Tensor};

/// The kind of gradient trees: a tensor at each leaf, or nothing where the loss never reached it.
#[derive(Clone, Copy, Debug)]
pub enum Gradient {}

impl Kind for Gradient {
    type Leaf<T: Float> = Option<Tensor<T>>;
}

/// The gradient of a model: its own fields, with a tensor or nothing at each leaf.
pub type Grads<M> = <M as Params>::Tree<Gradient>;

impl<T: Float> Leaf<Gradient, T> {
    /// The gradient of this leaf, of the leaf's own shape; `None` where the loss never reached the leaf.
    pub fn get(&self) -> Option<&Tensor<T>> {
        self.0.as_ref()
    }

    /// The gradient of this leaf, to change; `None` where the loss never reached the leaf.
    pub fn get_mut(&mut self) -> Option<&mut Tensor<T>> {
        self.0.as_mut()
    }
}

/// What a loss function may return: a scalar tensor, or a pair of one and anything else.
#[diagnostic::on_unimplemented(
    message = "a loss function returns a scalar tensor, or a pair of one and an auxiliary output, not `{Self}`"
)]
pub trait Objective {
    /// The loss's type.
    type Scalar: Float;
    /// What [`with_gradient`] returns for it: the number, with the auxiliary output beside it where there is one.
    type Value;

    /// The loss itself.
    fn loss(&self) -> &Tensor<Self::Scalar>;
    /// The loss's number and the rest.
    fn into_value(self) -> Self::Value;
}

impl<T: Float> Objective for Tensor<T> {
    type Scalar = T;
    type Value = T;

    fn loss(&self) -> &Tensor<T> {
        self
    }
    #[track_caller]
    fn into_value(self) -> T {
        self.item()
    }
}

impl<T: Float, A> Objective for (Tensor<T>, A) {
    type Scalar = T;
    type Value = (T, A);

    fn loss(&self) -> &Tensor<T> {
        &self.0
    }
    #[track_caller]
    fn into_value(self) -> (T, A) {
        (self.0.item(), self.1)
    }
}

/// The gradient of `f` at `model`: a tree with the model's own shape.
///
/// Only what `f` reaches through its argument is differentiated; all else is constant. Leaves that the loss never
/// reached are `None`. The function's argument is a copy of the model whose operations are recorded; the copy shares
/// the model's memory and its [`Buffer`](crate::params::Buffer)s.
///
/// Calls nest: within `f`, another `gradient` is differentiated like every other operation.
///
/// # Panics
/// - Where the loss has more than one element, with its shape.
/// - Where the loss reaches no leaf of the model, mostly because `f` uses a variable outside instead of its argument.
///
/// ```
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::from([1.0, 2.0, 3.0]);
/// let g = gradient(|x| x.square().sum(), &x);
/// assert_eq!(g.get().unwrap().to_vec(), [2.0, 4.0, 6.0]);
/// ```
#[must_use = "a gradient changes nothing by itself; `update` takes the step"]
#[track_caller]
pub fn gradient<M: Params, O: Objective>(f: impl FnOnce(&M) -> O, model: &M) -> Grads<M> {
    with_gradient(f, model).1
}

/// The value of `f` at `model` and its gradient; see [`gradient`].
///
/// `f` may return a pair: what stands beside the loss comes back as it is, computed with the model before any update.
///
/// ```
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::from([1.0, 2.0]);
/// let ((loss, squares), g) = with_gradient(|x| (x.square().sum(), x.square()), &x);
/// assert_eq!(loss, 5.0);
/// assert_eq!(squares.to_vec(), [1.0, 4.0]);
/// assert_eq!(g.get().unwrap().to_vec(), [2.0, 4.0]);
/// ```
#[must_use = "a gradient changes nothing by itself; `update` takes the step"]
#[track_caller]
pub fn with_gradient<M: Params, O: Objective>(f: impl FnOnce(&M) -> O, model: &M) -> (O::Value, Grads<M>) {
    let tape = Tape::new();
    let (outcome, leaves) = run(&tape, f, model);
    let node = loss_node(&tape, outcome.loss(), leaves);
    let one = Tensor::ones(outcome.loss().shape());
    let cotangents = tape.walk_back(node, O::Scalar::wrap(one));
    let grads = collect::<M, _>(model.leaves(&mut Walk::new()), cotangents);
    (outcome.into_value(), grads)
}

/// The loss's place on the tape.
#[track_caller]
pub(super) fn loss_node<T: Float>(tape: &Arc<Tape>, loss: &Tensor<T>, leaves: usize) -> usize {
    assert!(loss.len() == 1, "gradient: the loss must be a scalar, but its shape is {:?}", loss.shape());
    let Some(node) = loss.node_on(tape) else { panic!("{}", Unreached { leaves }) };
    node
}

/// The value of `f` at `model`, and the function from a cotangent of that value to the gradient (a vector-Jacobian
/// product).
///
/// # Panics
/// Where the value reaches no leaf of the model; the returned function, where the cotangent has another shape than
/// the value.
///
/// ```
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::from([1.0, 2.0]);
/// let (y, back) = pullback(|x: &Tensor| x.square(), &x);
/// assert_eq!(y.to_vec(), [1.0, 4.0]);
/// assert_eq!(back(&Tensor::from([10.0, 1.0])).get().unwrap().to_vec(), [20.0, 4.0]);
/// ```
#[track_caller]
pub fn pullback<M: Params, T: Float, F: FnOnce(&M) -> Tensor<T>>(
    f: F,
    model: &M,
) -> (Tensor<T>, impl FnOnce(&Tensor<T>) -> Grads<M> + use<M, T, F>) {
    match pullback_where_reached(f, model) {
        Ok((value, back)) => (value, move |cotangent: &Tensor<T>| back.walk(cotangent)),
        Err(unreached) => panic!("{unreached}"),
    }
}

/// [`pullback`], unless the value reaches no leaf of the model.
#[track_caller]
pub(super) fn pullback_where_reached<M: Params, T: Float>(
    f: impl FnOnce(&M) -> Tensor<T>,
    model: &M,
) -> Result<(Tensor<T>, WayBack<M>), Unreached> {
    let caller = Location::caller();
    let tape = Tape::new();
    let (value, leaves) = run(&tape, f, model);
    let node = value.node_on(&tape).ok_or(Unreached { leaves })?;
    let value = value.outside(&tape).into_owned();
    let shape = value.shape().to_vec();
    let blank = M::map_tree(model.leaves(&mut Walk::new()), &mut Walk::new(), &mut Blank);
    Ok((value, WayBack { tape, node, shape, blank, caller }))
}

/// From a value back to a model's leaves.
pub(super) struct WayBack<M: Params> {
    tape: Arc<Tape>,
    node: usize,
    shape: Vec<usize>,
    blank: M::Tree<Nothing>,
    caller: &'static Location<'static>,
}

impl<M: Params> WayBack<M> {
    /// The gradient for a cotangent of the value.
    pub(super) fn walk<T: Float>(self, cotangent: &Tensor<T>) -> Grads<M> {
        let WayBack { tape, node, shape, blank, caller } = self;
        assert!(
            cotangent.shape() == shape,
            "pullback ({caller}): the cotangent has the shape {:?}, the value {shape:?}",
            cotangent.shape()
        );
        collect::<M, _>(blank, tape.walk_back(node, T::wrap(cotangent.clone())))
    }
}

/// Whether a gradient is being taken on this thread: layers such as dropout are active then.
///
/// A thread that a loss function starts does not know of it; a layer may ask its input there
/// ([`Tensor::is_traced`]).
pub fn is_active() -> bool {
    DEPTH.get() > 0
}

thread_local! {
    /// How many gradients are being taken on this thread, one within the other.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Counts a gradient for as long as it lives, through panics too.
pub(super) struct Active;

impl Active {
    pub(super) fn new() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Active
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Calls `f` with a traced copy of the model; also returns the number of its leaves, which are the tape's first nodes.
pub(super) fn run<M: Params, O>(tape: &Arc<Tape>, f: impl FnOnce(&M) -> O, model: &M) -> (O, usize) {
    let mut tracer = Tracer { tape, leaves: 0 };
    let _recording = Recording(tape);
    let traced = model.map_model(&mut Walk::new(), &mut tracer);
    let _active = Active::new();
    (f(&traced), tracer.leaves)
}

/// Closes the tape when the function has returned or panicked.
struct Recording<'a>(&'a Tape);

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

struct Tracer<'a> {
    tape: &'a Arc<Tape>,
    leaves: usize,
}

impl MapModel for Tracer<'_> {
    fn leaf<T: Float>(&mut self, _: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.leaves += 1;
        self.tape.leaf(tensor)
    }
}

/// The tree of the leaves' cotangents; `tree` has the leaves in the order in which the tape has them.
fn collect<M: Params, K: Kind>(tree: M::Tree<K>, cotangents: Cotangents) -> Grads<M> {
    M::map_tree(tree, &mut Walk::new(), &mut Collector { cotangents, next: 0 })
}

struct Collector {
    cotangents: Cotangents,
    next: usize,
}

impl<K: Kind> MapLeaf<K, Gradient> for Collector {
    fn leaf<T: Float>(&mut self, _: &Walk, _: K::Leaf<T>) -> Option<Tensor<T>> {
        let node = self.next;
        self.next += 1;
        self.cotangents.take(node)
    }
}

/// Forgets the leaves and keeps the shape of the tree.
struct Blank;

impl<K: Kind> MapLeaf<K, Nothing> for Blank {
    fn leaf<T: Float>(&mut self, _: &Walk, _: K::Leaf<T>) {}
}

/// Why there is no gradient at all.
pub(super) struct Unreached {
    leaves: usize,
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.leaves {
            0 => f.write_str(
                "gradient: the model has no parameters to differentiate by; is all of it frozen or skipped?",
            ),
            n => write!(
                f,
                "gradient: the loss depends on none of the model's {n} parameters; does the function use a variable \
                 from outside, such as the model itself, instead of its argument?"
            ),
        }
    }
}
