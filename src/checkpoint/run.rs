//! [`Checkpoint`]: a training run as it stands.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Snapshot;
use super::encoding::{decode, encode};
use super::file::{load, save};
use crate::error::{Error, Result};
use crate::optim::{LeafState, Optimising, Rule, Slots, State, rule_name};
use crate::params::{Kind, MapLeaf, Nothing, Pair, Params, Ref, Value, Walk};
use crate::tensor::{Float, Tensor};

/// A training run as it stands: the model with its buffers, the optimiser's state with its steps, the place in the data,
/// and whatever else the run goes on from, by name.
///
/// A run that is restored from it makes the same numbers, to the bit, as one that was never interrupted. A
/// [`Trainer`](crate::train::Trainer) writes and reads them by itself; a loop of your own does it so:
///
/// ```
/// use sapwood::checkpoint::{Checkpoint, Position};
/// use sapwood::prelude::*;
///
/// # let folder = std::env::temp_dir().join(format!("sapwood-doc-checkpoint-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("run.sapwood");
/// let data = DataLoader::new(Tensor::from([1.0, 2.0, 3.0, 4.0])).shuffle(7);
/// let mut model: Tensor = Tensor::scalar(0.0);
/// let mut state = setup(Adam::default(), &model);
/// let mut at = Position::default();
/// if path.exists() {
///     let checkpoint = Checkpoint::load(&path)?;
///     checkpoint.restore(&mut model, &mut state)?;
///     at = checkpoint.position;
/// }
/// while at.epoch < 3 {
///     for x in data.epoch(at.epoch).skip(at.batch) {
///         let grads = gradient(|w| mse(w, &x.sum()), &model);
///         update(&mut state, &mut model, &grads);
///         at = Position { batch: at.batch + 1, step: at.step + 1, ..at };
///         Checkpoint::of(&model, &state, at).save(&path)?;
///     }
///     at = Position { epoch: at.epoch + 1, batch: 0, ..at };
/// }
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What the model has learnt.
    pub model: Snapshot,
    /// Where the run stands.
    pub position: Position,
    rule: String,
    state: Bytes,
    values: Vec<(String, Bytes)>,
    #[serde(skip)]
    file: Option<PathBuf>,
}

/// Where a run stands in its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The epoch that is under way, counted from 0: the number for [`DataLoader::epoch`](crate::data::DataLoader::epoch).
    pub epoch: u64,
    /// How many of its batches are done: what the loader's epoch is to skip.
    pub batch: usize,
    /// How many steps were taken in all.
    pub step: u64,
}

impl Checkpoint {
    /// A run as it stands.
    ///
    /// # Panics
    /// Where a part of the model or of the state can't be stored: its own `Serialize` fails.
    pub fn of<M: Params, R: Rule>(model: &M, state: &State<R, M>, position: Position) -> Self
    where
        State<R, M>: Serialize,
    {
        let state = encode(state).unwrap_or_else(|error| panic!("Checkpoint: the state can't be stored: {error}"));
        let model = Snapshot::of(model);
        Checkpoint { model, position, rule: rule_name::<R>(), state: Bytes(state), values: vec![], file: None }
    }

    /// The checkpoint with another value in it: a generator, a history, an average of weights.
    ///
    /// ```
    /// use sapwood::checkpoint::{Checkpoint, Position};
    /// use sapwood::prelude::*;
    ///
    /// let model: Tensor = Tensor::scalar(0.0);
    /// let state = setup(Adam::default(), &model);
    /// let losses = vec![0.5, 0.25];
    /// let checkpoint = Checkpoint::of(&model, &state, Position::default()).with("losses", &losses);
    /// assert_eq!(checkpoint.get::<Vec<f64>>("losses")?, losses);
    /// # Ok::<(), sapwood::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where there is a value of that name, or the value can't be stored: its own `Serialize` fails.
    #[track_caller]
    pub fn with(mut self, name: &str, value: &impl Serialize) -> Self {
        assert!(!self.contains(name), "Checkpoint: there are two values of the name `{name}`");
        match encode(value) {
            Ok(bytes) => self.values.push((name.to_owned(), Bytes(bytes))),
            Err(error) => panic!("Checkpoint: the value `{name}` can't be stored: {error}"),
        }
        self
    }

    /// Whether there is a value of the given name.
    pub fn contains(&self, name: &str) -> bool {
        self.bytes(name).is_some()
    }

    /// The value of the given name.
    ///
    /// # Errors
    /// Where there is none, or it is of another type.
    pub fn get<V: DeserializeOwned>(&self, name: &str) -> Result<V> {
        let fault = |found: String| Error::Mismatch {
            path: name.to_owned(),
            expected: std::any::type_name::<V>().to_owned(),
            found,
        };
        let value = match self.bytes(name) {
            Some(bytes) => decode(bytes).map_err(fault),
            None => Err(fault("nothing".to_owned())),
        };
        value.map_err(|error| self.in_file(error))
    }

    /// Writes the checkpoint to a file, as [`save`] does.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save(path, self)
    }

    /// Reads a checkpoint that was [saved](Self::save).
    ///
    /// # Errors
    /// Where the file can't be read, is truncated, corrupted, foreign or of another version, or is no checkpoint.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let checkpoint: Checkpoint = load(path)?;
        Ok(Checkpoint { file: Some(path.to_owned()), ..checkpoint })
    }

    /// Gives model and state, which were built as those of the run, what they had then.
    ///
    /// # Errors
    /// Where the checkpoint is of another model or another rule, with the file and the first path in the tree that
    /// differs; model and state are unchanged then.
    pub fn restore<M: Params, R: Rule>(&self, model: &mut M, state: &mut State<R, M>) -> Result<()>
    where
        State<R, M>: DeserializeOwned,
    {
        let (restored, stored) = self.restored(model).map_err(|error| self.in_file(error))?;
        (*model, *state) = (restored, stored);
        Ok(())
    }

    fn restored<M: Params, R: Rule>(&self, model: &M) -> Result<(M, State<R, M>)>
    where
        State<R, M>: DeserializeOwned,
    {
        let restored = self.model.restored(model)?;
        let fault = |expected: &str, found: &str| Error::Mismatch {
            path: model.parameters().first().map_or(String::new(), |(path, _)| path.clone()),
            expected: expected.to_owned(),
            found: found.to_owned(),
        };
        let rule = rule_name::<R>();
        if self.rule != rule {
            return Err(fault(&format!("a state of {rule}"), &format!("one of {}", self.rule)));
        }
        let state = decode(&self.state.0).map_err(|words| fault(&format!("a state of {rule}"), &words))?;
        fits::<M, R>(&restored, &state)?;
        Ok((restored, state))
    }

    fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.values.iter().find(|(other, _)| other == name).map(|(_, bytes)| &*bytes.0)
    }

    /// The error with the file that this comes from, where it has none yet.
    pub(crate) fn in_file(&self, error: Error) -> Error {
        match (&self.file, error) {
            (Some(file), error @ Error::Mismatch { .. }) => {
                Error::InFile { file: file.clone(), source: Box::new(error) }
            }
            (_, error) => error,
        }
    }
}

impl fmt::Debug for Checkpoint {
    /// What it is, without the numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.values.iter().map(|(name, _)| name).collect();
        f.debug_struct("Checkpoint")
            .field("position", &self.position)
            .field("rule", &self.rule)
            .field("values", &names)
            .finish_non_exhaustive()
    }
}

/// Whether a state has the model's structure and shapes.
fn fits<M: Params, R: Rule>(model: &M, state: &State<R, M>) -> Result<()> {
    let pairs = M::zip_trees(model.leaves(&mut Walk::new()), M::tree_ref(state), &mut Walk::new());
    let pairs = pairs.map_err(|mismatch| Error::Mismatch {
        path: mismatch.path,
        expected: mismatch.left,
        found: mismatch.right,
    })?;
    let mut fits = Fits(None);
    M::map_tree(pairs, &mut Walk::new(), &mut fits);
    fits.0.map_or(Ok(()), Err)
}

/// Notes the first leaf whose state is of another shape.
struct Fits(Option<Error>);

type Leaves<'a, R> = Pair<Ref<'a, Value>, Ref<'a, Optimising<R>>>;

impl<'a, R: Rule> MapLeaf<Leaves<'a, R>, Nothing> for Fits {
    fn leaf<T: Float>(&mut self, walk: &Walk, (x, leaf): <Leaves<'a, R> as Kind>::Leaf<T>) {
        let (x, leaf): (&Tensor<T>, &LeafState<R, T>) = (x, leaf);
        if !leaf.state.fits(x.shape()) {
            self.0.get_or_insert_with(|| Error::Mismatch {
                path: walk.path(),
                expected: format!("a state for the shape {:?}", x.shape()),
                found: "one for another shape".to_owned(),
            });
        }
    }
}

/// What is encoded already, stored as it is and not number by number.
#[derive(Clone, PartialEq)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct AsBytes;
        impl Visitor<'_> for AsBytes {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> std::result::Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> std::result::Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(AsBytes)
    }
}
