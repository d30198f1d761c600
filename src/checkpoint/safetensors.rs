//! [`Safetensors`]: weights by name, in files that other libraries read and write. With the feature `files`.

use std::any::Any;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use ::safetensors::tensor::{Dtype, Metadata, TensorInfo, View};

use super::numbers::{decode, dtype_of, encode};
use super::{pytorch, replace};
use crate::error::{Error, Result};
use crate::params::{Buffer, Bufferable, MapModel, Params, Walk};
use crate::tensor::{Float, Tensor};

/// How weights go to and from files of the format [safetensors](https://github.com/huggingface/safetensors), which
/// PyTorch, MLX, candle and others read and write.
///
/// A file has the tensors that a model trains, its frozen ones, and the tensors among its buffers (running statistics),
/// each under its path: `layers.0.weight`. What is not a tensor, such as a dropout's generator, is left to a
/// [`Snapshot`](super::Snapshot); so is the optimiser's state. Of a tied part there is one entry.
///
/// ```
/// use sapwood::checkpoint::Safetensors;
/// use sapwood::prelude::*;
///
/// # let path = std::env::temp_dir().join(format!("sapwood-doc-{}.safetensors", std::process::id()));
/// let mut rng = StdRng::seed_from_u64(0);
/// let model: Dense = Dense::new(4, 2, &mut rng);
/// Safetensors::new().save(&path, &model)?;
///
/// let mut other: Dense = Dense::new(4, 2, &mut rng);
/// Safetensors::new().load(&path, &mut other)?;
/// assert_eq!(other.parameters(), model.parameters());
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), sapwood::Error>(())
/// ```
///
/// A part of a model is a model: a backbone comes from a larger file by
///
/// ```no_run
/// # use sapwood::checkpoint::Safetensors;
/// # use sapwood::prelude::*;
/// # let mut backbone: Dense = Dense::new(4, 8, &mut StdRng::seed_from_u64(0));
/// let file = Safetensors::new().pytorch().rename(|name| format!("backbone.{name}"));
/// let unmatched = file.load_partial("pretrained.safetensors", &mut backbone)?;
/// println!("{unmatched}");
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Default)]
pub struct Safetensors<'a> {
    pytorch: bool,
    rename: Option<Rename<'a>>,
    precision: Option<Precision>,
}

/// The name in a file of what is at a path.
type Rename<'a> = Box<dyn Fn(&str) -> String + 'a>;

/// The element type of tensors in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// IEEE 754 half precision: 11 bits of significand, up to 65,504.
    F16,
    /// The upper half of an `f32`: 8 bits of significand.
    BF16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

/// What [`Safetensors::load_partial`] did not match, each in order. As text it has neighbours of one parent together:
/// ``missing from the file (3): `2.{weight, bias}`, `4.weight` ``.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unmatched {
    /// Names of tensors that the model has and the file has not, in declaration order; they are as they were.
    pub missing: Vec<String>,
    /// Names of tensors that the file has and the model has not, in alphabetical order.
    pub unexpected: Vec<String>,
}

impl<'a> Safetensors<'a> {
    /// Names and layouts as the model has them, element types too.
    pub fn new() -> Self {
        Safetensors::default()
    }

    /// Names and layouts as PyTorch has them:
    ///
    /// | here | there |
    /// | --- | --- |
    /// | [`Dense`](crate::nn::Dense): `weight` `[inputs, outputs]` | `weight` `[outputs, inputs]` |
    /// | normalisations: `affine.scale`, `affine.bias` | `weight`, `bias` |
    /// | [`RmsNorm`](crate::nn::RmsNorm): `scale` | `weight` |
    /// | [`BatchNorm`](crate::nn::BatchNorm): `mean`, `variance` | `running_mean`, `running_var` |
    /// | [`Chain`](crate::nn::Chain): `layers.0` | `0`, as in a `Sequential` |
    ///
    /// All else is the same in both, convolutions and embeddings among it. Recurrent cells and attention are made of other
    /// tensors than PyTorch's: they keep their own names. `num_batches_tracked` is not looked at.
    pub fn pytorch(self) -> Self {
        Safetensors { pytorch: true, ..self }
    }

    /// Other names in the file: `name` is given the model's name of a tensor (PyTorch's, after
    /// [`pytorch`](Self::pytorch)) and returns the file's.
    pub fn rename(self, name: impl Fn(&str) -> String + 'a) -> Self {
        Safetensors { rename: Some(Box::new(name)), ..self }
    }

    /// The element type to write, for all tensors; numbers are rounded to the nearest. What is read is converted from
    /// any of them to the model's type without being asked.
    pub fn precision(self, precision: Precision) -> Self {
        Safetensors { precision: Some(precision), ..self }
    }

    /// Writes a model's tensors, in a way that a crash leaves the old file or the new one and never a part of either.
    ///
    /// # Errors
    /// Where the file can't be written, or two tensors have one name.
    pub fn save<M: Params>(&self, path: impl AsRef<Path>, model: &M) -> Result<()> {
        let path = path.as_ref();
        let mut writer = Writer { options: self, tensors: BTreeMap::new(), twice: None };
        model.map_model(&mut Walk::new(), &mut writer);
        let format = |reason| Error::Format { path: path.to_owned(), reason };
        if let Some(name) = writer.twice {
            return Err(format(format!("two tensors of the model would be called `{name}`")));
        }
        // Readers ask who made the file, for PyTorch's layouts differ from TensorFlow's.
        // Which map it is depends on the library's features.
        let about = self.pytorch.then(|| [("format".to_owned(), "pt".to_owned())].into_iter().collect());
        let bytes = ::safetensors::serialize(writer.tensors, about).map_err(|error| format(error.to_string()))?;
        replace(path, &bytes)
    }

    /// Reads all of a model's tensors from a file that has these and no others.
    ///
    /// # Errors
    /// Where the file can't be read or is not of this format; where tensors are missing, unexpected, or of another
    /// shape, with their names. The model is unchanged then.
    pub fn load<M: Params>(&self, path: impl AsRef<Path>, model: &mut M) -> Result<()> {
        let path = path.as_ref();
        let mut reader = Reader::open(self, path)?;
        let loaded = model.map_model(&mut Walk::new(), &mut reader);
        let unmatched = reader.unmatched();
        reader.faults.extend(unmatched.lines());
        if reader.taken.is_empty() && !unmatched.missing.is_empty() && !unmatched.unexpected.is_empty() {
            reader.faults.push("no name is in both; `Safetensors::pytorch` and `rename` give other names".to_owned());
        }
        reader.check(path)?;
        *model = loaded;
        Ok(())
    }

    /// Reads those tensors that the model and the file both have, and says which were not.
    ///
    /// # Errors
    /// Where the file can't be read or is not of this format, or where a tensor in both has another shape. The model is
    /// unchanged then.
    pub fn load_partial<M: Params>(&self, path: impl AsRef<Path>, model: &mut M) -> Result<Unmatched> {
        let path = path.as_ref();
        let mut reader = Reader::open(self, path)?;
        let loaded = model.map_model(&mut Walk::new(), &mut reader);
        reader.check(path)?;
        *model = loaded;
        Ok(reader.unmatched())
    }

    /// What the tensor where the walk stands is called in a file.
    fn name(&self, walk: &Walk) -> String {
        let name = if self.pytorch { pytorch::name(walk) } else { walk.path() };
        self.rename.as_ref().map_or_else(|| name.clone(), |rename| rename(&name))
    }

    /// Whether the tensor where the walk stands has its axes reversed in a file.
    fn transposed(&self, walk: &Walk) -> bool {
        self.pytorch && pytorch::transposed(walk)
    }
}

impl fmt::Debug for Safetensors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Safetensors")
            .field("pytorch", &self.pytorch)
            .field("rename", &self.rename.is_some())
            .field("precision", &self.precision)
            .finish()
    }
}

/// A tensor as it will stand in a file.
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl View for Entry {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }
    fn data_len(&self) -> usize {
        self.data.len()
    }
}

struct Writer<'a> {
    options: &'a Safetensors<'a>,
    tensors: BTreeMap<String, Entry>,
    twice: Option<String>,
}

impl Writer<'_> {
    fn write<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) {
        let name = self.options.name(walk);
        let written = if self.options.transposed(walk) { tensor.t() } else { tensor.clone() };
        let dtype = dtype_of::<T>(self.options.precision);
        let entry = Entry { dtype, shape: written.shape().to_vec(), data: encode(&written, dtype) };
        if self.tensors.insert(name.clone(), entry).is_some() {
            self.twice.get_or_insert(name);
        }
    }
}

impl MapModel for Writer<'_> {
    fn leaf<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.write(walk, tensor);
        tensor.clone()
    }

    fn frozen<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.leaf(walk, tensor)
    }

    fn buffer<B: Bufferable>(&mut self, walk: &Walk, buffer: &Buffer<B>) -> Buffer<B> {
        let value: Box<dyn Any> = Box::new(buffer.get());
        if let Some(tensor) = value.downcast_ref::<Tensor<f32>>() {
            self.write(walk, tensor);
        } else if let Some(tensor) = value.downcast_ref::<Tensor<f64>>() {
            self.write(walk, tensor);
        }
        buffer.share()
    }
}

struct Reader<'a> {
    options: &'a Safetensors<'a>,
    bytes: Vec<u8>,
    /// Where in `bytes` the data begins.
    data: usize,
    metadata: Metadata,
    taken: BTreeSet<String>,
    missing: Vec<String>,
    faults: Vec<String>,
}

impl<'a> Reader<'a> {
    fn open(options: &'a Safetensors<'a>, path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(Error::io(path))?;
        let (metadata, data) = header(&bytes).map_err(|reason| Error::Format { path: path.to_owned(), reason })?;
        Ok(Reader { options, bytes, data, metadata, taken: BTreeSet::new(), missing: vec![], faults: vec![] })
    }

    /// The tensor for the place where the walk stands, or nothing where the file has none or it does not fit.
    fn read<T: Float>(&mut self, walk: &Walk, shape: &[usize]) -> Option<Tensor<T>> {
        let name = self.options.name(walk);
        let Some(TensorInfo { dtype, shape: found, data_offsets: (start, end) }) = self.metadata.info(&name) else {
            self.missing.push(name);
            return None;
        };
        let transposed = self.options.transposed(walk);
        let expected: Vec<usize> = if transposed { shape.iter().rev().copied().collect() } else { shape.to_vec() };
        let tensor = if *found == expected {
            decode(&self.bytes[self.data + start..self.data + end], *dtype, found)
        } else {
            None
        };
        if tensor.is_none() {
            let fault = format!(
                "`{name}`: expected {} {expected:?}, found {} {found:?}",
                T::NAME,
                format!("{dtype:?}").to_lowercase()
            );
            self.faults.push(fault);
        }
        self.taken.insert(name);
        tensor.map(|tensor: Tensor<T>| if transposed { tensor.t().contiguous() } else { tensor })
    }

    fn unmatched(&self) -> Unmatched {
        let mut unexpected = self.metadata.offset_keys();
        let ignored = |name: &str| self.options.pytorch && pytorch::is_counter(name);
        unexpected.retain(|name| !self.taken.contains(name) && !ignored(name));
        unexpected.sort();
        Unmatched { missing: self.missing.clone(), unexpected }
    }

    /// An error that says what does not fit.
    fn check(&self, path: &Path) -> Result<()> {
        match self.faults.is_empty() {
            true => Ok(()),
            false => {
                let reason = format!("the weights do not fit the model:\n  {}", self.faults.join("\n  "));
                Err(Error::Format { path: path.to_owned(), reason })
            }
        }
    }
}

impl MapModel for Reader<'_> {
    fn leaf<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.read(walk, tensor.shape()).unwrap_or_else(|| tensor.clone())
    }

    fn frozen<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.leaf(walk, tensor)
    }

    fn buffer<B: Bufferable>(&mut self, walk: &Walk, buffer: &Buffer<B>) -> Buffer<B> {
        let mut value: Box<dyn Any> = Box::new(buffer.get());
        let read = if let Some(tensor) = value.downcast_mut::<Tensor<f32>>() {
            self.read(walk, tensor.shape()).map(|read| *tensor = read)
        } else if let Some(tensor) = value.downcast_mut::<Tensor<f64>>() {
            self.read(walk, tensor.shape()).map(|read| *tensor = read)
        } else {
            None
        };
        // A buffer of its own: the model's must stay as it is should a later tensor not fit.
        match read.and(value.downcast().ok()) {
            Some(value) => Buffer::new(*value),
            None => buffer.share(),
        }
    }
}

impl Unmatched {
    /// A line of text for each kind that there is.
    fn lines(&self) -> impl Iterator<Item = String> {
        let kinds =
            [("missing from the file", &self.missing), ("unexpected, for the model has none", &self.unexpected)];
        let there = kinds.into_iter().filter(|(_, names)| !names.is_empty());
        there.map(|(what, names)| format!("{what} ({}): {}", names.len(), list(names)))
    }
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().collect::<Vec<_>>().join("\n"))
    }
}

/// Names in a message, neighbours of one parent together: the first few parents, and how many names there are behind.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let parent = |name: &str| name.rfind('.').map_or(0, |dot| dot + 1);
    let groups: Vec<&[String]> = names.chunk_by(|a, b| a[..parent(a)] == b[..parent(b)]).collect();
    let shown = groups.iter().take(SHOWN).map(|group| match group {
        [name] => format!("`{name}`"),
        [first, ..] => {
            let (parent, _) = first.split_at(parent(first));
            let children: Vec<&str> = group.iter().map(|name| &name[parent.len()..]).collect();
            format!("`{parent}{{{}}}`", children.join(", "))
        }
        [] => String::new(),
    });
    let mut parts: Vec<String> = shown.collect();
    let behind: usize = groups.iter().skip(SHOWN).map(|group| group.len()).sum();
    parts.extend((behind > 0).then(|| format!("{behind} more")));
    parts.join(", ")
}

/// The header, and where the data begins. The crate's own reader adds up offsets unchecked.
fn header(bytes: &[u8]) -> std::result::Result<(Metadata, usize), String> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or("shorter than a header; not a safetensors file")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let header =
        rest.get(..length).ok_or_else(|| format!("a header of {length} bytes in a file of {}", bytes.len()))?;
    let metadata: Metadata = serde_json::from_slice(header).map_err(|error| format!("a broken header: {error}"))?;
    let (stored, present) = (metadata.data_len(), rest.len() - length);
    if stored != present {
        return Err(format!("truncated or overlong: {present} bytes of data, where the header has {stored}"));
    }
    Ok((metadata, 8 + length))
}
