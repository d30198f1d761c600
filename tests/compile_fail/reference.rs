use sapwood::prelude::*;

#[derive(Params)]
struct Model<'a> {
    w: &'a Tensor,
    last: Tensor,
}

fn main() {}
