//! The tape: what was computed in one call of `gradient`, and the walk back along it.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::LocalKey;

use super::find::{Recorded, is_finite};
use crate::tensor::{AnyTensor, Element, Float, Tensor};

/// Serial number of the next tape: a tape made later is nested deeper, on whichever thread.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A list that one gradient leaves to the next: a small model's step takes as long for a few allocations as for an operation.
type Spare<T> = LocalKey<Cell<Vec<T>>>;

thread_local! {
    static NODES: Cell<Vec<Option<Operation>>> = const { Cell::new(vec![]) };
    static COTANGENTS: Cell<Vec<Option<AnyTensor>>> = const { Cell::new(vec![]) };
}

/// The spare list; a new one where it is in use, or the thread is ending.
fn borrow_list<T>(spare: &'static Spare<T>) -> Vec<T> {
    spare.try_with(Cell::take).unwrap_or_default()
}

/// Leaves a list to the next gradient, unless it is very long.
fn return_list<T>(spare: &'static Spare<T>, mut list: Vec<T>) {
    const MOST: usize = 1 << 12;
    list.clear();
    if list.capacity() <= MOST {
        // While the thread is ending nobody needs it.
        let _ = spare.try_with(|spare| spare.set(list));
    }
}

/// What one call of `gradient` records. Tensors that carry a [`Trace`] of it add to it, from any thread.
pub(crate) struct Tape {
    serial: u64,
    /// Closed when the call's function has returned or panicked: from then on its tensors are constants.
    open: AtomicBool,
    /// An operation, or `None` for a leaf of the model; a node is an index into this list.
    nodes: Mutex<Vec<Option<Operation>>>,
    /// Nodes and what their operations were; only where somebody looks for what is not finite.
    watch: Option<Mutex<Vec<(usize, Recorded)>>>,
}

/// Takes the cotangent of an operation's output and adds those of its inputs.
pub(crate) type Pullback = Box<dyn FnOnce(AnyTensor, &mut Cotangents) + Send>;

struct Operation {
    pullback: Pullback,
}

impl Tape {
    pub(crate) fn new() -> Arc<Tape> {
        Tape::with_watch(None)
    }

    /// A tape that also keeps what each operation was, and looks at every number on the walk back.
    pub(super) fn watched() -> Arc<Tape> {
        Tape::with_watch(Some(Mutex::default()))
    }

    fn with_watch(watch: Option<Mutex<Vec<(usize, Recorded)>>>) -> Arc<Tape> {
        Arc::new(Tape {
            serial: NEXT.fetch_add(1, Ordering::Relaxed),
            open: AtomicBool::new(true),
            nodes: Mutex::new(borrow_list(&NODES)),
            watch,
        })
    }

    /// A tensor whose uses this tape records, as its next leaf.
    pub(crate) fn leaf<T: Float>(self: &Arc<Self>, tensor: &Tensor<T>) -> Tensor<T> {
        let node = self.push(None);
        self.trace(tensor.clone(), node)
    }

    /// Records how the cotangents of an operation's inputs follow from that of its `output`.
    /// `recorded` says what the operation was, where somebody watches.
    pub(super) fn record<T: Element>(
        self: &Arc<Self>,
        output: Tensor<T>,
        pullback: Pullback,
        recorded: &dyn Fn() -> Recorded,
    ) -> Tensor<T> {
        let node = self.push(Some(Operation { pullback }));
        if let Some(watch) = &self.watch {
            let recorded = recorded().with_output(&output);
            watch.lock().unwrap_or_else(PoisonError::into_inner).push((node, recorded));
        }
        self.trace(output, node)
    }

    /// What the operations were, by their nodes; empty where nobody watches.
    pub(super) fn recorded(&self) -> BTreeMap<usize, Recorded> {
        let take = |watch: &Mutex<Vec<_>>| std::mem::take(&mut *watch.lock().unwrap_or_else(PoisonError::into_inner));
        self.watch.as_ref().map(take).unwrap_or_default().into_iter().collect()
    }

    /// Walks back from a node and returns the cotangents of the leaves. The tape is emptied.
    pub(crate) fn walk_back(&self, from: usize, cotangent: AnyTensor) -> Cotangents {
        let mut nodes = std::mem::take(&mut *self.nodes());
        nodes.truncate(from + 1);
        let watch = self.watch.as_ref().map(|_| Watch { at: from, fault: None });
        let mut cotangents = Cotangents { of: borrow_list(&COTANGENTS), watch };
        cotangents.of.resize_with(nodes.len(), || None);
        cotangents.of[from] = Some(cotangent);
        // An operation is dropped as soon as it is done, so that its memory serves the next.
        while let Some(operation) = nodes.pop() {
            let node = nodes.len();
            let Some(Operation { pullback }) = operation else { continue };
            if let Some(cotangent) = cotangents.of[node].take() {
                cotangents.watch.iter_mut().for_each(|watch| watch.at = node);
                pullback(cotangent, &mut cotangents);
            }
        }
        return_list(&NODES, nodes);
        cotangents
    }

    /// Ends the recording.
    pub(crate) fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    fn push(&self, operation: Option<Operation>) -> usize {
        let mut nodes = self.nodes();
        nodes.push(operation);
        nodes.len() - 1
    }

    fn trace<T: Element>(self: &Arc<Self>, tensor: Tensor<T>, node: usize) -> Tensor<T> {
        let outer = tensor.trace().and_then(Trace::live).cloned().map(Box::new);
        tensor.with_trace(Some(Trace { tape: self.clone(), node, outer }))
    }

    /// A thread that panicked while it held the lock had pushed or not; the list is sound either way.
    fn nodes(&self) -> MutexGuard<'_, Vec<Option<Operation>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tensor's place on the tapes that watch it, the innermost first.
#[derive(Clone)]
pub(crate) struct Trace {
    tape: Arc<Tape>,
    node: usize,
    outer: Option<Box<Trace>>,
}

impl Trace {
    /// The innermost trace whose tape still records.
    pub(crate) fn live(&self) -> Option<&Trace> {
        let mut trace = self;
        while !trace.tape.open.load(Ordering::Acquire) {
            trace = trace.outer.as_deref()?;
        }
        Some(trace)
    }

    /// The trace on a tape; within it only tapes that no longer record are passed by.
    fn on(&self, tape: &Arc<Tape>) -> Option<&Trace> {
        let mut trace = self;
        while !Arc::ptr_eq(&trace.tape, tape) {
            if trace.tape.open.load(Ordering::Acquire) {
                return None;
            }
            trace = trace.outer.as_deref()?;
        }
        Some(trace)
    }
}

/// The innermost tape that watches any of the tensors.
pub(crate) fn innermost<'a, T: Element>(tensors: impl IntoIterator<Item = &'a Tensor<T>>) -> Option<&'a Arc<Tape>> {
    let traces = tensors.into_iter().filter_map(|tensor| tensor.trace()?.live());
    traces.max_by_key(|trace| trace.tape.serial).map(|trace| &trace.tape)
}

impl<T: Element> Tensor<T> {
    /// The tensor's node on a tape, whether or not that still records.
    pub(crate) fn node_on(&self, tape: &Arc<Tape>) -> Option<usize> {
        Some(self.trace()?.on(tape)?.node)
    }

    /// The tensor as the tapes outside of this one know it.
    pub(crate) fn outside(&self, tape: &Arc<Tape>) -> Cow<'_, Tensor<T>> {
        let Some(trace) = self.trace() else { return Cow::Borrowed(self) };
        let outer = match trace.on(tape) {
            Some(trace) => trace.outer.as_deref(),
            None => trace.live(),
        };
        let outer = outer.cloned();
        Cow::Owned(self.stop_gradient().with_trace(outer))
    }
}

impl<T: Element> Tensor<T> {
    /// The same elements as a constant: no gradient that is being taken sees where they came from.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// // Only the second factor is differentiated.
    /// let g = gradient(|x: &Tensor| x.stop_gradient() * x, &Tensor::scalar(3.0));
    /// assert_eq!(g.get().unwrap().item(), 3.0);
    /// ```
    pub fn stop_gradient(&self) -> Tensor<T> {
        self.with_layout(self.layout().clone())
    }
}

/// The derivatives of the loss by the nodes of a tape, as far as the walk back has got.
pub(crate) struct Cotangents {
    of: Vec<Option<AnyTensor>>,
    watch: Option<Watch>,
}

/// Looks for the first operation on the walk back whose pullback gives what is not finite.
struct Watch {
    /// The operation where the walk is.
    at: usize,
    fault: Option<usize>,
}

impl Drop for Cotangents {
    fn drop(&mut self) {
        return_list(&COTANGENTS, std::mem::take(&mut self.of));
    }
}

impl Cotangents {
    /// Adds to the cotangent of a node.
    pub(crate) fn add<T: Element>(&mut self, node: usize, cotangent: Tensor<T>) {
        let Some(cotangent) = T::erase(cotangent) else { unreachable!("only floats are traced") };
        let slot = &mut self.of[node];
        *slot = Some(match (slot.take(), cotangent) {
            (Some(AnyTensor::F32(sum)), AnyTensor::F32(more)) => AnyTensor::F32(sum + more),
            (Some(AnyTensor::F64(sum)), AnyTensor::F64(more)) => AnyTensor::F64(sum + more),
            (_, first) => first,
        });
        if let (Some(watch @ Watch { fault: None, .. }), Some(sum)) = (&mut self.watch, slot)
            && !is_finite(sum)
        {
            watch.fault = Some(watch.at);
        }
    }

    /// The first operation on the walk back, where that was watched, whose pullback gave what is not finite.
    pub(super) fn fault(&self) -> Option<usize> {
        self.watch.as_ref()?.fault
    }

    /// Whether what the walk has for the first so many nodes is finite.
    pub(super) fn are_finite(&self, nodes: usize) -> bool {
        self.of.iter().take(nodes).flatten().all(is_finite)
    }

    /// Takes the cotangent of a node; `None` where the walk never came by.
    pub(crate) fn take<T: Element>(&mut self, node: usize) -> Option<Tensor<T>> {
        self.of.get_mut(node)?.take().and_then(T::unwrap)
    }
}
