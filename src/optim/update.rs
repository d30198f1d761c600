//! [`update`]: one pass over the memory of all leaves, whatever the chain of rules.

use rayon::prelude::*;
use smallvec::SmallVec;

use super::global;
use super::rule::{LeafInfo, Rule};
use super::slots::Slots;
use super::state::{LeafState, Optimising, State};
use crate::autodiff::{Gradient, Grads};
use crate::kernels::isa::vectorized;
use crate::kernels::threads;
use crate::params::{Kind, MapLeaf, Mismatch, Mut, Nothing, Pair, Params, Ref, Value, Walk, place, sync_ties};
use crate::tensor::{Float, Tensor};

/// Takes one step: each rule of each leaf turns the leaf's gradient into a step, which is subtracted from the leaf.
///
/// What is infinite or NaN in a gradient goes into the model like any other number; ask
/// [`is_finite`](crate::autodiff::GradientTree::is_finite) before. Leaves that are frozen or have no gradient stay as they are, and so does their state. Everything happens in place,
/// in one pass over memory, shared out among threads where there are many parameters; the number of threads changes
/// no bit.
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
        leaves.into_vec().into_par_iter().for_each(|leaf| leaf(true));
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

/// Collects the leaves to update, how many elements they have, how many leaves were met, and the first thing that does not fit.
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

/// Elements that are swept at a time: the gradient's copy and the rules' passes over it stay in the first-level cache.
const CHUNK: usize = 2048;

/// A chunk of a leaf with what belongs to it.
struct Piece<'a, T, S> {
    start: usize,
    x: &'a mut [T],
    gradient: &'a [T],
    state: S,
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
    let shape = SmallVec::<[usize; 4]>::from_slice(x.shape());
    let step = *step;
    let dense = gradient.contiguous();
    let x = x.as_mut_slice();
    let size = if rule.whole_leaf() || state.whole() { x.len() } else { CHUNK.min(x.len()) };
    let slices = x.chunks_mut(size).zip(dense.dense().chunks(size)).zip(state.chunks(size));
    let chunks = slices.enumerate().map(|(i, ((x, gradient), state))| Piece { start: i * size, x, gradient, state });
    let apply = |dx: &mut SmallVec<[T; 16]>, Piece { start, x, gradient, state }: Piece<'_, T, _>| {
        let info = LeafInfo { step, shape: &shape, index, start };
        dx.clear();
        dx.extend_from_slice(gradient);
        vectorized(
            #[inline(always)]
            || {
                rule.apply(info, state, x, dx);
                x.iter_mut().zip(&*dx).for_each(|(x, &dx)| *x -= dx);
            },
        );
    };
    if parallel && x_is_long(dense.len(), size) {
        let chunks: Vec<_> = chunks.collect();
        chunks.into_par_iter().with_min_len(threads::CHUNK / CHUNK).for_each_init(SmallVec::new, apply);
    } else {
        let mut dx = SmallVec::new();
        chunks.for_each(|chunk| apply(&mut dx, chunk));
    }
}

/// Whether a leaf is worth cutting for several threads.
fn x_is_long(elements: usize, chunk: usize) -> bool {
    elements >= threads::CHUNK && elements > chunk
}
