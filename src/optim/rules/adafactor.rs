//! Adafactor.

use serde::{Deserialize, Serialize};

use super::norm::norm;
use crate::optim::Either::{self, First, Second};
use crate::optim::rule::{Chunk, LeafInfo, Rule, positive};
use crate::optim::slots::PerLeaf;
use crate::tensor::{Float, Tensor};

/// Adafactor (Shazeer and Stern, 2018), which remembers of the mean squares of an R×C matrix only R row means r and C
/// column means c:
/// r ← β r + (1−β) mean of g² along rows, c likewise, where β = 1 − t^−0.8; v = r cᵀ / mean(r);
/// u = g / √v, shortened to a root mean square of at most d; x ← x − max(ε, RMS(x)) · min(η, 1/√t) · u.
///
/// Tensors of more axes are stacks of matrices, those of fewer have all their mean squares. As PyTorch has it, with its
/// defaults; √v is at least the type's own ε, and decay is decoupled: x ← x − ηλx first.
///
/// State: `First([r, c])` or, for fewer than two axes, `Second(v)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adafactor {
    /// The largest relative step η; 0.01 by default.
    pub rate: f64,
    /// The power of t in 1 − β; 0.8 by default.
    pub power: f64,
    /// The least root mean square ε of a leaf to step by; 1e-3 by default.
    pub epsilon: f64,
    /// The largest root mean square d of u; 1 by default.
    pub clip: f64,
    /// The decoupled weight decay λ; 0 by default.
    pub lambda: f64,
}

impl Adafactor {
    /// The given relative step, all else as by default.
    ///
    /// # Panics
    /// Where the rate is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        Adafactor { rate: positive("Adafactor", "rate", rate), power: 0.8, epsilon: 1e-3, clip: 1.0, lambda: 0.0 }
    }

    /// Sets the power of t.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn power(self, power: f64) -> Self {
        Adafactor { power: positive("Adafactor", "power", power), ..self }
    }

    /// Sets ε.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Adafactor { epsilon: positive("Adafactor", "epsilon", epsilon), ..self }
    }

    /// Sets d.
    ///
    /// # Panics
    /// Where it is not above 0 and finite.
    #[track_caller]
    pub fn clip(self, clip: f64) -> Self {
        assert!(clip > 0.0 && clip.is_finite(), "Adafactor: clip must be a finite number above 0, not {clip}");
        Adafactor { clip, ..self }
    }

    /// Sets λ.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn lambda(self, lambda: f64) -> Self {
        Adafactor { lambda: positive("Adafactor", "lambda", lambda), ..self }
    }
}

impl Default for Adafactor {
    fn default() -> Self {
        Adafactor::new(0.01)
    }
}

impl Rule for Adafactor {
    type State<T: Float> = Either<PerLeaf<[Vec<T>; 2]>, Tensor<T>>;

    fn whole_leaf(&self) -> bool {
        true
    }

    fn init<T: Float>(&self, x: &Tensor<T>) -> Self::State<T> {
        match x.shape() {
            [stack @ .., rows, columns] => {
                let stack: usize = stack.iter().product();
                let means = [stack * rows, stack * columns].map(|count| vec![T::zero(); count]);
                First(PerLeaf::new(means, x))
            }
            _ => Second(Tensor::zeros_like(x)),
        }
    }

    #[inline(always)]
    fn apply<T: Float>(&self, leaf: LeafInfo, state: Chunk<'_, Self, T>, x: &[T], dx: &mut [T]) {
        let t = leaf.step as f64;
        let weight = T::from_f64(t.powf(-self.power));
        let floor = T::epsilon();
        let size = |x: &[T]| norm(x) / (x.len() as f64).sqrt();
        match (state, leaf.shape) {
            (First([rows, columns]), &[.., height, width]) => {
                let parts = rows.chunks_mut(height).zip(columns.chunks_mut(width));
                for ((rows, columns), dx) in parts.zip(dx.chunks_mut(height * width)) {
                    factored(rows, columns, dx, weight, floor);
                }
            }
            (Second(v), _) => {
                for (v, dx) in v.iter_mut().zip(&mut *dx) {
                    *v += weight * (*dx * *dx - *v);
                    *dx /= at_least(*v, floor * floor).sqrt();
                }
            }
            _ => unreachable!("what has row and column means has two axes"),
        }
        let longest = at_least(size(dx) / self.clip, 1.0);
        let step = at_least(size(x), self.epsilon) * self.rate.min(1.0 / t.sqrt()) / longest;
        let [step, decay] = [step, self.rate * self.lambda].map(T::from_f64);
        dx.iter_mut().zip(x).for_each(|(dx, &x)| *dx = step * *dx + decay * x);
    }

    fn rate(&self, _: u64) -> Option<f64> {
        Some(self.rate)
    }

    fn set_rate(&mut self, rate: f64) -> bool {
        self.rate = rate;
        true
    }
}

/// The larger of the two; NaN stays NaN, which `max` would hide.
#[inline(always)]
fn at_least<T: Float>(x: T, floor: T) -> T {
    if x < floor { floor } else { x }
}

/// Moves the row and column means of one matrix by the part `weight` toward its squares, and divides it by √v.
#[inline(always)]
fn factored<T: Float>(rows: &mut [T], columns: &mut [T], dx: &mut [T], weight: T, floor: T) {
    let (height, width) = (rows.len(), columns.len());
    let mut sums = vec![T::zero(); width];
    for (row, g) in rows.iter_mut().zip(dx.chunks(width)) {
        let mut sum = T::zero();
        for (&g, of_column) in g.iter().zip(&mut sums) {
            sum += g * g;
            *of_column += g * g;
        }
        *row += weight * (sum / T::from_f64(width as f64) - *row);
    }
    for (column, sum) in columns.iter_mut().zip(sums) {
        *column += weight * (sum / T::from_f64(height as f64) - *column);
    }
    let mean = at_least(rows.iter().copied().sum::<T>() / T::from_f64(height as f64), floor);
    for (&row, dx) in rows.iter().zip(dx.chunks_mut(width)) {
        for (&column, dx) in columns.iter().zip(dx) {
            *dx /= at_least(row * column / mean, floor * floor).sqrt();
        }
    }
}
