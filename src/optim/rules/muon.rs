//! Muon.

use serde::{Deserialize, Serialize};

use crate::optim::Either::{self, First, Second};
use crate::optim::rule::{Chunk, LeafInfo, Rule, decay, positive};
use crate::optim::slots::PerLeaf;
use crate::optim::{Adam, AdamW};
use crate::tensor::{Float, Tensor};

/// Muon (Jordan et al., 2024): momentum whose matrices are made orthogonal; [`AdamW`] for all leaves that are no
/// matrices. B ← μB + (1−μ)g; O = the orthogonal matrix next to (1−μ)g + μB; x ← x − η(0.2 √max(R, C) · O + λx) for an
/// R×C matrix.
///
/// O comes from five Newton–Schulz steps, which bring the singular values near to 1. The factor gives steps the size of
/// AdamW's (Liu et al., 2025: Moonlight), so that matrices and the rest share one rate and one decay. As PyTorch's
/// `Muon(adjust_lr_fn="match_rms_adamw")`, in the leaf's own precision instead of bfloat16; defaults are PyTorch's.
/// Embeddings and the last layer are better left to AdamW: see [`setup_by`](crate::optim::setup_by).
///
/// State: `First(B)` for matrices, `Second([m, v])` for the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Muon {
    /// The learning rate η of all leaves; 0.001 by default.
    pub rate: f64,
    /// The momentum μ; 0.95 by default.
    pub mu: f64,
    /// The decoupled weight decay λ of all leaves; 0.1 by default.
    pub lambda: f64,
    /// AdamW's decays β₁ and β₂ for the leaves that are no matrices; 0.9 and 0.999 by default.
    pub betas: (f64, f64),
}

impl Muon {
    /// The given learning rate, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        Muon { rate: positive("Muon", "rate", rate), mu: 0.95, lambda: 0.1, betas: (0.9, 0.999) }
    }

    /// Sets μ.
    ///
    /// # Panics
    /// Where it is not in [0, 1).
    #[track_caller]
    pub fn mu(self, mu: f64) -> Self {
        Muon { mu: decay("Muon", "mu", mu), ..self }
    }

    /// Sets λ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn lambda(self, lambda: f64) -> Self {
        Muon { lambda: positive("Muon", "lambda", lambda), ..self }
    }

    /// Sets β₁ and β₂.
    ///
    /// # Panics
    /// Where one is not in [0, 1).
    #[track_caller]
    pub fn betas(self, first: f64, second: f64) -> Self {
        Muon { betas: (decay("Muon", "beta 1", first), decay("Muon", "beta 2", second)), ..self }
    }

    /// The rule of the leaves that are no matrices.
    fn rest(&self) -> AdamW {
        let adam = Adam { rate: self.rate, betas: self.betas, ..Adam::default() };
        AdamW { adam, lambda: self.lambda }
    }
}

impl Default for Muon {
    fn default() -> Self {
        Muon::new(0.001)
    }
}

impl Rule for Muon {
    type State<T: Float> = Either<PerLeaf<Tensor<T>>, [Tensor<T>; 2]>;

    fn init<T: Float>(&self, x: &Tensor<T>) -> Self::State<T> {
        if x.rank() == 2 { First(PerLeaf::new(Tensor::zeros_like(x), x)) } else { Second(self.rest().init(x)) }
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, state: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        let momentum = match state {
            First(momentum) => momentum,
            Second(state) => return self.rest().apply(leaf, state, x, dx),
        };
        let mu = T::from_f64(self.mu);
        let mix = |a: T, b: T| mu * a + (T::one() - mu) * b;
        for (b, dx) in momentum.as_mut_slice().iter_mut().zip(&mut *dx) {
            *b = mix(*b, *dx);
            *dx = mix(*b, *dx);
        }
        let o = orthogonal(&Tensor::from_vec(dx.to_vec(), leaf.shape)).contiguous();
        let longest = leaf.shape.iter().copied().max().unwrap_or(0) as f64;
        let [step, decay] = [self.rate * 0.2 * longest.sqrt(), self.rate * self.lambda].map(T::from_f64);
        for ((dx, &o), &x) in dx.iter_mut().zip(o.dense()).zip(x) {
            *dx = step * o + decay * x;
        }
    }

    fn rate(&self, _: u64) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rate = rate;
        true
    }
}

/// About U Vᵀ of a matrix U Σ Vᵀ, by five Newton–Schulz steps X ← aX + (bA + cA²)X, A = XXᵀ, with the coefficients that
/// Jordan et al. chose for the steepest rise at 0.
fn orthogonal<T: Float>(g: &Tensor<T>) -> Tensor<T> {
    let [a, b, c] = [3.4445, -4.775, 2.0315].map(T::from_f64);
    // The smaller of XXᵀ and XᵀX.
    let tall = g.shape()[0] > g.shape()[1];
    let x = if tall { g.t() } else { g.clone() };
    let norm = x.square().sum().sqrt().item();
    // Not a max, which would hide a NaN.
    let norm = if norm < T::from_f64(1e-7) { T::from_f64(1e-7) } else { norm };
    let mut x = x / norm;
    for _ in 0..5 {
        let gram = x.matmul(&x.t());
        let polynomial = &gram * b + gram.matmul(&gram) * c;
        x = &x * a + polynomial.matmul(&x);
    }
    if tall { x.t() } else { x }
}
