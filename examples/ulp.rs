//! Measures elementary functions for every `f32` there is, and prints the largest error of each with its argument:
//!
//! `cargo run --release --example ulp -- exp tanh`
//!
//! All functions are measured where none is named. Errors are in units in the last place, against the function of the
//! system's library or of `libm` in `f64`. A function takes some minutes; `--every 101` takes each 101st bit pattern only.

#[path = "../tests/elementary/functions.rs"]
mod functions;

use functions::{CASES, Case, error_in_ulps};
use rayon::prelude::*;
use sapwood::prelude::*;

/// Bit patterns that are measured at a time.
const PIECE: u64 = 1 << 16;

/// The largest error of every `step`th bit pattern, and the bits of its argument.
fn worst(case: &Case, step: u64) -> (f64, u32) {
    let count = (1u64 << 32).div_ceil(step);
    let piece = |piece: u64| {
        let numbers = piece * PIECE..((piece + 1) * PIECE).min(count);
        let x: Vec<f32> = numbers.map(|i| f32::from_bits((i * step) as u32)).collect();
        let y = (case.single)(&Tensor::from(x.clone())).to_vec();
        let errors =
            x.iter().zip(y).map(|(&x, y)| (error_in_ulps(y, (case.exact)(x.into()), case.lowest), x.to_bits()));
        errors.fold((0.0, 0), |worst, next| if next.0 > worst.0 { next } else { worst })
    };
    let larger = |a: (f64, u32), b: (f64, u32)| if b.0 > a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a };
    (0..count.div_ceil(PIECE)).into_par_iter().map(piece).reduce(|| (0.0, 0), larger)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut cases, mut step) = (vec![], 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--every" {
            step = arguments.next().ok_or("--every needs a number")?.parse::<u64>()?.max(1);
            continue;
        }
        let names = || CASES.iter().map(|case| case.name).collect::<Vec<_>>();
        let named = CASES.iter().find(|case| case.name == argument);
        cases.push(named.ok_or_else(|| format!("no function `{argument}`; there are {:?}", names()))?);
    }
    if cases.is_empty() {
        cases.extend(CASES);
    }
    for case in cases {
        let (error, at) = worst(case, step);
        println!("{:12} {error:.3} ulp at {:e} ({at:#010x})", case.name, f32::from_bits(at));
    }
    Ok(())
}
