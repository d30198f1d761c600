use sapwood::prelude::*;

struct Model {
    w: Tensor,
}

fn main() {
    let model = Model { w: Tensor::scalar(1.0) };
    gradient(|m| &m.w * 2.0, &model);
}
