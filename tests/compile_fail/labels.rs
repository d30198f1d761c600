use sapwood::prelude::*;

fn main() {
    let logits: Tensor = Tensor::zeros((2, 3));
    let labels: Tensor = Tensor::zeros(2);
    accuracy(&logits, &labels);
    let _ = cross_entropy(&logits, &vec![0i64, 2]);
    let _ = mse(&Tensor::from([1i64]), &Tensor::from([2i64]));
}
