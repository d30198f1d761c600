use sapwood::prelude::*;

#[derive(Params)]
struct Net {
    layer: Dense,
}

fn step(state: &mut State<Adam, Net>, net: &mut Net) {
    let grads = gradient(|net| net.layer.weight.sum(), net);
    update(state, net, &grads);
}

fn main() {
    let mut net = Net { layer: Dense::new(2, 1, &mut StdRng::seed_from_u64(0)) };
    let mut state = setup(Momentum::new(0.1), &net);
    step(&mut state, &mut net);
}
