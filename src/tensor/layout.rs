//! Where the elements of a tensor lie in its storage: shape, strides and offset.

use smallvec::SmallVec;

use crate::kernels::strided::{Strided, is_dense};

/// Lengths of the axes; ranks up to four need no allocation.
pub(crate) type Shape = SmallVec<[usize; 4]>;
/// Distances, in elements, between neighbours along each axis: 0 where the axis is broadcast, negative where it is reversed.
pub(crate) type Strides = SmallVec<[isize; 4]>;

/// The place of element `(i, j, …)` is `offset + i·strides[0] + j·strides[1] + …`.
#[derive(Debug, PartialEq)]
pub(crate) struct Layout {
    pub(crate) shape: Shape,
    pub(crate) strides: Strides,
    pub(crate) offset: usize,
}

// Every operation clones some: `SmallVec`'s own clone goes element by element.
impl Clone for Layout {
    fn clone(&self) -> Self {
        Layout { shape: list(&self.shape), strides: list(&self.strides), offset: self.offset }
    }
}

impl Layout {
    /// Row-major and dense, from the start of the storage.
    pub(crate) fn contiguous(shape: &[usize]) -> Self {
        Layout { shape: list(shape), strides: row_major(shape), offset: 0 }
    }

    /// The first element of the storage everywhere.
    pub(crate) fn repeating(shape: &[usize]) -> Self {
        Layout { shape: list(shape), strides: equal(0, shape.len()), offset: 0 }
    }

    /// The elements of a storage that lie so.
    pub(crate) fn of<'a, T>(&'a self, data: &'a [T]) -> Strided<'a, T> {
        Strided { data, shape: &self.shape, strides: &self.strides, offset: self.offset }
    }

    pub(crate) fn rank(&self) -> usize {
        self.shape.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the elements, in row-major order, are neighbours in the storage.
    #[inline]
    pub(crate) fn is_contiguous(&self) -> bool {
        is_dense(&self.shape, &self.strides)
    }

    /// The same storage under other axes: new axis `i` is old axis `axes[i]`.
    pub(crate) fn permute(&self, axes: &[usize]) -> Self {
        Layout {
            shape: axes.iter().map(|&axis| self.shape[axis]).collect(),
            strides: axes.iter().map(|&axis| self.strides[axis]).collect(),
            offset: self.offset,
        }
    }

    /// The same elements repeated along new and length-one axes, by NumPy's rules; `None` where the shapes do not fit.
    pub(crate) fn broadcast(&self, shape: &[usize]) -> Option<Self> {
        let lead = shape.len().checked_sub(self.rank())?;
        let mut strides = equal(0, shape.len());
        for axis in 0..self.rank() {
            match (self.shape[axis], shape[lead + axis]) {
                (from, to) if from == to => strides[lead + axis] = self.strides[axis],
                (1, _) => {}
                _ => return None,
            }
        }
        Some(Layout { shape: list(shape), strides, offset: self.offset })
    }

    /// Another shape over the same storage, where no copy is needed for it.
    pub(crate) fn reshape(&self, shape: &[usize]) -> Option<Self> {
        if self.is_contiguous() {
            return Some(Layout { offset: self.offset, ..Layout::contiguous(shape) });
        }
        // Only ones inserted or removed: the strides of the other axes carry over.
        let mut old = (0..self.rank()).filter(|&axis| self.shape[axis] != 1);
        let mut strides = Strides::with_capacity(shape.len());
        for &length in shape {
            if length == 1 {
                strides.push(0);
            } else {
                let axis = old.next().filter(|&axis| self.shape[axis] == length)?;
                strides.push(self.strides[axis]);
            }
        }
        old.next().is_none().then(|| Layout { shape: Shape::from_slice(shape), strides, offset: self.offset })
    }
}

/// `SmallVec::from_slice`, which calls the system's `memcpy`, without that for a few elements.
pub(crate) fn list<T: Copy + Default>(x: &[T]) -> SmallVec<[T; 4]> {
    if x.len() > 4 {
        return SmallVec::from_slice(x);
    }
    let few = std::array::from_fn(|i| x.get(i).copied().unwrap_or_default());
    SmallVec::from_buf_and_len(few, x.len())
}

/// `SmallVec::from_elem`, without its loop for a few elements.
fn equal(x: isize, len: usize) -> Strides {
    if len > 4 { Strides::from_elem(x, len) } else { Strides::from_buf_and_len([x; 4], len) }
}

fn row_major(shape: &[usize]) -> Strides {
    let mut strides = equal(1, shape.len());
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].max(1) as isize;
    }
    strides
}

/// The shape that two shapes broadcast to, by NumPy's rules; `None` where they do not fit.
pub(crate) fn broadcast_shapes(a: &[usize], b: &[usize]) -> Option<Shape> {
    if a == b {
        return Some(list(a));
    }
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let lead = long.len() - short.len();
    let mut shape = list(long);
    for (length, &other) in shape[lead..].iter_mut().zip(short) {
        *length = match (*length, other) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => return None,
        };
    }
    Some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_as_numpys_do() {
        // numpy.broadcast_shapes
        assert_eq!(broadcast_shapes(&[3, 1], &[4]).unwrap().as_slice(), [3, 4]);
        assert_eq!(broadcast_shapes(&[], &[2, 0]).unwrap().as_slice(), [2, 0]);
        assert_eq!(broadcast_shapes(&[1], &[0]).unwrap().as_slice(), [0]);
        assert!(broadcast_shapes(&[3], &[2]).is_none());
    }

    #[test]
    fn a_reshape_copies_only_where_it_must() {
        let transposed = Layout::contiguous(&[2, 3]).permute(&[1, 0]);
        assert!(!transposed.is_contiguous());
        assert!(transposed.reshape(&[6]).is_none());
        assert_eq!(transposed.reshape(&[3, 1, 2]).unwrap().strides.as_slice(), [1, 0, 3]);
        assert!(Layout::contiguous(&[2, 3]).reshape(&[3, 2]).is_some());
    }
}
