//! How an operation is computed and recorded: the one door through which all of `ops` goes.

use std::any::type_name_of_val;
use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use super::find::Recorded;
use super::gradient::pullback;
use super::tape::{Cotangents, Tape, innermost};
use crate::tensor::{AnyTensor, Element, Float, Tensor};

/// Computes `forward` of the inputs; where a gradient is watching, records the operation.
///
/// Elements of any type are welcome, but only floats are ever watched: so a change of layout is one function for all.
///
/// `pullback` gets the inputs and the output, keeps of them what it needs, and returns the function from the output's
/// cotangent (and which inputs are watched) to the inputs' cotangents. That function is made of tensor operations,
/// and what it kept is watched by the outer gradients, if there are any: so they differentiate through it.
#[track_caller]
pub(crate) fn op<A, B, P, const N: usize>(
    inputs: [&Tensor<A>; N],
    forward: impl FnOnce([&Tensor<A>; N]) -> Tensor<B>,
    pullback: &impl Fn([&Tensor<A>; N], &Tensor<B>) -> P,
) -> Tensor<B>
where
    A: Element,
    B: Element,
    P: FnOnce(Tensor<B>, [bool; N]) -> [Option<Tensor<A>>; N] + Send + 'static,
{
    keeping(inputs, |inputs| (forward(inputs), ()), &|inputs, output, ()| pullback(inputs, output)).0
}

/// [`op`] whose `forward` leaves numbers beside its output, which `pullback` is given and the caller gets too. They are
/// constants: no gradient sees where they came from.
#[track_caller]
pub(crate) fn keeping<A, B, K, P, const N: usize>(
    inputs: [&Tensor<A>; N],
    forward: impl FnOnce([&Tensor<A>; N]) -> (Tensor<B>, K),
    pullback: &impl Fn([&Tensor<A>; N], &Tensor<B>, &K) -> P,
) -> (Tensor<B>, K)
where
    A: Element,
    B: Element,
    P: FnOnce(Tensor<B>, [bool; N]) -> [Option<Tensor<A>>; N] + Send + 'static,
{
    named(type_name_of_val(&forward), inputs, forward, pullback)
}

/// [`keeping`] under the type name of another function than `forward`: of the one that tells what is computed.
#[track_caller]
pub(crate) fn named<A, B, K, P, const N: usize>(
    name: &'static str,
    inputs: [&Tensor<A>; N],
    forward: impl FnOnce([&Tensor<A>; N]) -> (Tensor<B>, K),
    pullback: &impl Fn([&Tensor<A>; N], &Tensor<B>, &K) -> P,
) -> (Tensor<B>, K)
where
    A: Element,
    B: Element,
    P: FnOnce(Tensor<B>, [bool; N]) -> [Option<Tensor<A>>; N] + Send + 'static,
{
    let Some(tape) = innermost(inputs) else { return forward(inputs) };
    let nodes = nodes_on(tape, inputs);
    let outside = outside_of(tape, inputs);
    let outside = outside.each_ref().map(Cow::as_ref);
    let (output, kept) = named(name, outside, forward, pullback);
    let pull = pullback(outside, &output, &kept);
    let pullback = move |cotangent: AnyTensor, cotangents: &mut Cotangents| {
        hand_on(nodes, pull(of_output(cotangent), watched(nodes)), cotangents);
    };
    let caller = Location::caller();
    (tape.record(output, Box::new(pullback), &|| Recorded::new(name, caller, inputs, tape)), kept)
}

// The steps of `named` that are the same for all operations are functions of their own: it is compiled anew for each.

fn nodes_on<A: Element, const N: usize>(tape: &Arc<Tape>, inputs: [&Tensor<A>; N]) -> [Option<usize>; N] {
    inputs.map(|input| input.node_on(tape))
}

fn outside_of<'a, A: Element, const N: usize>(tape: &Arc<Tape>, inputs: [&'a Tensor<A>; N]) -> [Cow<'a, Tensor<A>>; N] {
    inputs.map(|input| input.outside(tape))
}

/// Which inputs a tape watches.
fn watched<const N: usize>(nodes: [Option<usize>; N]) -> [bool; N] {
    nodes.map(|node| node.is_some())
}

/// The cotangent of an operation's output.
fn of_output<B: Element>(cotangent: AnyTensor) -> Tensor<B> {
    let Some(cotangent) = B::unwrap(cotangent) else { unreachable!("a cotangent has its output's type") };
    cotangent
}

/// Adds the inputs' cotangents to those of their nodes.
fn hand_on<A: Element, const N: usize>(
    nodes: [Option<usize>; N],
    inputs: [Option<Tensor<A>>; N],
    cotangents: &mut Cotangents,
) {
    for (node, cotangent) in nodes.into_iter().zip(inputs) {
        if let (Some(node), Some(cotangent)) = (node, cotangent) {
            cotangents.add(node, cotangent);
        }
    }
}

/// An operation that is one kernel each way: `forward` leaves numbers beside its output, and `pull` makes the cotangents of
/// the watched inputs from the inputs, those numbers and the output's cotangent; nobody else has the numbers, unless the caller
/// keeps them or tapes are nested. Where an outer gradient watches, the cotangents come from `composed`, the same operation made
/// of others.
#[track_caller]
pub(crate) fn fused<T, K, P, C, const N: usize>(
    inputs: [&Tensor<T>; N],
    forward: impl FnOnce([&Tensor<T>; N]) -> (Tensor<T>, K),
    pull: P,
    composed: C,
) -> (Tensor<T>, Arc<K>)
where
    T: Float,
    K: Send + Sync + 'static,
    P: Fn([&Tensor<T>; N], Arc<K>, Tensor<T>, [bool; N]) -> [Option<Tensor<T>>; N] + Clone + Send + 'static,
    C: Fn([&Tensor<T>; N]) -> Tensor<T> + Clone + Send + 'static,
{
    let forward = |inputs: [&Tensor<T>; N]| {
        let (output, kept) = forward(inputs);
        (output, Arc::new(kept))
    };
    keeping(inputs, forward, &|inputs: [&Tensor<T>; N], _: &Tensor<T>, kept: &Arc<K>| {
        let (inputs, kept, pull, composed) = (inputs.map(Tensor::clone), kept.clone(), pull.clone(), composed.clone());
        move |g: Tensor<T>, watched| {
            if g.is_traced() || inputs.iter().any(Tensor::is_traced) {
                return pull_composed(composed, inputs, &g);
            }
            pull(inputs.each_ref(), kept, g, watched)
        }
    })
}

/// The cotangents that the plain form of an operation hands to its inputs.
fn pull_composed<T: Float, const N: usize>(
    composed: impl FnOnce([&Tensor<T>; N]) -> Tensor<T>,
    inputs: [Tensor<T>; N],
    g: &Tensor<T>,
) -> [Option<Tensor<T>>; N] {
    let (_, back) = pullback(|inputs: &[Tensor<T>; N]| composed(inputs.each_ref()), &inputs);
    back(g).map(|grad| grad.get().cloned())
}

/// [`op`] of one input.
#[track_caller]
pub(crate) fn unary<A, B, P>(
    x: &Tensor<A>,
    forward: impl FnOnce(&Tensor<A>) -> Tensor<B>,
    pullback: impl Fn(&Tensor<A>, &Tensor<B>) -> P,
) -> Tensor<B>
where
    A: Element,
    B: Element,
    P: FnOnce(Tensor<B>) -> Tensor<A> + Send + 'static,
{
    op([x], |[x]| forward(x), &|[x]: [&Tensor<A>; 1], y: &Tensor<B>| {
        let pull = pullback(x, y);
        move |g, _| [Some(pull(g))]
    })
}

/// [`op`] of one input of which the output is a part. `add` adds the output's cotangent in place to what the walk back has
/// of the input's, so that many parts of one tensor cost no more than the whole; `whole` makes one of it, where there is
/// nothing yet or an outer gradient watches.
#[track_caller]
pub(crate) fn accumulating<T, W, A>(
    x: &Tensor<T>,
    forward: impl FnOnce(&Tensor<T>) -> Tensor<T>,
    whole: W,
    add: A,
) -> Tensor<T>
where
    T: Element,
    W: FnOnce(Tensor<T>) -> Tensor<T> + Clone + Send + 'static,
    A: FnOnce(Tensor<T>, Tensor<T>) -> Tensor<T> + Clone + Send + 'static,
{
    let Some(tape) = innermost([x]) else { return forward(x) };
    let Some(node) = x.node_on(tape) else { unreachable!("the tape watches the only input") };
    let name = type_name_of_val(&forward);
    let output = accumulating(&x.outside(tape), forward, whole.clone(), add.clone());
    let pullback = move |cotangent: AnyTensor, cotangents: &mut Cotangents| {
        let cotangent: Tensor<T> = of_output(cotangent);
        match cotangents.take::<T>(node) {
            Some(sum) if !sum.is_traced() && !cotangent.is_traced() => cotangents.add(node, add(sum, cotangent)),
            so_far => {
                so_far.into_iter().for_each(|sum| cotangents.add(node, sum));
                cotangents.add(node, whole(cotangent));
            }
        }
    };
    let caller = Location::caller();
    tape.record(output, Box::new(pullback), &|| Recorded::new(name, caller, [x], tape))
}

/// [`op`] of two inputs: a pullback for each, of which only the watched are called.
#[track_caller]
pub(crate) fn binary<A, B, P, Q>(
    x: &Tensor<A>,
    y: &Tensor<A>,
    forward: impl FnOnce(&Tensor<A>, &Tensor<A>) -> Tensor<B>,
    pullback: impl Fn(&Tensor<A>, &Tensor<A>, &Tensor<B>) -> (P, Q),
) -> Tensor<B>
where
    A: Element,
    B: Element,
    P: FnOnce(&Tensor<B>) -> Tensor<A> + Send + 'static,
    Q: FnOnce(&Tensor<B>) -> Tensor<A> + Send + 'static,
{
    op([x, y], |[x, y]| forward(x, y), &|[x, y]: [&Tensor<A>; 2], z: &Tensor<B>| {
        let (p, q) = pullback(x, y, z);
        move |g: Tensor<B>, watched: [bool; 2]| [watched[0].then(|| p(&g)), watched[1].then(|| q(&g))]
    })
}

/// [`op`] of any number of inputs.
#[track_caller]
pub(crate) fn variadic<T, P>(
    inputs: &[Tensor<T>],
    forward: impl FnOnce(&[Tensor<T>]) -> Tensor<T>,
    pullback: &impl Fn(&[Tensor<T>], &Tensor<T>) -> P,
) -> Tensor<T>
where
    T: Element,
    P: FnOnce(Tensor<T>) -> Vec<Tensor<T>> + Send + 'static,
{
    let Some(tape) = innermost(inputs) else { return forward(inputs) };
    let nodes: Vec<_> = inputs.iter().map(|input| input.node_on(tape)).collect();
    let outside: Vec<_> = inputs.iter().map(|input| input.outside(tape).into_owned()).collect();
    let name = type_name_of_val(&forward);
    let output = variadic(&outside, forward, pullback);
    let pull = pullback(&outside, &output);
    let pullback = move |cotangent: AnyTensor, cotangents: &mut Cotangents| {
        for (node, cotangent) in nodes.into_iter().zip(pull(of_output(cotangent))) {
            if let Some(node) = node {
                cotangents.add(node, cotangent);
            }
        }
    };
    let caller = Location::caller();
    tape.record(output, Box::new(pullback), &|| Recorded::new(name, caller, inputs, tape))
}
