//! When a [`Trainer`] writes checkpoints, which it keeps, and how it goes on from one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Trainer;
use crate::checkpoint::{Checkpoint, Position, Snapshot, UNFINISHED, save};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::optim::schedule::Plateau;
use crate::optim::{Rule, State};
use crate::params::{MapModel, Params, Walk};
use crate::tensor::{Float, Tensor};
use crate::train::{EarlyStopping, EpochRecord, History};

/// When a [`Trainer`](super::Trainer) writes checkpoints, how many it keeps, and whether it goes on from the newest.
///
/// A run that is killed at any moment and run again with [`resume`](Self::resume) ends with the same bits as one that
/// was left alone, provided that data, model, rule and options are the same. All that changes from step to step is in a
/// checkpoint: the weights, buffers such as dropout's generator, the optimiser's state, the place in the data, averages,
/// early stopping, the history. A generator that `loss` itself holds is not: put it in a
/// [`Buffer`](crate::params::Buffer) of the model.
///
/// ```
/// use sapwood::prelude::*;
/// use sapwood::train::{Checkpoints, Trainer};
///
/// # let folder = std::env::temp_dir().join(format!("sapwood-doc-checkpoints-{}", std::process::id()));
/// fn run(folder: &std::path::Path, epochs: u64) -> sapwood::Result<Tensor> {
///     let data = DataLoader::new(Tensor::from([1.0, 2.0, 3.0])).shuffle(1);
///     let mut model: Tensor = Tensor::scalar(0.0);
///     let mut state = setup(Adam::default(), &model);
///     Trainer::new(&mut model, &data, &mut state, |w, x| mse(w, &x.sum()))
///         .epochs(epochs)
///         .checkpoints(Checkpoints::in_folder(folder).every_steps(2).keep(5).resume())
///         .run()?;
///     Ok(model)
/// }
/// run(&folder.join("a"), 2)?;
/// // Goes on with the third epoch.
/// assert_eq!(run(&folder.join("a"), 4)?, run(&folder.join("b"), 4)?);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), sapwood::Error>(())
/// ```
///
/// The files are `step-0000000042.sapwood`, which [`Checkpoint::load`] reads, and, where there are validation data,
/// `best.sapwood`: the [`Snapshot`] of the best model so far, by what early stopping watches, else by the validation
/// loss; [`load`](crate::checkpoint::load) reads it.
///
/// When a run goes on, its options may be others than before, such as more epochs or patience. The model, the rule's type,
/// and what the loader does must be the same, and are compared.
///
/// What else is the same is the program's to see to:
///
/// - The rule's numbers are the checkpoint's, its learning rate and schedule included: a rate that was changed in the
///   program has no effect on a run that goes on. [`Checkpoint::restore`] and
///   [`adjust`](crate::optim::OptimiserTree::adjust) change it, in a loop of your own.
/// - Fields of the model that are not trained, such as a dropout's probability, are the program's. So are data,
///   augmentations and losses. None of them is stored or compared.
/// - What hooks, conditions and metrics remember, and the time that counts towards a [limit](Trainer::time_limit), begin
///   anew.
/// - Matrix products may round otherwise on another kind of processor: there the run goes on, but not to the same bits.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    every_steps: Option<u64>,
    every: Option<Duration>,
    keep: usize,
    resume: bool,
}

impl Checkpoints {
    /// Checkpoints in a folder of the run's own, which is made where there is none. One is written after each epoch and
    /// at the run's end, and the last three are kept.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Checkpoints { folder: folder.into(), every_steps: None, every: None, keep: 3, resume: false }
    }

    /// Writes one whenever so many steps were taken, and no longer after each epoch.
    ///
    /// # Panics
    /// Where that is 0.
    #[track_caller]
    pub fn every_steps(self, steps: u64) -> Self {
        assert!(steps > 0, "Checkpoints: every 0 steps");
        Checkpoints { every_steps: Some(steps), ..self }
    }

    /// Writes one after the step in which so much time has passed since the last, and no longer after each epoch.
    pub fn every(self, time: Duration) -> Self {
        Checkpoints { every: Some(time), ..self }
    }

    /// Sets how many of the newest are kept.
    ///
    /// # Panics
    /// Where that is 0.
    #[track_caller]
    pub fn keep(self, count: usize) -> Self {
        assert!(count > 0, "Checkpoints: none is to be kept");
        Checkpoints { keep: count, ..self }
    }

    /// Goes on from the newest checkpoint, and starts from the beginning where there is none: so the same program can
    /// simply be run again.
    ///
    /// Without it, a folder that holds checkpoints is an error. A newest checkpoint that is damaged is an error too,
    /// which says whether the one before is whole: who wants to go on from there removes the damaged file. (A crash does
    /// not damage a file; a disk may.)
    pub fn resume(self) -> Self {
        Checkpoints { resume: true, ..self }
    }

    /// The checkpoints that are there, the newest last.
    ///
    /// # Errors
    /// Where the folder can't be read; one that does not exist has none.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = vec![];
        for path in self.entries()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let step = name.strip_prefix("step-").and_then(|name| name.strip_suffix(".sapwood"));
            if let Some(step) = step.and_then(|step| step.parse::<u64>().ok()) {
                files.push((step, path));
            }
        }
        files.sort_unstable();
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }

    fn entries(&self) -> Result<Vec<PathBuf>> {
        let fault = Error::io(&self.folder);
        match fs::read_dir(&self.folder) {
            Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path()).map_err(&fault)).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
            Err(error) => Err(fault(error)),
        }
    }

    /// The newest checkpoint, where the run is to go on from one.
    fn newest(&self) -> Result<Option<Checkpoint>> {
        let files = self.files()?;
        let Some((newest, before)) = files.split_last() else { return Ok(None) };
        if !self.resume {
            let reason = "holds checkpoints of another run: resume it, or choose another folder".to_owned();
            return Err(Error::Format { path: self.folder.clone(), reason });
        }
        Checkpoint::load(newest).map(Some).map_err(|error| match error {
            Error::Format { path, reason } => {
                let whole = before.iter().rev().find(|file| Checkpoint::load(file).is_ok());
                let advice = match whole {
                    Some(file) => format!("remove the damaged file to go on from {}, which is whole", file.display()),
                    None => "there is no other that is whole".to_owned(),
                };
                Error::Format { path, reason: format!("{reason}; {advice}") }
            }
            error => error,
        })
    }

    /// Makes the folder, and removes what a process that was killed had not finished.
    fn prepare(&self) -> Result<()> {
        fs::create_dir_all(&self.folder).map_err(Error::io(&self.folder))?;
        self.entries()?.iter().filter(|path| is_unfinished(path)).try_for_each(|path| remove(path))
    }

    /// Removes all but the newest.
    fn prune(&self) -> Result<()> {
        let files = self.files()?;
        files[..files.len().saturating_sub(self.keep)].iter().try_for_each(|path| remove(path))
    }
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.contains(".sapwood.") && name.ends_with(UNFINISHED)
    })
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(Error::io(path))
}

/// The options, with what only a state that serialises can do.
pub(super) struct Keeper<M: Params, R: Rule> {
    options: Checkpoints,
    take: fn(&M, &State<R, M>, Position) -> Checkpoint,
    restore: fn(&Checkpoint, &mut M, &mut State<R, M>) -> Result<()>,
    saved: Instant,
    saved_at: Option<Position>,
}

impl<M: Params, R: Rule> Keeper<M, R>
where
    State<R, M>: Serialize + DeserializeOwned,
{
    pub(super) fn new(options: Checkpoints) -> Self {
        Keeper {
            options,
            take: Checkpoint::of::<M, R>,
            restore: Checkpoint::restore::<M, R>,
            saved: Instant::now(),
            saved_at: None,
        }
    }
}

/// A run as it stands, besides what is the user's.
pub(super) struct Run {
    pub(super) position: Position,
    pub(super) history: History,
    /// What early stopping watches; where none was asked for, one that never stops.
    pub(super) watch: EarlyStopping,
    /// The best model, where it is to be restored.
    pub(super) best: Option<Snapshot>,
    /// When the epoch began or the run went on with it.
    epoch_started: Instant,
    /// How long the epoch took before the run went on with it.
    earlier: f64,
}

impl Run {
    pub(super) fn new(watch: EarlyStopping) -> Self {
        Run {
            position: Position::default(),
            history: History::default(),
            watch,
            best: None,
            epoch_started: Instant::now(),
            earlier: 0.0,
        }
    }

    /// How long the epoch under way has taken.
    pub(super) fn seconds(&self) -> f64 {
        self.earlier + self.epoch_started.elapsed().as_secs_f64()
    }

    pub(super) fn next_epoch(&mut self, record: EpochRecord) {
        self.history.epochs.push(record);
        self.position = Position { epoch: self.position.epoch + 1, batch: 0, ..self.position };
        (self.epoch_started, self.earlier) = (Instant::now(), 0.0);
    }
}

/// What a trainer stores beside model, state, position and history.
#[derive(Serialize, Deserialize)]
struct Rest {
    /// What the loader does.
    data: String,
    watch: EarlyStopping,
    best: Option<Snapshot>,
    plateau: Option<Plateau>,
    /// The average of the weights, and of how many it is.
    average: Option<(Snapshot, u64)>,
    /// How long the epoch under way has taken.
    seconds: f64,
}

impl<M: Params + Clone, R: Rule, D: Dataset, F> Trainer<'_, M, R, D, F> {
    /// Goes on from the newest checkpoint, where that was asked for and there is one.
    pub(super) fn resume(&mut self, run: &mut Run) -> Result<()> {
        let Some(keeper) = &mut self.checkpoints else { return Ok(()) };
        let newest = keeper.options.newest()?;
        keeper.options.prepare()?;
        // The kernels may round otherwise where weights lie in memory in another order, and a checkpoint keeps none.
        *self.model = self.model.map_model(&mut Walk::new(), &mut RowMajor);
        match newest {
            Some(checkpoint) => self.go_on_from(&checkpoint, run).map_err(|error| checkpoint.in_file(error)),
            None => Ok(()),
        }
    }

    fn go_on_from(&mut self, checkpoint: &Checkpoint, run: &mut Run) -> Result<()> {
        let fault = |path: &str, expected: &str, found: &str| {
            Err(Error::Mismatch { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() })
        };
        let Some(keeper) = &mut self.checkpoints else { return Ok(()) };
        let history = checkpoint.get("history")?;
        let rest: Rest = checkpoint.get("trainer")?;
        let description = self.data.description();
        if rest.data != description {
            return fault("data", &description, &rest.data);
        }
        let average = match (&self.average, rest.average) {
            (Some(average), Some((snapshot, count))) => {
                let mut model = average.model().clone();
                snapshot.restore(&mut model)?;
                Some((model, count))
            }
            (Some(_), None) => return fault("average", "an average of weights", "nothing"),
            (None, Some(_)) => return fault("average", "nothing", "an average of weights"),
            (None, None) => None,
        };
        (keeper.restore)(checkpoint, self.model, self.state)?;
        if let (Some(average), Some((model, count))) = (&mut self.average, average) {
            average.go_on_from(model, count);
        }
        // Where there is none of one, the option is new in this run.
        if let (Some(plateau), Some(stored)) = (&mut self.plateau, rest.plateau) {
            *plateau = stored;
        }
        run.watch.go_on_from(&rest.watch);
        run.best = rest.best;
        (run.position, run.history, run.earlier) = (checkpoint.position, history, rest.seconds);
        keeper.saved_at = Some(run.position);
        Ok(())
    }

    /// After a step.
    pub(super) fn save_if_due(&mut self, run: &Run) -> Result<()> {
        let Some(keeper) = &self.checkpoints else { return Ok(()) };
        let Checkpoints { every_steps, every, .. } = keeper.options;
        let due = every_steps.is_some_and(|steps| run.position.step.is_multiple_of(steps))
            || every.is_some_and(|time| keeper.saved.elapsed() >= time);
        if due { self.save(run) } else { Ok(()) }
    }

    /// After an epoch.
    pub(super) fn save_epoch(&mut self, run: &Run) -> Result<()> {
        let Some(keeper) = &self.checkpoints else { return Ok(()) };
        let due = keeper.options.every_steps.is_none() && keeper.options.every.is_none();
        if due { self.save(run) } else { Ok(()) }
    }

    /// At the run's end.
    pub(super) fn save_last(&mut self, run: &Run) -> Result<()> {
        let saved = self.checkpoints.as_ref().is_none_or(|keeper| keeper.saved_at == Some(run.position));
        if saved { Ok(()) } else { self.save(run) }
    }

    fn save(&mut self, run: &Run) -> Result<()> {
        let Some(keeper) = &mut self.checkpoints else { return Ok(()) };
        let rest = Rest {
            data: self.data.description(),
            watch: run.watch.clone(),
            best: run.best.clone(),
            plateau: self.plateau.clone(),
            average: self.average.as_ref().map(|average| (Snapshot::of(average.model()), average.count())),
            seconds: run.seconds(),
        };
        let name = format!("step-{:010}.sapwood", run.position.step);
        (keeper.take)(self.model, self.state, run.position)
            .with("history", &run.history)
            .with("trainer", &rest)
            .save(keeper.options.folder.join(name))?;
        (keeper.saved, keeper.saved_at) = (Instant::now(), Some(run.position));
        keeper.options.prune()
    }

    /// The best model so far, where there are checkpoints.
    pub(super) fn save_best(&self, model: &M) -> Result<()> {
        match &self.checkpoints {
            Some(keeper) => save(keeper.options.folder.join("best.sapwood"), &Snapshot::of(model)),
            None => Ok(()),
        }
    }
}

/// Lays every tensor out as a checkpoint would.
struct RowMajor;

impl MapModel for RowMajor {
    fn leaf<T: Float>(&mut self, _: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        tensor.contiguous()
    }

    fn frozen<T: Float>(&mut self, _: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        tensor.contiguous()
    }
}
