//! Convolutions, pooling and resampling beside PyTorch's numbers and beside sums written out.

mod naive;
