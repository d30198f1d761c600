//! [`Trainer`]: a run of several epochs.

mod checkpoints;
mod options;
mod run;

use std::marker::PhantomData;
use std::time::Duration;

pub use checkpoints::Checkpoints;
use checkpoints::Keeper;
use options::{Condition, Hook, Metric, Validation};

use super::early_stopping::EarlyStopping;
use crate::data::{DataLoader, Dataset};
use crate::optim::schedule::Plateau;
use crate::optim::{Average, Rule, State};
use crate::params::Params;
use crate::tensor::{Float, Tensor};

/// A run of several epochs: [`train`](super::train()) with all that a long run wants beside it.
///
/// It takes what `train` takes, then options, then [`run`](Self::run):
///
/// ```
/// use sapwood::prelude::*;
/// use sapwood::train::{EarlyStopping, Trainer};
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let x: Tensor = Tensor::normal((200, 3), 0.0, 1.0, &mut rng);
/// let y = x.sum_axis(1).ge(0.0).cast::<i64>();
/// let data = DataLoader::new((x.slice(s![..150, ..]), y.slice(s![..150]))).batch_size(32).shuffle(1);
/// let test = DataLoader::new((x.slice(s![150.., ..]), y.slice(s![150..]))).batch_size(50);
///
/// let mut model: Dense = Dense::new(3, 2, &mut rng);
/// let mut state = setup(Adam::new(0.05), &model);
/// let history = Trainer::new(&mut model, &data, &mut state, |m, (x, y)| cross_entropy(&m.forward(&x), &y))
///     .epochs(20)
///     .validation(&test)
///     .metric("accuracy", |m, (x, y)| accuracy(&m.forward(&x), &y))
///     .clip_norm(1.0)
///     .early_stopping(EarlyStopping::new(3))
///     .run()?;
/// assert!(history.epochs.last().unwrap().metric("accuracy") > Some(0.9));
/// # Ok::<(), sapwood::Error>(())
/// ```
///
/// | for | option |
/// | --- | --- |
/// | how long | [`epochs`](Self::epochs), [`steps`](Self::steps), [`time_limit`](Self::time_limit), [`stop_when`](Self::stop_when), [`early_stopping`](Self::early_stopping) |
/// | validation after each epoch | [`validation`](Self::validation), [`metric`](Self::metric) |
/// | the step | [`accumulate`](Self::accumulate), [`clip_norm`](Self::clip_norm) |
/// | the learning rate | a [`Scheduled`](crate::optim::Scheduled) rule, which counts its own steps; [`reduce_on_plateau`](Self::reduce_on_plateau) |
/// | averaged weights | [`average`](Self::average) |
/// | going on after a crash | [`checkpoints`](Self::checkpoints) |
/// | a bar in the terminal | `progress` (feature `progress`) |
/// | all else | [`hook`](Self::hook) |
///
/// An epoch is the loader's [`epoch`](DataLoader::epoch) of that number, so each run starts with the loader's epoch 0.
/// Then validation looks at the model with the [average](Self::average) of the weights, where there is one, else at the
/// [`evaluation_model`](crate::optim::evaluation_model), which for most rules is the model itself.
///
/// # By hand
///
/// Nothing in it is out of reach of a loop of your own. This makes what the run above makes, to the bit:
///
/// ```
/// use sapwood::prelude::*;
/// use sapwood::train::{EarlyStopping, evaluate};
/// # let mut rng = StdRng::seed_from_u64(0);
/// # let x: Tensor = Tensor::normal((200, 3), 0.0, 1.0, &mut rng);
/// # let y = x.sum_axis(1).ge(0.0).cast::<i64>();
/// # let data = DataLoader::new((x.slice(s![..150, ..]), y.slice(s![..150]))).batch_size(32).shuffle(1);
/// # let test = DataLoader::new((x.slice(s![150.., ..]), y.slice(s![150..]))).batch_size(50);
/// # let mut model: Dense = Dense::new(3, 2, &mut rng);
/// # let mut state = setup(Adam::new(0.05), &model);
/// let mut stopping = EarlyStopping::new(3);
/// let mut best = model.clone();
/// for epoch in 0..20 {
///     for (x, y) in data.epoch(epoch) {
///         let (loss, grads) = with_gradient(|m| cross_entropy(&m.forward(&x), &y), &model);
///         assert!(loss.is_finite());
///         update(&mut state, &mut model, &grads.clip_norm(1.0));
///     }
///     let loss = evaluate(&model, &test, |m, (x, y)| cross_entropy(&m.forward(&x), &y))?;
///     let accuracy = evaluate(&model, &test, |m, (x, y)| accuracy(&m.forward(&x), &y))?;
///     println!("epoch {epoch}  validation {loss:.4}  accuracy {accuracy:.3}");
///     let stop = stopping.observe(loss);
///     if stopping.is_best() {
///         best = model.clone();
///     }
///     if stop {
///         break;
///     }
/// }
/// model = best;
/// # let _ = model;
/// # Ok::<(), sapwood::Error>(())
/// ```
///
/// The rest are [`MeanGradient`](crate::optim::MeanGradient), [`Average`], [`Plateau`] and
/// [`Checkpoint`](crate::checkpoint::Checkpoint), each with an example of a loop.
#[must_use = "a trainer does nothing before `run`"]
pub struct Trainer<'a, M: Params, R: Rule, D: Dataset, F> {
    model: &'a mut M,
    data: &'a DataLoader<D>,
    state: &'a mut State<R, M>,
    loss: F,
    epochs: Option<u64>,
    steps: Option<u64>,
    time_limit: Option<Duration>,
    validation: Option<Validation<'a, D::Batch>>,
    metrics: Vec<(String, Metric<'a, M, D::Batch>)>,
    conditions: Vec<Condition<'a>>,
    accumulate: usize,
    clip_norm: Option<f64>,
    early_stopping: Option<EarlyStopping>,
    plateau: Option<Plateau>,
    average: Option<&'a mut Average<M>>,
    checkpoints: Option<Keeper<M, R>>,
    hooks: Vec<Hook<'a, M>>,
    rule: PhantomData<R>,
}

impl<'a, M, R, D, F, T> Trainer<'a, M, R, D, F>
where
    M: Params + Clone,
    R: Rule,
    D: Dataset,
    F: FnMut(&M, D::Batch) -> Tensor<T>,
    T: Float,
{
    /// A run of one epoch. `loss` gets the model and a batch, as in [`train`](super::train()).
    pub fn new(model: &'a mut M, data: &'a DataLoader<D>, state: &'a mut State<R, M>, loss: F) -> Self {
        Trainer {
            model,
            data,
            state,
            loss,
            epochs: None,
            steps: None,
            time_limit: None,
            validation: None,
            metrics: vec![],
            conditions: vec![],
            accumulate: 1,
            clip_norm: None,
            early_stopping: None,
            plateau: None,
            average: None,
            checkpoints: None,
            hooks: vec![],
            rule: PhantomData,
        }
    }
}
