//! Saving and loading: [`Snapshot`]s of models, [`Checkpoint`]s of whole training runs, [`save`] and [`load`] for whatever
//! serde can store, and weights in files of other libraries ([`Safetensors`]).
//!
//! A model's snapshot has its trained and frozen tensors and its buffers under their paths; an optimiser's
//! [`State`](crate::optim::State) is stored as it is. One file takes both:
//!
//! ```
//! use sapwood::prelude::*;
//!
//! let mut model: Dense = Dense::new(3, 2, &mut StdRng::seed_from_u64(0));
//! let state = setup(Adam::default(), &model);
//! # let folder = std::env::temp_dir().join(format!("sapwood-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # let path = folder.join("model.sapwood");
//! save(&path, &(Snapshot::of(&model), &state))?;
//!
//! let (snapshot, state): (Snapshot, State<Adam, Dense>) = load(&path)?;
//! snapshot.restore(&mut model)?;
//! # let _ = state;
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), sapwood::Error>(())
//! ```

mod encoding;
mod file;
#[cfg(feature = "files")]
mod half;
#[cfg(feature = "files")]
mod numbers;
#[cfg(feature = "files")]
mod pytorch;
mod run;
#[cfg(feature = "files")]
mod safetensors;
mod snapshot;

pub(crate) use file::UNFINISHED;
#[cfg(any(feature = "files", feature = "plots"))]
pub(crate) use file::replace;
pub use file::{load, save};
pub use run::{Checkpoint, Position};
#[cfg(feature = "files")]
pub use safetensors::{Precision, Safetensors, Unmatched};
pub use snapshot::Snapshot;
