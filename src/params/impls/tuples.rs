//! Tuples of up to twelve models.

use crate::params::{Kind, MapLeaf, MapModel, Mismatch, Mut, Pair, Params, Ref, Tree, Value, Walk};

macro_rules! tuple {
    ($($M:ident $i:tt),+) => {
        impl<K: Kind, $($M: Tree<K>),+> Tree<K> for ($($M,)+) {
            type Model = ($($M::Model,)+);
        }

        impl<$($M: Params),+> Params for ($($M,)+) {
            type Tree<K: Kind> = ($($M::Tree<K>,)+);

            fn leaves<'a>(&'a self, walk: &mut Walk) -> Self::Tree<Ref<'a, Value>> {
                ($(walk.index($i, |walk| self.$i.leaves(walk)),)+)
            }
            fn leaves_mut<'a>(&'a mut self, walk: &mut Walk) -> Self::Tree<Mut<'a, Value>> {
                ($(walk.index($i, |walk| self.$i.leaves_mut(walk)),)+)
            }
            fn tree_ref<'a, K: Kind + 'a>(tree: &'a Self::Tree<K>) -> Self::Tree<Ref<'a, K>> {
                ($($M::tree_ref(&tree.$i),)+)
            }
            fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Self::Tree<K>) -> Self::Tree<Mut<'a, K>> {
                ($($M::tree_mut(&mut tree.$i),)+)
            }
            fn zip_trees<K: Kind, L: Kind>(
                left: Self::Tree<K>,
                right: Self::Tree<L>,
                walk: &mut Walk,
            ) -> Result<Self::Tree<Pair<K, L>>, Mismatch> {
                Ok(($(walk.index($i, |walk| $M::zip_trees(left.$i, right.$i, walk))?,)+))
            }
            fn map_tree<K: Kind, L: Kind>(
                tree: Self::Tree<K>,
                walk: &mut Walk,
                f: &mut impl MapLeaf<K, L>,
            ) -> Self::Tree<L> {
                ($(walk.index($i, |walk| $M::map_tree(tree.$i, walk, f)),)+)
            }
            fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
                ($(walk.index($i, |walk| self.$i.map_model(walk, f)),)+)
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, M 10);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, M 10, N 11);
