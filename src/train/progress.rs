//! [`ProgressBar`]. With the feature `progress`.

use std::fmt;

use indicatif::{ProgressBar as Bar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};

use super::{EpochEnd, Event, Step};
use crate::params::Params;

/// A bar in the terminal with the mean loss so far, the learning rate, and the time that is left of the epoch.
///
/// It is drawn on standard error, and not at all where that is no terminal, such as a file. A
/// [`Trainer`](super::Trainer) is given one by [`progress`](super::Trainer::progress): when an epoch is over, its record
/// takes the bar's place. In a loop of your own it goes over whatever iterates:
///
/// ```
/// use sapwood::prelude::*;
/// use sapwood::train::ProgressBar;
///
/// let data = DataLoader::new((Tensor::from([1.0, 2.0, 3.0]), Tensor::from([2.0, 4.0, 6.0])));
/// let mut w: Tensor = Tensor::scalar(0.0);
/// let mut state = setup(Descent::new(0.05), &w);
/// let bar = ProgressBar::new();
/// for epoch in 0..20 {
///     for (x, y) in bar.over(format!("epoch {epoch}"), &data) {
///         let (loss, grads) = with_gradient(|w| mse(&(w * &x), &y), &w);
///         update(&mut state, &mut w, &grads);
///         bar.message(format!("loss {loss:.4}"));
///     }
/// }
/// ```
///
/// Needs the feature `progress`, which is on by default.
#[derive(Debug)]
pub struct ProgressBar {
    bar: Bar,
    /// The epoch that the bar is of.
    epoch: Option<u64>,
    /// Sum and number of its losses so far.
    losses: (f64, usize),
}

impl Default for ProgressBar {
    fn default() -> Self {
        ProgressBar::new()
    }
}

impl ProgressBar {
    /// A bar on standard error.
    pub fn new() -> Self {
        ProgressBar::on(ProgressDrawTarget::stderr())
    }

    /// A bar that is never shown.
    pub fn silent() -> Self {
        ProgressBar::on(ProgressDrawTarget::hidden())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        // A run that is cut short leaves the bar as it was.
        let bar = Bar::with_draw_target(None, target).with_finish(ProgressFinish::Abandon);
        ProgressBar { bar, epoch: None, losses: (0.0, 0) }
    }

    /// Goes over what iterates, with a name before the bar and, where the number of items is known, the time that is
    /// left. The bar goes when the iterator does.
    pub fn over<I: IntoIterator>(&self, name: impl Into<String>, items: I) -> Over<I::IntoIter> {
        let items = items.into_iter();
        let length = match items.size_hint() {
            (least, Some(most)) if least == most => Some(most as u64),
            _ => None,
        };
        self.start(name.into(), length);
        Over { items, bar: self.bar.clone() }
    }

    /// Shows a text beside the bar, such as the loss.
    pub fn message(&self, text: impl Into<String>) {
        self.bar.set_message(text.into());
    }

    /// Takes the bar away while something else is written to the terminal.
    pub fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }

    /// Shows a step of a [`Trainer`](super::Trainer)'s run, or what an epoch gave.
    pub(super) fn show<M: Params>(&mut self, event: &Event<'_, M>) {
        match event {
            Event::Step(step) => self.step(step),
            Event::Epoch(EpochEnd { record, .. }) => {
                self.bar.finish_and_clear();
                self.bar.println(record.to_string());
            }
        }
    }

    fn step<M: Params>(&mut self, step: &Step<'_, M>) {
        if self.epoch != Some(step.epoch) {
            let of = step.epochs.map_or(String::new(), |epochs| format!(" of {epochs}"));
            self.start(format!("epoch {}{of}", step.epoch), Some(step.batches as u64));
            (self.epoch, self.losses) = (Some(step.epoch), (0.0, 0));
        }
        self.losses = (self.losses.0 + step.loss, self.losses.1 + 1);
        if !self.bar.is_hidden() {
            let rate = step.rate().map_or(String::new(), |rate| format!("  rate {rate:.3e}"));
            self.message(format!("loss {:.4}{rate}", self.losses.0 / self.losses.1 as f64));
        }
        self.bar.set_position(step.batch as u64);
    }

    /// An empty bar.
    fn start(&self, name: String, length: Option<u64>) {
        match length {
            Some(length) => {
                self.bar.set_length(length);
                self.bar.set_style(style("{prefix}  {bar:30} {pos}/{len}  {msg}  {speed}, {eta} left"));
            }
            None => {
                self.bar.unset_length();
                self.bar.set_style(style("{prefix}  {spinner} {pos}  {msg}  {speed}"));
            }
        }
        self.bar.set_message("");
        self.bar.set_prefix(name);
        self.bar.reset();
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|error| unreachable!("{template}: {error}"));
    // The library's own has four digits behind the point.
    let speed = |state: &ProgressState, to: &mut dyn fmt::Write| {
        let _ = write!(to, "{:.1}/s", state.per_sec());
    };
    style.with_key("speed", speed).progress_chars("━╸─")
}

/// The iterator that [`ProgressBar::over`] returns.
#[derive(Debug)]
pub struct Over<I> {
    items: I,
    bar: Bar,
}

impl<I: Iterator> Iterator for Over<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let item = self.items.next()?;
        self.bar.inc(1);
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for Over<I> {}

impl<I> Drop for Over<I> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;
    use crate::prelude::*;
    use crate::train::{History, Trainer};

    /// A bar and the terminal that it is drawn on.
    fn bar() -> (ProgressBar, InMemoryTerm) {
        let terminal = InMemoryTerm::new(10, 120);
        (ProgressBar::on(ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255)), terminal)
    }

    /// Three steps an epoch, each of the loss 4; what the terminal shows after each, and the history.
    fn run(bar: ProgressBar, terminal: &InMemoryTerm, steps: u64) -> (Vec<String>, History) {
        let data = DataLoader::new(Tensor::from([1.0, 1.0, 1.0])).batch_size(1);
        let mut model: Tensor = Tensor::scalar(3.0);
        let mut state = setup(Descent::new(0.0), &model);
        let mut shown = vec![];
        let trainer = Trainer::new(&mut model, &data, &mut state, |w, x| mse(w, &x.sum())).epochs(2).steps(steps);
        let history = trainer.progress(bar).hook(|_| shown.push(terminal.contents())).run().unwrap();
        (shown, history)
    }

    #[test]
    fn a_run_shows_its_epoch_and_leaves_their_records() {
        let (bar, terminal) = bar();
        let (shown, history) = run(bar, &terminal, 100);
        assert!(shown[0].starts_with("epoch 0 of 2  ━━━━━━━━━━"), "{}", shown[0]);
        assert!(shown[0].contains("1/3  loss 4.0000  rate 0.000e0"), "{}", shown[0]);
        let records: Vec<String> = history.epochs.iter().map(ToString::to_string).collect();
        // Three steps, the first epoch's end, and the second epoch's first step.
        assert_eq!(shown[3], records[0]);
        assert!(shown[4].starts_with(&format!("{}\nepoch 1 of 2  ━", records[0])), "{}", shown[4]);
        assert_eq!(terminal.contents(), records.join("\n"));
    }

    #[test]
    fn an_epoch_that_is_cut_short_leaves_its_bar() {
        let (bar, terminal) = bar();
        let (shown, _) = run(bar, &terminal, 2);
        assert!(shown[1].contains("2/3") && terminal.contents().contains("2/3"), "{}", terminal.contents());
    }

    #[test]
    fn a_loop_shows_where_it_is_and_leaves_nothing() {
        let (bar, terminal) = bar();
        let mut seen = 0;
        for item in bar.over("counting", 1..=4) {
            bar.message(format!("at {item}"));
            seen += item;
            if item == 3 {
                assert!(terminal.contents().starts_with("counting"), "{}", terminal.contents());
                assert!(terminal.contents().contains("3/4  at 3"), "{}", terminal.contents());
                assert_eq!(bar.suspend(|| terminal.contents()), "");
            }
        }
        assert_eq!((seen, terminal.contents().as_str()), (10, ""));
        // Of an unknown number, and left early.
        for item in bar.over("searching", [1, 2, 3].iter().filter(|&&item| item > 1)) {
            assert!(terminal.contents().starts_with("searching"), "{}", terminal.contents());
            assert!(!terminal.contents().contains('/') || !terminal.contents().contains("left"));
            if *item == 2 {
                break;
            }
        }
        assert_eq!(terminal.contents(), "");
        assert_eq!(bar.over("again", [7, 8]).len(), 2);
    }

    #[test]
    fn a_silent_bar_only_hands_on() {
        let terminal = InMemoryTerm::new(1, 1);
        assert_eq!(run(ProgressBar::silent(), &terminal, 100).1.epochs.len(), 2);
        assert_eq!(ProgressBar::silent().over("x", 0..3).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
