//! Noise on gradients.

use std::f64::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::optim::rule::{Chunk, LeafInfo, Rule, positive};
use crate::tensor::{Float, Tensor};

/// Adds noise to the gradient (Neelakantan et al., 2015), for the rules behind it in a chain: g ← g + N(0, η / tᵞ), with
/// t counting from 1.
///
/// The seed, the leaf, its step and the element decide each number: the same seed gives the same noise, whatever the
/// number of threads, and a stored state goes on where it stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradientNoise {
    /// The variance η of the first step's noise.
    pub eta: f64,
    /// The decay γ of the variance; 0.55 by default, as in the paper.
    pub gamma: f64,
    /// What the noise is drawn from.
    pub seed: u64,
}

impl GradientNoise {
    /// Noise of the variance η in the first step.
    ///
    /// # Panics
    /// Where η is negative or not finite.
    #[track_caller]
    pub fn new(eta: f64, seed: u64) -> Self {
        GradientNoise { eta: positive("GradientNoise", "eta", eta), gamma: 0.55, seed }
    }

    /// Sets γ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn gamma(self, gamma: f64) -> Self {
        GradientNoise { gamma: positive("GradientNoise", "gamma", gamma), ..self }
    }
}

impl Rule for GradientNoise {
    type State<T: Float> = ();

    fn init<T: Float>(&self, _: &Tensor<T>) {}

    fn apply<T: Float>(&self, leaf: LeafInfo, (): Chunk<'_, Self, T>, _: &[T], dx: &mut [T]) {
        let deviation = (self.eta / (leaf.step as f64).powf(self.gamma)).sqrt();
        // A generator for each leaf, a stream for each step, four words for each element.
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&(leaf.index as u64).to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(leaf.step);
        rng.set_word_pos(4 * leaf.start as u128);
        dx.iter_mut().for_each(|dx| *dx += T::from_f64(deviation * normal(&mut rng)));
    }
}

/// A normal number from four words, as Box and Muller (1958) make it.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let mut uniform = || ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let (radius, angle) = (uniform(), uniform());
    (-2.0 * libm::log(radius)).sqrt() * libm::cos(TAU * angle)
}
