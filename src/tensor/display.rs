//! How tensors print: as `ndarray` arrays, which leave out the middle of what is large.

use std::fmt;

use super::{Element, Tensor};

impl<T: Element> fmt::Display for Tensor<T> {
    /// The elements, with the format's precision; long axes show their ends only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
    }
}

impl<T: Element + fmt::LowerExp> fmt::LowerExp for Tensor<T> {
    /// As [`Display`](fmt::Display), with exponents: `[1.5e-3, 2e4]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.view(), f)
    }
}

impl<T: Element> fmt::Debug for Tensor<T> {
    /// Type, shape and elements: `Tensor<f32>[2] [1.0, 2.0]`; `traced` where a gradient watches.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor<{}>{:?}", T::NAME, self.shape())?;
        if self.is_traced() {
            f.write_str(" traced")?;
        }
        f.write_str(if f.alternate() && self.rank() > 1 { "\n" } else { " " })?;
        fmt::Display::fmt(&self.view(), f)
    }
}
