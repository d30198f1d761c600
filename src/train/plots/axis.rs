//! Axes: what they show, and where they have ticks.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// An axis from one number to another, linear or logarithmic. The library's own logarithmic axis has no ticks within a
/// decade, and its linear one may have 7e-18 for zero.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) range: Range<f64>,
    log: bool,
}

impl Axis {
    pub(super) fn linear(range: Range<f64>) -> Self {
        Axis { range, log: false }
    }

    /// Around numbers, with some room as a part of their difference; never empty.
    pub(super) fn around(numbers: impl Iterator<Item = f64>, room: f64) -> Self {
        let (min, max) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), x| (min.min(x), max.max(x)));
        if min > max {
            return Axis::linear(0.0..1.0);
        }
        // Numbers whose difference overflows are cut off.
        let (min, max) = (min.max(-1e300), max.min(1e300));
        let around = if max > min { room * (max - min) } else { 0.5 * min.abs().max(1e-300) };
        Axis::linear(min - around..max + around)
    }

    /// Around positive numbers, logarithmic.
    pub(super) fn log_around(numbers: impl Iterator<Item = f64>, room: f64) -> Self {
        let Range { start, end } = Axis::around(numbers.map(f64::log10), room).range;
        Axis { range: 10f64.powf(start.max(-300.0))..10f64.powf(end.min(300.0)), log: true }
    }

    /// From 0 to 1 along the axis.
    fn part(&self, x: f64) -> f64 {
        let Range { start, end } = self.range;
        if self.log { (x / start).log10() / (end / start).log10() } else { (x - start) / (end - start) }
    }

    /// Around so many numbers, of few digits.
    fn ticks(&self, count: usize) -> Vec<f64> {
        let Range { start, end } = self.range;
        if !self.log {
            return multiples(self.range.clone(), count);
        }
        let (first, last) = (start.log10().floor() as i32, end.log10().floor() as i32);
        let decades = (last - first) as usize;
        let (mantissas, every): (&[f64], usize) = match decades {
            0..3 => (&[1.0, 2.0, 5.0], 1),
            _ => (&[1.0], 1 + decades / count.max(1)),
        };
        let ticks: Vec<f64> = (first..=last)
            .step_by(every)
            .flat_map(|exponent| mantissas.iter().map(move |mantissa| mantissa * 10f64.powi(exponent)))
            .filter(|tick| self.range.contains(tick))
            .collect();
        if ticks.len() < 2 { multiples(self.range.clone(), count) } else { ticks }
    }
}

/// The multiples of 1, 2 or 5 times a power of ten within a range.
fn multiples(range: Range<f64>, count: usize) -> Vec<f64> {
    let least = (range.end - range.start) / count.max(1) as f64;
    let power = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0].map(|mantissa| mantissa * power).into_iter().find(|&step| step >= least);
    let step = step.unwrap_or(10.0 * power);
    let (first, last) = ((range.start / step).ceil() as i64, (range.end / step).floor() as i64);
    (first..=last).map(|multiple| multiple as f64 * step).collect()
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, x: &f64, (start, end): (i32, i32)) -> i32 {
        let part = self.part(*x).clamp(-1.0, 2.0);
        (f64::from(start) + part * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Lines between ticks are not drawn.
        if hint.weight().allow_light_points() { vec![] } else { self.ticks(hint.bold_points()) }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// A number beside an axis: short, with as many digits as it takes.
pub(super) fn number(x: &f64) -> String {
    let magnitude = x.abs();
    if magnitude != 0.0 && !(1e-3..1e5).contains(&magnitude) {
        return format!("{x:.2e}").replace(".00e", "e").replace("0e", "e");
    }
    let text = format!("{x:.5}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        let labels = |axis: Axis| axis.ticks(8).iter().map(number).collect::<Vec<_>>().join(" ");
        assert_eq!(labels(Axis::linear(-0.05..0.04)), "-0.04 -0.02 0 0.02 0.04");
        assert_eq!(labels(Axis::linear(0.0..29.0)), "0 5 10 15 20 25");
        assert_eq!(labels(Axis::linear(1e6..2e6)), "1e6 1.2e6 1.4e6 1.6e6 1.8e6 2e6");
        let log = |range| labels(Axis { range, log: true });
        assert_eq!(log(0.033..2.3), "0.05 0.1 0.2 0.5 1 2");
        assert_eq!(log(0.21..0.44), "0.25 0.3 0.35 0.4");
        assert_eq!(log(1e-6..1.5), "1e-6 1e-5 1e-4 0.001 0.01 0.1 1");
    }

    #[test]
    fn no_numbers_and_one_number_have_an_axis() {
        assert_eq!(Axis::around([].into_iter(), 0.1).range, 0.0..1.0);
        for x in [0.0, -3.0, 1e-308, f64::MAX] {
            let range = Axis::around([x].into_iter(), 0.1).range;
            assert!(range.start < range.end && range.end.is_finite(), "{x}: {range:?}");
        }
        let axis = Axis::around([f64::MIN, f64::MAX].into_iter(), 0.1);
        assert_eq!([axis.map(&axis.range.start, (0, 100)), axis.map(&axis.range.end, (0, 100))], [0, 100]);
    }
}
