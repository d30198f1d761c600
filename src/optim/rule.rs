//! What a rule is.

use std::cell::Cell;

use super::slots::Slots;
use super::update::{How, Stretch};
use crate::tensor::{Float, Tensor};

/// How a gradient becomes a step: a struct of hyper-parameters.
///
/// [`update`](crate::optim::update) cuts each leaf into chunks, copies the gradient's chunk to `dx`, calls
/// [`apply`](Rule::apply), and subtracts `dx` from the parameters. Rules are chained as tuples: each gets the `dx`
/// that the one before it left.
///
/// A rule of your own takes a few lines. This is Signum (Bernstein et al., 2018): x ← x − η sign(v), v ← ρv + (1−ρ)g.
///
/// ```
/// use sapwood::optim::{Chunk, LeafInfo};
/// use sapwood::prelude::*;
///
/// #[derive(Clone, Debug)]
/// struct Signum { rate: f64, rho: f64 }
///
/// impl Rule for Signum {
///     type State<T: Float> = Tensor<T>;
///     fn init<T: Float>(&self, x: &Tensor<T>) -> Tensor<T> { Tensor::zeros_like(x) }
///     fn apply<T: Float>(&self, _: LeafInfo, v: Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
///         let (rate, rho) = (T::from_f64(self.rate), T::from_f64(self.rho));
///         for (v, dx) in v.iter_mut().zip(dx) {
///             *v = rho * *v + (T::one() - rho) * *dx;
///             *dx = rate * v.signum();
///         }
///     }
/// }
///
/// let mut w = Tensor::from([1.0f32, -2.0]);
/// let mut state = setup(Signum { rate: 0.1, rho: 0.9 }, &w);
/// let grads = gradient(|w| w.square().sum(), &w);
/// update(&mut state, &mut w, &grads);
/// assert_eq!(w.to_vec(), [0.9, -1.9]);
/// ```
pub trait Rule: Clone + Send + Sync + 'static {
    /// What the rule remembers of a leaf: `()`, a tensor of the leaf's shape, anything else as
    /// [`PerLeaf`](super::PerLeaf), or an array, tuple or option of such.
    type State<T: Float>: Slots<T>;

    /// Whether `apply` must see a leaf whole instead of in chunks, as for a norm. Each leaf is then one thread's work.
    fn whole_leaf(&self) -> bool {
        false
    }

    /// The memory of a new leaf.
    fn init<T: Float>(&self, x: &Tensor<T>) -> Self::State<T>;

    /// Turns `dx`, the gradient, into the step that will be subtracted from the parameters `x`. `x`, `dx` and the
    /// slices of `state` are of one length.
    fn apply<T: Float>(&self, leaf: LeafInfo, state: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]);

    /// Whether the rule asks all leaves before it takes a step: [`measure`](Rule::measure), then
    /// [`conclude`](Rule::conclude). Such a rule must stand first in a chain.
    const GLOBAL: bool = false;

    /// Of a global rule: two numbers for a whole leaf, before any leaf is updated.
    fn measure<T: Float>(&self, _leaf: LeafInfo, _state: &mut Self::State<T>, _x: &[T], _gradient: &[T]) -> [f64; 2] {
        [0.0; 2]
    }

    /// Of a global rule: takes the sums of what was measured, in declaration order, over all leaves that will be
    /// updated. Every leaf's copy of the rule gets them, a frozen one's too.
    fn conclude(&mut self, _sums: [f64; 2]) {}

    /// Where the parameters are to be evaluated, when that is not where they are trained.
    fn evaluation_point<T: Float>(&self, _state: &Self::State<T>, x: Tensor<T>) -> Tensor<T> {
        x
    }

    /// Updates a leaf by [`apply`](Rule::apply). A wrapper that is another rule at each step hands the leaf to that rule,
    /// whose loops may be compiled already.
    #[doc(hidden)]
    fn take_step<T: Float>(&self, leaf: Stretch<'_, Self::State<T>, T>, how: How) {
        leaf.step_by(self, how);
    }

    /// The learning rate of an update of a leaf, counted from 1; `None` where the rule has none.
    fn rate(&self, _step: u64) -> Option<f64> {
        None
    }

    /// Sets the learning rate; returns whether the rule has one.
    fn set_rate(&mut self, _rate: f64) -> bool {
        false
    }
}

/// The part of a rule's state that belongs to one chunk of a leaf: slices where the state has tensors.
pub type Chunk<'a, R, T> = <<R as Rule>::State<T> as Slots<T>>::Chunk<'a>;

/// What a rule may want to know of the leaf that it is applied to.
#[derive(Clone, Copy, Debug)]
pub struct LeafInfo<'a> {
    /// Which update of this leaf this is; 1 for the first.
    pub step: u64,
    /// The leaf's shape (a chunk is a stretch of its elements in row-major order).
    pub shape: &'a [usize],
    /// The leaf's number in the model, in declaration order.
    pub index: usize,
    /// The chunk's first element.
    pub start: usize,
    pub(super) powers: &'a Powers,
}

impl LeafInfo<'_> {
    /// βᵗ, where t is the step: what corrects the bias of a mean that started at 0. Worked out once for many chunks.
    #[inline]
    pub fn power(&self, beta: f64) -> f64 {
        self.powers.get(beta, self.step)
    }

    /// The same, of another step: for a wrapper that counts steps itself.
    pub fn at_step(self, step: u64) -> Self {
        LeafInfo { step, ..self }
    }
}

/// The powers that were asked for last: β, t and βᵗ.
#[derive(Debug, Default)]
pub(super) struct Powers([Cell<(f64, u64, f64)>; 4]);

impl Powers {
    #[inline]
    fn get(&self, beta: f64, step: u64) -> f64 {
        let known = self.0.iter().map(Cell::get).find(|known| (known.0, known.1) == (beta, step));
        known.map_or_else(|| self.insert(beta, step), |(.., power)| power)
    }

    #[cold]
    fn insert(&self, beta: f64, step: u64) -> f64 {
        let power = beta.powf(step as f64);
        let [first, others @ ..] = &self.0;
        others.iter().for_each(|other| first.swap(other));
        first.set((beta, step, power));
        power
    }
}

/// For wrappers in which a global rule would not see the gradients that it steps by: such a wrapper does not compile.
pub(super) const fn not_global<R: Rule>() -> bool {
    assert!(!R::GLOBAL, "a global rule, such as Prodigy, can't stand in this wrapper");
    false
}

/// The sign of a number: −1, 0 or 1; NaN of NaN.
#[inline(always)]
pub(super) fn sign<T: Float>(x: T) -> T {
    if x > T::zero() {
        T::one()
    } else if x < T::zero() {
        -T::one()
    } else {
        x
    }
}

/// The value of an option that must be a finite number of at least 0.
#[track_caller]
pub(crate) fn positive(rule: &str, option: &str, value: f64) -> f64 {
    assert!(value >= 0.0 && value.is_finite(), "{rule}: {option} must be a finite number, at least 0, not {value}");
    value
}

/// The value of an option that must lie in [0, 1).
#[track_caller]
pub(super) fn decay(rule: &str, option: &str, value: f64) -> f64 {
    assert!((0.0..1.0).contains(&value), "{rule}: {option} must be at least 0 and less than 1, not {value}");
    value
}
