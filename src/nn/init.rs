//! [`Init`]: how weights start.

use std::ops::Range;

use ndarray_rand::rand::Rng;
use ndarray_rand::rand::distr::Distribution;
use ndarray_rand::rand::seq::index;
use ndarray_rand::rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::kernels::block::Block;
use crate::kernels::pool;
use crate::tensor::{Float, Tensor};

/// How weights start. Layers take one by their `init`; [`weight`](Self::weight) draws it for layers of your own.
///
/// Where a formula says n_in and n_out, they are the numbers of inputs that an output is made of and of outputs that an
/// input goes into.
///
/// ```
/// use sapwood::nn::Init;
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let layer: Dense = Dense::new(3, 3, &mut rng).init(Init::Identity(1.0), &mut rng);
/// assert_eq!(layer.weight, Tensor::eye(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Init {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// All of one value.
    Constant(f64),
    /// The given gain times the identity matrix (1 where the indices of the two axes agree, for a matrix that is not
    /// square).
    Identity(f64),
    /// Uniform from the first number to the second.
    Uniform(f64, f64),
    /// Normal, of the given mean and standard deviation.
    Normal(f64, f64),
    /// Normal, of mean 0 and the given standard deviation, drawn again where it is more than two deviations from 0.
    TruncatedNormal(f64),
    /// Uniform in ±√(6 / (n_in + n_out)) ([Glorot and Bengio 2010](https://proceedings.mlr.press/v9/glorot10a.html)),
    /// for tanh and sigmoid.
    GlorotUniform,
    /// Normal of deviation √(2 / (n_in + n_out)).
    GlorotNormal,
    /// Uniform in ±√(6 / n_in) ([He et al. 2015](https://arxiv.org/abs/1502.01852)), for relu.
    KaimingUniform,
    /// Normal of deviation √(2 / n_in).
    KaimingNormal,
    /// Uniform in ±√(3 / n_in) (LeCun et al. 1998, Efficient BackProp), for selu.
    LeCunUniform,
    /// Normal of deviation √(1 / n_in).
    LeCunNormal,
    /// The given gain times a random matrix with orthonormal rows or columns, whichever are fewer
    /// ([Saxe et al. 2014](https://arxiv.org/abs/1312.6120)).
    Orthogonal(f64),
    /// Normal of deviation `deviation`, but in each column (each output of a [`Dense`](super::Dense) layer) the share
    /// `sparsity` of the elements is 0 (Martens 2010, Deep learning via Hessian-free optimization).
    Sparse {
        /// From 0 to 1; rounded up to whole elements.
        sparsity: f64,
        /// Of the elements that are not 0.
        deviation: f64,
    },
}

impl Init {
    /// A weight of the given shape, with n_in and n_out.
    ///
    /// Where the shape has more than two axes, a matrix has the first axis as rows and all others as columns.
    ///
    /// # Panics
    /// Where the numbers make no sense (an empty range, a negative deviation, a share beyond [0, 1]), or the shape has
    /// fewer than two axes and a matrix is asked for.
    #[track_caller]
    pub fn weight<T: Float>(
        self,
        shape: &[usize],
        inputs: usize,
        outputs: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Tensor<T> {
        let (n_in, n_out) = (inputs.max(1) as f64, outputs.max(1) as f64);
        match self {
            Init::Zeros => Tensor::zeros(shape),
            Init::Ones => Tensor::ones(shape),
            Init::Constant(value) => {
                Tensor::from_dense(pool::filled(shape.iter().product(), T::from_f64(value)), shape)
            }
            Init::Identity(gain) => identity(shape, gain),
            Init::Uniform(low, high) => uniform(shape, low..high, rng),
            Init::Normal(mean, deviation) => normal(shape, mean, deviation, rng),
            Init::TruncatedNormal(deviation) => truncated_normal(shape, deviation, rng),
            Init::GlorotUniform => within((6.0 / (n_in + n_out)).sqrt(), shape, rng),
            Init::GlorotNormal => normal(shape, 0.0, (2.0 / (n_in + n_out)).sqrt(), rng),
            Init::KaimingUniform => within((6.0 / n_in).sqrt(), shape, rng),
            Init::KaimingNormal => normal(shape, 0.0, (2.0 / n_in).sqrt(), rng),
            Init::LeCunUniform => within((3.0 / n_in).sqrt(), shape, rng),
            Init::LeCunNormal => normal(shape, 0.0, n_in.recip().sqrt(), rng),
            Init::Orthogonal(gain) => orthogonal(shape, gain, rng),
            Init::Sparse { sparsity, deviation } => sparse(shape, sparsity, deviation, rng),
        }
    }
}

#[track_caller]
fn uniform<T: Float>(shape: &[usize], range: Range<f64>, rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
    Tensor::uniform(shape, T::from_f64(range.start)..T::from_f64(range.end), rng)
}

fn within<T: Float>(limit: f64, shape: &[usize], rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
    uniform(shape, -limit..limit, rng)
}

#[track_caller]
fn normal<T: Float>(shape: &[usize], mean: f64, deviation: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
    Tensor::normal(shape, T::from_f64(mean), T::from_f64(deviation), rng)
}

#[track_caller]
fn truncated_normal<T: Float>(shape: &[usize], deviation: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
    assert!(deviation >= 0.0, "Init: {deviation} is no standard deviation");
    let mut draw = || loop {
        let x: f64 = StandardNormal.sample(rng);
        if x.abs() <= 2.0 {
            return T::from_f64(x * deviation);
        }
    };
    Tensor::from_dense((0..shape.iter().product()).map(|_| draw()).collect(), shape)
}

/// Rows and columns of a weight as a matrix.
#[track_caller]
fn matrix(shape: &[usize]) -> (usize, usize) {
    assert!(shape.len() >= 2, "Init: a matrix has at least two axes, but the shape is {shape:?}");
    (shape[0], shape[1..].iter().product())
}

#[track_caller]
fn identity<T: Float>(shape: &[usize], gain: f64) -> Tensor<T> {
    let (rows, columns) = matrix(shape);
    let mut weight = Block::zeros(rows * columns);
    weight.iter_mut().step_by(columns + 1).take(rows.min(columns)).for_each(|x| *x = T::from_f64(gain));
    Tensor::from_dense(weight, shape)
}

/// Gram–Schmidt, twice for accuracy, on the shorter side's random vectors.
#[track_caller]
fn orthogonal<T: Float>(shape: &[usize], gain: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
    let (rows, columns) = matrix(shape);
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    for _ in 0..count {
        let mut vector: Vec<f64> = (0..length).map(|_| StandardNormal.sample(rng)).collect();
        for other in basis.iter().chain(&basis) {
            let along = dot(&vector, other);
            vector.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
        }
        let norm = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|x| *x /= norm);
        basis.push(vector);
    }
    let at = |row: usize, column: usize| if rows <= columns { basis[row][column] } else { basis[column][row] };
    let weight = (0..rows * columns).map(|i| T::from_f64(gain * at(i / columns, i % columns))).collect();
    Tensor::from_dense(weight, shape)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[track_caller]
fn sparse<T: Float>(shape: &[usize], sparsity: f64, deviation: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
    assert!((0.0..=1.0).contains(&sparsity), "Init: the sparsity must lie in [0, 1], not {sparsity}");
    let (rows, columns) = matrix(shape);
    let zeros = (sparsity * rows as f64).ceil() as usize;
    let mut weight: Tensor<T> = normal(shape, 0.0, deviation, rng);
    let elements = weight.as_mut_slice();
    for column in 0..columns {
        index::sample(rng, rows, zeros).iter().for_each(|row| elements[row * columns + column] = T::zero());
    }
    weight
}

#[cfg(test)]
mod tests {
    use crate::nn::*;
    use crate::prelude::*;

    fn draw(init: Init, shape: [usize; 2]) -> Tensor<f64> {
        init.weight(&shape, shape[0], shape[1], &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn means_variances_and_bounds_are_those_of_the_formulas() {
        // The mean of 60,000 draws deviates by σ/245, their variance by less than σ²/170.
        let (n_in, n_out) = (300.0, 200.0);
        let inits = [
            (Init::Uniform(-1.0, 3.0), 1.0, 16.0 / 12.0, 3.0),
            (Init::Normal(2.0, 0.5), 2.0, 0.25, f64::INFINITY),
            // A normal cut at ±2: the variance is 0.7737 (Φ and φ in closed form).
            (Init::TruncatedNormal(0.1), 0.0, 0.007737413, 0.2),
            (Init::GlorotUniform, 0.0, 2.0 / (n_in + n_out), (6.0f64 / (n_in + n_out)).sqrt()),
            (Init::GlorotNormal, 0.0, 2.0 / (n_in + n_out), f64::INFINITY),
            (Init::KaimingUniform, 0.0, 2.0 / n_in, (6.0f64 / n_in).sqrt()),
            (Init::KaimingNormal, 0.0, 2.0 / n_in, f64::INFINITY),
            (Init::LeCunUniform, 0.0, 1.0 / n_in, (3.0f64 / n_in).sqrt()),
            (Init::LeCunNormal, 0.0, 1.0 / n_in, f64::INFINITY),
        ];
        for (init, mean, variance, bound) in inits {
            let w = draw(init, [300, 200]);
            assert!((w.mean().item() - mean).abs() < 0.02 * variance.sqrt(), "{init:?}: mean {}", w.mean());
            assert!((w.var(0).item() / variance - 1.0).abs() < 0.03, "{init:?}: variance {}", w.var(0));
            assert!(w.abs().max().item() <= bound, "{init:?}");
            assert!(bound.is_infinite() || w.abs().max().item() > 0.99 * bound, "{init:?}");
        }
    }

    #[test]
    fn layers_start_as_their_docs_say() {
        let rng = &mut StdRng::seed_from_u64(1);
        let glorot = |inputs: f64, outputs: f64| 2.0 / (inputs + outputs);
        let weights: [(&str, Tensor<f64>, f64); 8] = [
            ("Dense", Dense::new(100, 200, rng).weight, glorot(100.0, 200.0)),
            ("Bilinear", Bilinear::new(20, 30, 40, rng).weight, glorot(600.0, 40.0)),
            ("Conv", Conv2d::new(20, 40, [3, 5], rng).weight, glorot(20.0 * 15.0, 40.0 * 15.0)),
            ("ConvTranspose", ConvTranspose1d::new(40, 60, 7, rng).weight, glorot(40.0 * 7.0, 60.0 * 7.0)),
            ("Embedding", Embedding::new(500, 30, rng).weight, 1.0),
            ("EmbeddingBag", EmbeddingBag::new(500, 30, rng).weight, 1.0),
            ("LearnedPositions", LearnedPositions::new(500, 30, rng).weight, 0.02 * 0.02),
            // Uniform in ±1/√hidden.
            ("GruCell", GruCell::new(50, 80, rng).input_weight, 1.0 / (3.0 * 80.0)),
        ];
        for (layer, weight, variance) in weights {
            // At least 12,000 draws: the mean deviates by σ/110, their variance by less than σ²/77.
            let weight = weight.flatten();
            assert!(weight.mean().item().abs() < 0.045 * variance.sqrt(), "{layer}: mean {}", weight.mean());
            assert!((weight.var(0).item() / variance - 1.0).abs() < 0.06, "{layer}: variance {}", weight.var(0));
        }
    }

    #[test]
    fn orthogonal_matrices_have_orthonormal_rows_or_columns() {
        for shape in [[30, 50], [50, 30], [40, 40]] {
            let w = draw(Init::Orthogonal(2.0), shape);
            let product = if shape[0] <= shape[1] { w.matmul(&w.t()) } else { w.t().matmul(&w) };
            let error = (product - Tensor::eye(shape[0].min(shape[1])) * 4.0).abs().max();
            assert!(error.item() < 1e-13, "{shape:?}: {error}");
        }
    }

    #[test]
    fn each_column_of_a_sparse_matrix_has_as_many_zeros() {
        let w = draw(Init::Sparse { sparsity: 0.85, deviation: 1.0 }, [30, 50]);
        assert_eq!(w.eq(0.0).cast::<f64>().sum_axis(0).to_vec(), [26.0; 50]);
        assert!((draw(Init::Sparse { sparsity: 0.0, deviation: 0.1 }, [300, 200]).std(0).item() - 0.1).abs() < 1e-3);
    }

    #[test]
    fn constants_are_constant() {
        assert_eq!(draw(Init::Zeros, [2, 3]), Tensor::zeros((2, 3)));
        assert_eq!(draw(Init::Ones, [2, 3]), Tensor::ones((2, 3)));
        assert_eq!(draw(Init::Constant(0.5), [1, 2]).to_vec(), [0.5, 0.5]);
        assert_eq!(draw(Init::Identity(2.0), [2, 3]).to_vec(), [2.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
        assert_eq!(draw(Init::Identity(1.0), [3, 2]).to_vec(), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "Init: the sparsity must lie in [0, 1], not 1.5")]
    fn a_share_is_at_most_one() {
        let _ = draw(Init::Sparse { sparsity: 1.5, deviation: 1.0 }, [2, 2]);
    }
}
