//! Small helpers of a loop: [`Patience`], [`Standstill`], [`Throttle`].

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::optim::positive;

/// Waits until something has been so several times in a row. As Flux's `patience`.
///
/// ```
/// use sapwood::train::Patience;
///
/// let mut patience = Patience::new(3);
/// let bad = [false, true, false, true, true, true];
/// assert_eq!(bad.map(|bad| patience.observe(bad)), [false, false, false, false, false, true]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    wait: u64,
    met: u64,
}

impl Patience {
    /// Waits for `wait` times in a row.
    ///
    /// # Panics
    /// Where that is 0.
    #[track_caller]
    pub fn new(wait: u64) -> Self {
        assert!(wait > 0, "Patience: the number of times must be at least 1, not 0");
        Patience { wait, met: 0 }
    }

    /// Takes another observation; whether this and enough before it were true.
    pub fn observe(&mut self, is_so: bool) -> bool {
        self.met = if is_so { self.met.saturating_add(1) } else { 0 };
        self.met >= self.wait
    }
}

/// Waits until a number has stood still several times in a row: each time it was nearer to the one before than the
/// least change. As Flux's `plateau`; what lowers the learning rate there is
/// [`schedule::Plateau`](crate::optim::schedule::Plateau).
///
/// ```
/// use sapwood::train::Standstill;
///
/// let mut standstill = Standstill::new(2).min_change(0.1);
/// let losses = [3.0, 2.0, 1.95, 1.97, 1.5];
/// assert_eq!(losses.map(|loss| standstill.observe(loss)), [false, false, false, true, false]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standstill {
    patience: Patience,
    min_change: f64,
    last: Option<f64>,
}

impl Standstill {
    /// Waits for `width` times in a row in which the number changed by less than 1e-6.
    ///
    /// # Panics
    /// Where `width` is 0.
    #[track_caller]
    pub fn new(width: u64) -> Self {
        Standstill { patience: Patience::new(width), min_change: 1e-6, last: None }
    }

    /// Sets the least change.
    ///
    /// # Panics
    /// Where it is negative or not finite.
    #[track_caller]
    pub fn min_change(self, min_change: f64) -> Self {
        Standstill { min_change: positive("Standstill", "min_change", min_change), ..self }
    }

    /// Takes another observation; whether the number has stood still for long enough.
    pub fn observe(&mut self, value: f64) -> bool {
        let still = self.last.is_some_and(|last| (value - last).abs() < self.min_change);
        self.last = Some(value);
        self.patience.observe(still)
    }
}

/// Says yes at most once in a while: for what is not to be done at every step. As Flux's `throttle`.
///
/// ```
/// use sapwood::train::Throttle;
/// use std::time::Duration;
///
/// let mut throttle = Throttle::every(Duration::from_secs(3600));
/// let shown = (0..1000).filter(|_| throttle.is_due()).count();
/// assert_eq!(shown, 1);
/// ```
#[derive(Clone, Debug)]
pub struct Throttle {
    interval: Duration,
    last: Option<Instant>,
}

impl Throttle {
    /// Says yes at once, and then not before the interval is over.
    pub fn every(interval: Duration) -> Self {
        Throttle { interval, last: None }
    }

    /// Whether the interval is over since this last said yes.
    pub fn is_due(&mut self) -> bool {
        self.is_due_at(Instant::now())
    }

    fn is_due_at(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.duration_since(last) >= self.interval);
        if due {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttle_counts_from_when_it_last_said_yes() {
        let start = Instant::now();
        let mut throttle = Throttle::every(Duration::from_secs(10));
        let due = [0, 5, 9, 10, 15, 21].map(|second| throttle.is_due_at(start + Duration::from_secs(second)));
        assert_eq!(due, [true, false, false, true, false, true]);
    }
}
