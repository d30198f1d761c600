//! Training: [`train`], one pass over the data, the [`Trainer`] for longer runs, what they leave behind, and what shows how
//! they go.

mod early_stopping;
mod evaluate;
mod event;
#[cfg(feature = "files")]
mod export;
mod histogram;
mod history;
mod patience;
#[cfg(feature = "plots")]
pub mod plots;
#[cfg(any(feature = "files", feature = "plots"))]
mod png;
#[cfg(feature = "progress")]
mod progress;
#[cfg(feature = "files")]
pub mod tensorboard;
mod terminal;
mod trainer;

pub use early_stopping::EarlyStopping;
pub use evaluate::{MetricValue, evaluate};
pub use event::{EpochEnd, Event, Step, Verdict};
pub use histogram::Histogram;
pub use history::{EpochRecord, History, Stopped};
pub use patience::{Patience, Standstill, Throttle};
#[cfg(feature = "progress")]
pub use progress::{Over, ProgressBar};
pub use terminal::terminal_curve;
pub use trainer::{Checkpoints, Trainer};

use crate::autodiff::with_gradient;
use crate::error::{Error, Result};
use crate::optim::{Rule, State, update};
use crate::params::Params;
use crate::tensor::{Element, Float, Tensor};

/// One pass over the data: for each batch, the gradient of the loss and an update. As Flux's `train!`.
///
/// `data` is whatever iterates over batches: a [`DataLoader`](crate::data::DataLoader) by reference, a `Vec`, an
/// iterator. `loss` gets the model and a batch. Returns the loss of each batch, computed before its update.
///
/// Only the loss is looked at. Where a finite loss may have a gradient that is not, as √x has at 0, write the loop and
/// ask [`is_finite`](crate::autodiff::GradientTree::is_finite) of the gradient.
///
/// Anything beyond this is a loop of your own around [`with_gradient`] and [`update`].
///
/// # Errors
/// [`Error::NotFinite`] where a loss is infinite or NaN, which names the batch. The model and the state are then as
/// they were after the batch before.
///
/// # Panics
/// As [`gradient`](crate::autodiff::gradient) and [`update`] do.
///
/// ```
/// use sapwood::prelude::*;
///
/// let mut w: Tensor = Tensor::scalar(0.0);
/// let data = DataLoader::new((Tensor::from([1.0, 2.0, 3.0]), Tensor::from([2.0, 4.0, 6.0])));
/// let mut state = setup(Descent::new(0.05), &w);
/// for _ in 0..20 {
///     train(&mut w, &data, &mut state, |w, (x, y)| mse(&(w * &x), &y))?;
/// }
/// assert!((w.item() - 2.0).abs() < 1e-3);
/// # Ok::<(), sapwood::Error>(())
/// ```
#[track_caller]
pub fn train<M, R, B, T>(
    model: &mut M,
    data: impl IntoIterator<Item = B>,
    state: &mut State<R, M>,
    mut loss: impl FnMut(&M, B) -> Tensor<T>,
) -> Result<History>
where
    M: Params,
    R: Rule,
    T: Float,
{
    let mut history = History::default();
    for (number, batch) in data.into_iter().enumerate() {
        let (value, grads) = with_gradient(|model: &M| loss(model, batch), model);
        if !Element::to_f64(value).is_finite() {
            return Err(Error::NotFinite { epoch: None, batch: number, loss: Element::to_f64(value) });
        }
        update(state, model, &grads);
        history.losses.push(Element::to_f64(value));
    }
    Ok(history)
}
