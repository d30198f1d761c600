//! The guide: pages to read in order, from a first model on. Every program in them runs as a test.
//!
//! | page | what |
//! | --- | --- |
//! | [`first_model`] | a model, its gradient, a step; a network, trained and tested |
//! | [`trees`] | what the derive makes; paths and subtrees; `Frozen`, `Tied`, `Buffer`, `skip` |
//! | [`gradients`] | what is differentiated and what is not; second derivatives; checking |
//! | [`rules`] | optimisers, chains, schedules; other rates for other leaves; clipping; averages |
//! | [`data`] | datasets, batches, splits, files, random transforms, worker threads |
//! | [`training`] | one pass, the loop by hand, the trainer; looking at a run |
//! | [`saving`] | models, whole runs, weights from and for PyTorch |
//! | [`your_own`] | layers, operations, rules, losses |
//! | [`debugging`] | shapes that do not fit, losses that are not finite, gradients in doubt |
//! | [`for_flux_users`], [`for_pytorch_users`] | the same programs side by side, and what behaves otherwise |

#[doc = include_str!("first_model.md")]
pub mod first_model {}

#[doc = include_str!("trees.md")]
pub mod trees {}

#[doc = include_str!("gradients.md")]
pub mod gradients {}

#[doc = include_str!("rules.md")]
pub mod rules {}

#[doc = include_str!("data.md")]
pub mod data {}

#[doc = include_str!("training.md")]
pub mod training {}

#[doc = include_str!("saving.md")]
pub mod saving {}

#[doc = include_str!("your_own.md")]
pub mod your_own {}

#[doc = include_str!("debugging.md")]
pub mod debugging {}

#[doc = include_str!("for_flux_users.md")]
pub mod for_flux_users {}

#[doc = include_str!("for_pytorch_users.md")]
pub mod for_pytorch_users {}
