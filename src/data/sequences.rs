//! Sequences: windows of long ones, and uneven ones side by side.

use std::ops::Range;

use crate::tensor::{Element, Tensor};

/// Windows of `size` steps of a sequence of `length`, `stride` apart; what does not fill a window is left out.
///
/// # Panics
/// Where `size` or `stride` is zero.
///
/// ```
/// use sapwood::data::windows;
/// use sapwood::prelude::*;
///
/// let series: Tensor = Tensor::arange(20);
/// let x: Vec<Tensor> = windows(20, 5, 1).map(|window| series.slice(s![window])).collect();
/// assert_eq!((x.len(), x[15].to_vec()), (16, vec![15.0, 16.0, 17.0, 18.0, 19.0]));
/// ```
#[track_caller]
pub fn windows(length: usize, size: usize, stride: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
    assert!(size > 0 && stride > 0, "windows: the size {size} and the stride {stride} must be at least 1");
    let count = if length < size { 0 } else { (length - size) / stride + 1 };
    (0..count).map(move |i| i * stride..i * stride + size)
}

/// Sequences of uneven lengths as one tensor `[sequences, longest, …]`, filled up with `padding`, and the mask
/// `[sequences, longest]` that is `true` where a sequence has a step.
///
/// # Panics
/// Where there are no sequences, one is a scalar, or they differ in other axes than the first.
///
/// ```
/// use sapwood::data::pad_sequences;
/// use sapwood::prelude::*;
///
/// let (x, mask) = pad_sequences(&[Tensor::from([1i64, 2, 3]), Tensor::from([4])], 0);
/// assert_eq!(x, Tensor::from([[1, 2, 3], [4, 0, 0]]));
/// assert_eq!(mask, Tensor::from([[true, true, true], [true, false, false]]));
/// ```
#[track_caller]
pub fn pad_sequences<T: Element>(sequences: &[Tensor<T>], padding: T) -> (Tensor<T>, Tensor<bool>) {
    assert!(!sequences.is_empty(), "pad_sequences: there are no sequences");
    let rest = sequences[0].shape().get(1..);
    for sequence in sequences {
        assert!(
            sequence.rank() > 0 && sequence.shape().get(1..) == rest,
            "pad_sequences: sequences of shapes {:?} and {:?}, where all must be [steps, …] with the same axes after",
            sequences[0].shape(),
            sequence.shape()
        );
    }
    let longest = sequences.iter().map(|sequence| sequence.shape()[0]).max().unwrap_or(0);
    let fill = |sequence: &Tensor<T>| {
        let mut widths = vec![(0, 0); sequence.rank()];
        widths[0].1 = longest - sequence.shape()[0];
        sequence.pad(&widths, padding)
    };
    let filled: Vec<Tensor<T>> = sequences.iter().map(fill).collect();
    let present = sequences.iter().flat_map(|sequence| (0..longest).map(|step| step < sequence.shape()[0]));
    (Tensor::stack(&filled, 0), Tensor::from_vec(present.collect(), (sequences.len(), longest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_those_of_mlutils() {
        // MLUtils, slidingwindow(1:20, size = 5): 16 windows; with stride 3: 6.
        assert_eq!((windows(20, 5, 1).len(), windows(20, 5, 3).len()), (16, 6));
        assert_eq!(windows(20, 5, 3).last(), Some(15..20));
        assert_eq!((windows(4, 5, 1).len(), windows(5, 5, 9).len()), (0, 1));
    }

    #[test]
    fn vectors_of_uneven_sequences_stay_together() {
        let (x, mask) = pad_sequences(&[Tensor::<f32>::ones((2, 3)), Tensor::ones((0, 3))], -1.0);
        assert_eq!((x.shape(), mask.to_vec()), (&[2, 2, 3][..], vec![true, true, false, false]));
        assert_eq!(x.sum().item(), 0.0);
    }
}
