//! Images as text.

use sapwood::prelude::*;

/// Images of 8×8 pixels from 0 to 1, `[n, 64]`, side by side, a character a pixel.
pub(crate) fn print_row(images: &Tensor) {
    const SHADES: &[u8] = b" .:-=+*#%@";
    let shade = |&x: &f32| SHADES[(x.clamp(0.0, 1.0) * (SHADES.len() - 1) as f32).round() as usize] as char;
    for y in 0..8 {
        let row = images.slice(s![.., 8 * y..8 * y + 8]).to_vec();
        println!("  {}", row.chunks(8).map(|row| row.iter().map(shade).collect()).collect::<Vec<String>>().join("  "));
    }
}
