//! Elementary functions of elements: how exact they are, and that every machine computes the same.
//!
//! `cargo run --release --example ulp` measures all of `f32`. Under `SAPWOOD_ISA` = `portable`, `avx2` or `avx512` the
//! tests run with these instructions.

mod functions;

use functions::{CASES, Function, error_in_ulps};
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
    let functions: [Function<f32>; 3] = [Tensor::sin, Tensor::cos, Tensor::tan];
    let doubles: [Function<f64>; 3] = [Tensor::sin, Tensor::cos, Tensor::tan];
    let near = Tensor::from(x.clone());
    x.push(1e30);
    let x = Tensor::from(x);
    for (f, double) in functions.into_iter().zip(doubles) {
        assert!(f(&x).to_vec().starts_with(&f(&near).to_vec()));
        assert!(double(&x.cast()).to_vec().starts_with(&double(&near.cast()).to_vec()));
    }
}

#[test]
fn angles_of_points_are_the_systems() {
    let coordinates = [0.0, 5e-324, 1e-310, 1e-40, 0.3, 0.6, 1.0, 1.7, 3.0, 1e30, 1e300, f64::MAX, f64::INFINITY];
    let coordinates: Vec<f64> = coordinates.into_iter().flat_map(|x| [x, -x]).chain([f64::NAN]).collect();
    let points: Vec<(f64, f64)> = coordinates.iter().flat_map(|&y| coordinates.iter().map(move |&x| (y, x))).collect();
    let around = (0..2000).map(|i| (f64::from(i) * 0.003_1).sin_cos()).map(|(y, x)| (y * 7.0, x * 7.0));
    let points: Vec<(f64, f64)> = points.into_iter().chain(around).collect();
    let (y, x): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let (y, x) = (Tensor::from(y), Tensor::from(x));
    for (&(y, x), angle) in points.iter().zip(y.atan2(&x).to_vec()) {
        let exact = y.atan2(x);
        let same = angle.to_bits() == exact.to_bits() || angle.is_nan() && exact.is_nan();
        let near = exact != 0.0 && (angle - exact).abs() <= exact.abs() * 2f64.powi(-52) + 5e-324;
        assert!(same || near, "atan2({y:e}, {x:e}) = {angle:e}, not {exact:e}");
    }
    let (y, x) = (y.cast::<f32>(), x.cast::<f32>());
    for ((&y, &x), angle) in y.iter().zip(x.iter()).zip(y.atan2(&x).to_vec()) {
        let error = error_in_ulps(angle, f64::from(y).atan2(x.into()), -126.0);
        assert!(error <= 1.2, "atan2({y:e}, {x:e}) = {angle:e} is off by {error} ulp");
    }
}

#[test]
fn integer_powers_are_the_systems() {
    let x = [0.0, -0.0, 1.0, -1.0, 1.7, -0.3, 1e-20, -1e20, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    for n in (-70..70).chain([i32::MIN, i32::MAX]) {
        for (x, y) in x.into_iter().zip(Tensor::from(x).powi(n).to_vec()) {
            let exact = x.powi(n);
            assert!(y.to_bits() == exact.to_bits() || y.is_nan() && exact.is_nan(), "{x:e}^{n} = {y:e}, not {exact:e}");
        }
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
