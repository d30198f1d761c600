//! [`Params`] for tensors, which are the leaves, and for the standard library's types.

mod containers;
mod plain;
mod tuples;

use super::{Kind, Leaf, MapLeaf, MapModel, Mismatch, Mut, Pair, Params, Ref, Tree, Value, Walk};
use crate::tensor::{Float, Tensor};

impl<T: Float> Params for Tensor<T> {
    type Tree<K: Kind> = Leaf<K, T>;

    fn leaves<'a>(&'a self, _: &mut Walk) -> Leaf<Ref<'a, Value>, T> {
        Leaf(self)
    }
    fn leaves_mut<'a>(&'a mut self, _: &mut Walk) -> Leaf<Mut<'a, Value>, T> {
        Leaf(self)
    }
    fn tree_ref<'a, K: Kind + 'a>(tree: &'a Leaf<K, T>) -> Leaf<Ref<'a, K>, T> {
        Leaf(&tree.0)
    }
    fn tree_mut<'a, K: Kind + 'a>(tree: &'a mut Leaf<K, T>) -> Leaf<Mut<'a, K>, T> {
        Leaf(&mut tree.0)
    }
    fn zip_trees<A: Kind, B: Kind>(
        a: Leaf<A, T>,
        b: Leaf<B, T>,
        _: &mut Walk,
    ) -> Result<Leaf<Pair<A, B>, T>, Mismatch> {
        Ok(Leaf((a.0, b.0)))
    }
    fn map_tree<A: Kind, B: Kind>(tree: Leaf<A, T>, walk: &mut Walk, f: &mut impl MapLeaf<A, B>) -> Leaf<B, T> {
        Leaf(f.leaf(walk, tree.0))
    }
    fn map_model(&self, walk: &mut Walk, f: &mut impl MapModel) -> Self {
        if walk.is_frozen() { f.frozen(walk, self) } else { f.leaf(walk, self) }
    }
}

impl<K: Kind, T: Float> Tree<K> for Leaf<K, T> {
    type Model = Tensor<T>;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::marker::PhantomData;
    use std::time::Duration;

    use crate::params::{MapModel, Params, Walk};
    use crate::tensor::{Float, Tensor};

    fn x(value: f32) -> Tensor {
        Tensor::scalar(value)
    }

    /// Counts the leaves it meets and puts the count in their place.
    struct Count(f32);

    impl MapModel for Count {
        fn leaf<T: Float>(&mut self, _: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
            self.0 += 1.0;
            Tensor::full(tensor.shape(), T::from_f64(self.0.into()))
        }
    }

    #[test]
    fn plain_values_are_cloned_and_have_no_leaves() {
        fn check<M: Params<Tree<crate::params::Nothing> = ()> + PartialEq + std::fmt::Debug>(model: M) {
            assert_eq!(model.map_model(&mut Walk::new(), &mut Count(0.0)), model);
            assert_eq!(model.num_parameters(), 0);
        }
        check(-1i128);
        check(0.5f64);
        check('x');
        check(String::from("name"));
        check("name");
        check(PhantomData::<std::rc::Rc<str>>);
        check(Duration::from_secs(1));
        check(0.0..1.0);
        check(1..=2);
        check(Tensor::from([1i64, 2]));
        check(Tensor::from([true, false]));
    }

    #[test]
    fn functions_of_all_common_shapes_are_plain() {
        fn plain<M: Params<Tree<crate::params::Nothing> = ()>>() {}
        plain::<fn(f32) -> f32>();
        plain::<fn(Tensor) -> Tensor>();
        plain::<fn(&Tensor) -> Tensor>();
        plain::<fn(&Tensor, &Tensor) -> Tensor>();
        plain::<fn(&Tensor, f32) -> Tensor>();
        plain::<fn() -> Tensor<f64>>();
    }

    #[test]
    fn containers_are_walked_in_order() {
        let map = BTreeMap::from([("z".to_owned(), x(0.0)), ("y".to_owned(), x(0.0))]);
        let model = ([x(0.0), x(0.0)], vec![(x(0.0),)], Some(Box::new(x(0.0))), None::<Tensor>, map);
        let paths: Vec<_> = model.parameters().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["0.0", "0.1", "1.0.0", "2", "4.y", "4.z"]);
        let counted = model.map_model(&mut Walk::new(), &mut Count(0.0));
        let map = BTreeMap::from([("y".to_owned(), x(5.0)), ("z".to_owned(), x(6.0))]);
        assert_eq!(counted, ([x(1.0), x(2.0)], vec![(x(3.0),)], Some(Box::new(x(4.0))), None, map));
    }

    #[test]
    fn tuples_have_up_to_twelve_parts() {
        let t = || x(0.0);
        let model = (t(), t(), t(), t(), t(), t(), t(), t(), t(), t(), t(), Tensor::<f64>::zeros(2));
        let mut copy = model.clone();
        copy.leaves_mut(&mut Walk::new()).11.as_mut_slice()[1] = 7.0;
        assert_eq!((model.11.to_vec(), copy.11.to_vec()), (vec![0.0, 0.0], vec![0.0, 7.0]));
        assert_eq!(model.parameters()[11].0, "11");
    }
}
