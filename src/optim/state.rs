//! The optimiser's state: a tree of the model's shape.

use std::fmt::Debug;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::Rule;
use super::rule::positive;
use crate::params::{Kind, Leaf, MapLeaf, Mismatch, Mut, Nothing, Pair, Params, Ref, Tree, Value, Walk, sync_ties};
use crate::tensor::{Float, Tensor};

/// The kind of optimiser states under a rule.
#[derive(Clone, Copy, Debug)]
pub struct Optimising<R>(PhantomData<R>);

impl<R: Rule> Kind for Optimising<R> {
    type Leaf<T: Float> = LeafState<R, T>;
}

/// The state of an optimiser for a model: the model's own fields, with a [`LeafState`] at each leaf.
pub type State<R, M> = <M as Params>::Tree<Optimising<R>>;

/// What the optimiser knows of one leaf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "R: Serialize", deserialize = "R: Deserialize<'de>"))]
pub struct LeafState<R: Rule, T: Float> {
    /// The rule with this leaf's own hyper-parameters.
    #[serde(with = "named")]
    pub rule: R,
    /// What the rule remembers; each rule documents its own.
    pub state: R::State<T>,
    /// How many updates this leaf has had.
    pub step: u64,
    /// Whether updates pass this leaf by: no step, no decay, the state stays as it is.
    pub frozen: bool,
}

/// The rule's name without its modules, such as `(ClipNorm, Adam)`.
pub(crate) fn rule_name<R>() -> String {
    let mut short = String::new();
    for part in std::any::type_name::<R>().split_inclusive(|c: char| !(c.is_alphanumeric() || "_:".contains(c))) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

/// A stored rule stands behind its name: Momentum's state has the same numbers as Nesterov's, and would pass for it.
mod named {
    use std::marker::PhantomData;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::rule_name;

    pub(super) fn serialize<R: Serialize, S: Serializer>(rule: &R, serializer: S) -> Result<S::Ok, S::Error> {
        (rule_name::<R>(), rule).serialize(serializer)
    }

    pub(super) fn deserialize<'de, R: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<R, D::Error> {
        let (Name(_), rule) = <(Name<R>, R)>::deserialize(deserializer)?;
        Ok(rule)
    }

    /// Read before the rule itself, so that another rule's name is the error and not what its numbers would be.
    struct Name<R>(PhantomData<R>);

    impl<'de, R> Deserialize<'de> for Name<R> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let (found, expected) = (String::deserialize(deserializer)?, rule_name::<R>());
            if found == expected {
                return Ok(Name(PhantomData));
            }
            Err(D::Error::custom(format_args!("the state of {found} where that of {expected} is asked for")))
        }
    }
}

/// The state of a new optimiser for a model.
///
/// ```
/// use sapwood::prelude::*;
///
/// let w = Tensor::from([1.0f32, 2.0]);
/// let state = setup(Momentum::new(0.1), &w);
/// assert_eq!(state.state.to_vec(), [0.0, 0.0]);
/// ```
pub fn setup<R: Rule, M: Params>(rule: R, model: &M) -> State<R, M> {
    setup_by(|_| rule.clone(), model)
}

/// The state of a new optimiser for a model, with a rule that is chosen for each leaf.
///
/// Rules of one type may differ in their options; rules of two types meet in an [`Either`](super::Either).
///
/// ```
/// use sapwood::optim::{Either, setup_by};
/// use sapwood::prelude::*;
///
/// let mut model = Dense::<f32>::new(3, 2, &mut StdRng::seed_from_u64(0));
/// // Biases don't decay.
/// let rule = |place: Place| AdamW::new(0.01).lambda(if place.path.ends_with("bias") { 0.0 } else { 0.1 });
/// let state = setup_by(rule, &model);
/// assert_eq!((state.weight.rule.lambda, state.bias.as_ref().unwrap().rule.lambda), (0.1, 0.0));
/// // Matrices and the rest.
/// let rule = |place: Place| match place.shape.len() {
///     2 => Either::First((ClipNorm::new(1.0), Momentum::new(0.1))),
///     _ => Either::Second(Adam::default()),
/// };
/// let mut state = setup_by(rule, &model);
/// # use sapwood::optim::Place;
/// # let x: Tensor = Tensor::ones((4, 3));
/// # let grads = gradient(|m| m.forward(&x).sum(), &model);
/// # update(&mut state, &mut model, &grads);
/// ```
pub fn setup_by<R: Rule, M: Params>(choose: impl FnMut(Place<'_>) -> R, model: &M) -> State<R, M> {
    M::map_tree(model.leaves(&mut Walk::new()), &mut Walk::new(), &mut InitBy(choose))
}

/// A leaf's place in the model, for [`setup_by`].
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The path, in dots: `layers.0.weight`.
    pub path: &'a str,
    /// The leaf's shape.
    pub shape: &'a [usize],
    /// The leaf's element type: `"f32"` or `"f64"`.
    pub dtype: &'static str,
}

struct InitBy<F>(F);

impl<R: Rule, F: FnMut(Place<'_>) -> R> MapLeaf<Ref<'_, Value>, Optimising<R>> for InitBy<F> {
    fn leaf<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> LeafState<R, T> {
        let rule = (self.0)(Place { path: &walk.path(), shape: tensor.shape(), dtype: T::NAME });
        let state = rule.init(tensor);
        LeafState { rule, state, step: 0, frozen: false }
    }
}

/// The model to evaluate and to keep, where a rule trains elsewhere: the averages of
/// [`ScheduleFree`](super::ScheduleFree), the slow weights of [`Lookahead`](super::Lookahead); the model itself for
/// rules that know no other.
///
/// # Panics
/// Where the model and the state differ in structure, with the path.
#[track_caller]
pub fn evaluation_model<M: Params + Clone, R: Rule>(state: &State<R, M>, model: &M) -> M {
    let mut evaluated = model.clone();
    if let Err(mismatch) = evaluate(state, &mut evaluated) {
        panic!("evaluation_model: {mismatch}");
    }
    sync_ties(&mut evaluated);
    evaluated
}

fn evaluate<M: Params, R: Rule>(state: &State<R, M>, model: &mut M) -> Result<(), Mismatch> {
    let pairs = M::zip_trees(model.leaves_mut(&mut Walk::new()), M::tree_ref(state), &mut Walk::new())?;
    M::map_tree(pairs, &mut Walk::new(), &mut Evaluate);
    Ok(())
}

struct Evaluate;

type Evaluated<'a, R> = Pair<Mut<'a, Value>, Ref<'a, Optimising<R>>>;

impl<'a, R: Rule> MapLeaf<Evaluated<'a, R>, Nothing> for Evaluate {
    fn leaf<T: Float>(&mut self, _: &Walk, (x, leaf): <Evaluated<'a, R> as Kind>::Leaf<T>) {
        *x = leaf.rule.evaluation_point(&leaf.state, x.clone());
    }
}

/// What can be done with an optimiser's state, on the whole tree or any subtree of it: `state.hidden.freeze()`.
pub trait OptimiserTree<R: Rule>: Tree<Optimising<R>> {
    /// Stops updates: no step, no decay, the state stays as it is.
    fn freeze(&mut self) {
        for_each(self, |leaf| *leaf.frozen = true);
    }

    /// Undoes [`freeze`](Self::freeze).
    fn thaw(&mut self) {
        for_each(self, |leaf| *leaf.frozen = false);
    }

    /// The learning rate of the last update, or of the first where there was none yet: that of the first leaf that has
    /// one and is not frozen.
    ///
    /// ```
    /// use sapwood::optim::schedule::Linear;
    /// use sapwood::prelude::*;
    ///
    /// let mut w = Tensor::from([1.0f32]);
    /// let mut state = setup(Scheduled::new(Adam::default(), Linear::new(0.1, 0.0, 10)), &w);
    /// for expected in [0.1, 0.09] {
    ///     let grads = gradient(|w| w.square().sum(), &w);
    ///     update(&mut state, &mut w, &grads);
    ///     assert_eq!(state.rate(), Some(expected));
    /// }
    /// ```
    fn rate(&self) -> Option<f64> {
        let mut first = FirstRate(None);
        Self::Model::map_tree(Self::Model::tree_ref(self), &mut Walk::new(), &mut first);
        first.0
    }

    /// Sets the learning rate of all rules that have one; what they remember stays.
    ///
    /// # Panics
    /// Where a leaf's rule (or chain) has no learning rate that can be set, such as one that follows a schedule, or the
    /// rate is negative or not finite.
    #[track_caller]
    fn adjust(&mut self, rate: f64) {
        positive("adjust", "the rate", rate);
        let mut all = true;
        for_each(self, |leaf| all &= leaf.rule.set_rate(rate));
        assert!(all, "adjust: {} has no learning rate that can be set", rule_name::<R>());
    }

    /// Changes any hyper-parameters: `state.adjust_with(|rule| rule.rho = 0.5)`.
    fn adjust_with(&mut self, mut change: impl FnMut(&mut R)) {
        for_each(self, |leaf| change(leaf.rule));
    }
}

impl<R: Rule, S: Tree<Optimising<R>>> OptimiserTree<R> for S {}

/// What all leaves have in common, whatever their type.
struct Common<'a, R> {
    rule: &'a mut R,
    frozen: &'a mut bool,
}

fn for_each<R: Rule, S: Tree<Optimising<R>>>(tree: &mut S, change: impl FnMut(Common<'_, R>)) {
    S::Model::map_tree(S::Model::tree_mut(tree), &mut Walk::new(), &mut Change(change));
}

struct Change<F>(F);

impl<R: Rule, F: FnMut(Common<'_, R>)> MapLeaf<Mut<'_, Optimising<R>>, Nothing> for Change<F> {
    fn leaf<T: Float>(&mut self, _: &Walk, leaf: &mut LeafState<R, T>) {
        (self.0)(Common { rule: &mut leaf.rule, frozen: &mut leaf.frozen });
    }
}

/// The first learning rate that is met.
struct FirstRate(Option<f64>);

impl<R: Rule> MapLeaf<Ref<'_, Optimising<R>>, Nothing> for FirstRate {
    fn leaf<T: Float>(&mut self, _: &Walk, leaf: &LeafState<R, T>) {
        if self.0.is_none() && !leaf.frozen {
            self.0 = leaf.rule.rate(leaf.step.max(1));
        }
    }
}

impl<R: Rule, T: Float> Leaf<Optimising<R>, T> {
    /// Whether updates pass this leaf by.
    pub fn is_frozen(&self) -> bool {
        self.0.frozen
    }
}
