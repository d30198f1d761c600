//! Connectionist temporal classification.

use crate::tensor::{Float, Tensor};

/// The mean CTC loss over the sequences of a batch: −ln of the probability that a sequence of classes, one a time step
/// and independent given the logits, becomes the labels when repeats are merged and blanks, class 0, dropped (Graves et
/// al., 2006). See [`Ctc`] for another blank and for sequences of different lengths.
///
/// Shapes: logits `[N, T, C]` for N sequences of T steps, C classes with the blank; N lists of labels. (PyTorch's mean
/// divides each loss by the number of its labels before; here it does not.)
///
/// # Panics
/// Where there are not N lists, or a label is the blank or not one of the C classes.
///
/// ```
/// # use sapwood::loss::ctc;
/// # use sapwood::prelude::*;
/// // Two steps, two classes, all equally likely: of the four sequences, 01, 10 and 11 become the label 1.
/// let loss = ctc(&Tensor::<f64>::zeros((1, 2, 2)), &[[1]]);
/// assert!((loss.item() - (4f64 / 3.0).ln()).abs() < 1e-12);
/// ```
#[track_caller]
pub fn ctc<T: Float>(logits: &Tensor<T>, labels: &[impl AsRef<[usize]>]) -> Tensor<T> {
    Ctc::new().loss(logits, labels)
}

pub(super) mod each {
    use super::Ctc;
    use crate::tensor::{Float, Tensor};

    /// [`ctc`](crate::loss::ctc) of each sequence; shape `[N]`.
    #[track_caller]
    pub fn ctc<T: Float>(logits: &Tensor<T>, labels: &[impl AsRef<[usize]>]) -> Tensor<T> {
        Ctc::new().each(logits, labels)
    }
}

/// [`ctc`] with options: `Ctc::new().blank(9).lengths(&[120, 97]).loss(&logits, &labels)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ctc {
    blank: usize,
    lengths: Option<Vec<usize>>,
}

impl Ctc {
    /// The blank is class 0, and every sequence has all T steps.
    pub fn new() -> Self {
        Ctc::default()
    }

    /// Sets the class that is the blank.
    pub fn blank(self, class: usize) -> Self {
        Ctc { blank: class, ..self }
    }

    /// Sets how many steps each sequence of the batch has; what stands behind them is not looked at.
    pub fn lengths(self, lengths: &[usize]) -> Self {
        Ctc { lengths: Some(lengths.to_vec()), ..self }
    }

    /// The mean over all sequences. See [`ctc`] for shapes and panics; it panics too where a length is 0 or beyond T.
    #[track_caller]
    pub fn loss<T: Float>(&self, logits: &Tensor<T>, labels: &[impl AsRef<[usize]>]) -> Tensor<T> {
        self.each(logits, labels).mean()
    }

    /// The loss of each sequence; shape `[N]`. ∞, without a gradient, where a sequence has too few steps for its labels.
    #[track_caller]
    pub fn each<T: Float>(&self, logits: &Tensor<T>, labels: &[impl AsRef<[usize]>]) -> Tensor<T> {
        let labels: Vec<&[usize]> = labels.iter().map(AsRef::as_ref).collect();
        let lengths = self.check(logits, &labels);
        let states = States::new(self.blank, &labels);
        let (n, steps) = (logits.shape()[0], logits.shape()[1]);
        let width = states.classes.shape()[1];
        let places =
            states.classes.unsqueeze(1).view().broadcast((n, steps, width)).map(|x| Tensor::from(x.into_dyn()));
        let Some(places) = places else { unreachable!("[N, 1, L] broadcasts to [N, T, L]") };
        let emitted = logits.log_softmax(-1).gather(-1, &places);
        let last =
            Tensor::from_vec(lengths.iter().flat_map(|&length| vec![length - 1; width]).collect(), (n, 1, width));
        let forward = states.forward(&emitted).gather(1, &last).squeeze(1);
        -(forward + states.ends()).logsumexp_axis(-1)
    }

    /// The lengths of the sequences, after all has been checked.
    #[track_caller]
    fn check<T: Float>(&self, logits: &Tensor<T>, labels: &[&[usize]]) -> Vec<usize> {
        let &[n, steps, classes] = logits.shape() else {
            panic!("ctc: the logits must have the axes [N, T, C], not {:?}", logits.shape());
        };
        assert!(labels.len() == n, "ctc: {} lists of labels for {n} sequences", labels.len());
        assert!(self.blank < classes, "ctc: the blank {} is not one of {classes} classes (0..{classes})", self.blank);
        for (row, &label) in labels.iter().enumerate().flat_map(|(row, labels)| labels.iter().map(move |l| (row, l))) {
            assert!(
                label < classes && label != self.blank,
                "ctc: label {label} of sequence {row} is the blank or not one of {classes} classes (0..{classes})"
            );
        }
        let lengths = self.lengths.clone().unwrap_or_else(|| vec![steps; n]);
        let good = lengths.len() == n && lengths.iter().all(|length| (1..=steps).contains(length));
        assert!(
            good,
            "ctc: {n} sequences of at most {steps} steps, and at least one, can't have the lengths {lengths:?}"
        );
        lengths
    }
}

/// The states that a path goes through: blank, label, blank, …, blank. Beyond a sequence's own come more, from which no
/// way leads back.
struct States {
    /// The class of each state, `[N, L]`.
    classes: Tensor<usize>,
    /// How many labels each sequence has.
    counts: Vec<usize>,
}

impl States {
    fn new(blank: usize, labels: &[&[usize]]) -> Self {
        let counts: Vec<usize> = labels.iter().map(|labels| labels.len()).collect();
        let width = 2 * counts.iter().max().unwrap_or(&0) + 1;
        let mut classes = vec![blank; labels.len() * width];
        for (row, labels) in classes.chunks_mut(width).zip(labels) {
            row.iter_mut().skip(1).step_by(2).zip(*labels).for_each(|(class, &label)| *class = label);
        }
        States { classes: Tensor::from_vec(classes, (labels.len(), width)), counts }
    }

    /// 0 where a condition on sequence and state holds, −∞ elsewhere; `[N, L]`.
    fn mask<T: Float>(&self, holds: impl Fn(usize, usize) -> bool) -> Tensor<T> {
        let width = self.classes.shape()[1];
        let value = |i: usize| if holds(i / width, i % width) { T::zero() } else { T::neg_infinity() };
        Tensor::from_vec((0..self.classes.len()).map(value).collect(), self.classes.shape())
    }

    /// Where a path may end: in the last blank or the last label.
    fn ends<T: Float>(&self) -> Tensor<T> {
        self.mask(|row, state| state == 2 * self.counts[row] || state + 1 == 2 * self.counts[row])
    }

    /// ln of the probability of being in each state at each step, having emitted what leads there; `[N, T, L]` as the
    /// logarithms `emitted`. A path stays, or goes to the next state, or from a label to the next one if they differ.
    fn forward<T: Float>(&self, emitted: &Tensor<T>) -> Tensor<T> {
        let steps = emitted.chunk(emitted.shape()[1].max(1), 1);
        let width = self.classes.shape()[1] as isize;
        let class = |row: usize, state: usize| self.classes[[row, state]];
        let jumps = self.mask(|row, state| state % 2 == 1 && state > 1 && class(row, state) != class(row, state - 2));
        let later = |x: &Tensor<T>, by: isize| {
            let kept = x.slice(ndarray::s![.., ..(width - by).max(0)]);
            kept.pad(&[(0, 0), (by.min(width) as usize, 0)], T::neg_infinity())
        };
        let mut all = vec![self.mask(|_, state| state < 2) + steps[0].squeeze(1)];
        for step in &steps[1..] {
            let before = &all[all.len() - 1];
            let ways = [before.clone(), later(before, 1), later(before, 2) + &jumps];
            all.push(Tensor::stack(&ways, 0).logsumexp_axis(0) + step.squeeze(1));
        }
        Tensor::stack(&all, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ctc, ctc};
    use crate::prelude::*;

    #[test]
    fn losses_and_gradients_are_fluxes() {
        // Flux test/ctc.jl: classes by time there, the blank the last class, labels 1 and 2.
        let x = Tensor::from([[[1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [3.0, 1.0, 2.0]]]);
        let of = |x: &Tensor<f64>| Ctc::new().blank(2).loss(x, &[[0, 1]]);
        let (loss, g) = with_gradient(of, &x);
        assert!((loss - 3.6990738275138035).abs() < 1e-12, "{loss}");
        let expected = [-0.317671, 0.244728, 0.0729422, -0.427729, -0.0196172, 0.447346, 0.665241, -0.829811, 0.16457];
        let g = g.get().unwrap().to_vec();
        assert!(g.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{g:?}");
        let x = Tensor::from([[[-3.0, 4.0, 8.0], [12.0, 20.0, -33.0], [8.0, -2.0, 6.0], [15.0, 20.0, 5.0]]]);
        assert!((of(&x).item() - 8.02519869363453).abs() < 1e-10, "{}", of(&x).item());
    }

    /// The sum over all paths, one by one.
    fn by_enumeration(logits: &Tensor<f64>, labels: &[usize]) -> f64 {
        let (steps, classes) = (logits.shape()[0], logits.shape()[1]);
        let logs = logits.log_softmax(-1).to_vec();
        let mut total = 0.0;
        for path in 0..classes.pow(steps as u32) {
            let path: Vec<usize> = (0..steps).map(|t| path / classes.pow(t as u32) % classes).collect();
            let mut merged = path.clone();
            merged.dedup();
            merged.retain(|&class| class != 0);
            if merged == labels {
                total += path.iter().enumerate().map(|(t, class)| logs[t * classes + class]).sum::<f64>().exp();
            }
        }
        -total.ln()
    }

    #[test]
    fn losses_are_those_of_all_paths_summed_one_by_one() {
        let logits = Tensor::<f64>::normal((4, 5, 3), 0.0, 1.0, &mut StdRng::seed_from_u64(0));
        let labels = [vec![1, 2], vec![1, 1, 2], vec![], vec![2]];
        let lengths = [5, 4, 3, 1];
        let each = Ctc::new().lengths(&lengths).each(&logits, &labels).to_vec();
        for (i, labels) in labels.iter().enumerate() {
            let expected = by_enumeration(&logits.slice(s![i, ..lengths[i]]), labels);
            assert!((each[i] - expected).abs() < 1e-12, "{i}: {} is not {expected}", each[i]);
        }
    }

    #[test]
    fn too_few_steps_for_the_labels_are_impossible() {
        let (loss, g) = with_gradient(|z| ctc(z, &[[1, 1]]), &Tensor::<f64>::zeros((1, 2, 2)));
        assert_eq!((loss, g.get().unwrap().to_vec()), (f64::INFINITY, vec![0.0; 4]));
    }

    #[test]
    #[should_panic(expected = "ctc: label 0 of sequence 1 is the blank or not one of 3 classes (0..3)")]
    fn a_blank_is_no_label() {
        let _ = ctc(&Tensor::<f32>::zeros((2, 4, 3)), &[vec![1], vec![2, 0]]);
    }

    #[test]
    #[should_panic(expected = "ctc: 2 sequences of at most 4 steps, and at least one, can't have the lengths [4, 5]")]
    fn lengths_must_fit() {
        let _ = Ctc::new().lengths(&[4, 5]).loss(&Tensor::<f32>::zeros((2, 4, 3)), &[[1], [2]]);
    }
}
