//! The loop of a [`Trainer`].

use std::ops::ControlFlow;
use std::time::Instant;

use super::Trainer;
use super::checkpoints::Run;
use super::options::Hook;
use crate::autodiff::{GradientTree, Grads, clip, with_gradient};
use crate::checkpoint::Snapshot;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::optim::{MeanGradient, OptimiserTree, Rule, evaluation_model, update};
use crate::params::Params;
use crate::tensor::{Element, Float, Tensor};
use crate::train::evaluate::Mean;
use crate::train::history::mean;
use crate::train::{EarlyStopping, EpochEnd, EpochRecord, Event, History, Step, Stopped};

/// The loss and the metrics, by name, on validation data.
type Validated = (Option<f64>, Vec<(String, f64)>);

impl<'a, M, R, D, F, T> Trainer<'a, M, R, D, F>
where
    M: Params + Clone,
    R: Rule,
    D: Dataset,
    F: FnMut(&M, D::Batch) -> Tensor<T>,
    T: Float,
{
    /// Trains until one of the options ends the run.
    ///
    /// # Errors
    /// - [`Error::NotFinite`] where a loss is infinite or NaN, which names epoch and batch; model and state are then as
    ///   they were after the step before.
    /// - Where a batch can't be made, a checkpoint can't be written or read, or a hook says so.
    ///
    /// # Panics
    /// As [`train`](crate::train::train()), and where an option needs what is not there: metrics, early stopping and
    /// the plateau need validation data, and early stopping the metric that it is to watch.
    #[track_caller]
    pub fn run(mut self) -> Result<History> {
        self.check();
        let started = Instant::now();
        let mut run = Run::new(self.early_stopping.take().unwrap_or_else(EarlyStopping::never));
        self.resume(&mut run)?;
        run.history.stopped = None;
        while run.history.stopped.is_none() && self.another_epoch(&run) {
            run.history.stopped = match self.satisfied(&run) {
                None => self.epoch(&mut run, started)?,
                satisfied => satisfied,
            };
        }
        self.save_last(&run)?;
        if let Some(best) = run.best {
            best.restore(self.model)?;
        }
        Ok(run.history)
    }

    /// Whether the options fit together.
    #[track_caller]
    fn check(&self) {
        let needs = [
            (!self.metrics.is_empty(), "a metric"),
            (self.early_stopping.is_some(), "early stopping"),
            (self.plateau.is_some(), "reducing the rate on a plateau"),
        ];
        for (asked, what) in needs {
            assert!(!asked || self.validation.is_some(), "Trainer: {what} needs validation data");
        }
        if let Some(name) = self.early_stopping.as_ref().and_then(EarlyStopping::watched) {
            let names: Vec<_> = self.metrics.iter().map(|(name, _)| name).collect();
            assert!(names.iter().any(|other| *other == name), "Trainer: no metric `{name}` to watch among {names:?}");
        }
    }

    fn another_epoch(&self, run: &Run) -> bool {
        let unlimited = self.steps.is_some() || self.time_limit.is_some();
        let epochs = self.epochs.or((!unlimited).then_some(1));
        epochs.is_none_or(|epochs| run.position.epoch < epochs)
    }

    /// Whether the last epoch was good enough, or the steps were all taken. It is asked before an epoch and not after,
    /// so that a run that goes on from a checkpoint behind its last epoch finds it too.
    fn satisfied(&mut self, run: &Run) -> Option<Stopped> {
        let last = run.history.epochs.last();
        if last.is_some_and(|last| self.conditions.iter_mut().any(|condition| condition(last))) {
            Some(Stopped::Condition)
        } else if run.watch.is_over() {
            Some(Stopped::EarlyStopping)
        } else if self.steps.is_some_and(|steps| run.position.step >= steps) {
            Some(Stopped::Steps)
        } else {
            None
        }
    }

    /// An epoch, or what is left of it; what cut it short.
    #[track_caller]
    fn epoch(&mut self, run: &mut Run, started: Instant) -> Result<Option<Stopped>> {
        let data = self.data;
        let mut batches = data.try_epoch(run.position.epoch).skip(run.position.batch);
        while let Some((grads, loss)) = self.gradient(run, &mut batches)? {
            let flow = self.step(run, grads, loss)?;
            let stopped = if flow.is_break() {
                Some(Stopped::Hook)
            } else if self.time_limit.is_some_and(|limit| started.elapsed() >= limit) {
                Some(Stopped::TimeLimit)
            } else {
                self.steps.filter(|&steps| run.position.step >= steps).map(|_| Stopped::Steps)
            };
            if stopped.is_some() {
                // The epoch's last step does not cut it short.
                let over = run.position.batch == data.len();
                return if over { self.end_epoch(run).map(|_| stopped) } else { Ok(stopped) };
            }
            self.save_if_due(run)?;
        }
        let flow = self.end_epoch(run)?;
        Ok(flow.is_break().then_some(Stopped::Hook))
    }

    /// The gradient for the next step, of as many batches as it is to have, and its loss; nothing at the epoch's end.
    #[track_caller]
    fn gradient(
        &mut self,
        run: &mut Run,
        batches: &mut impl Iterator<Item = Result<D::Batch>>,
    ) -> Result<Option<(Grads<M>, f64)>> {
        let (mut sum, mut losses) = (MeanGradient::new(), Mean::default());
        for batch in batches.take(self.accumulate) {
            let batch = batch?;
            let number = run.position.batch;
            let (loss, grads) = with_gradient(|model: &M| (self.loss)(model, batch), self.model);
            let loss = Element::to_f64(loss);
            if !loss.is_finite() {
                return Err(Error::NotFinite { epoch: Some(run.position.epoch), batch: number, loss });
            }
            run.position.batch += 1;
            // A mean of one would change the last bits of what `train` does.
            if self.accumulate == 1 {
                return Ok(Some((grads, loss)));
            }
            let count = self.data.observations_in(number);
            sum.add(grads, count);
            losses.add(loss, count);
        }
        Ok((!losses.is_empty()).then(|| (sum.take(), losses.value())))
    }

    #[track_caller]
    fn step(&mut self, run: &mut Run, grads: Grads<M>, loss: f64) -> Result<ControlFlow<()>> {
        let norm = self.clip_norm.map(|_| grads.norm());
        let grads = match (self.clip_norm, norm) {
            (Some(max), Some(norm)) => clip(grads, norm, max),
            _ => grads,
        };
        update(self.state, self.model, &grads);
        if let Some(average) = &mut self.average {
            average.update(self.model);
        }
        run.position.step += 1;
        run.history.losses.push(loss);
        let state = &*self.state;
        let event = Event::Step(Step {
            step: run.position.step,
            epoch: run.position.epoch,
            epochs: self.epochs,
            batch: run.position.batch,
            batches: self.data.len(),
            loss,
            grads: &grads,
            model: &*self.model,
            norm,
            rate: &|| state.rate(),
        });
        tell(&mut self.hooks, &event)
    }

    /// Validates, and closes the epoch's record.
    fn end_epoch(&mut self, run: &mut Run) -> Result<ControlFlow<()>> {
        let model = match &self.average {
            Some(average) => average.model().clone(),
            None => evaluation_model::<M, R>(self.state, self.model),
        };
        let (validation_loss, metrics) = self.validate(&model)?;
        let first = run.history.epochs.last().map_or(0, |last| last.step) as usize;
        let record = EpochRecord {
            epoch: run.position.epoch,
            step: run.position.step,
            loss: mean(&run.history.losses[first..]),
            validation_loss,
            metrics,
            rate: self.state.rate(),
            seconds: run.seconds(),
        };
        let watched = match run.watch.watched() {
            Some(name) => record.metric(name),
            None => validation_loss,
        };
        if let Some(watched) = watched {
            run.watch.observe(watched);
            if run.watch.is_best() {
                self.save_best(&model)?;
                run.best = run.watch.restores().then(|| Snapshot::of(&model));
            }
        }
        if let (Some(plateau), Some(loss)) = (&mut self.plateau, validation_loss) {
            self.state.adjust(plateau.observe(loss));
        }
        run.next_epoch(record);
        let history = &run.history;
        let Some(record) = history.epochs.last() else { unreachable!("a record was just added") };
        let event = Event::Epoch(EpochEnd { record, history, epochs: self.epochs, model: &model });
        let flow = tell(&mut self.hooks, &event)?;
        self.save_epoch(run)?;
        Ok(flow)
    }

    /// The loss and the metrics on the validation data, where there are any.
    fn validate(&mut self, model: &M) -> Result<Validated> {
        let Some(validation) = &self.validation else { return Ok((None, vec![])) };
        let (loss, metrics) = (&mut self.loss, &mut self.metrics);
        let (mut losses, mut values) = (Mean::default(), vec![Mean::default(); metrics.len()]);
        validation(&mut |batch, count| {
            for (value, (_, metric)) in values.iter_mut().zip(&mut *metrics) {
                value.add(metric(model, &batch), count);
            }
            losses.add(Element::to_f64(loss(model, batch).item()), count);
        })?;
        let metrics = metrics.iter().zip(values).map(|((name, _), value)| (name.clone(), value.value())).collect();
        Ok((Some(losses.value()), metrics))
    }
}

/// Tells all hooks; one that says stop does not keep it from the others.
fn tell<M: Params>(hooks: &mut [Hook<'_, M>], event: &Event<'_, M>) -> Result<ControlFlow<()>> {
    let mut flow = ControlFlow::Continue(());
    for hook in hooks {
        if hook(event)?.is_break() {
            flow = ControlFlow::Break(());
        }
    }
    Ok(flow)
}
