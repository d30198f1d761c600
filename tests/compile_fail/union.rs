use sapwood::prelude::*;

#[derive(Params)]
union Bits {
    float: f32,
    int: u32,
}

fn main() {}
