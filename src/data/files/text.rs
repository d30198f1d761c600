//! Text as tokens.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::source::{open, wrong};
use crate::error::{Error, Result};
use crate::tensor::{Index, Tensor};

/// Reads a text file; gzip or not, by its content.
///
/// # Errors
/// Where the file cannot be read, or is not UTF-8.
pub fn read_text(path: impl AsRef<Path>) -> Result<String> {
    open(path.as_ref(), |source| {
        let mut bytes = vec![];
        io::Read::read_to_end(source, &mut bytes)?;
        String::from_utf8(bytes).map_err(|error| wrong(format!("not UTF-8: {}", error.utf8_error())))
    })
}

/// The characters of a text, in the order of their code points; each one's place is its token. It serialises, so that a
/// model's tokens stay with it.
///
/// Text at the level of bytes needs none: its bytes are the tokens, as `Tensor::from(text.as_bytes().to_vec())` or, where
/// the file stays on the disk, [`Mapped::bytes`](super::Mapped::bytes).
///
/// ```
/// use sapwood::data::Vocabulary;
/// use sapwood::prelude::*;
///
/// let vocabulary = Vocabulary::of("hello");
/// assert_eq!(vocabulary.len(), 4);
/// let tokens = vocabulary.encode("hole")?;
/// assert_eq!(tokens.to_vec(), [1, 3, 2, 0]);
/// assert_eq!(vocabulary.decode(&tokens), "hole");
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// In rising order.
    characters: Vec<char>,
}

impl Vocabulary {
    /// The characters that occur in a text.
    pub fn of(text: &str) -> Self {
        let mut characters = vec![];
        for character in text.chars() {
            if let Err(place) = characters.binary_search(&character) {
                characters.insert(place, character);
            }
        }
        Vocabulary { characters }
    }

    /// How many characters there are, which are the tokens 0 to `len() - 1`.
    pub fn len(&self) -> usize {
        self.characters.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.characters.is_empty()
    }

    /// The tokens of a text, `[characters]`.
    ///
    /// # Errors
    /// [`Error::Character`] where the vocabulary does not have a character.
    pub fn encode(&self, text: &str) -> Result<Tensor<i64>> {
        let token = |(position, character)| match self.characters.binary_search(&character) {
            Ok(token) => Ok(token as i64),
            Err(_) => Err(Error::Character { character, position }),
        };
        Ok(text.chars().enumerate().map(token).collect::<Result<Vec<_>>>()?.into())
    }

    /// The text of tokens, whatever the tensor's shape.
    ///
    /// # Panics
    /// Where a token is none of the vocabulary's.
    #[track_caller]
    pub fn decode<I: Index>(&self, tokens: &Tensor<I>) -> String {
        let mut text = String::new();
        for token in tokens.to_vec() {
            match token.to_index().and_then(|token| self.characters.get(token)) {
                Some(&character) => text.push(character),
                None => panic!("decode: {token} is not one of {} tokens", self.len()),
            }
        }
        text
    }
}
