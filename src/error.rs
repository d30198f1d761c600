//! The one error type, for what is not a programming mistake: files, data, numbers that went astray.

use std::path::{Path, PathBuf};

use crate::params::place;

/// What can go wrong with files, data and training.
///
/// Programming mistakes, such as shapes that do not fit, panic instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// A file is not what it should be: truncated, corrupted, foreign, or of another version.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Stored parameters do not fit the model that is to hold them.
    #[error("{}: expected {expected}, found {found}", place(path))]
    Mismatch {
        /// Where in the tree, in dots: `layers.0.weight`.
        path: String,
        /// What the model has there.
        expected: String,
        /// What the file has there.
        found: String,
    },

    /// What is wrong with the content of a file, such as parameters that do not fit the model.
    #[error("{}: {source}", file.display())]
    InFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<Error>,
    },

    /// An observation of a dataset could not be read or made.
    #[error("observation {observation}: {source}")]
    Observation {
        /// Its number in the dataset that could not make it, counted from 0.
        observation: usize,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A text has a character that a vocabulary does not have.
    #[error("the vocabulary has no {character:?}, which is character {position} of the text")]
    Character {
        /// The character.
        character: char,
        /// Its place in the text, counted from 0.
        position: usize,
    },

    /// A batch could not be made.
    #[error("batch {batch} of epoch {epoch}: {source}")]
    Batch {
        /// The epoch, counted from 0.
        epoch: u64,
        /// The batch, counted from 0 in the order of the epoch.
        batch: usize,
        /// Why.
        source: Box<Error>,
    },

    /// The loss became infinite or NaN; the model is as it was before that batch.
    #[error("the loss of batch {batch}{} is {loss}; the model was not updated with it", of_epoch(*epoch))]
    NotFinite {
        /// The epoch, counted from 0, where there are several.
        epoch: Option<u64>,
        /// The batch, counted from 0 in the order of the pass.
        batch: usize,
        /// The loss.
        loss: f64,
    },
}

impl Error {
    /// [`Error::Io`] at a path, for `map_err`.
    pub(crate) fn io(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
        |source| Error::Io { path: path.to_owned(), source }
    }

    /// [`Error::Observation`] for whatever reason: another error, or words.
    pub fn observation(observation: usize, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error::Observation { observation, source: source.into() }
    }
}

fn of_epoch(epoch: Option<u64>) -> String {
    epoch.map_or(String::new(), |epoch| format!(" of epoch {epoch}"))
}

/// A result with the crate's [`Error`](enum@Error).
pub type Result<T> = std::result::Result<T, Error>;
