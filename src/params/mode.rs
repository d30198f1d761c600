//! Training or testing.

use serde::{Deserialize, Serialize};

use super::{Kind, MapLeaf, MapModel, Mismatch, Mut, Pair, Params, Ref, Value, Walk};
use crate::tensor::{Float, Tensor};

/// Whether a layer that behaves otherwise in training, such as dropout, does so. A plain field: its tree is `()`.
///
/// [`Params::train_mode`] and its kin set all modes of a model. In your own layers, ask
/// [`is_training`](Self::is_training).
///
/// ```
/// use sapwood::prelude::*;
///
/// let mut model = (Dropout::new(0.5, 1), Dropout::new(0.5, 2));
/// let x: Tensor = Tensor::ones(100);
/// assert_eq!(model.1.forward(&x), x);
/// model.train_mode();
/// assert_ne!(model.1.forward(&x), x);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// In training while a gradient is being taken: the default, as Flux's.
    #[default]
    Auto,
    /// In training always.
    Train,
    /// In training never.
    Test,
}

/// Sets all modes of a model.
pub(super) fn set<M: Params>(model: &mut M, mode: Mode) {
    *model = model.map_model(&mut Walk::new(), &mut SetMode(mode));
}

struct SetMode(Mode);

impl MapModel for SetMode {
    fn leaf<T: Float>(&mut self, _: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        tensor.clone()
    }

    fn mode(&mut self, _: &Walk, _: Mode) -> Mode {
        self.0
    }
}

impl Params for Mode {
    type Tree<K: Kind> = ();

    fn leaves<'a>(&'a self, _: &mut Walk) -> Self::Tree<Ref<'a, Value>> {}
    fn leaves_mut<'a>(&'a mut self, _: &mut Walk) -> Self::Tree<Mut<'a, Value>> {}
    fn tree_ref<'a, K: Kind + 'a>(_: &'a ()) {}
    fn tree_mut<'a, K: Kind + 'a>(_: &'a mut ()) {}
    fn zip_trees<K: Kind, L: Kind>(_: (), _: (), _: &mut Walk) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
        Ok(())
    }
    fn map_tree<K: Kind, L: Kind>(_: (), _: &mut Walk, _: &mut impl MapLeaf<K, L>) {}
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        f.mode(walk, *self)
    }
}

#[cfg(test)]
mod tests {
    use crate::params::{Buffer, Frozen, Mode};
    use crate::prelude::*;

    #[test]
    fn all_modes_of_a_model_are_set_and_nothing_else() {
        let buffer = Buffer::new(1u8);
        let mut model = (Frozen::new(Mode::Auto), vec![Mode::Auto], Tensor::<f32>::ones(2), buffer);
        model.test_mode();
        assert_eq!(model, (Frozen::new(Mode::Test), vec![Mode::Test], Tensor::ones(2), Buffer::new(1)));
        model.auto_mode();
        assert_eq!(model.1, [Mode::Auto]);
    }
}
