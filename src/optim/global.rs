//! Rules that ask all leaves before they take a step.

use super::rule::{LeafInfo, Powers, Rule};
use super::state::{LeafState, Optimising, State};
use crate::autodiff::{Gradient, Grads};
use crate::params::{Kind, MapLeaf, Mut, Nothing, Pair, Params, Ref, Value, Walk};
use crate::tensor::Float;

/// What the rule measures, summed in declaration order over all leaves that will be updated. The trees must fit.
pub(super) fn measure<M: Params, R: Rule>(state: &mut State<R, M>, model: &M, grads: &Grads<M>) -> [f64; 2] {
    let mut measure = Measure { met: 0, sums: [0.0; 2] };
    let pairs = M::zip_trees(model.leaves(&mut Walk::new()), M::tree_mut(state), &mut Walk::new());
    let triples = pairs.and_then(|pairs| M::zip_trees(pairs, M::tree_ref(grads), &mut Walk::new()));
    if let Ok(triples) = triples {
        M::map_tree(triples, &mut Walk::new(), &mut measure);
    }
    measure.sums
}

/// Gives the sums to every leaf's copy of the rule.
pub(super) fn conclude<M: Params, R: Rule>(state: &mut State<R, M>, sums: [f64; 2]) {
    M::map_tree(M::tree_mut(state), &mut Walk::new(), &mut Conclude(sums));
}

struct Measure {
    met: usize,
    sums: [f64; 2],
}

/// A leaf with its state and its gradient.
type Triple<'a, R> = Pair<Pair<Ref<'a, Value>, Mut<'a, Optimising<R>>>, Ref<'a, Gradient>>;

impl<'a, R: Rule> MapLeaf<Triple<'a, R>, Nothing> for Measure {
    fn leaf<T: Float>(&mut self, _: &Walk, ((x, leaf), gradient): <Triple<'a, R> as Kind>::Leaf<T>) {
        let index = self.met;
        self.met += 1;
        let Some(gradient) = gradient.as_ref().filter(|_| !leaf.frozen) else { return };
        let powers = &Powers::default();
        let info = LeafInfo { step: leaf.step + 1, shape: x.shape(), index, start: 0, powers };
        let (x, gradient) = (x.contiguous(), gradient.contiguous());
        let measured = leaf.rule.measure(info, &mut leaf.state, x.dense(), gradient.dense());
        self.sums = [self.sums[0] + measured[0], self.sums[1] + measured[1]];
    }
}

struct Conclude([f64; 2]);

impl<R: Rule> MapLeaf<Mut<'_, Optimising<R>>, Nothing> for Conclude {
    fn leaf<T: Float>(&mut self, _: &Walk, leaf: &mut LeafState<R, T>) {
        leaf.rule.conclude(self.0);
    }
}
