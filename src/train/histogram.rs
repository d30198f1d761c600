//! [`Histogram`].

use crate::tensor::{Element, Tensor};

/// How many numbers fall into each of several bins of equal width.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Where bins begin and end, one more than there are bins.
    pub edges: Vec<f64>,
    /// How many numbers are in each bin: from its first edge to below its last; the last bin has its last edge too.
    pub counts: Vec<usize>,
}

impl Histogram {
    /// Of numbers, from the smallest to the largest that is finite; what is not finite is not counted. Where all are
    /// the same number there is one bin, where there are none, none.
    ///
    /// # Panics
    /// Where `bins` is 0.
    ///
    /// ```
    /// use sapwood::train::Histogram;
    ///
    /// let histogram = Histogram::of(&[0.0, 0.5, 1.0, 4.0, f64::NAN], 2);
    /// assert_eq!((histogram.edges, histogram.counts), (vec![0.0, 2.0, 4.0], vec![3, 1]));
    /// ```
    #[track_caller]
    pub fn of(numbers: &[f64], bins: usize) -> Self {
        assert!(bins > 0, "Histogram: there must be at least one bin");
        let finite = || numbers.iter().copied().filter(|x| x.is_finite());
        let (min, max) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), x| (min.min(x), max.max(x)));
        if min > max {
            return Histogram { edges: vec![0.0], counts: vec![] };
        }
        if min == max {
            return Histogram { edges: vec![min, max], counts: vec![finite().count()] };
        }
        // Divided before the difference is taken, which may overflow.
        let width = max / bins as f64 - min / bins as f64;
        let edge = |bin: usize| if bin == bins { max } else { min + width * bin as f64 };
        let edges: Vec<f64> = (0..=bins).map(edge).collect();
        let mut counts = vec![0; bins];
        for x in finite() {
            counts[edges[1..bins].partition_point(|&edge| edge <= x)] += 1;
        }
        Histogram { edges, counts }
    }

    /// Of a tensor's elements; see [`of`](Self::of).
    #[track_caller]
    pub fn of_tensor<T: Element>(tensor: &Tensor<T>, bins: usize) -> Self {
        Histogram::of(&tensor.view().iter().map(|x| x.to_f64()).collect::<Vec<_>>(), bins)
    }

    /// The first edge and the last.
    pub fn range(&self) -> (f64, f64) {
        (self.edges[0], self.edges[self.edges.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn bins_are_those_of_numpy() {
        // numpy.histogram([-1, 0, 0.5, 0.5, 2, 1.9999, 1], bins=3)
        let histogram = Histogram::of(&[-1.0, 0.0, 0.5, 0.5, 2.0, 1.9999, 1.0], 3);
        assert_eq!(histogram.counts, [1, 3, 3]);
        assert_eq!(histogram.edges, [-1.0, 0.0, 1.0, 2.0]);
        assert_eq!(Histogram::of(&[3.0, 3.0], 5).counts, [2]);
        assert_eq!(Histogram::of(&[f64::INFINITY], 5).counts, [0; 0]);
        let wide = Histogram::of(&[f64::MIN, 0.0, f64::MAX], 2);
        assert_eq!((wide.counts, wide.edges[1]), (vec![1, 2], 0.0));
    }
}
