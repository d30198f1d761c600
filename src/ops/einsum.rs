//! Sums of products in Einstein's notation.

use smallvec::SmallVec;

use crate::tensor::{Float, Shape, Tensor};

impl<T: Float> Tensor<T> {
    /// Sums of products of tensors, by a letter for each axis: an axis that several tensors have by one letter is walked together, and
    /// letters that the result lacks are summed over (NumPy's and PyTorch's `einsum`).
    ///
    /// `"ij,jk->ik"` is a matrix product, `"bij,bjk->bik"` one of each pair in a batch, `"i,j->ij"` the outer product, `"ii->i"` a
    /// diagonal, `"ij->j"` sums of columns. `…` written as three dots stands for any axes before, after or between the others; those of
    /// several tensors broadcast, and are summed over where the result has no dots. Without `->` the result has the letters that occur once, in the order of the alphabet.
    ///
    /// Operands are multiplied from left to right, by [`matmul`](Tensor::matmul) where letters are summed over: of three and more, put
    /// those first whose product is small. Derivatives are those of the operations that this is made of.
    ///
    /// # Panics
    /// Where the letters do not fit the operands, or an axis has two lengths, with the place.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let v: Tensor = Tensor::from([1.0, 10.0]);
    /// assert_eq!(Tensor::einsum("ij,j->i", &[&x, &v]).to_vec(), [21.0, 43.0]);
    /// assert_eq!(Tensor::einsum("i,ij,j->", &[&v, &x, &v]).item(), 451.0);
    /// assert_eq!(Tensor::einsum("ii", &[&x]).item(), 5.0);
    /// ```
    #[track_caller]
    pub fn einsum(letters: &str, operands: &[&Tensor<T>]) -> Tensor<T> {
        let (inputs, output) = match parse(letters, operands) {
            Ok(parsed) => parsed,
            Err(fault) => {
                let shapes: Vec<&[usize]> = operands.iter().map(|x| x.shape()).collect();
                panic!("einsum \"{letters}\" of the shapes {shapes:?}: {fault}")
            }
        };
        let mut rest = operands.iter().zip(inputs).map(|(&x, labels)| Labelled::new(x, labels)).collect::<Vec<_>>();
        rest.reverse();
        let Some(mut product) = rest.pop() else { unreachable!("there is an operand") };
        while let Some(next) = rest.pop() {
            let needed = |label: &Label| output.contains(label) || rest.iter().any(|x| x.labels.contains(label));
            product = product.sum_unless(|label| needed(label) || next.labels.contains(label));
            let next = next.sum_unless(|label| needed(label) || product.labels.contains(label));
            product = product.times(&next, needed);
        }
        product.sum_unless(|label| output.contains(label)).in_order(&output)
    }
}

/// What an axis is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    /// An axis that three dots stand for, by its place from the last of them.
    Dots(usize),
    Letter(char),
}

type Labels = SmallVec<[Label; 4]>;

/// The labels of the operands' axes and of the result's, which are known to fit the operands.
fn parse<T: Float>(letters: &str, operands: &[&Tensor<T>]) -> Result<(Vec<Labels>, Labels), String> {
    let letters: String = letters.split_whitespace().collect();
    let (inputs, output) = match letters.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (&letters[..], None),
    };
    let parts: Vec<&str> = inputs.split(',').collect();
    if parts.len() != operands.len() {
        return Err(format!("letters for {} operands, but there are {}", parts.len(), operands.len()));
    }
    let inputs: Vec<Labels> =
        parts.into_iter().zip(operands).map(|(part, x)| labels_of(part, x.shape())).collect::<Result<_, _>>()?;
    check_lengths(&inputs, operands)?;
    let mut all: Labels = inputs.iter().flatten().copied().collect();
    all.sort();
    let dots = |label: &Label| if let Label::Dots(place) = label { Some(place + 1) } else { None };
    let most = all.iter().filter_map(dots).max().unwrap_or(0);
    let output = match output {
        Some(output) => labels(output, most)?,
        None => {
            let once = |label: &&Label| all.iter().filter(|other| other == label).count() == 1;
            let letters = all.iter().filter(|label| dots(label).is_none()).filter(once);
            (0..most).rev().map(Label::Dots).chain(letters.copied()).collect()
        }
    };
    for (i, label) in output.iter().enumerate() {
        if let Label::Letter(letter) = label {
            if !all.contains(label) {
                return Err(format!("`{letter}` of the result is in no operand"));
            }
            if output[..i].contains(label) {
                return Err(format!("`{letter}` is twice in the result"));
            }
        }
    }
    Ok((inputs, output))
}

/// The labels of an operand of a shape.
fn labels_of(part: &str, shape: &[usize]) -> Result<Labels, String> {
    let named = part.replace("...", "").chars().count();
    let dots = if part.contains("...") { shape.len().checked_sub(named) } else { Some(0) };
    match dots {
        Some(dots) if dots + named == shape.len() => labels(part, dots),
        _ => Err(format!("`{part}` does not fit the shape {shape:?}")),
    }
}

/// The labels that are written, where three dots stand for some axes.
fn labels(part: &str, dots: usize) -> Result<Labels, String> {
    let mut labels = Labels::new();
    for (i, letters) in part.split("...").enumerate() {
        match i {
            0 => {}
            1 => labels.extend((0..dots).rev().map(Label::Dots)),
            _ => return Err(format!("`{part}` has three dots twice")),
        }
        for letter in letters.chars() {
            if !letter.is_ascii_alphabetic() {
                return Err(format!("`{letter}` is no letter"));
            }
            labels.push(Label::Letter(letter));
        }
    }
    Ok(labels)
}

/// Axes of one letter have one length; those that dots stand for may also be of length one.
fn check_lengths<T: Float>(inputs: &[Labels], operands: &[&Tensor<T>]) -> Result<(), String> {
    let mut lengths: Vec<(Label, usize)> = vec![];
    for (labels, x) in inputs.iter().zip(operands) {
        for (&label, &length) in labels.iter().zip(x.shape()) {
            match (label, lengths.iter_mut().find(|(other, _)| *other == label)) {
                (_, None) => lengths.push((label, length)),
                (Label::Dots(_), Some((_, before))) if *before == 1 => *before = length,
                (Label::Dots(_), Some(_)) if length == 1 => {}
                (_, Some((_, before))) if *before == length => {}
                (Label::Letter(letter), Some((_, before))) => {
                    return Err(format!("`{letter}` is {before} and {length} long"));
                }
                (Label::Dots(_), Some((_, before))) => {
                    return Err(format!("axes of three dots, {before} and {length} long, do not broadcast together"));
                }
            }
        }
    }
    Ok(())
}

/// A tensor with a label for each axis, all of them different.
struct Labelled<T: Float> {
    x: Tensor<T>,
    labels: Labels,
}

impl<T: Float> Labelled<T> {
    /// Of axes that have one label, the diagonal.
    #[track_caller]
    fn new(x: &Tensor<T>, mut labels: Labels) -> Self {
        let mut x = x.clone();
        while let Some((i, j)) = twins(&labels) {
            let mut order: Vec<usize> = (0..labels.len()).filter(|&axis| axis != i && axis != j).collect();
            order.extend([i, j]);
            x = x.permute(&order).diagonal(0);
            let label = labels.remove(j);
            labels.remove(i);
            labels.push(label);
        }
        Labelled { x, labels }
    }

    fn length(&self, label: Label) -> Option<usize> {
        self.labels.iter().position(|&other| other == label).map(|axis| self.x.shape()[axis])
    }

    /// Summed over the axes that are not kept.
    #[track_caller]
    fn sum_unless(self, kept: impl Fn(&Label) -> bool) -> Self {
        let axes: Vec<usize> = (0..self.labels.len()).filter(|&axis| !kept(&self.labels[axis])).collect();
        if axes.is_empty() {
            return self;
        }
        Labelled { x: self.x.sum_axis(&axes[..]), labels: self.labels.into_iter().filter(kept).collect() }
    }

    /// The axes in an order; those that are missing have length one.
    #[track_caller]
    fn in_order(&self, labels: &[Label]) -> Tensor<T> {
        let order: Vec<usize> =
            labels.iter().filter_map(|label| self.labels.iter().position(|other| other == label)).collect();
        let shape: Shape = labels.iter().map(|&label| self.length(label).unwrap_or(1)).collect();
        self.x.permute(&order).reshape(shape.as_slice())
    }

    /// The product, summed over the labels that both have and that are not needed.
    #[track_caller]
    fn times(&self, other: &Self, needed: impl Fn(&Label) -> bool) -> Self {
        let (shared, mine): (Labels, Labels) =
            self.labels.iter().copied().partition(|label| other.labels.contains(label));
        let (both, summed): (Labels, Labels) = shared.iter().copied().partition(|label| needed(label));
        let others: Labels = other.labels.iter().copied().filter(|label| !self.labels.contains(label)).collect();
        let labels: Labels = both.iter().chain(&mine).chain(&others).copied().collect();
        if summed.is_empty() {
            return Labelled { x: self.in_order(&labels) * other.in_order(&labels), labels };
        }
        let length = |label: &Label| match (self.length(*label), other.length(*label)) {
            (None | Some(1), Some(length)) | (Some(length), _) => length,
            (None, None) => 1,
        };
        let product = |labels: &Labels| labels.iter().map(length).product::<usize>();
        // Each as one matrix for all that both have; an axis of length one is repeated where the other's is longer.
        let matrix = |x: &Self, labels: [&Labels; 3]| {
            let order: Labels = labels.into_iter().flatten().copied().collect();
            let full: Shape = order.iter().map(length).collect();
            x.in_order(&order).broadcast_to(full.as_slice()).reshape(labels.map(product).as_slice())
        };
        let (a, b) = (matrix(self, [&both, &mine, &summed]), matrix(other, [&both, &summed, &others]));
        let shape: Shape = labels.iter().map(length).collect();
        Labelled { x: a.matmul(&b).reshape(shape.as_slice()), labels }
    }
}

/// Two places of one label.
fn twins(labels: &[Label]) -> Option<(usize, usize)> {
    (0..labels.len()).find_map(|j| labels[..j].iter().position(|label| *label == labels[j]).map(|i| (i, j)))
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    /// Random numbers, on which loops and operations of other kinds are compared.
    fn operands() -> [Tensor<f64>; 3] {
        let mut rng = StdRng::seed_from_u64(6);
        [(2, 3, 4), (2, 4, 5), (3, 3, 2)].map(|shape| Tensor::normal(shape, 0.0, 1.0, &mut rng))
    }

    #[track_caller]
    fn agree(a: &Tensor<f64>, b: &Tensor<f64>) {
        assert_eq!(a.shape(), b.shape());
        assert!(a.all_close(b, 1e-12, 1e-12), "{a} and {b}");
    }

    #[test]
    fn as_other_operations_say_it() {
        let [x, y, z] = &operands();
        agree(&Tensor::einsum("bij,bjk->bik", &[x, y]), &x.matmul(y));
        agree(&Tensor::einsum("bij, bjk -> kib", &[x, y]), &x.matmul(y).permute(&[2, 1, 0]));
        agree(&Tensor::einsum("...ij,...jk", &[x, y]), &x.matmul(y));
        agree(&Tensor::einsum("bij->b", &[x]), &x.sum_axis([1, 2]));
        agree(&Tensor::einsum("bij,bij->", &[x, x]), &(x * x).sum());
        agree(&Tensor::einsum("bij,bij->bij", &[x, x]), &(x * x));
        agree(&Tensor::einsum("cba", &[x]), &x.permute(&[2, 1, 0]));
        agree(&Tensor::einsum("iij->ji", &[z]), &z.permute(&[2, 0, 1]).diagonal(0));
        agree(&Tensor::einsum("iij", &[z]), &z.permute(&[2, 0, 1]).diagonal(0).sum_axis(1));
        let outer = x.reshape(24).unsqueeze(1) * y.reshape(40);
        agree(&Tensor::einsum("abc,def", &[x, y]).reshape((24, 40)), &outer);
        // An axis that one operand alone has, and the result lacks.
        agree(&Tensor::einsum("bij,bjk->bi", &[x, y]), &x.matmul(&y.sum_axis(2).unsqueeze(2)).squeeze(2));
        agree(&Tensor::einsum("bij,cik->bc", &[x, z]).sum(), &(x.sum_axis([0, 2]) * z.sum_axis([0, 2])).sum());
        // Letters kept for a later operand.
        let expected = x.matmul(y).permute(&[1, 0, 2]).reshape((3, 10));
        agree(&Tensor::einsum("bij,bjk,iib->ibk", &[x, y, z]).reshape((3, 10)), &{
            let diagonal = z.permute(&[2, 0, 1]).diagonal(0).t().unsqueeze(2);
            (expected.reshape((3, 2, 5)) * diagonal).reshape((3, 10))
        });
    }

    #[test]
    fn three_dots_broadcast() {
        let [x, y, _] = &operands();
        let (first, row) = (x.slice(s![..1, .., ..]), y.slice(s![0]));
        agree(&Tensor::einsum("...ij,...jk->...ik", &[&first, y]), &first.matmul(y));
        agree(&Tensor::einsum("...ij,...jk->...ik", &[x, &row]), &x.matmul(&row));
        agree(&Tensor::einsum("...ij,...jk->ik", &[&first, y]), &first.matmul(y).sum_axis(0));
        agree(&Tensor::einsum("...,...", &[&Tensor::scalar(2.0), x]), &(x * 2.0));
        agree(&Tensor::einsum("i...->...", &[x]), &x.sum_axis(0));
        let none = Tensor::einsum("...ij,...jk->...ik", &[&x.slice(s![..0, .., ..]), &row]);
        assert_eq!(none.shape(), [0, 3, 5]);
        assert_eq!(
            Tensor::einsum("ij,jk->ik", &[&Tensor::<f32>::zeros((2, 0)), &Tensor::zeros((0, 3))]),
            Tensor::zeros((2, 3))
        );
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let faults = [
            ("ij,jk->ik", "of the shapes [[2, 3]]: letters for 2 operands, but there are 1"),
            ("ijk", "`ijk` does not fit the shape [2, 3]"),
            ("...ijk", "`...ijk` does not fit the shape [2, 3]"),
            ("ii", "`i` is 2 and 3 long"),
            ("ij->ik", "`k` of the result is in no operand"),
            ("ij->ii", "`i` is twice in the result"),
            ("i1", "`1` is no letter"),
            ("...i...", "`...i...` has three dots twice"),
        ];
        for (letters, expected) in faults {
            let x = Tensor::<f32>::zeros((2, 3));
            let panic = std::panic::catch_unwind(|| Tensor::einsum(letters, &[&x])).unwrap_err();
            let said = panic.downcast_ref::<String>().unwrap();
            assert!(said.starts_with(&format!("einsum \"{letters}\"")) && said.contains(expected), "{said}");
        }
    }
}
