use sapwood::params::Tied;
use sapwood::prelude::*;

fn main() {
    // A tied part can't be changed through one of its handles.
    let tied: Tied<Tensor> = Tied::new(Tensor::scalar(1.0));
    tied.as_mut_slice()[0] = 2.0;
}
