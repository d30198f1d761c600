use sapwood::prelude::*;

struct File;

#[derive(Params)]
struct Model {
    #[params(skip)]
    log: File,
    w: Tensor,
}

fn main() {}
