//! [`Snapshot`]: all that a model has learnt, by path.

use std::any::Any;

use serde::{Deserialize, Serialize};

use super::encoding::{decode, encode};
use crate::error::{Error, Result};
use crate::params::{Buffer, Bufferable, MapModel, Params, Walk};
use crate::tensor::{AnyTensor, Float, Tensor};

/// All that a model has learnt: its trained and frozen tensors and its buffers, each with its path. Plain fields,
/// such as sizes and activations, are not in it: they come from the code that builds the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    path: String,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Value {
    F32(Tensor<f32>),
    F64(Tensor<f64>),
    /// A buffer as bincode 2 encodes it.
    Buffer(Vec<u8>),
}

impl Value {
    fn describe(&self) -> String {
        match self {
            Value::F32(tensor) => format!("f32 {:?}", tensor.shape()),
            Value::F64(tensor) => format!("f64 {:?}", tensor.shape()),
            Value::Buffer(bytes) => format!("a buffer of {} bytes", bytes.len()),
        }
    }

    fn of<T: Float>(tensor: &Tensor<T>) -> Value {
        match T::wrap(tensor.clone()) {
            AnyTensor::F32(tensor) => Value::F32(tensor),
            AnyTensor::F64(tensor) => Value::F64(tensor),
        }
    }
}

impl Snapshot {
    /// What the model has learnt so far; tensors share its memory until they are written to.
    ///
    /// # Panics
    /// Where a buffer's own `Serialize` fails.
    pub fn of<M: Params>(model: &M) -> Self {
        let mut taker = Taker { entries: vec![] };
        model.map_model(&mut Walk::new(), &mut taker);
        Snapshot { entries: taker.entries }
    }

    /// Gives a model of the same structure what this one had learnt.
    ///
    /// # Errors
    /// Where paths, types or shapes differ, with the first path that does; the model is unchanged then.
    pub fn restore<M: Params>(&self, model: &mut M) -> Result<()> {
        *model = self.restored(model)?;
        Ok(())
    }

    /// A model of the same structure with what this one had learnt; see [`restore`](Self::restore).
    pub(super) fn restored<M: Params>(&self, model: &M) -> Result<M> {
        let mut giver = Giver { entries: self.entries.iter(), fault: None };
        let restored = model.map_model(&mut Walk::new(), &mut giver);
        if let Some(entry) = giver.entries.next() {
            giver.fault.get_or_insert(fault(&entry.path, "nothing", &entry.value.describe()));
        }
        giver.fault.map_or(Ok(restored), Err)
    }

    /// The paths of all entries, in declaration order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.path.as_str())
    }
}

struct Taker {
    entries: Vec<Entry>,
}

impl MapModel for Taker {
    fn leaf<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.entries.push(Entry { path: walk.path(), value: Value::of(tensor) });
        tensor.clone()
    }

    fn frozen<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.leaf(walk, tensor)
    }

    fn buffer<B: Bufferable>(&mut self, walk: &Walk, buffer: &Buffer<B>) -> Buffer<B> {
        let bytes = encode(buffer)
            .unwrap_or_else(|error| panic!("Snapshot: the buffer {} can't be stored: {error}", walk.place()));
        self.entries.push(Entry { path: walk.path(), value: Value::Buffer(bytes) });
        buffer.share()
    }
}

struct Giver<'a> {
    entries: std::slice::Iter<'a, Entry>,
    fault: Option<Error>,
}

fn fault(path: &str, expected: &str, found: &str) -> Error {
    Error::Mismatch { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

impl Giver<'_> {
    /// The next entry, if it belongs where the walk stands; notes the fault if it does not.
    fn next(&mut self, walk: &Walk, expected: &str) -> Option<&Value> {
        if self.fault.is_some() {
            return None;
        }
        match self.entries.next() {
            Some(entry) if entry.path == walk.path() => Some(&entry.value),
            Some(entry) => {
                self.fault = Some(fault(&walk.path(), expected, &format!("`{}`", entry.path)));
                None
            }
            None => {
                self.fault = Some(fault(&walk.path(), expected, "nothing"));
                None
            }
        }
    }
}

impl MapModel for Giver<'_> {
    fn leaf<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        let expected = Value::of(tensor).describe();
        let Some(value) = self.next(walk, &expected) else { return tensor.clone() };
        let found = value.describe();
        let stored = match value {
            Value::F32(stored) => T::unwrap(AnyTensor::F32(stored.clone())),
            Value::F64(stored) => T::unwrap(AnyTensor::F64(stored.clone())),
            Value::Buffer(_) => None,
        };
        match stored.filter(|stored| stored.shape() == tensor.shape()) {
            Some(stored) => stored,
            None => {
                self.fault = Some(fault(&walk.path(), &expected, &found));
                tensor.clone()
            }
        }
    }

    fn frozen<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.leaf(walk, tensor)
    }

    fn buffer<B: Bufferable>(&mut self, walk: &Walk, buffer: &Buffer<B>) -> Buffer<B> {
        let Some(value) = self.next(walk, "a buffer") else { return buffer.share() };
        let decoded = match value {
            Value::Buffer(bytes) => decode(bytes).ok(),
            _ => None,
        };
        let found = match decoded {
            Some(value) => match buffer.update(|held| other_shape(held, &value)) {
                // A buffer of its own: the model's must stay as it is should a later entry not fit.
                None => return Buffer::new(value),
                Some((expected, found)) => {
                    self.fault = Some(fault(&walk.path(), &expected, &found));
                    return buffer.share();
                }
            },
            None => value.describe(),
        };
        self.fault = Some(fault(&walk.path(), &format!("a buffer of {}", std::any::type_name::<B>()), &found));
        buffer.share()
    }
}

/// The two shapes in words, where both are tensors of unlike shapes.
fn other_shape<B: Bufferable>(held: &B, stored: &B) -> Option<(String, String)> {
    fn shape<B: Bufferable>(value: &B) -> Option<&[usize]> {
        let value: &dyn Any = value;
        let single = value.downcast_ref::<Tensor<f32>>().map(Tensor::shape);
        single.or_else(|| value.downcast_ref::<Tensor<f64>>().map(Tensor::shape))
    }
    let (held, stored) = (shape(held)?, shape(stored)?);
    (held != stored).then(|| (format!("a buffer of shape {held:?}"), format!("one of {stored:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Frozen;
    use crate::prelude::*;

    #[derive(Params, Clone, Debug)]
    struct Net {
        backbone: Frozen<Dense>,
        dropout: Dropout,
        head: Dense<f64>,
    }

    fn net(seed: u64) -> Net {
        let mut rng = StdRng::seed_from_u64(seed);
        Net {
            backbone: Frozen::new(Dense::new(3, 4, &mut rng)),
            dropout: Dropout::new(0.5, seed),
            head: Dense::new(4, 2, &mut rng).without_bias(),
        }
    }

    #[test]
    fn a_model_and_its_state_come_back_to_the_bit() {
        let path = std::env::temp_dir().join(format!("sapwood-snapshot-{}", std::process::id()));
        let mut model = net(1);
        let mut state = setup((ClipNorm::new(1.0), Adam::default()), &model);
        let x = Tensor::<f32>::normal((5, 3), 0.0, 1.0, &mut StdRng::seed_from_u64(2));
        let step = |model: &mut Net, state: &mut State<_, Net>| {
            let loss = |m: &Net| m.head.forward(&m.dropout.forward(&m.backbone.forward(&x)).cast()).square().mean();
            let (loss, grads) = with_gradient(loss, model);
            update(state, model, &grads);
            loss.to_bits()
        };
        step(&mut model, &mut state);
        save(&path, &(Snapshot::of(&model), &state)).unwrap();
        let mut other = net(3);
        let (snapshot, mut other_state): (Snapshot, State<(ClipNorm, Adam), Net>) = load(&path).unwrap();
        snapshot.restore(&mut other).unwrap();
        std::fs::remove_file(path).unwrap();
        let paths: Vec<_> = snapshot.paths().collect();
        assert_eq!(paths, ["backbone.weight", "backbone.bias", "dropout.rng", "head.weight"]);
        assert_eq!(other_state, state);
        // Dropout draws on where it stood, so even the next losses agree.
        for _ in 0..3 {
            assert_eq!(step(&mut model, &mut state), step(&mut other, &mut other_state));
        }
        assert_eq!(Snapshot::of(&model), Snapshot::of(&other));
    }

    #[test]
    fn what_does_not_fit_is_named_and_changes_nothing() {
        let snapshot = Snapshot::of(&net(1));
        let mut wider = Net { head: Dense::new(4, 3, &mut StdRng::seed_from_u64(0)).without_bias(), ..net(2) };
        let before = Snapshot::of(&wider);
        let message = snapshot.restore(&mut wider).unwrap_err().to_string();
        assert_eq!(message, "`head.weight`: expected f64 [4, 3], found f64 [4, 2]");
        assert_eq!(Snapshot::of(&wider), before);

        let mut with_bias = Net { head: Dense::new(4, 2, &mut StdRng::seed_from_u64(0)), ..net(2) };
        let message = snapshot.restore(&mut with_bias).unwrap_err().to_string();
        assert_eq!(message, "`head.bias`: expected f64 [2], found nothing");
        let message = Snapshot::of(&with_bias).restore(&mut net(3)).unwrap_err().to_string();
        assert_eq!(message, "`head.bias`: expected nothing, found f64 [2]");
    }
}
