use sapwood::prelude::*;

#[derive(Params)]
struct Dense {
    weight: Tensor,
    bias: Tensor,
}

#[derive(Params)]
struct Scale {
    by: Tensor,
}

fn main() {
    let mut dense = Dense { weight: Tensor::scalar(1.0), bias: Tensor::scalar(0.0) };
    let scale = Scale { by: Tensor::scalar(2.0) };
    let mut state = setup(Descent::new(0.1), &dense);
    let grads = gradient(|m| &m.by * 2.0, &scale);
    update(&mut state, &mut dense, &grads);
}
