//! Where a walk through a tree stands: the path, and what it has met on the way.

use std::any::Any;
use std::fmt;

use smallvec::SmallVec;

#[derive(Clone, Debug)]
enum Step {
    Field(&'static str),
    Index(usize),
    Key(String),
}

/// The state of a walk in declaration order: the path so far, whether a [`Frozen`](super::Frozen) part surrounds it,
/// and the [`Tied`](super::Tied) parts met before.
///
/// `#[derive(Params)]` writes the walks; only who implements [`Params`](super::Params) by hand needs these methods.
#[derive(Debug, Default)]
pub struct Walk {
    steps: SmallVec<[Step; 4]>,
    /// The models around this place, outermost first: each one's type, and how many steps led to it.
    models: SmallVec<[(&'static str, usize); 4]>,
    frozen: usize,
    ties: Vec<Tie>,
    met_alias: bool,
    syncing: bool,
}

/// A tie that a walk has met, with what [`Tied`](super::Tied) keeps of its first handle.
#[derive(Debug)]
struct Tie {
    id: u64,
    kept: Option<Box<dyn Any>>,
}

impl Walk {
    /// A walk that stands at the root.
    pub fn new() -> Self {
        Walk::default()
    }

    /// A walk on which the handles of a tie may hold different values: the first one's holds.
    pub(super) fn syncing() -> Self {
        Walk { syncing: true, ..Walk::default() }
    }

    /// Walks into a field (or an enum's variant), and back.
    pub fn field<R>(&mut self, name: &'static str, body: impl FnOnce(&mut Walk) -> R) -> R {
        self.step(Step::Field(name), body)
    }

    /// Walks into an element of a sequence or a field of a tuple, and back.
    pub fn index<R>(&mut self, index: usize, body: impl FnOnce(&mut Walk) -> R) -> R {
        self.step(Step::Index(index), body)
    }

    /// Walks into an entry of a map, and back.
    pub fn key<R>(&mut self, key: &str, body: impl FnOnce(&mut Walk) -> R) -> R {
        self.step(Step::Key(key.to_owned()), body)
    }

    /// Walks through a model of the named type, such as `sapwood::nn::dense::Dense`, and back.
    pub fn model<R>(&mut self, name: &'static str, body: impl FnOnce(&mut Walk) -> R) -> R {
        self.models.push((name, self.steps.len()));
        let result = body(self);
        self.models.pop();
        result
    }

    /// Walks through a part that is never trained, and back.
    pub fn frozen<R>(&mut self, body: impl FnOnce(&mut Walk) -> R) -> R {
        self.frozen += 1;
        let result = body(self);
        self.frozen -= 1;
        result
    }

    /// Whether a frozen part surrounds this place.
    pub fn is_frozen(&self) -> bool {
        self.frozen > 0
    }

    /// Notes that a tied part was met; whether it is the first of its tie on this walk.
    pub fn first_of_tie(&mut self, tie: u64) -> bool {
        let first = self.ties.iter().all(|met| met.id != tie);
        if first {
            self.ties.push(Tie { id: tie, kept: None });
        }
        self.met_alias |= !first;
        first
    }

    /// Whether a handle was met whose tie had been met before.
    pub(super) fn met_alias(&self) -> bool {
        self.met_alias
    }

    pub(super) fn is_syncing(&self) -> bool {
        self.syncing
    }

    /// Keeps something for the later handles of a tie.
    pub(super) fn keep_for_tie(&mut self, tie: u64, kept: impl Any) {
        if let Some(met) = self.ties.iter_mut().find(|met| met.id == tie) {
            met.kept = Some(Box::new(kept));
        }
    }

    /// What was kept for a tie, where it is of this type.
    pub(super) fn kept_for_tie<T: Any>(&self, tie: u64) -> Option<&T> {
        self.ties.iter().find(|met| met.id == tie)?.kept.as_deref()?.downcast_ref()
    }

    /// The path so far, fields and indices joined by dots: `layers.0.weight`. Empty at the root.
    pub fn path(&self) -> String {
        self.to_string()
    }

    /// The place in words, for messages: the path in backquotes, or `the model itself` at the root.
    pub(crate) fn place(&self) -> String {
        place(&self.path())
    }

    /// The steps of the path, each with the type of the model whose field it is: empty where that is no derived model.
    /// Types are only told on the walks of [`map_model`](super::Params::map_model).
    #[cfg(feature = "files")]
    pub(crate) fn owned_steps(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.steps.iter().enumerate().map(|(depth, step)| {
            let owner = self.models.iter().find(|(_, steps)| *steps == depth);
            (owner.map_or("", |(name, _)| name), step.to_string())
        })
    }

    fn step<R>(&mut self, step: Step, body: impl FnOnce(&mut Walk) -> R) -> R {
        self.steps.push(step);
        let result = body(self);
        self.steps.pop();
        result
    }
}

impl fmt::Display for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.steps.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            step.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => index.fmt(f),
            Step::Key(key) => f.write_str(key),
        }
    }
}

/// A path in words, for messages.
pub(crate) fn place(path: &str) -> String {
    if path.is_empty() { "the model itself".to_owned() } else { format!("`{path}`") }
}

/// Whether a path leads through a place, or to it.
pub(crate) fn within(path: &str, place: &str) -> bool {
    place.is_empty() || path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Two trees of one type differ in structure: a `Vec` has another length, an enum another variant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trees differ at {}: {left} against {right}", place(path))]
pub struct Mismatch {
    /// Where they differ, in dots: `layers.0`.
    pub path: String,
    /// What the first tree has there.
    pub left: String,
    /// What the second tree has there.
    pub right: String,
}

impl Mismatch {
    /// The trees differ where the walk stands.
    pub fn new(walk: &Walk, left: impl fmt::Display, right: impl fmt::Display) -> Self {
        Mismatch { path: walk.path(), left: left.to_string(), right: right.to_string() }
    }
}
