//! Sapwood trains models the way Flux does: a model is a plain struct, its gradient and its optimiser's state are trees
//! of the same shape, and the compiler checks that they fit.
//!
//! ```
//! use sapwood::prelude::*;
//!
//! /// y = m·x + b: any struct of tensors is a model.
//! #[derive(Params, Clone, Debug)]
//! struct Line {
//!     m: Tensor,
//!     b: Tensor,
//! }
//!
//! impl Line {
//!     fn forward(&self, x: &Tensor) -> Tensor {
//!         &self.m * x + &self.b
//!     }
//! }
//!
//! let mut rng = StdRng::seed_from_u64(0);
//! let mut model = Line { m: Tensor::scalar(0.0), b: Tensor::scalar(0.0) };
//! let mut state = setup(Descent::new(0.1), &model);
//! for _ in 0..200 {
//!     let x = Tensor::uniform((10, 1), -1.0..1.0, &mut rng);
//!     let y = &x * 0.25 + 7.0;
//!     let grads = gradient(|line| mse(&line.forward(&x), &y), &model);
//!     update(&mut state, &mut model, &grads);
//! }
//! assert!((model.m.item() - 0.25).abs() < 1e-3 && (model.b.item() - 7.0).abs() < 1e-3);
//! ```
//!
//! New here? The [guide] goes from [a first model](guide::first_model) to [layers of your own](guide::your_own), with pages
//! [for those who know Flux](guide::for_flux_users) and [PyTorch](guide::for_pytorch_users).
//!
//! # Where things are
//!
//! | module | what |
//! | --- | --- |
//! | [`guide`] | pages to read in order, whose programs all run |
//! | [`params`] | what makes a type a model: [`Params`](trait@params::Params) and its derive, trees, frozen and tied parts, buffers |
//! | [`tensor`] | [`Tensor`](tensor::Tensor), to and from `ndarray` |
//! | [`ops`] | what can be computed with tensors |
//! | [`autodiff`] | [`gradient`](autodiff::gradient) and its kin; gradient trees as vectors; your own operations |
//! | [`nn`] | layers; [`outline`](nn::outline()), a table of a model's |
//! | [`loss`] | losses and metrics |
//! | [`optim`] | rules, chains of rules, [`setup`](optim::setup), [`update`](optim::update) |
//! | [`data`] | datasets and [`DataLoader`](data::DataLoader) |
//! | [`mod@train`] | [`train`](train::train), the loop as one line; the [`Trainer`](train::Trainer) for longer runs, and what shows how they go |
//! | [`checkpoint`] | saving and loading |
//! | [`names`] | how Flux, PyTorch and MLX call it, and where defaults differ |
//!
//! # What panics and what is an error
//!
//! Programming mistakes, such as shapes that do not fit, panic at the caller's line with the operation and the
//! shapes. Files, data and losses that are not finite give the crate's [`Error`](enum@Error).
//!
//! # Threads
//!
//! What is large enough is shared out to the threads of [rayon](https://docs.rs/rayon)'s pool: as many as the processor has
//! cores, or as the environment variable `RAYON_NUM_THREADS` says. A program chooses for itself by rayon's own means; the
//! results are the same bits with any number.
//!
//! ```
//! use rayon::ThreadPoolBuilder;
//! use sapwood::prelude::*;
//!
//! let x: Tensor = Tensor::normal((300, 300), 0.0, 1.0, &mut StdRng::seed_from_u64(0));
//! let pool = ThreadPoolBuilder::new().num_threads(2).build()?;
//! // In there two threads work on each operation.
//! let y = pool.install(|| x.matmul(&x));
//! assert_eq!(y, x.matmul(&x));
//! # Ok::<(), rayon::ThreadPoolBuildError>(())
//! ```
//!
//! `ThreadPoolBuilder::new().num_threads(2).use_current_thread().build_global()`, as the first thing in `main`, sets it for the
//! whole program.
//!
//! # Building
//!
//! Build with `--release`: without optimisation the same takes some two hundred times as long. Or have only what your program
//! depends on optimised, by [five lines](guide::first_model) in your `Cargo.toml`: your own changes are built in a second then,
//! and most programs run as fast as with `--release`.

extern crate self as sapwood;

pub mod autodiff;
pub mod checkpoint;
#[doc(hidden)]
pub mod compiled;
pub mod data;
mod error;
pub mod guide;
mod kernels;
pub mod loss;
#[doc = include_str!("names.md")]
pub mod names {}
pub mod nn;
pub mod ops;
pub mod optim;
pub mod params;
pub mod tensor;
pub mod train;

pub use error::{Error, Result};

/// What code written by the derive needs.
#[doc(hidden)]
pub mod __private {
    pub use serde;
}

/// What most programs need: `use sapwood::prelude::*;`.
pub mod prelude {
    pub use crate::autodiff::{
        Gradient, GradientTree, Grads, check_gradient, find_not_finite, gradient, hessian, jacobian, pullback,
        pushforward, with_gradient,
    };
    pub use crate::chain;
    pub use crate::checkpoint::{Snapshot, load, save};
    pub use crate::data::{DataLoader, Dataset};
    pub use crate::loss::{
        self, CrossEntropy, accuracy, binary_cross_entropy_with_logits, cross_entropy, huber, mae, mse,
    };
    pub use crate::nn::{Activation, Dense, Dropout, Layer, output_shape};
    pub use crate::optim::schedule::Schedule;
    pub use crate::optim::{
        AMSGrad, AdaBelief, AdaDelta, AdaGrad, AdaMax, Adafactor, Adam, AdamW, ClipGrad, ClipNorm, Descent, LAMB, LARS,
        Lion, Momentum, Muon, NAdam, Nesterov, OAdam, OptimiserTree, Prodigy, RAdam, RMSProp, Rprop, Rule,
        ScheduleFree, Scheduled, SignDecay, State, WeightDecay, setup, update,
    };
    pub use crate::params::{Buffer, Frozen, Params, Tied};
    pub use crate::tensor::{Float, Tensor};
    pub use crate::train::train;
    pub use ndarray::s;
    pub use ndarray_rand::rand::rngs::StdRng;
    pub use ndarray_rand::rand::{Rng, SeedableRng};
}
