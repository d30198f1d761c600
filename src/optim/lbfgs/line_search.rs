//! How far to go: a length that fulfils the strong Wolfe conditions.

/// How much of the decrease that the slope promises a step must bring.
const DECREASE: f64 = 1e-4;
/// To which part of the slope a step must bring it down.
const CURVATURE: f64 = 0.9;
/// Evaluations after which the best so far is taken.
const TRIALS: usize = 25;

/// A length along the direction, with the loss and its slope there, and what else is to be remembered of the place.
pub(super) struct Trial<P> {
    pub(super) length: f64,
    pub(super) loss: f64,
    pub(super) slope: f64,
    pub(super) point: Option<P>,
}

/// The conditions, as the trial at length 0 sets them.
struct Wolfe {
    loss: f64,
    slope: f64,
}

impl Wolfe {
    /// Whether the loss has fallen enough; not where it is NaN.
    fn decreases<P>(&self, trial: &Trial<P>) -> bool {
        trial.loss <= self.loss + DECREASE * trial.length * self.slope
    }

    /// Whether the slope is flat enough.
    fn flattens<P>(&self, trial: &Trial<P>) -> bool {
        trial.slope.abs() <= CURVATURE * self.slope.abs()
    }
}

/// Nocedal and Wright (2006), algorithm 3.5: goes on until an interval holds a good length, by the cubic through the
/// last two trials as in Schmidt's minFunc (2005), which PyTorch follows. Where none is found, the best trial that
/// brings some decrease, or the origin.
pub(super) fn search<P>(mut at: impl FnMut(f64) -> Trial<P>, origin: Trial<P>, first: f64) -> Trial<P> {
    let wolfe = Wolfe { loss: origin.loss, slope: origin.slope };
    let (mut before, mut length) = (origin, first);
    for tried in 1..=TRIALS {
        let trial = at(length);
        if !wolfe.decreases(&trial) || before.length > 0.0 && trial.loss >= before.loss {
            return zoom(at, &wolfe, before, trial, TRIALS - tried);
        }
        if wolfe.flattens(&trial) {
            return trial;
        }
        if trial.slope >= 0.0 {
            return zoom(at, &wolfe, trial, before, TRIALS - tried);
        }
        let (nearest, farthest) = (trial.length + 0.01 * (trial.length - before.length), 10.0 * trial.length);
        length = minimum(&before, &trial, nearest, farthest);
        before = trial;
    }
    before
}

/// Algorithm 3.6: narrows the interval between `low`, the best so far, and `high`, which the slope of `low` points to.
fn zoom<P>(
    mut at: impl FnMut(f64) -> Trial<P>,
    wolfe: &Wolfe,
    mut low: Trial<P>,
    mut high: Trial<P>,
    trials: usize,
) -> Trial<P> {
    let mut was_near_an_end = false;
    for _ in 0..trials {
        let (length, is_near_an_end) = within(&low, &high, was_near_an_end);
        was_near_an_end = is_near_an_end;
        if length == low.length || length == high.length {
            break;
        }
        let trial = at(length);
        if !wolfe.decreases(&trial) || trial.loss >= low.loss {
            high = trial;
            continue;
        }
        if wolfe.flattens(&trial) {
            return trial;
        }
        if trial.slope * (high.length - low.length) >= 0.0 {
            high = low;
        }
        low = trial;
    }
    low
}

/// The next length between two trials, and whether it lies near an end. Once is granted: of two in a row that do, or of
/// one at the very end, the interval would hardly shrink, and the length is moved off the end by a tenth of it.
fn within<P>(low: &Trial<P>, high: &Trial<P>, was_near_an_end: bool) -> (f64, bool) {
    let (start, end) = (low.length.min(high.length), low.length.max(high.length));
    let length = minimum(low, high, start, end);
    let tenth = 0.1 * (end - start);
    let is_near_an_end = f64::min(length - start, end - length) < tenth;
    if is_near_an_end && (was_near_an_end || length <= start || length >= end) {
        let moved = if end - length < length - start { end - tenth } else { start + tenth };
        return (moved, false);
    }
    (length, is_near_an_end)
}

/// The minimum of the cubic through the losses and slopes of two trials (equation 3.59), as far as it lies between two
/// bounds; the middle of these where there is none.
fn minimum<P>(a: &Trial<P>, b: &Trial<P>, least: f64, most: f64) -> f64 {
    let width = b.length - a.length;
    let d1 = a.slope + b.slope - 3.0 * (b.loss - a.loss) / width;
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt().copysign(width);
    let length = b.length - width * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
    if length.is_finite() { length.clamp(least, most) } else { (least + most) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches along a function with its derivative, and checks both conditions.
    #[track_caller]
    fn finds(f: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64, first: f64) -> (f64, usize) {
        let mut count = 0;
        let trial = |length: f64| {
            count += 1;
            Trial { length, loss: f(length), slope: slope(length), point: Some(()) }
        };
        let origin = Trial { length: 0.0, loss: f(0.0), slope: slope(0.0), point: None };
        let end = search(trial, origin, first);
        assert!(f(end.length) <= f(0.0) + 1e-4 * end.length * slope(0.0), "too little decrease at {}", end.length);
        assert!(slope(end.length).abs() <= 0.9 * slope(0.0).abs(), "too steep at {}", end.length);
        (end.length, count)
    }

    #[test]
    fn lengths_fulfil_the_strong_wolfe_conditions() {
        // Moré and Thuente (1994), functions 5.1 and 5.2, and a parabola, from far too short and far too long first
        // trials.
        let (b51, b52) = (2.0, 0.004);
        for first in [1e-3, 0.1, 1.0, 10.0, 1000.0] {
            finds(|a| -a / (a * a + b51), |a| (a * a - b51) / (a * a + b51).powi(2), first);
            let f = |a: f64| (a + b52).powi(5) - 2.0 * (a + b52).powi(4);
            finds(f, |a: f64| 5.0 * (a + b52).powi(4) - 8.0 * (a + b52).powi(3), first);
            finds(|a| (a - 3.0).powi(2), |a| 2.0 * (a - 3.0), first);
        }
    }

    #[test]
    fn a_cubic_is_solved_by_one_interpolation() {
        // a³ − 3a has its minimum at 1; equation 3.59 finds it from any two points around it.
        let f = |a: f64| a.powi(3) - 3.0 * a;
        let at = |length: f64| Trial { length, loss: f(length), slope: 3.0 * length * length - 3.0, point: Some(()) };
        assert!((minimum(&at(0.2), &at(2.1), 0.2, 2.1) - 1.0).abs() < 1e-12);
        assert!((minimum(&at(2.1), &at(0.2), 0.2, 2.1) - 1.0).abs() < 1e-12);
        // Beyond both, within bounds only.
        assert!((minimum(&at(0.2), &at(0.4), 0.41, 4.0) - 1.0).abs() < 1e-12);
        assert_eq!(minimum(&at(0.2), &at(0.4), 0.41, 0.5), 0.5);
    }

    #[test]
    fn a_second_length_near_an_end_is_moved_off_it() {
        let parabola = |centre: f64| {
            let at = move |length: f64| {
                let off = length - centre;
                Trial { length, loss: off * off, slope: 2.0 * off, point: Some(()) }
            };
            [at(0.0), at(1.0)]
        };
        let next = |centre, was_near_an_end| {
            let [low, high] = parabola(centre);
            let (length, is_near_an_end) = within(&low, &high, was_near_an_end);
            assert_eq!(within(&high, &low, was_near_an_end), (length, is_near_an_end), "whichever is the better one");
            (length, is_near_an_end)
        };
        assert_eq!(next(0.75, true), (0.75, false));
        assert_eq!(next(0.0625, false), (0.0625, true));
        assert_eq!(next(0.0625, true), (0.1, false));
        assert_eq!(next(0.9375, true), (0.9, false));
        assert_eq!(next(-0.5, false), (0.1, false));
    }

    #[test]
    fn what_is_not_finite_is_too_far() {
        // −√(1 − a) beyond 1 is NaN; the search comes back.
        finds(|a| -(1.0 + a).ln() - (1.0 - a).sqrt(), |a| -1.0 / (1.0 + a) + 0.5 / (1.0 - a).sqrt(), 64.0);
    }
}
