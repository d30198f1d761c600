//! Values and gradients beside PyTorch's.
//!
//! `NAME.py` writes `NAME.json`, which `NAME.rs` reads; `cases` is what they share.

mod cases;
mod conv;
mod layers;
mod losses;
mod operations;
mod sequences;
