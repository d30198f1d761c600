use std::sync::{Arc, Mutex};

use sapwood::prelude::*;

#[derive(Params)]
struct Model {
    a: Arc<Tensor>,
    b: Mutex<Tensor>,
    last: Tensor,
}

fn main() {}
