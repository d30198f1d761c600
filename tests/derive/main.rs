//! `#[derive(Params)]` on every shape of model, as a user writes them.

#![deny(warnings, missing_docs, clippy::all, clippy::pedantic)]
#![allow(unreachable_pub, clippy::float_cmp, clippy::items_after_statements)]

mod models;
mod shapes;
mod ties;
mod trees;

use sapwood::params::Leaf;
use sapwood::prelude::{Float, Gradient, Params, Tensor};
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
