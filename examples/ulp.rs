//! Measures elementary functions for every `f32` there is, and prints the largest error of each with its argument:
//!
//! `cargo run --release --example ulp -- exp tanh`
//!
//! All are measured where none is named; that takes some minutes of two cores. Errors are in units in the last place,
//! against the function of the system's library or of `libm` in `f64`.

#[path = "../tests/elementary/functions.rs"]
mod functions;

use functions::{CASES, Case, error_in_ulps};
use rayon::prelude::*;
use sapwood::prelude::*;

/// Bit patterns that are measured at a time.
const PIECE: u32 = 1 << 16;

/// The largest error, and the bits of its argument.
fn worst(case: &Case) -> (f64, u32) {
    let piece = |piece: u32| {
        let first = piece * PIECE;
        let x: Vec<f32> = (0..PIECE).map(|i| f32::from_bits(first + i)).collect();
        let x = Tensor::from(x);
        let errors = x
            .iter()
            .zip((case.single)(&x).to_vec())
            .map(|(&x, y)| (error_in_ulps(y, (case.exact)(x.into()), case.lowest), x.to_bits()));
        errors.fold((0.0, 0), |worst, next| if next.0 > worst.0 { next } else { worst })
    };
    let larger = |a: (f64, u32), b: (f64, u32)| if b.0 > a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a };
    (0..u32::MAX / PIECE + 1).into_par_iter().map(piece).reduce(|| (0.0, 0), larger)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if let Some(name) = names.iter().find(|name| CASES.iter().all(|case| case.name != **name)) {
        return Err(format!(
            "no function `{name}`; there are {:?}",
            CASES.iter().map(|case| case.name).collect::<Vec<_>>()
        )
        .into());
    }
    for case in CASES.iter().filter(|case| names.is_empty() || names.iter().any(|name| name == case.name)) {
        let (error, at) = worst(case);
        println!("{:12} {error:.3} ulp at {:e} ({at:#010x})", case.name, f32::from_bits(at));
    }
    Ok(())
}
