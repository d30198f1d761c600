//! Threads that make things ahead of who takes them, in order.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::kernels::threads::work_alone;

/// Worker threads that make numbered things. However many they are, each number is made once, and what is taken is in
/// order. Dropping it stops them: each finishes what it is making, and its thread has ended when the drop returns.
pub(super) struct Prefetch<T> {
    shared: Arc<Shared<T>>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared<T> {
    queue: Mutex<Queue<T>>,
    /// Something was made.
    made: Condvar,
    /// Something was taken, or the workers are to stop.
    room: Condvar,
}

struct Queue<T> {
    /// The number that is taken next.
    next: usize,
    /// The number that a worker makes next.
    unclaimed: usize,
    /// What was made of the numbers from `next` on; as many places as may be made ahead.
    places: VecDeque<Option<thread::Result<T>>>,
    stopped: bool,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts `workers` threads that make the numbers `first..end`, at most `ahead` of them before they are taken.
    #[track_caller]
    pub(super) fn start(
        (first, end): (usize, usize),
        (workers, ahead): (usize, usize),
        make: impl Fn(usize) -> T + Send + Sync + 'static,
    ) -> Self {
        let places = (0..ahead).map(|_| None).collect();
        let queue = Mutex::new(Queue { next: first, unclaimed: first, places, stopped: false });
        let shared = Arc::new(Shared { queue, made: Condvar::new(), room: Condvar::new() });
        let mut prefetch = Prefetch { shared: shared.clone(), workers: vec![] };
        let make = Arc::new(make);
        // No more threads than there is work or room for.
        for worker in 0..workers.min(end - first).min(ahead) {
            let (shared, make) = (shared.clone(), make.clone());
            let thread = thread::Builder::new().name(format!("sapwood-loader-{worker}"));
            match thread.spawn(move || shared.work(end, &*make)) {
                Ok(handle) => prefetch.workers.push(handle),
                Err(error) => panic!("DataLoader: the system starts no thread for worker {worker}: {error}"),
            }
        }
        prefetch
    }
}

impl<T> Prefetch<T> {
    /// Waits for a number, and skips those before it. Numbers rise from call to call. A panic of the worker that made it
    /// is the error.
    pub(super) fn take(&self, number: usize) -> thread::Result<T> {
        let mut queue = self.shared.lock();
        let ahead = queue.places.len();
        let skipped: Vec<_> = (queue.next..number).take(ahead).map(|_| queue.pop()).collect();
        queue.next = number;
        queue.unclaimed = queue.unclaimed.max(number);
        self.shared.room.notify_all();
        while queue.places[0].is_none() {
            queue = self.shared.made.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let made = queue.pop();
        queue.next += 1;
        drop(queue);
        self.shared.room.notify_all();
        drop(skipped);
        made.unwrap_or_else(|| unreachable!("number {number} was waited for"))
    }
}

impl<T> Queue<T> {
    /// The first place, and an empty one at the end.
    fn pop(&mut self) -> Option<thread::Result<T>> {
        self.places.push_back(None);
        self.places.pop_front().flatten()
    }
}

impl<T> Shared<T> {
    /// Whoever panicked while it held the lock had not changed the queue halfway.
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a worker does.
    fn work(&self, end: usize, make: impl Fn(usize) -> T) {
        // The workers are parallel to each other and to the training step; parallel within they would only be in its way.
        work_alone();
        while let Some(number) = self.claim(end) {
            let made = catch_unwind(AssertUnwindSafe(|| make(number)));
            let mut queue = self.lock();
            // It may have been skipped meanwhile.
            if let Some(place) = number.checked_sub(queue.next) {
                queue.places[place] = Some(made);
                drop(queue);
                self.made.notify_one();
            }
        }
    }

    /// The next number to make, as soon as there is room for it.
    fn claim(&self, end: usize) -> Option<usize> {
        let mut queue = self.lock();
        while !queue.stopped && queue.unclaimed < end && queue.unclaimed - queue.next >= queue.places.len() {
            queue = self.room.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let number = queue.unclaimed;
        (!queue.stopped && number < end).then(|| {
            queue.unclaimed += 1;
            number
        })
    }
}

impl<T> fmt::Debug for Prefetch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefetch({} workers)", self.workers.len())
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.room.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches the panics of what it makes; there is nothing to learn from how it ended.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_taken_is_in_order_and_made_once() {
        for (workers, ahead) in [(1, 1), (1, 4), (3, 1), (3, 2), (4, 64)] {
            let made = Arc::new(AtomicUsize::new(0));
            let count = made.clone();
            let prefetch = Prefetch::start((3, 40), (workers, ahead), move |number| {
                count.fetch_add(1, Ordering::Relaxed);
                // Some take longer than others.
                thread::sleep(Duration::from_micros(number as u64 * 37 % 100));
                number
            });
            let taken: Vec<usize> = (3..40).map(|number| prefetch.take(number).unwrap()).collect();
            assert_eq!(taken, (3..40).collect::<Vec<_>>());
            drop(prefetch);
            assert_eq!(made.load(Ordering::Relaxed), 37);
        }
    }

    #[test]
    fn no_more_is_made_ahead_than_asked_for() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = made.clone();
        let prefetch = Prefetch::start((0, 1000), (4, 5), move |_| count.fetch_add(1, Ordering::SeqCst));
        for number in 0..100 {
            prefetch.take(number).unwrap();
            // Taken are number + 1, and five may be ahead.
            assert!(made.load(Ordering::SeqCst) <= number + 6);
        }
        thread::sleep(Duration::from_millis(20));
        assert_eq!(made.load(Ordering::SeqCst), 105);
    }

    #[test]
    fn skipped_numbers_are_passed_over() {
        for skip in [1, 2, 3, 7, 50] {
            let prefetch = Prefetch::start((0, 200), (3, 3), |number| number);
            let taken: Vec<_> = (0..200).step_by(skip).map(|number| prefetch.take(number).unwrap()).collect();
            assert_eq!(taken, (0..200).step_by(skip).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_drop_ends_the_threads_wherever_they_are() {
        let alive = Arc::new(());
        for taken in [0, 1, 5, 20] {
            let held = alive.clone();
            let prefetch = Prefetch::start((0, 20), (3, 4), move |_| Arc::strong_count(&held));
            (0..taken).for_each(|number| drop(prefetch.take(number)));
            drop(prefetch);
            // What the threads held is gone, so they are.
            assert_eq!(Arc::strong_count(&alive), 1);
        }
    }

    #[test]
    fn a_panic_is_handed_over_and_the_worker_goes_on() {
        let prefetch = Prefetch::start((0, 10), (1, 2), |number| assert!(number % 3 > 0, "number {number}"));
        for number in 0..10 {
            match prefetch.take(number) {
                Ok(()) => assert_ne!(number % 3, 0),
                Err(panic) => assert_eq!(*panic.downcast_ref::<String>().unwrap(), format!("number {number}")),
            }
        }
    }
}
