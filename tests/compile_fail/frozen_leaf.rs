use sapwood::params::Frozen;
use sapwood::prelude::*;

#[derive(Params)]
struct Dense {
    weight: Tensor,
    bias: Tensor,
}

#[derive(Params)]
struct Model {
    backbone: Frozen<Dense>,
    head: Tensor,
}

fn main() {
    let dense = Dense { weight: Tensor::scalar(1.0), bias: Tensor::scalar(0.0) };
    let model = Model { backbone: Frozen::new(dense), head: Tensor::scalar(1.0) };
    let grads = gradient(|m| &m.head * &m.backbone.weight + &m.backbone.bias, &model);
    println!("{:?}", grads.backbone.weight);
}
