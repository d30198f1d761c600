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
