//! What other libraries publish as their own behaviour, asked of this one: numbers, and what happens in corner cases.
//!
//! Each case names its source. Cases of single operations and rules stand beside these, in `src`, and in
//! `tests/gradients/known.rs`; here are those of whole programs. Where a convention differs on purpose, the test says so.

mod data;
mod gradients;
mod loading;
mod losses;
mod rules;
mod training;
mod trees;

use sapwood::prelude::*;

#[track_caller]
fn assert_close(ours: &[f64], theirs: &[f64], tolerance: f64) {
    let close = ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| (a - b).abs() <= tolerance);
    assert!(close, "{ours:?} is not {theirs:?}");
}

/// The entries of a leaf's gradient.
#[track_caller]
fn numbers<T: Float>(gradient: &sapwood::params::Leaf<Gradient, T>) -> Vec<f64> {
    gradient.get().expect("the loss reached this leaf").cast::<f64>().to_vec()
}
