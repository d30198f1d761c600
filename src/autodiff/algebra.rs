//! Gradient trees as vectors: [`GradientTree`].

use std::marker::PhantomData;

use super::gradient::Gradient;
use crate::kernels::reduce;
use crate::params::{Kind, MapLeaf, Mut, Nothing, Pair, Params, Ref, Tree, Walk};
use crate::tensor::{Float, Tensor};

type Two<'a> = Pair<Ref<'a, Gradient>, Ref<'a, Gradient>>;
type Onto<'a> = Pair<Mut<'a, Gradient>, Ref<'a, Gradient>>;

/// The gradients of a known norm, scaled where it is above `max` or NaN.
pub(crate) fn clip<G: GradientTree>(grads: G, norm: f64, max: f64) -> G {
    if norm <= max { grads } else { grads.scale(max / norm) }
}

/// The algebra of gradient trees, on the whole tree or any subtree: `grads.hidden.norm()`.
///
/// A leaf without a gradient counts as zero. Sums run in declaration order.
pub trait GradientTree: Tree<Gradient> {
    /// The Euclidean norm √Σg² over all entries of all leaves, summed in f64.
    ///
    /// # Panics
    /// On gradients that are themselves being differentiated: a number would cut them off. Write
    /// `grads.dot(&grads).sqrt()` there.
    ///
    /// ```
    /// use sapwood::prelude::*;
    ///
    /// let model = (Tensor::from([3.0f32]), Tensor::from([4.0f32]));
    /// let grads = gradient(|(a, b)| (a.square() + b.square()).sum() * 0.5, &model);
    /// assert_eq!(grads.norm(), 5.0);
    /// assert_eq!(grads.clip_norm(1.0).norm() as f32, 1.0);
    /// ```
    #[track_caller]
    fn norm(&self) -> f64 {
        let mut squares = Squares { sum: 0.0, traced: None };
        Self::Model::map_tree(Self::Model::tree_ref(self), &mut Walk::new(), &mut squares);
        if let Some(place) = squares.traced {
            panic!("norm: the gradient of {place} is being differentiated; use `grads.dot(&grads).sqrt()`");
        }
        squares.sum.sqrt()
    }

    /// Whether all entries of all leaves are finite.
    fn is_finite(&self) -> bool {
        let mut finite = Finite(true);
        Self::Model::map_tree(Self::Model::tree_ref(self), &mut Walk::new(), &mut finite);
        finite.0
    }

    /// Σ aᵢ·bᵢ over all entries of all leaves: a scalar tensor, which an outer gradient differentiates.
    ///
    /// So `gradient(|m| gradient(loss, m).dot(&v), &model)` is the product of the Hessian with v.
    ///
    /// # Panics
    /// Where the trees differ in structure or shapes, with the path.
    #[track_caller]
    fn dot(&self, other: &Self) -> Tensor<f64> {
        let mut dot = Dot { sum: Tensor::scalar(0.0), fault: None };
        Self::Model::map_tree(zip::<Self>(self, other), &mut Walk::new(), &mut dot);
        if let Some(fault) = dot.fault {
            panic!("dot: {fault}");
        }
        dot.sum
    }

    /// Every entry times a number.
    #[must_use = "makes a new tree"]
    fn scale(self, by: f64) -> Self {
        Self::Model::map_tree(self, &mut Walk::new(), &mut Scale(by))
    }

    /// `self += a · other` (a leaf without a gradient is zero on either side).
    ///
    /// # Panics
    /// Where the trees differ in structure or shapes, with the path; nothing has been changed then.
    #[track_caller]
    fn axpy(&mut self, a: f64, other: &Self) {
        if let Some(fault) = misfit(self, other) {
            panic!("axpy: {fault}");
        }
        let pairs = Self::Model::zip_trees(Self::Model::tree_mut(self), Self::Model::tree_ref(other), &mut Walk::new());
        match pairs {
            Ok(pairs) => drop(Self::Model::map_tree(pairs, &mut Walk::new(), &mut Axpy(a))),
            Err(mismatch) => panic!("axpy: {mismatch}"),
        }
    }

    /// Scaled so that the norm of the whole tree is at most `max`; a smaller one stays as it is. A norm that is not
    /// finite stays visible: entries become NaN or zero.
    ///
    /// # Panics
    /// Where `max` is negative or NaN, and as [`norm`](Self::norm).
    #[must_use = "makes a new tree"]
    #[track_caller]
    fn clip_norm(self, max: f64) -> Self {
        assert!(max >= 0.0, "clip_norm: the largest norm must be at least 0, not {max}");
        let norm = self.norm();
        clip(self, norm, max)
    }

    /// `f` of each leaf's gradient, with the leaf's path; leaves without a gradient stay so.
    ///
    /// # Panics
    /// Where a gradient is not of type `T`, with the path.
    ///
    /// ```
    /// use sapwood::prelude::*;
    ///
    /// let grads = gradient(|x: &Tensor| (x * x).sum(), &Tensor::from([3.0, -4.0]));
    /// let signs = grads.map(|_path, g: Tensor| g / 2.0);
    /// assert_eq!(signs.get().unwrap().to_vec(), [3.0, -4.0]);
    /// ```
    #[must_use = "makes a new tree"]
    #[track_caller]
    fn map<T: Float>(self, f: impl FnMut(&str, Tensor<T>) -> Tensor<T>) -> Self {
        let mut map = MapWith { f, fault: None, types: PhantomData };
        let mapped = Self::Model::map_tree(self, &mut Walk::new(), &mut map);
        match map.fault {
            Some(fault) => panic!("map: {fault}"),
            None => mapped,
        }
    }

    /// `f` of the gradients of both trees, leaf by leaf; `None` where either has none.
    ///
    /// # Panics
    /// Where the trees differ in structure, or a gradient is not of type `T`, with the path.
    #[must_use = "makes a new tree"]
    #[track_caller]
    fn zip<T: Float>(&self, other: &Self, f: impl FnMut(&str, &Tensor<T>, &Tensor<T>) -> Tensor<T>) -> Self {
        let mut map = ZipWith { f, fault: None, types: PhantomData };
        let mapped = Self::Model::map_tree(zip::<Self>(self, other), &mut Walk::new(), &mut map);
        match map.fault {
            Some(fault) => panic!("zip: {fault}"),
            None => mapped,
        }
    }
}

impl<G: Tree<Gradient>> GradientTree for G {}

#[track_caller]
fn zip<'a, G: Tree<Gradient>>(a: &'a G, b: &'a G) -> <G::Model as Params>::Tree<Two<'a>> {
    match G::Model::zip_trees(G::Model::tree_ref(a), G::Model::tree_ref(b), &mut Walk::new()) {
        Ok(pairs) => pairs,
        Err(mismatch) => panic!("{mismatch}"),
    }
}

/// The first leaf of two trees of one structure whose gradients have different shapes.
#[track_caller]
pub(super) fn misfit<G: Tree<Gradient>>(a: &G, b: &G) -> Option<String> {
    let mut shapes = SameShapes(None);
    G::Model::map_tree(zip::<G>(a, b), &mut Walk::new(), &mut shapes);
    shapes.0
}

struct Squares {
    sum: f64,
    traced: Option<String>,
}

impl MapLeaf<Ref<'_, Gradient>, Nothing> for Squares {
    fn leaf<T: Float>(&mut self, walk: &Walk, gradient: &Option<Tensor<T>>) {
        let Some(gradient) = gradient else { return };
        if gradient.is_traced() {
            self.traced.get_or_insert_with(|| walk.place());
        }
        self.sum += sum_of_squares(gradient);
    }
}

#[inline(never)]
fn sum_of_squares<T: Float>(x: &Tensor<T>) -> f64 {
    reduce::sum(x.map_elements(|x| x.to_f64() * x.to_f64()).dense())
}

struct Finite(bool);

impl MapLeaf<Ref<'_, Gradient>, Nothing> for Finite {
    fn leaf<T: Float>(&mut self, _: &Walk, gradient: &Option<Tensor<T>>) {
        let finite = |gradient: &Tensor<T>| gradient.iter().all(|x| x.is_finite());
        self.0 &= gradient.as_ref().is_none_or(finite);
    }
}

/// Why two gradients of one leaf can't be combined.
fn fault<T: Float>(walk: &Walk, a: &Tensor<T>, b: &Tensor<T>) -> Option<String> {
    (a.shape() != b.shape())
        .then(|| format!("the gradients of {} have the shapes {:?} and {:?}", walk.place(), a.shape(), b.shape()))
}

struct Dot {
    sum: Tensor<f64>,
    fault: Option<String>,
}

impl<'a> MapLeaf<Two<'a>, Nothing> for Dot {
    fn leaf<T: Float>(&mut self, walk: &Walk, pair: <Two<'a> as Kind>::Leaf<T>) {
        let (Some(a), Some(b)) = pair else { return };
        match fault(walk, a, b) {
            Some(fault) => drop(self.fault.get_or_insert(fault)),
            None => self.sum += (a.cast::<f64>() * b.cast::<f64>()).sum(),
        }
    }
}

struct Scale(f64);

impl MapLeaf<Gradient, Gradient> for Scale {
    fn leaf<T: Float>(&mut self, _: &Walk, gradient: Option<Tensor<T>>) -> Option<Tensor<T>> {
        gradient.map(|gradient| gradient * T::from_f64(self.0))
    }
}

struct SameShapes(Option<String>);

impl<'a> MapLeaf<Two<'a>, Nothing> for SameShapes {
    fn leaf<T: Float>(&mut self, walk: &Walk, pair: <Two<'a> as Kind>::Leaf<T>) {
        if let (Some(a), Some(b)) = pair {
            self.0 = self.0.take().or_else(|| fault(walk, a, b));
        }
    }
}

struct Axpy(f64);

impl<'a> MapLeaf<Onto<'a>, Nothing> for Axpy {
    fn leaf<T: Float>(&mut self, _: &Walk, (sum, other): <Onto<'a> as Kind>::Leaf<T>) {
        let Some(other) = other else { return };
        let term = other * T::from_f64(self.0);
        *sum = Some(match sum.take() {
            Some(sum) => sum + term,
            None => term,
        });
    }
}

/// The gradient as the type that a closure takes; notes the fault where it is of another.
fn typed<T: Float, U: Float>(walk: &Walk, gradient: &Tensor<U>, fault: &mut Option<String>) -> Option<Tensor<T>> {
    let typed = T::unwrap(U::wrap(gradient.clone()));
    if typed.is_none() {
        fault.get_or_insert_with(|| format!("the gradient of {} is {}, not {}", walk.place(), U::NAME, T::NAME));
    }
    typed
}

/// The way back from [`typed`].
fn untyped<T: Float, U: Float>(gradient: Tensor<T>) -> Option<Tensor<U>> {
    U::unwrap(T::wrap(gradient))
}

struct MapWith<T, F> {
    f: F,
    fault: Option<String>,
    types: PhantomData<T>,
}

impl<T: Float, F: FnMut(&str, Tensor<T>) -> Tensor<T>> MapLeaf<Gradient, Gradient> for MapWith<T, F> {
    fn leaf<U: Float>(&mut self, walk: &Walk, gradient: Option<Tensor<U>>) -> Option<Tensor<U>> {
        let gradient = typed(walk, &gradient?, &mut self.fault)?;
        untyped((self.f)(&walk.path(), gradient))
    }
}

struct ZipWith<T, F> {
    f: F,
    fault: Option<String>,
    types: PhantomData<T>,
}

impl<'a, T: Float, F> MapLeaf<Two<'a>, Gradient> for ZipWith<T, F>
where
    F: FnMut(&str, &Tensor<T>, &Tensor<T>) -> Tensor<T>,
{
    fn leaf<U: Float>(&mut self, walk: &Walk, (a, b): <Two<'a> as Kind>::Leaf<U>) -> Option<Tensor<U>> {
        let a = typed(walk, a.as_ref()?, &mut self.fault)?;
        let b = typed(walk, b.as_ref()?, &mut self.fault)?;
        untyped((self.f)(&walk.path(), &a, &b))
    }
}
