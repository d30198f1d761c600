//! A tree for every shape of model, and gradients through each.

use sapwood::params::Buffer;
use sapwood::prelude::{Float, Gradient, Params, Tensor, gradient, with_gradient};

use crate::models::*;
use crate::{check_traits, item, paths, x};

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
    let _ = gradient(
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
