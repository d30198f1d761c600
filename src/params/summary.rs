//! The parameters of a model: as a list, counted, and as a table.

use std::fmt;

use super::{Kind, MapLeaf, MapModel, Nothing, Params, Ref, Value, Walk};
use crate::tensor::{AnyTensor, Float, Tensor};

/// The tensors that train, with their paths, in declaration order.
pub(super) fn parameters<M: Params>(model: &M) -> Vec<(String, AnyTensor)> {
    struct List(Vec<(String, AnyTensor)>);
    impl<'a> MapLeaf<Ref<'a, Value>, Nothing> for List {
        fn leaf<T: Float>(&mut self, walk: &Walk, tensor: <Ref<'a, Value> as Kind>::Leaf<T>) {
            self.0.push((walk.path(), T::wrap(tensor.clone())));
        }
    }
    let mut list = List(vec![]);
    M::map_tree(model.leaves(&mut Walk::new()), &mut Walk::new(), &mut list);
    list.0
}

/// A table of a model's tensors; see [`Params::summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// A row for each tensor, in declaration order.
    pub rows: Vec<SummaryRow>,
}

/// A tensor's row in a [`Summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// Where it stands: `layers.0.weight`.
    pub path: String,
    /// The lengths of its axes.
    pub shape: Vec<usize>,
    /// Its element type: `"f32"` or `"f64"`.
    pub dtype: &'static str,
    /// The number of its elements.
    pub parameters: usize,
    /// The bytes that its elements take.
    pub bytes: usize,
    /// Whether it stands within a [`Frozen`](crate::params::Frozen) part.
    pub frozen: bool,
}

impl Summary {
    pub(super) fn new<M: Params>(model: &M) -> Self {
        let mut summary = Summary { rows: vec![] };
        model.map_model(&mut Walk::new(), &mut summary);
        summary
    }

    /// The number of parameters that train.
    pub fn trainable(&self) -> usize {
        self.rows.iter().filter(|row| !row.frozen).map(|row| row.parameters).sum()
    }

    /// The number of parameters that do not.
    pub fn frozen(&self) -> usize {
        self.rows.iter().filter(|row| row.frozen).map(|row| row.parameters).sum()
    }

    /// The bytes that all elements take.
    pub fn bytes(&self) -> usize {
        self.rows.iter().map(|row| row.bytes).sum()
    }

    fn row<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>, frozen: bool) -> Tensor<T> {
        let any = T::wrap(tensor.clone());
        let (shape, dtype) = (any.shape().to_vec(), any.dtype());
        let (parameters, bytes) = (any.len(), any.bytes());
        self.rows.push(SummaryRow { path: walk.path(), shape, dtype, parameters, bytes, frozen });
        tensor.clone()
    }
}

impl MapModel for Summary {
    fn leaf<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.row(walk, tensor, false)
    }
    fn frozen<T: Float>(&mut self, walk: &Walk, tensor: &Tensor<T>) -> Tensor<T> {
        self.row(walk, tensor, true)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["path", "shape", "type", "parameters", "bytes"].map(str::to_owned);
        let cells = self.rows.iter().map(|row| {
            let path = if row.path.is_empty() { "(all)".to_owned() } else { row.path.clone() };
            [path, format!("{:?}", row.shape), row.dtype.to_owned(), grouped(row.parameters), grouped(row.bytes)]
        });
        let lines: Vec<[String; 5]> = std::iter::once(head).chain(cells).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 5] = std::array::from_fn(width);
        for (i, [path, shape, dtype, parameters, bytes]) in lines.iter().enumerate() {
            let [p, s, d, n, b] = widths;
            write!(f, "{path:<p$}  {shape:<s$}  {dtype:<d$}  {parameters:>n$}  {bytes:>b$}")?;
            let frozen = i > 0 && self.rows[i - 1].frozen;
            writeln!(f, "{}", if frozen { "  frozen" } else { "" })?;
        }
        let (trainable, frozen) = (grouped(self.trainable()), grouped(self.frozen()));
        write!(f, "{trainable} trainable parameters, {frozen} frozen, {} bytes", grouped(self.bytes()))
    }
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
