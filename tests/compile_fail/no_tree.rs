use sapwood::prelude::*;

struct Foreign;

#[derive(Params)]
struct Model {
    foreign: Foreign,
    w: Tensor,
}

fn main() {}
