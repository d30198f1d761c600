//! `#[derive(Params)]` on every shape of model, as a user writes them.

#![deny(warnings, missing_docs, clippy::all, clippy::pedantic)]
#![allow(unreachable_pub, clippy::float_cmp, clippy::items_after_statements)]

mod models {
    //! The models, in a module of their own so that visibilities count.

    use std::collections::BTreeMap;
    use std::marker::PhantomData;

    use sapwood::params::{Buffer, Frozen, Tied};
    use sapwood::prelude::*;
    use sapwood::tensor::Element;

    /// A weight and a bias.
    #[derive(Params, Clone, Debug, PartialEq)]
    pub struct Dense {
        /// The slope.
        pub weight: Tensor,
        /// The offset.
        pub bias: Option<Tensor>,
        pub(super) calls: usize,
    }

    impl Dense {
        /// weight and bias of one number each.
        #[must_use]
        pub fn new(weight: f32, bias: f32) -> Self {
            Dense { weight: Tensor::scalar(weight), bias: Some(Tensor::scalar(bias)), calls: 0 }
        }
        /// weight · x + bias
        #[must_use]
        pub fn forward(&self, x: &Tensor) -> Tensor {
            let y = &self.weight * x;
            match &self.bias {
                Some(bias) => y + bias,
                None => y,
            }
        }
    }

    /// A model of models.
    #[derive(Params, Clone, Debug)]
    pub struct Mlp {
        pub hidden: Dense,
        pub r#type: Dense,
    }

    /// A tuple struct.
    #[derive(Params, Clone, Debug)]
    pub struct Both(pub Dense, pub Tensor<f64>);

    /// Nothing to train.
    #[derive(Params, Clone, Debug, PartialEq)]
    pub struct Relu;

    /// Only skipped fields.
    #[derive(Params, Clone, Debug)]
    pub struct Opaque(#[params(skip)] pub std::sync::Arc<u8>);

    /// Unit variants only.
    #[derive(Params, Clone, Copy, Debug, PartialEq)]
    pub enum Mode {
        Fast,
        Exact,
    }

    /// No value at all.
    #[derive(Params, Clone, Debug)]
    pub enum Never {}

    /// Every style of variant.
    #[derive(Params, Clone, Debug)]
    pub enum Layer {
        Dense(Dense),
        Scale {
            by: Tensor,
            #[params(skip)]
            name: std::rc::Rc<str>,
        },
        Chain(Chain),
        Identity,
    }

    /// Contains what contains it.
    #[derive(Params, Clone, Debug)]
    pub struct Chain {
        pub layers: Vec<Layer>,
    }

    /// One variant with data.
    #[derive(Params, Clone, Debug)]
    pub enum Single {
        Only(Dense),
    }

    /// Contains itself, by both of its names.
    #[derive(Params, Clone, Debug)]
    pub struct Node {
        pub w: Tensor,
        pub children: Vec<Node>,
        pub next: Option<Box<Self>>,
    }

    /// Generic and recursive.
    #[derive(Params, Clone, Debug)]
    pub struct Rose<M, const N: usize> {
        pub here: M,
        pub below: Vec<([M; N], Rose<M, N>)>,
    }

    /// Generic over the scalar, with a default.
    #[derive(Params, Clone, Debug)]
    pub struct Linear<T: Float = f32> {
        pub weight: Tensor<T>,
        pub rate: T,
    }

    /// Generic around generic.
    #[derive(Params, Clone, Debug)]
    pub struct Deep<T: Float> {
        pub inner: Linear<T>,
        pub pair: (Linear<T>, Tensor<T>),
    }

    /// A function pointer as a field; its own parameters are named as the derive's would be.
    #[derive(Params, Clone)]
    pub struct Wrapper<K, L, A>
    where
        K: Clone,
    {
        pub inner: K,
        pub other: L,
        pub activation: fn(&Tensor) -> Tensor,
        pub mark: PhantomData<A>,
        pub seen: Buffer<u64>,
    }

    /// Constant generics.
    #[derive(Params, Clone, Debug)]
    pub struct Stack<const N: usize> {
        pub layers: [Dense; N],
    }

    /// A lifetime.
    #[derive(Params, Clone, Debug)]
    pub struct Named<'a> {
        pub name: &'a str,
        pub w: Tensor,
    }

    /// A type parameter and a lifetime that stand in skipped fields only.
    #[derive(Params, Clone, Debug)]
    pub struct Skipping<'a, T: Clone> {
        #[params(skip)]
        pub skipped: &'a [T],
        pub w: Tensor,
    }

    /// Types named through a parameter.
    pub trait Backend {
        /// The layer.
        type Layer: Clone;
    }

    /// The only backend.
    pub struct Plain;

    impl Backend for Plain {
        type Layer = Dense;
    }

    /// An associated type.
    #[derive(Params)]
    pub struct Through<B: Backend> {
        pub layer: B::Layer,
    }

    /// Bounds given by hand.
    #[derive(Params)]
    #[params(bound = "T: Float")]
    pub struct ByHand<T: Element> {
        pub w: Tensor<T>,
    }

    /// What only happens to be called like the derive's helpers.
    #[derive(Params)]
    pub struct Names {
        pub walk: Tensor,
        pub f: Tensor,
        pub field0: Tensor,
        pub tree: Tensor,
    }

    /// Shared, frozen and mapped parts.
    #[derive(Params, Clone, Debug)]
    pub struct Language {
        pub embed: Tied<Dense>,
        pub body: BTreeMap<String, Dense>,
        pub backbone: Frozen<Dense>,
        pub head: Tied<Dense>,
    }

    /// Private throughout.
    #[derive(Params)]
    struct Hidden {
        w: Private,
    }

    #[derive(Params)]
    struct Private(Tensor);

    /// Uses what is private.
    #[must_use]
    pub fn hidden() -> f32 {
        let model = Hidden { w: Private(Tensor::scalar(2.0)) };
        let grads: HiddenTree<Gradient> = gradient(|m| &m.w.0 * &m.w.0, &model);
        grads.w.0.get().map_or(0.0, Tensor::item)
    }
}

use models::*;
use sapwood::params::{
    Buffer, Frozen, Kind, Leaf, Mismatch, Nothing, Pair, Params as _, Ref, Tied, TiedTree, Value, Walk, from_vector,
    to_vector,
};
use sapwood::prelude::*;
use serde::de::DeserializeOwned;

fn paths(model: &impl Params) -> Vec<String> {
    model.parameters().into_iter().map(|(path, _)| path).collect()
}

fn item<T: Float>(leaf: &Leaf<Gradient, T>) -> T {
    leaf.get().expect("the loss reached this leaf").item()
}

fn x(value: f32) -> Tensor {
    Tensor::scalar(value)
}

/// Through bincode and back.
fn stored<X: serde::Serialize + DeserializeOwned>(value: &X) -> X {
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(value, config).unwrap();
    bincode::serde::decode_from_slice(&bytes, config).unwrap().0
}

/// A tree has all the common traits: clones, stored copies and printed forms agree.
fn check_traits<X>(tree: &X, changed: &X)
where
    X: Clone + PartialEq + std::fmt::Debug + serde::Serialize + DeserializeOwned,
{
    assert_eq!(tree, &tree.clone());
    assert_eq!(tree, &stored(tree));
    assert_ne!(tree, changed);
    assert_ne!(format!("{tree:?}"), format!("{changed:?}"));
}

#[test]
fn a_tree_has_the_fields_of_its_model() {
    let model = Mlp { hidden: Dense::new(2.0, 1.0), r#type: Dense::new(3.0, 5.0) };
    let (loss, grads) = with_gradient(|m| m.r#type.forward(&m.hidden.forward(&x(4.0))), &model);
    // 3(2·4 + 1) + 5; the derivatives by hand.
    assert_eq!(loss, 32.0);
    let MlpTree { hidden: DenseTree { weight, bias, calls: () }, r#type } = &grads;
    assert_eq!(item(weight), 12.0);
    assert_eq!(item(bias.as_ref().unwrap()), 3.0);
    assert_eq!((item(&r#type.weight), item(r#type.bias.as_ref().unwrap())), (9.0, 1.0));
    assert_eq!(paths(&model), ["hidden.weight", "hidden.bias", "type.weight", "type.bias"]);
    check_traits(&grads, &gradient(|m| &m.hidden.weight * 2.0, &model));
    let printed = format!("{:?}", gradient(|m| m.weight.clone(), &Dense { bias: None, ..model.hidden }));
    assert_eq!(printed, "DenseTree { weight: Some(Tensor<f32>[] 1), bias: None, calls: () }");
}

#[test]
fn tuple_structs_mix_scalar_types() {
    let model = Both(Dense::new(2.0, 0.0), Tensor::scalar(3.0f64));
    let grads: BothTree<Gradient> = gradient(|m| &m.1 * &m.1, &model);
    assert_eq!(item(&grads.1), 6.0f64);
    assert!(grads.0.weight.get().is_none());
    assert_eq!(paths(&model), ["0.weight", "0.bias", "1"]);
    check_traits(&grads, &gradient(|m| m.0.weight.clone(), &model));
}

#[test]
fn what_has_nothing_to_train_has_no_tree() {
    let model = (Relu, Opaque(std::sync::Arc::new(7)), Mode::Exact, x(1.0));
    let ((), (), (), leaf) = gradient(|m| &m.3 * f32::from(*m.1.0), &model);
    assert_eq!(item(&leaf), 7.0);
    gradient(
        |(relu, _, mode, x)| {
            assert_eq!((relu, *mode), (&Relu, Mode::Exact));
            x.clone()
        },
        &model,
    );
    let none: Option<Never> = None;
    assert_eq!(none.num_parameters(), 0);
    assert_eq!(Mode::Fast.num_parameters(), 0);
}

#[test]
fn enums_have_enum_trees() {
    fn forward(layer: &Layer, x: &Tensor) -> Tensor {
        match layer {
            Layer::Dense(dense) => dense.forward(x),
            Layer::Scale { by, .. } => x * by,
            Layer::Chain(chain) => chain.layers.iter().fold(x.clone(), |x, layer| forward(layer, &x)),
            Layer::Identity => x.clone(),
        }
    }
    let scale = Layer::Scale { by: x(5.0), name: "scale".into() };
    let inner = Chain { layers: vec![Layer::Dense(Dense::new(2.0, 1.0)), Layer::Identity] };
    let model = Chain { layers: vec![Layer::Chain(inner), scale] };
    assert_eq!(
        paths(&model),
        ["layers.0.Chain.0.layers.0.Dense.0.weight", "layers.0.Chain.0.layers.0.Dense.0.bias", "layers.1.Scale.by"]
    );
    let grads = gradient(|m| forward(&Layer::Chain(m.clone()), &x(3.0)), &model);
    let [LayerTree::Chain(inner), LayerTree::Scale { by, name: () }] = &grads.layers[..] else { panic!("{grads:?}") };
    assert_eq!(item(by), 7.0);
    let LayerTree::Dense(dense) = &inner.layers[0] else { panic!("{inner:?}") };
    assert_eq!((item(&dense.weight), item(dense.bias.as_ref().unwrap())), (15.0, 5.0));
    check_traits(&grads, &ChainTree { layers: vec![LayerTree::Identity, LayerTree::Identity] });

    let single = Single::Only(Dense::new(2.0, 0.0));
    let SingleTree::Only(grads) = gradient(|Single::Only(m)| &m.weight * &m.weight, &single);
    assert_eq!(item(&grads.weight), 4.0);
}

#[test]
fn recursive_models_have_recursive_trees() {
    let leaf = |w| Node { w: x(w), children: vec![], next: None };
    let model = Node { w: x(1.0), children: vec![leaf(2.0), leaf(3.0)], next: Some(Box::new(leaf(4.0))) };
    assert_eq!(paths(&model), ["w", "children.0.w", "children.1.w", "next.w"]);
    let grads: NodeTree<Gradient> = gradient(|m| &m.w * &m.children[1].w * &m.next.as_ref().unwrap().w, &model);
    assert_eq!(item(&grads.children[1].w), 4.0);
    assert_eq!(item(&grads.next.as_ref().unwrap().w), 3.0);
    assert!(grads.children[0].w.get().is_none());
    check_traits(&grads, &gradient(|m| m.w.clone(), &model));

    let below = Rose { here: x(3.0), below: vec![] };
    let rose = Rose { here: x(2.0), below: vec![([x(5.0), x(7.0)], below)] };
    let grads: RoseTree<Gradient, Tensor, 2> = gradient(|m| &m.here * &m.below[0].0[1] * &m.below[0].1.here, &rose);
    assert_eq!((item(&grads.here), item(&grads.below[0].0[1]), item(&grads.below[0].1.here)), (21.0, 6.0, 14.0));
    check_traits(&grads, &gradient(|m| m.here.clone(), &rose));
}

#[test]
fn generic_models_have_generic_trees() {
    /// Code over all scalar types needs no more than `Float`.
    fn gradient_of<T: Float>(model: &Deep<T>) -> (DeepTree<Gradient, T>, T) {
        let grads = gradient(|m| &m.inner.weight * &m.pair.1 * m.inner.rate, model);
        let weight = grads.inner.weight.get().map_or(T::zero(), Tensor::item);
        (grads, weight)
    }
    let linear = |w| Linear { weight: Tensor::scalar(w), rate: 10.0 };
    let model = Deep { inner: linear(2.0), pair: (linear(0.0), Tensor::scalar(3.0f64)) };
    let (grads, weight) = gradient_of(&model);
    assert_eq!((weight, item(&grads.pair.1)), (30.0, 20.0));
    assert_eq!(paths(&model), ["inner.weight", "pair.0.weight", "pair.1"]);
    check_traits(&grads, &gradient(|m| m.inner.weight.clone(), &model));
    let _: Option<LinearTree<Gradient>> = None; // the scalar's default carries over

    let through = Through::<Plain> { layer: Dense::new(2.0, 3.0) };
    let grads: ThroughTree<Gradient, Plain> = gradient(|m| m.layer.forward(&x(7.0)), &through);
    assert_eq!(item(&grads.layer.weight), 7.0);
    fn twice<T: Float>(tree: &ByHandTree<Gradient, T>) -> [ByHandTree<Gradient, T>; 2] {
        [tree.clone(), tree.clone()]
    }
    let by_hand = ByHand { w: x(2.0) };
    let [a, b] = twice(&gradient(|m| m.w.clone(), &by_hand));
    assert_eq!(a, b);
    assert_eq!(item(&gradient(|m| &m.w * &m.w, &by_hand).w), 4.0);
}

#[test]
fn functions_marks_and_buffers_need_no_bounds() {
    struct NotAModel;
    let model = Wrapper::<_, _, NotAModel> {
        inner: x(2.0),
        other: (1u128, "text", x(3.0)),
        activation: |x| x * x,
        mark: std::marker::PhantomData,
        seen: Buffer::new(0),
    };
    let grads = gradient(
        |m| {
            m.seen.update(|n| *n += 1);
            (m.activation)(&(&m.inner * &m.other.2))
        },
        &model,
    );
    // d(ab)²/da = 2ab²
    assert_eq!((item(&grads.inner), item(&grads.other.2)), (36.0, 24.0));
    assert_eq!(model.seen.get(), 1, "the traced copy shares the buffer");
    assert_eq!(paths(&model), ["inner", "other.2"]);
}

#[test]
fn constants_lifetimes_and_skipped_fields() {
    let stack = Stack { layers: [Dense::new(2.0, 0.0), Dense::new(3.0, 0.0)] };
    let grads: StackTree<Gradient, 2> =
        gradient(|m| m.layers.iter().fold(x(5.0), |x, layer| layer.forward(&x)), &stack);
    assert_eq!(item(&grads.layers[0].weight), 15.0);
    assert_eq!(paths(&stack)[2], "layers.1.weight");
    check_traits(&grads, &gradient(|m| m.layers[1].weight.clone(), &stack));

    let name = String::from("line");
    let named = Named { name: &name, w: x(2.0) };
    let grads: NamedTree<Gradient> = gradient(|m| &m.w * f32::from(u8::from(m.name == "line")), &named);
    assert_eq!((item(&grads.w), grads.name), (1.0, ()));

    let skipping = Skipping { skipped: &[std::time::Instant::now()], w: x(2.0) };
    let grads = gradient(|m| &m.w * &m.w, &skipping);
    assert_eq!((item(&grads.w), grads.skipped), (4.0, ()));
    check_traits(&grads, &gradient(|m| m.w.clone(), &skipping));
}

#[test]
fn names_do_not_collide() {
    let model = Names { walk: x(1.0), f: x(2.0), field0: x(3.0), tree: x(4.0) };
    let grads = gradient(|m| &m.walk * &m.f * &m.field0 * &m.tree, &model);
    assert_eq!(item(&grads.walk) + item(&grads.f) + item(&grads.field0) + item(&grads.tree), 24.0 + 12.0 + 8.0 + 6.0);
    assert_eq!(hidden(), 4.0);
}

fn language() -> Language {
    let shared = Tied::new(Dense::new(2.0, 1.0));
    Language {
        embed: shared.clone(),
        body: [("b", 5.0), ("a", 3.0)].map(|(key, w)| (key.to_owned(), Dense::new(w, 0.0))).into(),
        backbone: Frozen::new(Dense::new(7.0, 0.0)),
        head: shared,
    }
}

fn forward(m: &Language, x: &Tensor) -> Tensor {
    let x = m.embed.forward(x);
    let x = m.body.values().fold(x, |x, layer| layer.forward(&x));
    m.head.forward(&m.backbone.forward(&x))
}

#[test]
fn tied_parts_share_their_gradient() {
    let model = language();
    // y = w·7·5·3·(w·x + b) + b at w = 2, b = 1, x = 1: dy/dw = 105·(2wx + b) = 525, dy/db = 105w + 1 = 211.
    let (loss, grads) = with_gradient(|m| forward(m, &x(1.0)), &model);
    assert_eq!(loss, 631.0);
    let owner = grads.embed.get().unwrap();
    assert_eq!((item(&owner.weight), item(owner.bias.as_ref().unwrap())), (525.0, 211.0));
    assert!(matches!(grads.head, TiedTree::Alias));
    assert_eq!(item(&grads.body["a"].weight), 2.0 * 7.0 * 5.0 * 3.0);
    assert_eq!(grads.backbone, ());
    let expected = ["embed.weight", "embed.bias", "body.a.weight", "body.a.bias", "body.b.weight", "body.b.bias"];
    assert_eq!(paths(&model), expected);
    check_traits(&grads, &gradient(|m| m.embed.weight.clone(), &model));
}

#[test]
fn second_derivatives_pass_through_ties() {
    // f(w) = w·w through two handles: f'' = 2.
    let w = Tied::new(x(3.0));
    let pair = (w.clone(), w);
    let second = gradient(|m| gradient(|(a, b)| &**a * &**b, m).0.get().unwrap().get().unwrap().clone(), &pair);
    assert_eq!(item(second.0.get().unwrap()), 2.0);
}

#[test]
fn update_moves_all_handles_of_a_tie_and_no_frozen_part() {
    let mut model = language();
    let before = model.clone();
    let mut state = setup(Descent::new(0.001), &model);
    for _ in 0..2 {
        let grads = gradient(|m| forward(m, &x(1.0)), &model);
        update(&mut state, &mut model, &grads);
        assert_eq!(model.embed, model.head);
        assert_ne!(model.embed, before.embed);
    }
    assert_eq!(model.backbone, before.backbone);
    assert_eq!(before.embed, before.head, "a clone of the model is independent");
    assert_eq!(before.embed.weight.item(), 2.0);
}

#[test]
fn the_gradients_of_a_tie_are_summed_before_the_rule_sees_them() {
    // Optimisers.jl, test/runtests.jl, "tied weights": the first and the last part are one, the middle is a copy.
    type Model = (Tied<Tensor>, (Tensor, Tied<Tensor>));
    let after = |loss: fn(&Model) -> Tensor| {
        let twice = Tied::new(Tensor::from([1.0, 2.0]));
        let mut model = (twice.clone(), (Tensor::clone(&twice), twice));
        let mut state = setup(Momentum::new(0.1), &model);
        let grads = gradient(|m| loss(m), &model);
        update(&mut state, &mut model, &grads);
        assert_eq!(*model.0, *model.1.1);
        [model.0.to_vec(), model.1.0.to_vec()].concat()
    };
    let close = |x: Vec<f32>, y: [f32; 4]| assert!(x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-6), "{x:?} {y:?}");
    close(after(|m| total(&m.0, 3.0) + total(&m.1.0, 10.0) + total(&m.1.1, 7.0)), [0.0, 1.0, 0.0, 1.0]);
    close(after(|m| total(&m.0, 3.0)), [0.7, 1.7, 1.0, 2.0]);
    close(after(|m| total(&m.1.0, 5.0) + total(&m.1.1, 7.0)), [0.3, 1.3, 0.5, 1.5]);
}

/// The sum of the elements, times a number.
fn total(x: &Tensor, by: f32) -> Tensor {
    x.sum_to(()) * by
}

#[test]
fn a_stored_tied_model_is_tied() {
    let weight = Tied::new(x(2.0));
    let model = stored(&(weight.clone(), weight, Tied::new(x(5.0)), Frozen::new(x(1.0))));
    assert!(model.0.is_tied_to(&model.1) && !model.0.is_tied_to(&model.2));
    let grads = gradient(|m| &*m.0 * &*m.1 * &*m.2 * &*m.3, &model);
    assert_eq!(item(grads.0.get().unwrap()), 20.0);
    assert!(grads.1.get().is_none());
}

#[test]
#[should_panic(expected = "`1.embed` is tied to a part that stands before it in the model, but differs from it")]
fn two_clones_of_a_tied_model_must_not_meet() {
    let mut student = language();
    let teacher = student.clone();
    let mut state = setup(Descent::new(0.1), &student);
    let grads = gradient(|m| forward(m, &x(1.0)), &student);
    update(&mut state, &mut student, &grads);
    gradient(|(student, teacher)| forward(student, &x(1.0)) - forward(teacher, &x(1.0)), &(student, teacher));
}

#[test]
fn a_tie_within_a_frozen_part_is_no_owner() {
    let weight = Tied::new(x(3.0));
    let model = (Frozen::new(weight.clone()), weight);
    let grads = gradient(|m| &**m.0 * &*m.1, &model);
    assert_eq!(item(grads.1.get().unwrap()), 3.0);
}

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
        "the trees differ at `layers.0.Dense.0.bias`: something against nothing"
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
