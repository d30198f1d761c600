//! [`find_not_finite`]: which operation made the first number that is infinite or NaN.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::gradient::{Objective, loss_node, run};
use super::tape::Tape;
use crate::params::Params;
use crate::tensor::{AnyTensor, Element, Float, Tensor};

/// Looks for where a loss or a gradient becomes infinite or NaN: takes the gradient of `f` at `model` once more, looks at
/// every number on the way, and names the parameter, the constant or the operation with which the trouble began. `None`
/// where the loss and its gradient are finite.
///
/// Where the loss is not finite, that is the origin of what reached it: infinities that do no harm, such as those under a
/// mask, are passed over. Where only the gradient is not, it is the first operation on the walk back whose pullback made
/// such a number, or the one that made what spoilt that pullback.
///
/// It is for the step after which a loss is NaN, not for every step: it looks at all numbers and keeps notes of all
/// operations. As with `gradient`, buffers take part, and a model with dropout draws new numbers; with the same seeds the
/// step before can be had again from a [`Snapshot`](crate::checkpoint::Snapshot).
///
/// # Panics
/// As [`gradient`](super::gradient()) does.
///
/// ```
/// use sapwood::prelude::*;
///
/// let x: Tensor = Tensor::from([4.0, 0.0]);
/// let report = find_not_finite(|x| x.sqrt().sum(), &x).unwrap();
/// assert!(report.to_string().starts_with("the gradient of `sqrt` at "));
/// assert!(find_not_finite(|x| (x + 1.0).sqrt().sum(), &x).is_none());
/// ```
#[track_caller]
pub fn find_not_finite<M: Params, O: Objective>(f: impl FnOnce(&M) -> O, model: &M) -> Option<NotFinite> {
    let tape = Tape::watched();
    let (outcome, leaves) = run(&tape, f, model);
    let loss = outcome.loss();
    let node = loss_node(&tape, loss, leaves);
    let search = Search { recorded: tape.recorded(), model };
    if let Some(found) = search.origin(node) {
        return Some(found);
    }
    let cotangents = tape.walk_back(node, O::Scalar::wrap(Tensor::ones(loss.shape())));
    let fault = cotangents.fault().filter(|_| !cotangents.are_finite(leaves))?;
    search.origin(fault).or_else(|| Some(NotFinite::Backward(search.recorded.get(&fault)?.operation())))
}

/// Where a number that is infinite or NaN came from; see [`find_not_finite`].
#[derive(Clone, Debug, PartialEq)]
pub enum NotFinite {
    /// It stands in a parameter of the model, of this path.
    Parameter(String),
    /// It stands in what does not come from the model's parameters, such as the data, and came in as the input of this
    /// number.
    Constant(Operation, usize),
    /// The operation made it of finite inputs.
    Forward(Operation),
    /// The operation's pullback made it, while its inputs and its result are finite.
    Backward(Operation),
}

/// An operation that a [`NotFinite`] names.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The function that computes it, such as `ln`, or `add`, `sub`, `mul` and `div` for operators between tensors. Where
    /// several methods share one function, it is that one, such as `normalise_groups` for `standardise`. Of a
    /// [`custom`](super::custom) operation it is the function that calls `custom`.
    pub name: String,
    /// The shapes of its inputs.
    pub inputs: Vec<Vec<usize>>,
    /// The shape of its result.
    pub output: Vec<usize>,
    /// Where it was called; for the operations of this library's layers and losses, where those were called.
    pub place: &'static Location<'static>,
}

impl fmt::Display for Operation {
    /// `` `ln` at src/main.rs:12:20 ([10, 3] → [10, 3])``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` at {} (", self.name, self.place)?;
        for (i, shape) in self.inputs.iter().enumerate() {
            write!(f, "{}{shape:?}", if i > 0 { ", " } else { "" })?;
        }
        write!(f, " → {:?})", self.output)
    }
}

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotFinite::Parameter(path) if path.is_empty() => {
                f.write_str("the model itself, a parameter, is not finite")
            }
            NotFinite::Parameter(path) => write!(f, "the parameter `{path}` is not finite"),
            NotFinite::Constant(operation, input) => {
                write!(f, "input {input} of {operation}, which does not depend on the model, is not finite")
            }
            NotFinite::Forward(operation) => {
                write!(f, "the result of {operation} is not finite, while its inputs are")
            }
            NotFinite::Backward(operation) => {
                write!(f, "the gradient of {operation} is not finite, while its inputs and its result are")
            }
        }
    }
}

/// What a watched tape keeps of an operation.
pub(super) struct Recorded {
    /// With the type name of the function that computes it for a name.
    operation: Operation,
    /// For each input, its node where it has one, and whether it is finite.
    inputs: Vec<(Option<usize>, bool)>,
    is_finite: bool,
}

impl Recorded {
    /// An operation with these inputs, without its output. `forward` is the type name of the function that computes it.
    pub(super) fn new<'a, T: Element>(
        forward: &str,
        place: &'static Location<'static>,
        inputs: impl IntoIterator<Item = &'a Tensor<T>, IntoIter: Clone>,
        tape: &Arc<Tape>,
    ) -> Self {
        let inputs = inputs.into_iter();
        Recorded {
            operation: Operation {
                name: forward.to_owned(),
                inputs: inputs.clone().map(|input| input.shape().to_vec()).collect(),
                output: vec![],
                place,
            },
            inputs: inputs.map(|input| (input.node_on(tape), all_finite(input))).collect(),
            is_finite: true,
        }
    }

    pub(super) fn with_output<T: Element>(mut self, output: &Tensor<T>) -> Self {
        self.operation.output = output.shape().to_vec();
        self.is_finite = all_finite(output);
        self
    }

    fn operation(&self) -> Operation {
        Operation { name: function_name(&self.operation.name).to_owned(), ..self.operation.clone() }
    }
}

struct Search<'a, M> {
    recorded: BTreeMap<usize, Recorded>,
    model: &'a M,
}

impl<M: Params> Search<'_, M> {
    /// Where what is not finite in an operation's inputs or result came from; `None` where they are finite.
    fn origin(&self, node: usize) -> Option<NotFinite> {
        let mut node = node;
        // An operation comes after its inputs, so this ends.
        while let Some(recorded) = self.recorded.get(&node) {
            let mut faults = recorded.inputs.iter().enumerate().filter(|(_, (_, is_finite))| !is_finite);
            match faults.clone().find_map(|(_, (node, _))| *node) {
                Some(input) => node = input,
                None => {
                    return match faults.next() {
                        Some((input, _)) => Some(NotFinite::Constant(recorded.operation(), input)),
                        None => (!recorded.is_finite).then(|| NotFinite::Forward(recorded.operation())),
                    };
                }
            }
        }
        // The tape's first nodes are the model's parameters.
        let (path, parameter) = self.model.parameters().into_iter().nth(node)?;
        (!is_finite(&parameter)).then_some(NotFinite::Parameter(path))
    }
}

pub(super) fn is_finite(tensor: &AnyTensor) -> bool {
    match tensor {
        AnyTensor::F32(tensor) => all_finite(tensor),
        AnyTensor::F64(tensor) => all_finite(tensor),
    }
}

fn all_finite<T: Element>(tensor: &Tensor<T>) -> bool {
    tensor.contiguous().dense().iter().all(|x| x.to_f64().is_finite())
}

/// The name of the function that a closure was written in. Closures that helpers wrap around it have it among their own
/// type's parameters, so it is what stands before the first closure in the name:
/// `unary<f32, exp::log<f32, exp::<impl Tensor<f32>>::ln::{{closure}}>::{{closure}}>::{{closure}}`.
fn function_name(forward: &str) -> &str {
    let mut path = forward.split("::{{closure}}").next().unwrap_or(forward);
    // The function's own type parameters.
    while let Some(generic) = path.strip_suffix('>') {
        let mut depth = 1;
        let open = generic.rfind(|c| {
            depth += match c {
                '>' => 1,
                '<' => -1,
                _ => 0,
            };
            depth == 0
        });
        path = generic[..open.unwrap_or(0)].trim_end_matches("::");
    }
    path.rsplit("::").next().unwrap_or(path)
}
