//! Settings that are given for every axis alike or for each.

use serde::{Deserialize, Serialize};

/// A setting for every spatial axis alike, or one for each: made of one value, an array or a slice.
///
/// Padding is a number of elements at either end, or a pair (before, after).
///
/// ```
/// use sapwood::ops::{ConvOptions, PerAxis};
///
/// let options = ConvOptions::new().stride(2).dilation([1, 2]).padding([(0, 1), (2, 2)]);
/// assert_eq!(PerAxis::from(2), PerAxis::from(&[2][..]));
/// # let _ = options;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerAxis<V>(Vec<V>);

impl<V: Copy> PerAxis<V> {
    /// The setting of each of `axes` axes.
    #[track_caller]
    pub(crate) fn resolve(&self, operation: &str, setting: &str, axes: usize) -> Vec<V> {
        let given = self.0.len();
        assert!(
            given == 1 || given == axes,
            "{operation}: {setting} is given for {given} axes, but there are {axes} spatial axes"
        );
        (0..axes).map(|axis| self.0[if given == 1 { 0 } else { axis }]).collect()
    }

    /// All values that are given.
    pub(crate) fn values(&self) -> &[V] {
        &self.0
    }
}

/// How many spatial axes stand behind those for batch and channels.
#[track_caller]
pub(crate) fn spatial_axes(operation: &str, x: &[usize]) -> usize {
    assert!(
        (3..=5).contains(&x.len()),
        "{operation}: an input of shape {x:?}; it must have two axes for batch and channels and one to three spatial axes"
    );
    x.len() - 2
}

impl From<usize> for PerAxis<usize> {
    fn from(value: usize) -> Self {
        PerAxis(vec![value])
    }
}

impl<const N: usize> From<[usize; N]> for PerAxis<usize> {
    fn from(values: [usize; N]) -> Self {
        PerAxis(values.to_vec())
    }
}

impl From<&[usize]> for PerAxis<usize> {
    fn from(values: &[usize]) -> Self {
        PerAxis(values.to_vec())
    }
}

impl From<usize> for PerAxis<(usize, usize)> {
    fn from(value: usize) -> Self {
        PerAxis(vec![(value, value)])
    }
}

impl From<(usize, usize)> for PerAxis<(usize, usize)> {
    fn from(value: (usize, usize)) -> Self {
        PerAxis(vec![value])
    }
}

impl<const N: usize> From<[usize; N]> for PerAxis<(usize, usize)> {
    fn from(values: [usize; N]) -> Self {
        PerAxis(values.map(|value| (value, value)).to_vec())
    }
}

impl<const N: usize> From<[(usize, usize); N]> for PerAxis<(usize, usize)> {
    fn from(values: [(usize, usize); N]) -> Self {
        PerAxis(values.to_vec())
    }
}

impl From<&[(usize, usize)]> for PerAxis<(usize, usize)> {
    fn from(values: &[(usize, usize)]) -> Self {
        PerAxis(values.to_vec())
    }
}
