//! The transpose of rows that lie somewhere, to columns elsewhere.

#![allow(unsafe_code)]

use super::vector::{SIDE, Vector, Wide, Work};

/// `to[column · to_stride + row] = from[row · stride + column]`, for [rows, columns].
pub(super) fn transpose<T: Wide>(
    from: &[T],
    stride: usize,
    to: &mut [T],
    to_stride: usize,
    [rows, columns]: [usize; 2],
) {
    if rows * columns == 0 {
        return;
    }
    assert!((rows - 1) * stride + columns <= from.len(), "{rows} rows of {columns} reach outside their source");
    assert!((columns - 1) * to_stride + rows <= to.len(), "{columns} columns of {rows} do not fit");
    if rows >= SIDE && columns >= SIDE {
        return T::wide(Blocks { from, stride, to, to_stride, rows, columns });
    }
    for row in 0..rows {
        for column in 0..columns {
            to[column * to_stride + row] = from[row * stride + column];
        }
    }
}

/// Blocks of [`SIDE`]×[`SIDE`], of which there is at least one.
struct Blocks<'a, T> {
    from: &'a [T],
    stride: usize,
    to: &'a mut [T],
    to_stride: usize,
    rows: usize,
    columns: usize,
}

impl<T: Wide> Work<T> for Blocks<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Element = T>>(self) {
        let (from, to) = (self.from.as_ptr(), self.to.as_mut_ptr());
        for row in starts(self.rows) {
            for column in starts(self.columns) {
                // SAFETY: the machine has the instruction set, as the caller promises; `transpose` has checked that the
                // block's rows and columns lie within the slices.
                unsafe {
                    let (from, to) = (from.add(row * self.stride + column), to.add(column * self.to_stride + row));
                    V::transpose(from, self.stride as isize, to, self.to_stride);
                }
            }
        }
    }
}

/// Where blocks start that cover `length`, at least [`SIDE`]: the last ends where it does, over some of what the one before has.
#[inline(always)]
fn starts(length: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(SIDE).map(move |start| start.min(length - SIDE))
}

#[cfg(test)]
mod tests {
    use super::transpose;
    use crate::kernels::vector::emulation::of_wide_vectors;

    fn every_element_goes_to_its_place() {
        let from: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        for sizes @ [rows, columns] in [[16, 32], [5, 3], [8, 9], [17, 24], [9, 16], [0, 4], [4, 0]] {
            let (stride, to_stride) = (columns + 3, rows + 2);
            let mut to = vec![-1.0; columns * to_stride];
            transpose(&from, stride, &mut to, to_stride, sizes);
            for (at, &x) in to.iter().enumerate() {
                let (column, row) = (at / to_stride, at % to_stride);
                assert!(
                    x == if row < rows { from[row * stride + column] } else { -1.0 },
                    "{sizes:?} at {row}, {column}"
                );
            }
        }
    }

    #[test]
    fn every_size_and_vector() {
        every_element_goes_to_its_place();
        of_wide_vectors(every_element_goes_to_its_place);
    }

    #[test]
    #[should_panic(expected = "2 columns of 3 do not fit")]
    fn too_few_places() {
        transpose(&[0.0; 6], 2, &mut [0.0; 5], 3, [3, 2]);
    }
}
