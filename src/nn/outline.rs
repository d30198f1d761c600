//! [`outline`]: a table of a model's layers.

use std::any::{Any, type_name};
use std::fmt;

use ndarray::IntoDimension;

use super::Layer;
use crate::params::{Params, Summary, grouped, within};
use crate::tensor::{Element, Tensor};

/// A table of a model's layers with the shapes of their outputs, for an input of the given shape.
///
/// As [`output_shape`](super::output_shape) it applies the model to zeros. [`Outline::of`] takes other inputs. A table
/// of the model's tensors is its [`summary`](Params::summary).
///
/// # Panics
/// As the model does for an input of this shape.
///
/// ```
/// use sapwood::nn::{Conv2d, Flatten, MaxPool, SkipConnection, outline};
/// use sapwood::prelude::*;
///
/// let mut rng = StdRng::seed_from_u64(0);
/// let model = chain![
///     Conv2d::<f32>::new(1, 6, 5, &mut rng).padding(2),
///     Tensor::relu,
///     MaxPool::new(2),
///     Flatten,
///     Dense::new(6 * 14 * 14, 84, &mut rng),
///     SkipConnection::residual(chain![Dense::new(84, 84, &mut rng), Tensor::relu]),
///     Frozen::new(Dense::new(84, 10, &mut rng)),
/// ];
/// let table = "\
/// path                     layer           output          parameters
/// (all)                    Chain           [1, 10]
/// layers.0                 Conv            [1, 6, 28, 28]         156
/// layers.1                 relu            [1, 6, 28, 28]
/// layers.2                 MaxPool         [1, 6, 14, 14]
/// layers.3                 Flatten         [1, 1176]
/// layers.4                 Dense           [1, 84]             98,868
/// layers.5                 SkipConnection  [1, 84]
/// layers.5.layer           Chain           [1, 84]
/// layers.5.layer.layers.0  Dense           [1, 84]              7,140
/// layers.5.layer.layers.1  relu            [1, 84]
/// layers.6                 Frozen<Dense>   [1, 10]                850
/// 107,014 parameters, 850 of them frozen";
/// assert_eq!(outline(&model, (1, 1, 28, 28)).to_string(), table);
/// ```
#[track_caller]
pub fn outline<A: Element, M: Params + Layer<Tensor<A>>>(model: &M, input: impl IntoDimension) -> Outline {
    Outline::of(model, &Tensor::zeros(input))
}

/// A table of a model's layers; [`outline`] makes one.
///
/// What is made of layers, such as a [`Chain`](super::Chain), has a row and its layers have rows of their own. A model of
/// your own is one row, unless it says what it is made of, in [`Layer::outline`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// A row for each layer, what is made of layers before these.
    pub rows: Vec<OutlineRow>,
    /// How many parameters are frozen for good.
    pub frozen: usize,
    /// Where the layer stands whose layers come next.
    path: String,
}

/// A layer's row in an [`Outline`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineRow {
    /// Where it stands: `layers.0`.
    pub path: String,
    /// Its type without what is generic, or the name of a function.
    pub layer: String,
    /// The shape of its output; `None` where that is no tensor.
    pub output: Option<Vec<usize>>,
    /// How many parameters it has that belong to no other row, frozen ones too.
    pub parameters: usize,
}

impl Outline {
    /// The layers of a model that is applied to `x`.
    ///
    /// # Panics
    /// As the model does for this input.
    #[track_caller]
    pub fn of<X: ?Sized, M: Params + Layer<X>>(model: &M, x: &X) -> Self {
        let mut outline = Outline::default();
        outline.row(String::new(), model, x);
        outline.count(&model.summary());
        outline
    }

    /// Applies a layer that stands in the field `name` of the one that is being described, and adds its row.
    #[track_caller]
    pub fn layer<X: ?Sized, L: Layer<X>>(&mut self, name: &str, layer: &L, x: &X) -> L::Output {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        self.row(path, layer, x)
    }

    #[track_caller]
    fn row<X: ?Sized, L: Layer<X>>(&mut self, path: String, layer: &L, x: &X) -> L::Output {
        let number = self.rows.len();
        self.rows.push(OutlineRow { path: path.clone(), layer: short(type_name::<L>()), output: None, parameters: 0 });
        let around = std::mem::replace(&mut self.path, path);
        let output = layer.outline(x, self);
        self.path = around;
        self.rows[number].output = shape(&output);
        output
    }

    /// Counts each tensor in the innermost layer around it. A layer that was applied several times has its own in its
    /// first row.
    fn count(&mut self, summary: &Summary) {
        for tensor in &summary.rows {
            let around = self.rows.iter_mut().filter(|row| within(&tensor.path, &row.path));
            // The first of the longest paths.
            if let Some(row) = around.rev().max_by_key(|row| row.path.len()) {
                row.parameters += tensor.parameters;
            }
        }
        self.frozen = summary.frozen();
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["path", "layer", "output", "parameters"].map(str::to_owned);
        let cells = self.rows.iter().map(|row| {
            let path = if row.path.is_empty() { "(all)" } else { &row.path };
            let output = row.output.as_ref().map_or("—".to_owned(), |shape| format!("{shape:?}"));
            let parameters = if row.parameters == 0 { String::new() } else { grouped(row.parameters) };
            [path.to_owned(), row.layer.clone(), output, parameters]
        });
        let lines: Vec<[String; 4]> = std::iter::once(head).chain(cells).collect();
        let [p, l, o, n] =
            std::array::from_fn(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0));
        for [path, layer, output, parameters] in &lines {
            let line = format!("{path:<p$}  {layer:<l$}  {output:<o$}  {parameters:>n$}");
            writeln!(f, "{}", line.trim_end())?;
        }
        let all = grouped(self.rows.iter().map(|row| row.parameters).sum());
        write!(f, "{all} parameters, {} of them frozen", grouped(self.frozen))
    }
}

/// The shape of what is a tensor.
fn shape(output: &dyn Any) -> Option<Vec<usize>> {
    macro_rules! of {
        ($($T:ty)+) => {
            None$(.or_else(|| output.downcast_ref::<Tensor<$T>>().map(|x| x.shape().to_vec())))+
        };
    }
    of!(f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 isize usize bool)
}

/// A type's name without modules and without what it is generic over, but for what only wraps a layer; a function's name.
fn short(name: &str) -> String {
    let (path, inner) = match name.split_once('<') {
        Some((path, rest)) if !path.ends_with("::") => (path, rest.strip_suffix('>')),
        _ => (name, None),
    };
    match (path.rsplit("::").next().unwrap_or(path), inner) {
        (wrapper @ ("Frozen" | "Tied"), Some(layer)) => format!("{wrapper}<{}>", short(layer)),
        ("Function", Some(function)) => short(function),
        ("{{closure}}", _) => "closure".to_owned(),
        (last, _) => last.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Chain, Embedding, Function, Maxout, Parallel};
    use crate::prelude::*;

    /// A model that says what it is made of; its first layer is applied twice.
    #[derive(Params, Clone)]
    struct Twice {
        scale: Tensor,
        inner: Dense,
        out: Dense,
    }

    impl Layer for Twice {
        type Output = (Tensor, f32);

        fn forward(&self, x: &Tensor) -> (Tensor, f32) {
            self.outline(x, &mut Outline::default())
        }

        fn outline(&self, x: &Tensor, outline: &mut Outline) -> (Tensor, f32) {
            let x = outline.layer("inner", &self.inner, x) * &self.scale;
            let x = outline.layer("inner", &self.inner, &x);
            (outline.layer("out", &self.out, &x), 1.0)
        }
    }

    fn rows(outline: &Outline) -> Vec<(&str, &str, Option<&[usize]>, usize)> {
        outline.rows.iter().map(|row| (&*row.path, &*row.layer, row.output.as_deref(), row.parameters)).collect()
    }

    #[test]
    fn a_layer_that_is_applied_twice_has_its_parameters_once() {
        let mut rng = StdRng::seed_from_u64(0);
        let scale = Tensor::scalar(2.0);
        let model = Twice { scale, inner: Dense::new(3, 3, &mut rng), out: Dense::new(3, 2, &mut rng) };
        let outline = outline(&chain![model], (5, 3));
        assert_eq!(
            rows(&outline),
            [
                ("", "Chain", None, 0),
                ("layers.0", "Twice", None, 1),
                ("layers.0.inner", "Dense", Some(&[5, 3][..]), 12),
                ("layers.0.inner", "Dense", Some(&[5, 3]), 0),
                ("layers.0.out", "Dense", Some(&[5, 2]), 8),
            ]
        );
        assert!(outline.to_string().ends_with("21 parameters, 0 of them frozen"));
    }

    #[test]
    fn every_layer_made_of_layers_shows_them() {
        let mut rng = StdRng::seed_from_u64(0);
        let shared = Tied::new(Dense::<f32>::new(2, 2, &mut rng));
        let blocks = Chain { layers: vec![shared.clone(), shared] };
        let maxout = Maxout::new([Dense::new(2, 3, &mut rng), Dense::new(2, 3, &mut rng)]);
        let pair = Parallel::new((maxout, Function::new(Tensor::<f32>::sum)), |(a, b): (Tensor, Tensor)| a + b);
        let array = Chain { layers: [Dense::<f32>::new(3, 3, &mut rng)] };
        let model = chain![Embedding::new(7, 2, &mut rng), blocks, pair, Frozen::new(array), |x: &Tensor| x.t()];
        let outline = Outline::of(&model, &Tensor::<i64>::zeros(4));
        assert_eq!(
            rows(&outline),
            [
                ("", "Chain", Some(&[3, 4][..]), 0),
                ("layers.0", "Embedding", Some(&[4, 2]), 14),
                ("layers.1", "Chain", Some(&[4, 2]), 0),
                ("layers.1.layers.0", "Tied<Dense>", Some(&[4, 2]), 6),
                ("layers.1.layers.1", "Tied<Dense>", Some(&[4, 2]), 0),
                ("layers.2", "Parallel", Some(&[4, 3]), 0),
                ("layers.2.layers.0", "Maxout", Some(&[4, 3]), 0),
                ("layers.2.layers.0.layers.0", "Dense", Some(&[4, 3]), 9),
                ("layers.2.layers.0.layers.1", "Dense", Some(&[4, 3]), 9),
                ("layers.2.layers.1", "sum", Some(&[]), 0),
                ("layers.3", "Frozen<Chain>", Some(&[4, 3]), 0),
                ("layers.3.layers.0", "Dense", Some(&[4, 3]), 12),
                ("layers.4", "closure", Some(&[3, 4]), 0),
            ]
        );
        assert_eq!(outline.frozen, 12);
    }
}
