use std::collections::HashMap;

use sapwood::prelude::*;

#[derive(Params)]
struct Model {
    layers: HashMap<String, Tensor>,
    last: Tensor,
}

fn main() {}
