//! Curves as text.

/// A curve of numbers as text, of so many columns and lines of braille characters, with the largest and the smallest
/// number beside it; to see at a glance how a loss went.
///
/// Where there are more numbers than points in a row (two a column), each point is the mean of several. What is not
/// finite is left out.
///
/// ```
/// use sapwood::train::terminal_curve;
///
/// let losses: Vec<f64> = (0..40).map(|step| (-0.1 * f64::from(step)).exp()).collect();
/// println!("{}", terminal_curve(&losses, 20, 4));
/// ```
///
/// # Panics
/// Where there are no columns or lines.
#[track_caller]
pub fn terminal_curve(numbers: &[f64], columns: usize, lines: usize) -> String {
    assert!(columns > 0 && lines > 0, "terminal_curve: {columns} columns and {lines} lines");
    let points = 2 * columns;
    let means: Vec<f64> = match numbers.len() {
        few if few <= points => numbers.to_vec(),
        many => (0..points).map(|point| mean(&numbers[point * many / points..(point + 1) * many / points])).collect(),
    };
    let finite = || means.iter().copied().filter(|x| x.is_finite());
    let (min, max) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), x| (min.min(x), max.max(x)));
    if min > max {
        return "no numbers to show".to_owned();
    }
    // Dots from the top, four a line.
    let height = |x: f64| if max > min { (max / 2.0 - x / 2.0) / (max / 2.0 - min / 2.0) } else { 0.5 };
    let rows: Vec<Option<usize>> =
        means.iter().map(|&x| x.is_finite().then(|| (height(x) * (4 * lines - 1) as f64).round() as usize)).collect();
    let mut dots = vec![vec![0u32; columns]; lines];
    let mut dot = |point: usize, row: usize| dots[row / 4][point / 2] |= DOTS[point % 2][row % 4];
    let mut before = None;
    for (point, row) in rows.into_iter().enumerate() {
        if let Some(row) = row {
            dot(point, row);
            // A steep part is joined by dots between.
            let from = before.unwrap_or(row);
            (row.min(from) + 1..row.max(from)).for_each(|between| dot(point, between));
        }
        before = row;
    }
    let (top, bottom) = (label(max), label(min));
    let width = top.len().max(bottom.len());
    let line = |(line, dots): (usize, &Vec<u32>)| {
        let label = match line {
            0 => top.as_str(),
            line if line + 1 == lines => bottom.as_str(),
            _ => "",
        };
        let dots: String = dots.iter().filter_map(|&dots| char::from_u32(BRAILLE + dots)).collect();
        format!("{label:>width$} ┤{dots}")
    };
    dots.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The first braille character; each dot adds a bit to it.
const BRAILLE: u32 = 0x2800;
/// The bits of the dots of the left and the right half, from the top.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// The mean of what is finite; NaN where nothing is.
fn mean(numbers: &[f64]) -> f64 {
    let finite: Vec<f64> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
    finite.iter().map(|x| x / finite.len() as f64).sum::<f64>() / if finite.is_empty() { 0.0 } else { 1.0 }
}

/// Four digits of a number.
fn label(x: f64) -> String {
    let short = format!("{x:.4}");
    match x.abs() {
        magnitude if magnitude != 0.0 && !(1e-3..1e5).contains(&magnitude) => format!("{x:.2e}"),
        _ => short.trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::terminal_curve;

    #[test]
    fn a_curve_is_drawn_in_dots() {
        // Four points of two characters, from the lowest of four dots to the highest.
        assert_eq!(terminal_curve(&[0.0, 1.0, 2.0, 3.0], 2, 1), "3 ┤⡠⠊");
        let steep = terminal_curve(&[1.0, 1.0, 0.0, 0.0], 2, 2);
        assert_eq!(steep, "1 ┤⠉⡆\n0 ┤⠀⣇");
        let gap = terminal_curve(&[0.0, f64::NAN, 0.0], 2, 1);
        assert_eq!(gap, "0 ┤⠄⠄");
        assert_eq!(terminal_curve(&[f64::NAN], 2, 1), "no numbers to show");
        // Means of two numbers each: 0.5 and 2.5.
        assert_eq!(terminal_curve(&[0.0, 1.0, 2.0, 3.0], 1, 1), "2.5 ┤⡸");
    }
}
