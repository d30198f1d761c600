//! What is done with whole models and trees.

use sapwood::params::{Frozen, Kind, Mismatch, Nothing, Pair, Ref, Tied, Value, Walk, from_vector, to_vector};
use sapwood::prelude::{Gradient, Params, Tensor, gradient};

use crate::models::*;
use crate::ties::language;
use crate::{item, x};

#[test]
fn trees_that_differ_say_where() {
    fn zip<M: Params>(a: &M, b: &M) -> Result<(), Mismatch> {
        let (a, b) = (a.leaves(&mut Walk::new()), b.leaves(&mut Walk::new()));
        M::zip_trees(a, b, &mut Walk::new()).map(drop::<M::Tree<Pair<Ref<Value>, Ref<Value>>>>)
    }
    let chain = |layers: Vec<Layer>| Chain { layers };
    let dense = || Layer::Dense(Dense::new(1.0, 1.0));
    let without = || Layer::Dense(Dense { bias: None, ..Dense::new(1.0, 1.0) });
    assert_eq!(zip(&chain(vec![dense()]), &chain(vec![dense()])), Ok(()));
    let message = |a, b| zip(&a, &b).unwrap_err().to_string();
    assert_eq!(
        message(chain(vec![dense()]), chain(vec![])),
        "the trees differ at `layers`: a sequence of length 1 against a sequence of length 0"
    );
    assert_eq!(
        message(chain(vec![dense(), dense()]), chain(vec![dense(), Layer::Identity])),
        "the trees differ at `layers.1`: Dense against Identity"
    );
    assert_eq!(
        message(chain(vec![dense()]), chain(vec![without()])),
        "the trees differ at `layers.0.Dense.0.bias`: `Some` against `None`"
    );
    let map = |key: &str| std::collections::BTreeMap::from([(key.to_owned(), x(1.0))]);
    let difference = zip(&(1u8, map("a")), &(1u8, map("b"))).unwrap_err();
    assert_eq!((&*difference.path, &*difference.left), ("1", "the keys [\"a\"]"));
    let (w, v) = (Tied::new(x(1.0)), Tied::new(x(1.0)));
    let difference = zip(&(w.clone(), w.clone()), &(w, v)).unwrap_err();
    assert_eq!((&*difference.path, &*difference.left), ("1", "an alias"));
}

#[test]
fn parameters_are_listed_counted_and_summed_up() {
    let model = (Tensor::<f32>::zeros((1000, 3)), Frozen::new(Tensor::<f64>::zeros(2)), Tensor::<i64>::zeros(5));
    assert_eq!(model.num_parameters(), 3000);
    let summary = model.summary();
    assert_eq!((summary.trainable(), summary.frozen(), summary.bytes()), (3000, 2, 12016));
    let expected = "\
path  shape      type  parameters   bytes
0     [1000, 3]  f32        3,000  12,000
1     [2]        f64            2      16  frozen
3,000 trainable parameters, 2 frozen, 12,016 bytes";
    assert_eq!(summary.to_string(), expected);
    assert_eq!(language().summary().rows.len(), 8, "a tied part has one entry");
}

#[test]
fn a_model_becomes_a_vector_and_back() {
    let model = Both(Dense::new(2.0, 3.0), Tensor::scalar(4.0)).0;
    let vector: Tensor = to_vector(&model);
    assert_eq!(vector.to_vec(), [2.0, 3.0]);
    assert_eq!(from_vector(&model, &(&vector * 2.0)), Dense::new(4.0, 6.0));
    // d(w·5 + b)/d(vector), through from_vector; d|v|²/dw, through to_vector.
    let g = gradient(|v| from_vector(&model, v).forward(&x(5.0)), &vector);
    assert_eq!(g.get().unwrap().to_vec(), [5.0, 1.0]);
    let square = |m: &Dense| {
        let v: Tensor = to_vector(m);
        (&v * &v).sum_to(())
    };
    let g = gradient(square, &model);
    assert_eq!((item(&g.weight), item(g.bias.as_ref().unwrap())), (4.0, 6.0));
    assert_eq!(to_vector::<_, f32>(&()).shape(), [0]);
}

#[test]
#[should_panic(expected = "from_vector: a vector of shape [3] does not fill a model of 2 parameters")]
fn a_vector_of_another_length_is_refused() {
    let _ = from_vector(&Dense::new(1.0, 1.0), &Tensor::<f32>::zeros(3));
}

#[test]
#[should_panic(expected = "to_vector: `1` is of type f64, the vector of f32")]
fn a_vector_has_one_type() {
    let _: Tensor<f32> = to_vector(&Both(Dense::new(1.0, 1.0), Tensor::scalar(4.0)));
}

#[test]
fn trees_of_nothing_cross_threads() {
    fn crosses<X: Send + Sync>() {}
    crosses::<LanguageTree<Gradient>>();
    crosses::<ChainTree<Nothing>>();
    fn any_kind<K: Kind>(tree: &DenseTree<K>) -> &K::Leaf<f32> {
        &tree.weight
    }
    let _ = any_kind::<Gradient>;
}
