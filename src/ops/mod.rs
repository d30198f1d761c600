//! What can be computed with tensors: a file a family, each operation with its formula, its pullback and its tests.

mod arithmetic;
pub(crate) mod broadcast;
