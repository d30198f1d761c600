//! Sharpness-aware minimisation.

use super::rule::positive;
use crate::autodiff::{GradientTree, Grads, Objective, moved, with_gradient};
use crate::params::Params;

/// The loss, and its gradient where the loss is worst nearby (sharpness-aware minimisation; Foret et al., 2021): at
/// x + ρ g / ‖g‖, where g is the gradient at x and the norm that of the whole tree.
///
/// The gradient goes to [`update`](super::update) like any other, with any rule. The loss is computed twice and must be
/// the same function both times, so give both calls one batch. The value is the one at the model itself. Where the
/// gradient is zero there is no way to go, and the second gradient is taken at the model too. The paper's ρ is 0.05.
///
/// # Panics
/// Where ρ is negative or not finite, and as [`gradient`](crate::autodiff::gradient) does.
///
/// ```
/// use sapwood::optim::sam_gradient;
/// use sapwood::prelude::*;
///
/// let mut w = Tensor::from([3.0f64, 4.0]);
/// let mut state = setup(Descent::new(0.1), &w);
/// let (loss, grads) = sam_gradient(|w| w.square().sum(), &w, 0.5);
/// // g = [6, 8], so the second gradient is that at [3, 4] + 0.5 · [0.6, 0.8].
/// assert_eq!(loss, 25.0);
/// assert!((grads.get().unwrap() - Tensor::from([6.6, 8.8])).abs().max().item() < 1e-12);
/// update(&mut state, &mut w, &grads);
/// ```
#[must_use = "a gradient changes nothing by itself; `update` takes the step"]
#[track_caller]
pub fn sam_gradient<M: Params, O: Objective>(f: impl Fn(&M) -> O, model: &M, rho: f64) -> (O::Value, Grads<M>) {
    positive("sam_gradient", "rho", rho);
    let (value, grads) = with_gradient(&f, model);
    let norm = grads.norm();
    if norm == 0.0 {
        return (value, grads);
    }
    (value, with_gradient(&f, &moved(model, rho / norm, &grads)).1)
}
