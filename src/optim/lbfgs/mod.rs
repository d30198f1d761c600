//! L-BFGS.

mod flat;
mod line_search;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::params::Params;
use crate::tensor::{Float, Tensor};
use flat::{Point, evaluate};
use line_search::{Trial, search};

/// L-BFGS (Nocedal, 1980): steps by a curvature that it learns from the last m steps, as long as a line search finds
/// good, for losses that are the same function each time (all data at once, no dropout).
///
/// It is no [`Rule`](super::Rule), as it needs the loss itself, several times a step. The line search accepts lengths
/// that fulfil the strong Wolfe conditions (Nocedal and Wright, 2006, algorithms 3.5 and 3.6, with c₁ = 10⁻⁴ and
/// c₂ = 0.9); it tries the lengths that PyTorch's does. Computes in f64 whatever the model's types; leaves that the loss
/// does not reach stay as they are.
///
/// ```
/// use sapwood::optim::LBFGS;
/// use sapwood::prelude::*;
///
/// // Rosenbrock's valley.
/// let mut p = (Tensor::scalar(-1.2f64), Tensor::scalar(1.0f64));
/// let loss = |(x, y): &(Tensor<f64>, Tensor<f64>)| (1.0 - x).square() + (y - x.square()).square() * 100.0;
/// let end = LBFGS::new().minimise(loss, &mut p, 100)?;
/// assert!(end.loss < 1e-12 && (p.0.item() - 1.0).abs() < 1e-6);
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LBFGS {
    memory: usize,
    tolerance: f64,
    /// Steps s with the changes y of the gradient along them, the oldest first.
    pairs: VecDeque<[Vec<f64>; 2]>,
}

/// Where a step of [`LBFGS`] has led.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The loss of the model as it now is.
    pub loss: f64,
    /// The largest absolute entry of the gradient there.
    pub gradient: f64,
    /// How often the loss was computed.
    pub evaluations: usize,
    /// Whether the model has changed; it does not where no direction leads down any more.
    pub moved: bool,
}

impl Default for LBFGS {
    fn default() -> Self {
        LBFGS::new()
    }
}

impl LBFGS {
    /// A memory of 10 steps, and a tolerance of 1e-7 for [`minimise`](Self::minimise).
    pub fn new() -> Self {
        LBFGS { memory: 10, tolerance: 1e-7, pairs: VecDeque::new() }
    }

    /// Sets how many steps are remembered.
    ///
    /// # Panics
    /// Where it is 0.
    #[track_caller]
    pub fn memory(self, steps: usize) -> Self {
        assert!(steps > 0, "LBFGS: memory must be at least 1 step, not 0");
        LBFGS { memory: steps, ..self }
    }

    /// Sets the gradient, by its largest absolute entry, at which [`minimise`](Self::minimise) is content.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn tolerance(self, tolerance: f64) -> Self {
        LBFGS { tolerance: super::rule::positive("LBFGS", "tolerance", tolerance), ..self }
    }

    /// One step.
    ///
    /// # Errors
    /// [`Error::NotFinite`] where the loss of the model as it is given is infinite or NaN; the model stays as it is.
    ///
    /// # Panics
    /// As [`gradient`](crate::autodiff::gradient) does, and where the model has another number of parameters than in
    /// the step before.
    #[track_caller]
    pub fn step<M: Params, T: Float>(
        &mut self,
        mut loss: impl FnMut(&M) -> Tensor<T>,
        model: &mut M,
    ) -> Result<Progress> {
        let start = evaluate(&mut loss, model);
        finite(&start)?;
        Ok(self.step_from(start, &mut loss, model).1)
    }

    /// At most so many steps, until the gradient is within the tolerance or nothing leads down any more. Returns the
    /// last step's progress, with all evaluations counted.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    ///
    /// # Panics
    /// As [`step`](Self::step).
    #[track_caller]
    pub fn minimise<M: Params, T: Float>(
        &mut self,
        mut loss: impl FnMut(&M) -> Tensor<T>,
        model: &mut M,
        steps: usize,
    ) -> Result<Progress> {
        let mut point = evaluate(&mut loss, model);
        finite(&point)?;
        let mut progress = point.progress(1, false);
        for _ in 0..steps {
            if point.steepness() <= self.tolerance {
                break;
            }
            let (next, step) = self.step_from(point, &mut loss, model);
            progress = Progress { evaluations: progress.evaluations + step.evaluations - 1, ..step };
            if !step.moved {
                break;
            }
            point = next;
        }
        Ok(progress)
    }

    /// The step from a point that is known; the evaluation of that point counts.
    fn step_from<M: Params, T: Float>(
        &mut self,
        start: Point,
        loss: &mut impl FnMut(&M) -> Tensor<T>,
        model: &mut M,
    ) -> (Point, Progress) {
        let mut direction = self.direction(&start.gradient);
        let mut slope = dot(&direction, &start.gradient);
        if slope >= 0.0 {
            // Rounding has spoilt the memory.
            self.pairs.clear();
            direction = self.direction(&start.gradient);
            slope = dot(&direction, &start.gradient);
        }
        if slope == 0.0 {
            let progress = start.progress(1, false);
            return (start, progress);
        }
        // The first direction has no scale of its own.
        let length: f64 = start.gradient.iter().map(|g| g.abs()).sum();
        let first = if self.pairs.is_empty() { f64::min(1.0, 1.0 / length) } else { 1.0 };

        let mut evaluations = 1;
        let trial = |length: f64| {
            evaluations += 1;
            flat::set(model, start.x.iter().zip(&direction).map(|(x, d)| x + length * d));
            let point = evaluate(loss, model);
            Trial { length, loss: point.loss, slope: dot(&direction, &point.gradient), point: Some(point) }
        };
        let origin = Trial { length: 0.0, loss: start.loss, slope, point: None };
        let end = search(trial, origin, first).point;
        flat::set(model, end.as_ref().unwrap_or(&start).x.iter().copied());
        let Some(end) = end else {
            let progress = start.progress(evaluations, false);
            return (start, progress);
        };
        self.remember(&start, &end);
        let progress = end.progress(evaluations, true);
        (end, progress)
    }

    /// −H g, where H is the inverse curvature that the remembered steps tell (the two loops of Nocedal, 1980).
    #[track_caller]
    fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut weights = Vec::with_capacity(self.pairs.len());
        for [s, y] in self.pairs.iter().rev() {
            assert!(
                s.len() == q.len(),
                "LBFGS: the model had {} parameters in the step before and has {} now",
                s.len(),
                q.len()
            );
            let weight = dot(s, &q) / dot(y, s);
            add(&mut q, -weight, y);
            weights.push(weight);
        }
        if let Some([s, y]) = self.pairs.back() {
            let scale = dot(s, y) / dot(y, y);
            q.iter_mut().for_each(|q| *q *= scale);
        }
        for ([s, y], weight) in self.pairs.iter().zip(weights.into_iter().rev()) {
            let other = dot(y, &q) / dot(y, s);
            add(&mut q, weight - other, s);
        }
        q
    }

    fn remember(&mut self, start: &Point, end: &Point) {
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
        let (s, y) = (difference(&end.x, &start.x), difference(&end.gradient, &start.gradient));
        // Only what curves upward, as every step that fulfils the Wolfe conditions does but for rounding.
        if dot(&s, &y) > f64::EPSILON * dot(&y, &y) {
            self.pairs.push_back([s, y]);
        }
        if self.pairs.len() > self.memory {
            self.pairs.pop_front();
        }
    }
}

fn finite(point: &Point) -> Result<()> {
    // All data are one batch.
    if point.loss.is_finite() { Ok(()) } else { Err(Error::NotFinite { epoch: None, batch: 0, loss: point.loss }) }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    crate::kernels::dot::dot(a, b)
}

/// a ← a + w b
fn add(a: &mut [f64], w: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += w * b);
}
