use sapwood::prelude::*;

// All mistakes are shown at once.
#[derive(Params)]
#[params(skip)]
#[params(bound = "T Float")]
struct Model {
    #[params(skp)]
    a: u8,
    #[params(skip, skip)]
    b: u8,
    #[params(skip = true)]
    c: u8,
    #[params(frozen)]
    d: u8,
    #[params(bound = "T: Float")]
    e: u8,
    #[params]
    f: u8,
    #[params()]
    g: u8,
    #[params(skip)]
    #[params(skip)]
    h: u8,
}

#[derive(Params)]
#[params(bound = "", bound = "")]
enum Layer {
    #[params(skip)]
    Dense(Tensor),
}

#[derive(Params)]
#[params(bound(T))]
struct Other(Tensor);

fn main() {}
