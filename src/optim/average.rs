//! Averages of a model's weights over the steps.

use serde::{Deserialize, Serialize};

use super::rule::decay;
use crate::params::{Kind, MapLeaf, Mut, Nothing, Pair, Params, Ref, Value, Walk, sync_ties};
use crate::tensor::Float;

/// The average of a model's weights over steps: a model of the same type, which mostly predicts better than the last.
///
/// It begins with the first model that [`update`](Self::update) sees. Frozen parts and buffers are those of the model
/// seen last; running statistics belong to that model's weights, so gather them anew for the average.
///
/// ```
/// use sapwood::optim::Average;
/// use sapwood::prelude::*;
///
/// let mut w = Tensor::from([1.0f64]);
/// let mut state = setup(Descent::new(0.5), &w);
/// let mut average = Average::exponential(&w, 0.9);
/// for _ in 0..3 {
///     let grads = gradient(|w| w.sum(), &w);
///     update(&mut state, &mut w, &grads);
///     average.update(&w);
/// }
/// // 0.9 · (0.9 · 0.5 + 0.1 · 0) + 0.1 · (−0.5)
/// assert!((average.model().item() - 0.355).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Average<M> {
    model: M,
    /// The decay of an exponential average; `None` where all models weigh the same.
    decay: Option<f64>,
    count: u64,
}

impl<M: Params + Clone> Average<M> {
    /// An exponential moving average: a ← ρa + (1−ρ)x, from the first model on.
    ///
    /// # Panics
    /// Where the decay ρ is not in [0, 1).
    #[track_caller]
    pub fn exponential(model: &M, rho: f64) -> Self {
        Average { model: model.clone(), decay: Some(decay("Average", "decay", rho)), count: 0 }
    }

    /// The mean of all models, each weighing the same (stochastic weight averaging; Izmailov et al., 2018).
    pub fn uniform(model: &M) -> Self {
        Average { model: model.clone(), decay: None, count: 0 }
    }

    /// Takes another model into the average.
    ///
    /// # Panics
    /// Where it differs from the average in structure or shapes, with the path; nothing has been changed then.
    #[track_caller]
    pub fn update(&mut self, model: &M) {
        let weight = match self.decay {
            _ if self.count == 0 => 1.0,
            Some(decay) => 1.0 - decay,
            None => 1.0 / (self.count + 1) as f64,
        };
        let mut next = model.clone();
        if let Err(fault) = blend(&mut next, &self.model, weight) {
            panic!("Average: {fault}");
        }
        sync_ties(&mut next);
        self.model = next;
        self.count += 1;
    }

    /// The average, or the model it was made with where nothing was averaged yet.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Goes on from an average of `count` models that was stored.
    pub(crate) fn go_on_from(&mut self, model: M, count: u64) {
        (self.model, self.count) = (model, count);
    }

    /// How many models the average is of.
    pub fn count(&self) -> u64 {
        self.count
    }
}

/// Makes the new model the next average: a + w(x − a).
fn blend<M: Params>(next: &mut M, average: &M, weight: f64) -> Result<(), String> {
    let (next, average) = (next.leaves_mut(&mut Walk::new()), average.leaves(&mut Walk::new()));
    let pairs = M::zip_trees(next, average, &mut Walk::new()).map_err(|mismatch| mismatch.to_string())?;
    let mut toward = Toward { weight, fault: None };
    M::map_tree(pairs, &mut Walk::new(), &mut toward);
    toward.fault.map_or(Ok(()), Err)
}

/// The new model's leaf beside the average's.
type Leaves<'a> = Pair<Mut<'a, Value>, Ref<'a, Value>>;

struct Toward {
    weight: f64,
    fault: Option<String>,
}

impl<'a> MapLeaf<Leaves<'a>, Nothing> for Toward {
    fn leaf<T: Float>(&mut self, walk: &Walk, (x, average): <Leaves<'a> as Kind>::Leaf<T>) {
        if x.shape() != average.shape() {
            let (place, old, new) = (walk.place(), average.shape(), x.shape());
            self.fault.get_or_insert_with(|| format!("{place} has the shape {new:?}, in the average {old:?}"));
            return;
        }
        if self.weight < 1.0 {
            *x = average + (&*x - average) * T::from_f64(self.weight);
        }
    }
}
