//! [`update`]: one pass over the memory of all leaves, whatever the chain of rules.

use smallvec::SmallVec;

use super::global;
use super::rule::{LeafInfo, Powers, Rule};
use super::slots::Slots;
use super::state::{LeafState, Optimising, State};
use crate::autodiff::{Gradient, Grads};
use crate::kernels::isa::vectorized_to_256;
use crate::kernels::{pool, threads};
use crate::params::{Kind, MapLeaf, Mismatch, Mut, Nothing, Pair, Params, Ref, Value, Walk, place, sync_ties};
use crate::tensor::{Float, Tensor, list};

/// Takes one step: each rule of each leaf turns the leaf's gradient into a step, which is subtracted from the leaf.
///
/// What is infinite or NaN in a gradient goes into the model like any other number; ask
/// [`is_finite`](crate::autodiff::GradientTree::is_finite) before. Leaves that are frozen or have no gradient stay as
/// they are, and so does their state. Everything happens in place, in one pass over memory (a global rule looks at all
/// leaves before), shared out among threads where there are many parameters; the number of threads changes no bit.
///
/// # Panics
/// Where the model, the state or the gradient differ in structure or shapes, as after a model has grown, with the
/// path; nothing has been changed then.
///
/// ```
/// use sapwood::prelude::*;
///
/// let mut w = Tensor::from([1.0f32, -2.0]);
/// let mut state = setup(Descent::new(0.1), &w);
/// let grads = gradient(|w| w.square().sum(), &w);
/// update(&mut state, &mut w, &grads);
/// assert_eq!(w.to_vec(), [0.8, -1.6]);
/// ```
#[track_caller]
pub fn update<M: Params, R: Rule>(state: &mut State<R, M>, model: &mut M, grads: &Grads<M>) {
    if R::GLOBAL {
        // What does not fit must be found before anything is measured.
        if let Err(fault) = prepare(state, model, grads).map(drop) {
            panic!("update: {fault}; nothing was changed");
        }
        let sums = global::measure::<M, R>(state, model, grads);
        global::conclude::<M, R>(state, sums);
    }
    let (leaves, elements) = match prepare(state, model, grads) {
        Ok(prepared) => prepared,
        Err(fault) => panic!("update: {fault}; nothing was changed"),
    };
    if threads::worthwhile(elements) {
        threads::share(leaves.into_iter(), |leaf| leaf(true));
    } else {
        leaves.into_iter().for_each(|leaf| leaf(false));
    }
    sync_ties(model);
}

/// Brings each leaf together with its state and its gradient, and finds what does not fit before anything changes;
/// also returns the number of elements.
fn prepare<'a, M: Params, R: Rule>(
    state: &'a mut State<R, M>,
    model: &'a mut M,
    grads: &'a Grads<M>,
) -> Result<(LeafUpdates<'a>, usize), String> {
    let walk = &mut Walk::new();
    let pairs = M::zip_trees(model.leaves_mut(walk), M::tree_mut(state), &mut Walk::new());
    let pairs = pairs.map_err(|mismatch| differ("state", mismatch))?;
    let triples = M::zip_trees(pairs, M::tree_ref(grads), &mut Walk::new());
    let triples = triples.map_err(|mismatch| differ("gradient", mismatch))?;
    let mut sweep = Sweep { leaves: LeafUpdates::new(), met: 0, elements: 0, fault: None };
    M::map_tree(triples, &mut Walk::new(), &mut sweep);
    match sweep.fault.take() {
        Some(fault) => Err(fault),
        None => Ok((sweep.leaves, sweep.elements)),
    }
}

fn differ(other: &str, Mismatch { path, left, right }: Mismatch) -> String {
    format!(
        "the model and its {other} differ at {} (has the model changed since?): {left} against {right}",
        place(&path)
    )
}

/// The updates of leaves, each as a function that takes whether to use several threads.
type LeafUpdates<'a> = SmallVec<[Box<dyn FnOnce(bool) + Send + 'a>; 4]>;

/// Collects the leaves to update, how many elements they have, how many leaves were met, and the first thing that does
/// not fit.
struct Sweep<'a> {
    leaves: LeafUpdates<'a>,
    met: usize,
    elements: usize,
    fault: Option<String>,
}

/// A leaf with its state and its gradient.
type Triple<'a, R> = Pair<Pair<Mut<'a, Value>, Mut<'a, Optimising<R>>>, Ref<'a, Gradient>>;

impl<'a, R: Rule> MapLeaf<Triple<'a, R>, Nothing> for Sweep<'a> {
    fn leaf<T: Float>(&mut self, walk: &Walk, ((x, state), gradient): <Triple<'a, R> as Kind>::Leaf<T>) {
        let index = self.met;
        self.met += 1;
        if !state.state.fits(x.shape()) {
            self.fault.get_or_insert_with(|| {
                format!("the state of {} was set up for another shape than {:?}", walk.place(), x.shape())
            });
        }
        let Some(gradient) = gradient else { return };
        if gradient.shape() != x.shape() {
            self.fault.get_or_insert_with(|| {
                let place = walk.place();
                format!("the gradient of {place} has the shape {:?}, the leaf {:?}", gradient.shape(), x.shape())
            });
        }
        if x.is_traced() {
            self.fault
                .get_or_insert_with(|| format!("{} is being differentiated and can't change in place", walk.place()));
        }
        if !state.frozen && !x.is_empty() {
            self.elements += x.len();
            self.leaves.push(Box::new(move |parallel| update_leaf(index, x, state, gradient, parallel)));
        }
    }
}

/// Elements that a chain of rules sees at a time. So few that the processor, which looks some hundred instructions ahead,
/// loads the next rule's and the next chunk's memory while it computes; with 2,048 a sweep of Adam takes half as long
/// again.
const CHUNK: usize = 64;

/// A chunk's gradient, from the start of a line of the cache on: what lies in two lines is slow to store and read again.
#[repr(align(64))]
struct Lines<T>([T; CHUNK]);

/// A leaf, or a stretch of it, with what belongs to it.
pub struct Stretch<'a, S: Slots<T> + 'a, T: Float> {
    // What rules are told of the leaf.
    step: u64,
    shape: &'a [usize],
    index: usize,
    start: usize,
    x: &'a mut [T],
    gradient: &'a [T],
    state: S::Chunk<'a>,
}

/// How a leaf is updated.
#[derive(Clone, Copy)]
pub enum How {
    /// In one, as some rules need it.
    Whole,
    /// Chunk by chunk, on one thread.
    Swept,
    /// Chunk by chunk, shared out among threads.
    Shared,
}

impl<'a, S: Slots<T> + 'a, T: Float> Stretch<'a, S, T> {
    /// Which update of the leaf this is; 1 for the first.
    pub(super) fn step(&self) -> u64 {
        self.step
    }

    /// Takes a step by a rule.
    #[inline(never)]
    pub(super) fn step_by<R: Rule<State<T> = S>>(self, rule: &R, how: How) {
        match how {
            How::Whole => self.whole(rule),
            How::Swept => self.sweep(rule),
            How::Shared => self.share(rule),
        }
    }

    /// The first `at` elements, or all where there are no more, and the others.
    #[inline(always)]
    fn split(self, at: usize) -> (Self, Self) {
        let at = at.min(self.x.len());
        let (x, more_x) = self.x.split_at_mut(at);
        let (gradient, more_gradient) = self.gradient.split_at(at);
        let (state, more_state) = S::split(self.state, at);
        let more = Stretch { start: self.start + at, x: more_x, gradient: more_gradient, state: more_state, ..self };
        (Stretch { x, gradient, state, ..self }, more)
    }

    /// Shared out among threads: two long pieces each, as memory is fastest read on and on.
    fn share<R: Rule<State<T> = S>>(self, rule: &R) {
        let length = self.x.len().div_ceil(2 * threads::available()).next_multiple_of(CHUNK).max(threads::CHUNK);
        let (mut pieces, mut rest) = (SmallVec::<[_; 4]>::new(), self);
        while !rest.x.is_empty() {
            let (piece, more) = rest.split(length);
            pieces.push(piece);
            rest = more;
        }
        threads::share(pieces.into_iter(), |piece| piece.sweep(rule));
    }

    /// Chunk by chunk. The chunks' length is written into the loops, which so become straight lines.
    fn sweep<R: Rule<State<T> = S>>(self, rule: &R) {
        let (powers, mut rest) = (Powers::default(), self);
        let mut dx = Lines([T::zero(); CHUNK]);
        vectorized_to_256!(|| {
            while rest.x.len() > CHUNK {
                let (chunk, more) = rest.split(CHUNK);
                chunk.apply(rule, &mut dx.0, &powers);
                rest = more;
            }
            let length = rest.x.len();
            rest.apply(rule, &mut dx.0[..length], &powers);
        });
    }

    fn whole<R: Rule<State<T> = S>>(self, rule: &R) {
        let mut dx = pool::buffer(self.x.len());
        vectorized_to_256!(|| self.apply(rule, &mut dx, &Powers::default()));
    }

    /// Updates the elements, of which `dx` has room for as many.
    #[inline(always)]
    fn apply<R: Rule<State<T> = S>>(self, rule: &R, dx: &mut [T], powers: &Powers) {
        let Stretch { step, shape, index, start, x, gradient, state } = self;
        dx.copy_from_slice(gradient);
        rule.apply(LeafInfo { step, shape, index, start, powers }, state, x, dx);
        x.iter_mut().zip(&*dx).for_each(|(x, &dx)| *x -= dx);
    }
}

fn update_leaf<R: Rule, T: Float>(
    index: usize,
    x: &mut Tensor<T>,
    leaf: &mut LeafState<R, T>,
    gradient: &Tensor<T>,
    parallel: bool,
) {
    let LeafState { rule, state, step, .. } = leaf;
    *step += 1;
    let shape = list(x.shape());
    let copy;
    let gradient = match gradient.as_slice() {
        Some(gradient) => gradient,
        None => {
            copy = gradient.contiguous();
            copy.dense()
        }
    };
    let whole = rule.whole_leaf() || state.whole();
    let how = match (whole, parallel) {
        (true, _) => How::Whole,
        (false, true) => How::Shared,
        (false, false) => How::Swept,
    };
    let (x, state) = (x.as_mut_slice(), state.chunk());
    rule.take_step(Stretch { step: *step, shape: &shape, index, start: 0, x, gradient, state }, how);
}
