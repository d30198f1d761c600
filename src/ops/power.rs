//! Powers and roots.

use super::broadcast::{common_shape, shapes, zip_over};
use super::compare::Operand;
use super::pointwise::{fused_of_input, fused_of_output, map_shared, of_input, of_output};
use crate::autodiff::binary;
use crate::kernels::math;
use crate::tensor::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// z = xʸ for a tensor (broadcast by NumPy's rules) or a number y.
    ///
    /// Derivatives: x̄ = z̄ · y xʸ⁻¹, which is 0 where x and y both are; ȳ = z̄ · z ln x, which is 0 where x = 0 ≤ y.
    /// NaN to the power of 0 is 1, as IEEE 754 has it; the derivative there is NaN (PyTorch's is 0).
    ///
    /// # Panics
    /// Where the shapes do not broadcast together.
    ///
    /// ```
    /// # use sapwood::prelude::*;
    /// let x: Tensor = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.pow(3.0).to_vec(), [1.0, 8.0, 27.0]);
    /// assert_eq!(x.pow(&x).to_vec(), [1.0, 4.0, 27.0]);
    /// ```
    #[track_caller]
    pub fn pow(&self, exponent: impl Operand<T>) -> Tensor<T> {
        let exponent = exponent.into_operand();
        if exponent.rank() == 0 && !exponent.is_traced() {
            return pow_number(self, exponent.item());
        }
        let shape = common_shape("pow", self, &exponent);
        let zip = |x: &Tensor<T>, y: &Tensor<T>| {
            zip_over(
                &shape,
                x,
                y,
                #[inline(always)]
                |x, y| math::pow(x, y),
            )
        };
        binary(self, &exponent, zip, |x, y, z| {
            let (xs, ys) = shapes(x, y);
            let (x, y, x2, y2, z) = (x.clone(), y.clone(), x.clone(), y.clone(), z.clone());
            (
                move |g: &Tensor<T>| {
                    let both_zero = x.eq(T::zero()).and(&y.eq(T::zero()));
                    let less_one = both_zero.where_(&y, &y - T::one());
                    (g * y * x.pow(less_one)).summed_to(&xs)
                },
                move |g: &Tensor<T>| {
                    let flat = x2.eq(T::zero()).and(&y2.ge(T::zero()));
                    (g * z * flat.where_(T::one(), &x2).ln()).summed_to(&ys)
                },
            )
        })
    }

    /// xⁿ for an integer n. Derivative: n xⁿ⁻¹.
    #[track_caller]
    pub fn powi(&self, n: i32) -> Tensor<T> {
        of_input(
            self,
            |x| {
                if n.unsigned_abs() >= math::LARGE_POWER {
                    return map_shared(x, &|x: T| x.powi(n));
                }
                x.map_elements(
                    #[inline(always)]
                    move |x| math::small_powi(x, n),
                )
            },
            move |x| if n == 0 { Tensor::zeros_like(x) } else { x.powi(n.saturating_sub(1)) * T::from_f64(n.into()) },
        )
    }

    /// x². Derivative: 2x.
    #[track_caller]
    pub fn square(&self) -> Tensor<T> {
        fused_of_input(self, |x| x * x, |x| x + x, |x| x + x)
    }

    /// y = √x. Derivative: 1 / 2y, infinite at 0.
    #[track_caller]
    pub fn sqrt(&self) -> Tensor<T> {
        let half = T::from_f64(0.5);
        fused_of_output(self, |x| x.sqrt(), move |y| half / y, |y| (y + y).recip())
    }

    /// y = ∛x, of negative numbers too. Derivative: 1 / 3y², infinite at 0.
    #[track_caller]
    pub fn cbrt(&self) -> Tensor<T> {
        of_output(self, |x| map_shared(x, &T::cbrt), |y| (y.square() * T::from_f64(3.0)).recip())
    }

    /// y = 1 / x. Derivative: −y².
    #[track_caller]
    pub fn recip(&self) -> Tensor<T> {
        fused_of_output(self, |x| x.recip(), |y| -y * y, |y| -y.square())
    }

    /// y = 1 / √x. Derivative: −y³ / 2.
    #[track_caller]
    pub fn rsqrt(&self) -> Tensor<T> {
        let half = T::from_f64(-0.5);
        fused_of_output(self, |x| x.sqrt().recip(), move |y| half * y * y * y, move |y| y.powi(3) * half)
    }
}

#[track_caller]
fn pow_number<T: Float>(x: &Tensor<T>, exponent: T) -> Tensor<T> {
    if exponent == T::one() {
        return x.clone();
    }
    if exponent == T::from_f64(2.0) {
        return x.square();
    }
    fused_of_input(
        x,
        #[inline(always)]
        move |x| math::pow(x, exponent),
        #[inline(always)]
        move |x| if exponent.is_zero() { T::zero() } else { math::pow(x, exponent - T::one()) * exponent },
        move |x| {
            if exponent.is_zero() { Tensor::zeros_like(x) } else { pow_number(x, exponent - T::one()) * exponent }
        },
    )
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use crate::prelude::*;

    #[test]
    fn powers_differentiate_by_base_and_exponent() {
        // mlx python/tests/test_autograd.py: aᵇ at (2, 3).
        let (a, b) = (Tensor::scalar(2.0f64), Tensor::scalar(3.0));
        let (da, db) = gradient(|(a, b)| a.pow(b), &(a, b));
        assert_eq!(da.get().unwrap().item(), 12.0);
        assert_relative_eq!(db.get().unwrap().item(), 8.0 * 2f64.ln(), epsilon = 1e-14);
        // mithril primitives test_power_2: [2] ^ [1,2,3,4]ᵀ, cotangent [1,2,3,5].
        let (x, y) = (Tensor::from([2.0f64]), Tensor::from([[1.0], [2.0], [3.0], [4.0]]));
        let (_, back) = pullback(|(x, y)| x.pow(y), &(x, y));
        let (dx, dy) = back(&Tensor::from([[1.0], [2.0], [3.0], [5.0]]));
        assert_relative_eq!(dx.get().unwrap().to_vec()[..], [205.0][..]);
        let expected = [1.386294361, 5.545177444, 16.635532333, 55.451774445];
        assert_relative_eq!(dy.get().unwrap().to_vec()[..], expected[..], epsilon = 1e-8);
    }

    #[test]
    fn powers_of_zero_have_finite_gradients() {
        // mlx python/tests/test_autograd.py: 0 for both; for an exponent of 0 the limit from above.
        let zero = Tensor::scalar(0.0f64);
        for exponent in [2.0, 1.5, 0.0] {
            let y = Tensor::scalar(exponent);
            assert_eq!(gradient(|x: &Tensor<f64>| x.pow(exponent), &zero).get().unwrap().item(), 0.0);
            let (dx, dy) = gradient(|(x, y)| x.pow(y), &(zero.clone(), y));
            assert_eq!((dx.get().unwrap().item(), dy.get().unwrap().item()), (0.0, 0.0));
        }
        // The second derivative of x² at 0.
        let slope = |x: &Tensor<f64>| gradient(|x: &Tensor<f64>| x.pow(2.0), x).get().unwrap().clone();
        assert_eq!(gradient(slope, &zero).get().unwrap().item(), 2.0);
    }

    #[test]
    fn the_second_derivative_by_both_is_right_at_an_exponent_of_zero() {
        // ∂²(xʸ)/∂x∂y = xʸ⁻¹ (1 + y ln x), which is 1/x at y = 0.
        let at = (Tensor::scalar(4.0f64), Tensor::scalar(0.0));
        let by_x = |(x, y): &(Tensor<f64>, Tensor<f64>)| gradient(|x: &Tensor<f64>| x.pow(y), x).get().unwrap().clone();
        assert_eq!(gradient(by_x, &at).1.get().unwrap().item(), 0.25);
    }

    #[test]
    fn derivatives_of_a_square_go_on() {
        // mlx python/tests/test_autograd.py: x·x at 0.5, 0th to 3rd derivative.
        fn derivative(order: usize, x: &Tensor<f64>) -> Tensor<f64> {
            match order {
                0 => x.square(),
                _ => gradient(|x: &Tensor<f64>| derivative(order - 1, x), x).get().unwrap().clone(),
            }
        }
        let x = Tensor::scalar(0.5);
        assert_eq!([0, 1, 2].map(|order| derivative(order, &x).item()), [0.25, 1.0, 2.0]);
    }
}
