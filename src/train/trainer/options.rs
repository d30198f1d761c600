//! What a [`Trainer`] can be told.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checkpoints::{Checkpoints, Keeper};
use super::{EarlyStopping, Trainer};
use crate::data::{DataLoader, Dataset};
use crate::error::Result;
use crate::optim::schedule::Plateau;
use crate::optim::{Average, Rule, State};
use crate::params::Params;
#[cfg(feature = "progress")]
use crate::train::ProgressBar;
use crate::train::evaluate::for_each_batch;
use crate::train::{EpochRecord, Event, MetricValue, Verdict};

/// Goes through the validation data: calls a function with each batch and its number of observations.
pub(super) type Validation<'a, B> = Box<dyn Fn(&mut dyn FnMut(B, usize)) -> Result<()> + 'a>;
pub(super) type Metric<'a, M, B> = Box<dyn FnMut(&M, &B) -> f64 + 'a>;
pub(super) type Condition<'a> = Box<dyn FnMut(&EpochRecord) -> bool + 'a>;
pub(super) type Hook<'a, M> = Box<dyn FnMut(&Event<'_, M>) -> Result<ControlFlow<()>> + 'a>;

impl<'a, M: Params, R: Rule, D: Dataset, F> Trainer<'a, M, R, D, F> {
    /// Ends the run when it has had so many epochs, those before it was [resumed](Checkpoints::resume) included.
    ///
    /// Without it there is one; where [`steps`](Self::steps) or a [`time_limit`](Self::time_limit) is given, as many as
    /// that allows. What comes first ends the run.
    pub fn epochs(self, epochs: u64) -> Self {
        Trainer { epochs: Some(epochs), ..self }
    }

    /// Ends the run when it has had so many steps, those before it was [resumed](Checkpoints::resume) included; without it
    /// there is no such end. An epoch that is cut short by it is not validated and leaves no record.
    pub fn steps(self, steps: u64) -> Self {
        Trainer { steps: Some(steps), ..self }
    }

    /// Ends the run after the step in which the time is up, counted from the call of [`run`](Self::run); without it there is
    /// no such end. An epoch that is cut short by it is not validated and leaves no record; with
    /// [`checkpoints`](Self::checkpoints) the next run goes on with it.
    pub fn time_limit(self, limit: Duration) -> Self {
        Trainer { time_limit: Some(limit), ..self }
    }

    /// Computes the loss on other data after each epoch, as [`evaluate`](crate::train::evaluate) does. Their batches are of
    /// the same type, and may be larger: no gradient is taken of them.
    pub fn validation<V: Dataset<Batch = D::Batch>>(self, data: &'a DataLoader<V>) -> Self {
        Trainer { validation: Some(Box::new(move |each| for_each_batch(data, each))), ..self }
    }

    /// Computes a metric on the validation data after each epoch, as [`evaluate`](crate::train::evaluate) does.
    ///
    /// `.metric("accuracy", |m, (x, y)| accuracy(&m.forward(&x), &y))`, for example: a number, or a scalar tensor as a
    /// loss is. The records, [`stop_when`](Self::stop_when) and [`early_stopping`](Self::early_stopping) know it by its name.
    ///
    /// # Panics
    /// Where there is a metric of that name.
    #[track_caller]
    pub fn metric<V: MetricValue>(
        mut self,
        name: impl Into<String>,
        mut metric: impl FnMut(&M, D::Batch) -> V + 'a,
    ) -> Self
    where
        D::Batch: Clone,
    {
        let name = name.into();
        assert!(self.metrics.iter().all(|(other, _)| *other != name), "Trainer: there are two metrics `{name}`");
        self.metrics.push((name, Box::new(move |model, batch| metric(model, batch.clone()).value())));
        self
    }

    /// Ends the run after an epoch that is good enough.
    ///
    /// `.stop_when(|epoch| epoch.metric("accuracy") > Some(0.95))`, for example.
    pub fn stop_when(mut self, condition: impl FnMut(&EpochRecord) -> bool + 'a) -> Self {
        self.conditions.push(Box::new(condition));
        self
    }

    /// Ends the run where validation no longer improves, and restores the model of the best epoch then, or wherever else
    /// the run ends. The optimiser's state stays as it is. [`EarlyStopping`] says what is watched and for how long:
    /// the validation loss by default.
    ///
    /// `.early_stopping(EarlyStopping::new(5).metric("accuracy").rising())`, for example.
    pub fn early_stopping(self, stopping: EarlyStopping) -> Self {
        Trainer { early_stopping: Some(stopping), ..self }
    }

    /// Makes a step of several batches, where 1 is the default: by the mean of their gradients, each batch weighted by its
    /// observations. An epoch's last step takes what is left.
    ///
    /// # Panics
    /// Where there are to be 0.
    #[track_caller]
    pub fn accumulate(self, batches: usize) -> Self {
        assert!(batches > 0, "Trainer: a step of 0 batches");
        Trainer { accumulate: batches, ..self }
    }

    /// Scales gradients whose norm, over the whole model, is larger than `max`, as
    /// [`clip_norm`](crate::autodiff::GradientTree::clip_norm) does; by default none is.
    ///
    /// # Panics
    /// Where that is negative or NaN.
    #[track_caller]
    pub fn clip_norm(self, max: f64) -> Self {
        assert!(max >= 0.0, "Trainer: the largest norm must be at least 0, not {max}");
        Trainer { clip_norm: Some(max), ..self }
    }

    /// Reduces the learning rate where the validation loss stands still, from the rate that the [`Plateau`] was given on.
    ///
    /// `.reduce_on_plateau(Plateau::new(0.01).factor(0.5).patience(3))`, for example. A [`Scheduled`](crate::optim::Scheduled)
    /// rule can't be combined with it: its schedule has the say.
    pub fn reduce_on_plateau(self, plateau: Plateau) -> Self {
        Trainer { plateau: Some(plateau), ..self }
    }

    /// Takes the weights after each step into an average, which is then what validation looks at, early stopping
    /// restores and `best.sapwood` holds.
    ///
    /// ```
    /// use sapwood::optim::Average;
    /// use sapwood::prelude::*;
    /// use sapwood::train::Trainer;
    ///
    /// let data = DataLoader::new(Tensor::from([1.0, 2.0, 3.0]));
    /// let mut model: Tensor = Tensor::scalar(0.0);
    /// let mut state = setup(Descent::new(0.1), &model);
    /// let mut average = Average::exponential(&model, 0.5);
    /// Trainer::new(&mut model, &data, &mut state, |w, x| mse(w, &x.sum())).average(&mut average).run()?;
    /// assert_eq!(average.count(), 3);
    /// assert_ne!(*average.model(), model);
    /// # Ok::<(), sapwood::Error>(())
    /// ```
    pub fn average(self, average: &'a mut Average<M>) -> Self {
        Trainer { average: Some(average), ..self }
    }

    /// Writes checkpoints, and goes on from the newest where that was asked for; see [`Checkpoints`].
    pub fn checkpoints(self, checkpoints: Checkpoints) -> Self
    where
        State<R, M>: Serialize + DeserializeOwned,
    {
        Trainer { checkpoints: Some(Keeper::new(checkpoints)), ..self }
    }

    /// Shows how the run goes in the terminal: a bar for each epoch, then the epoch's record in its place.
    ///
    /// ```
    /// use sapwood::prelude::*;
    /// use sapwood::train::{ProgressBar, Trainer};
    ///
    /// # let data = DataLoader::new(Tensor::from([1.0, 2.0, 3.0]));
    /// # let mut model: Tensor = Tensor::scalar(0.0);
    /// # let mut state = setup(Descent::new(0.1), &model);
    /// Trainer::new(&mut model, &data, &mut state, |w, x| mse(w, &x.sum()))
    ///     .epochs(3)
    ///     .progress(ProgressBar::new())
    ///     .run()?;
    /// # Ok::<(), sapwood::Error>(())
    /// ```
    #[cfg(feature = "progress")]
    pub fn progress(self, mut bar: ProgressBar) -> Self {
        self.hook(move |event| bar.show(event))
    }

    /// Calls a function after each step and at the end of each epoch; any number of them, in order.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use sapwood::prelude::*;
    /// use sapwood::train::{Event, Stopped, Trainer};
    ///
    /// # let data = DataLoader::new(Tensor::from([1.0, 2.0, 3.0]));
    /// # let mut model: Tensor = Tensor::scalar(0.0);
    /// # let mut state = setup(Descent::new(0.1), &model);
    /// let history = Trainer::new(&mut model, &data, &mut state, |w, x| mse(w, &x.sum()))
    ///     .epochs(100)
    ///     .hook(|event| {
    ///         if let Event::Epoch(end) = event {
    ///             println!("{}", end.record);
    ///         }
    ///     })
    ///     .hook(|event| match event {
    ///         Event::Step(step) if step.gradient_norm() < 1.0 => ControlFlow::Break(()),
    ///         _ => ControlFlow::Continue(()),
    ///     })
    ///     .run()?;
    /// assert_eq!(history.stopped, Some(Stopped::Hook));
    /// # Ok::<(), sapwood::Error>(())
    /// ```
    pub fn hook<V: Verdict>(mut self, mut hook: impl FnMut(&Event<'_, M>) -> V + 'a) -> Self {
        self.hooks.push(Box::new(move |event| hook(event).verdict()));
        self
    }
}
