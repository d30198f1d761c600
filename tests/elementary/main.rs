//! Elementary functions of elements: how exact they are, and that every machine computes the same.
//!
//! `cargo run --release --example ulp` measures all of `f32`. Under `SAPWOOD_ISA` = `portable`, `avx2` or `avx512` the
//! tests run with these instructions.

mod functions;

use functions::{CASES, error_in_ulps};
use sapwood::prelude::*;

/// Bit patterns of `f32`, spread over all of them, and the places where something changes.
fn arguments() -> Vec<f32> {
    let edges = [0.0, f32::MIN_POSITIVE, 1e-45, 0.625, 1.0, 16777216.0, 8388607.5, f32::MAX, f32::INFINITY, f32::NAN];
    let spread = (0..1u32 << 16).map(|i| f32::from_bits(i.wrapping_mul(65_521)));
    let near = (0..20_000).map(|i| i as f32 * 0.01 - 100.0);
    edges.into_iter().chain(edges.map(|x| -x)).chain(spread).chain(near).collect()
}

#[test]
fn single_precision_is_within_its_bounds() {
    let x = Tensor::from(arguments());
    for case in CASES {
        let errors = x
            .iter()
            .zip((case.single)(&x).to_vec())
            .map(|(&x, y)| (error_in_ulps(y, (case.exact)(x.into()), case.lowest), x, y));
        let (worst, at, y) = errors.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        assert!(worst <= case.ulps.0, "{}({at:e}) = {y:e} is off by {worst} ulp", case.name);
    }
}

#[test]
fn double_precision_is_within_its_bounds() {
    let bits = |word: &str| f64::from_bits(u64::from_str_radix(word, 16).unwrap());
    let mut tested = 0;
    for line in include_str!("reference.txt").lines() {
        let [name, x, nearest, rest] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let case = CASES.iter().find(|case| case.name == name).unwrap();
        let (x, nearest, rest) = (bits(x), bits(nearest), rest.parse::<f64>().unwrap());
        let y = (case.double)(&Tensor::scalar(x)).item();
        let unit = (nearest.abs().log2().floor() - 52.0).exp2();
        let error = ((y - nearest) / unit - rest).abs();
        assert!(error <= case.ulps.1, "{name}({x:e}) = {y:e}, not {nearest:e}: off by {error} ulp");
        tested += 1;
    }
    assert!(tested > 1300);
}

#[test]
fn double_precision_keeps_the_special_values() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let special = [0.0, -0.0, inf, -inf, nan, -1.0, -2.0, 800.0, -800.0, 1e300, -1e300, 5e-324, -5e-324, f64::MAX];
    let x = Tensor::from(special);
    for case in CASES {
        for (x, y) in special.into_iter().zip((case.double)(&x).to_vec()) {
            let exact = (case.exact)(x);
            let same = y == exact && y.is_sign_positive() == exact.is_sign_positive() || y.is_nan() && exact.is_nan();
            let near = exact.is_finite() && (y - exact).abs() <= exact.abs() * 1e-15;
            assert!(same || (near && exact != 0.0), "{}({x:e}) = {y:e}, not {exact:e}", case.name);
        }
    }
}

#[test]
fn sines_of_small_arguments_do_not_depend_on_the_large_ones_beside_them() {
    let mut x: Vec<f32> = arguments().into_iter().filter(|x| x.abs() < 16777216.0).collect();
    let functions: [fn(&Tensor<f32>) -> Tensor<f32>; 3] = [Tensor::sin, Tensor::cos, Tensor::tan];
    let doubles: [fn(&Tensor<f64>) -> Tensor<f64>; 3] = [Tensor::sin, Tensor::cos, Tensor::tan];
    let near = Tensor::from(x.clone());
    x.push(1e30);
    let x = Tensor::from(x);
    for (f, double) in functions.into_iter().zip(doubles) {
        assert!(f(&x).to_vec().starts_with(&f(&near).to_vec()));
        assert!(double(&x.cast()).to_vec().starts_with(&double(&near.cast()).to_vec()));
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    // What these functions gave when they were written, as the sum of their words; of f64 without those of the system
    // (far angles).
    let x = Tensor::from(arguments());
    let wide = x.cast::<f64>();
    let near = Tensor::from(wide.iter().copied().filter(|x| x.abs() < 16777216.0).collect::<Vec<_>>());
    let mut sums = String::new();
    for case in CASES {
        let single = (case.single)(&x).to_vec().into_iter().filter(|y| !y.is_nan());
        let wide = if ["sin", "cos", "tan"].contains(&case.name) { &near } else { &wide };
        let double = (case.double)(wide).to_vec().into_iter().filter(|y| !y.is_nan());
        let single = single.fold(0u64, |sum, y| sum.wrapping_mul(31).wrapping_add(y.to_bits().into()));
        let double = double.fold(0u64, |sum, y| sum.wrapping_mul(31).wrapping_add(y.to_bits()));
        sums += &format!("{} {single:016x} {double:016x}\n", case.name);
    }
    assert_eq!(sums, include_str!("bits.txt"));
}
