//! Threads of rayon's pool that stay awake for a moment after they have helped, for the next work.
//!
//! Waking a thread that sleeps takes 5 to 50 µs, as long as many an operation takes. A training step has hundreds of
//! operations worth sharing, with short ones between; a helper that waits at hand joins in within a fraction of a
//! microsecond, as OpenMP's threads do.

#![allow(unsafe_code)]

use std::any::Any;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a helper stays awake without work.
const PATIENCE: Duration = Duration::from_micros(200);

/// Looks at the board between two looks at the clock and at rayon's own work.
const LOOKS: usize = 32;

/// What all threads do that are at a job; it is told whether the thread is the one that posted it.
type Work<'a> = dyn Fn(bool) + Sync + 'a;

/// Work that helpers may join; it lives on the stack of the thread that posted it.
struct Job<'a> {
    work: &'a Work<'a>,
    /// Helpers that are at it.
    inside: AtomicUsize,
    /// What the first helper that panicked threw.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// A job on the board, and how many more helpers may join it.
struct Posted {
    job: *const Job<'static>,
    places: usize,
}

// SAFETY: what a job holds may be used by several threads at once.
unsafe impl Send for Posted {}

static BOARD: Mutex<Vec<Posted>> = Mutex::new(vec![]);
/// The places on the board, to look at without its lock.
static PLACES: AtomicUsize = AtomicUsize::new(0);
/// Helpers that look for work, or have been called and not come yet.
static WAITING: AtomicUsize = AtomicUsize::new(0);

fn board() -> MutexGuard<'static, Vec<Posted>> {
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `work` on this thread and, at the same time, on at most `count` helpers; returns when all of them have returned.
/// A panic in any of them is this thread's.
pub(super) fn work_together(count: usize, work: &Work<'_>) {
    let job = Job { work, inside: AtomicUsize::new(0), panic: Mutex::new(None) };
    let address = (&raw const job).cast::<Job<'static>>();
    for _ in WAITING.load(Ordering::SeqCst)..count {
        WAITING.fetch_add(1, Ordering::SeqCst);
        rayon_core::spawn(help);
    }
    // From here until the job is off the board nothing may unwind.
    board().push(Posted { job: address, places: count });
    PLACES.fetch_add(count, Ordering::SeqCst);
    let own = catch_unwind(AssertUnwindSafe(|| work(true)));
    withdraw(address);
    job.wait();
    if let Err(panic) = own {
        resume_unwind(panic);
    }
    if let Some(panic) = job.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(panic);
    }
}

/// After this no helper joins the job any more.
fn withdraw(job: *const Job<'static>) {
    let mut board = board();
    if let Some(at) = board.iter().position(|posted| posted.job == job) {
        PLACES.fetch_sub(board.swap_remove(at).places, Ordering::SeqCst);
    }
}

impl Job<'_> {
    /// Waits for the helpers inside.
    fn wait(&self) {
        let mut looks = 0;
        while self.inside.load(Ordering::Acquire) > 0 {
            looks += 1;
            // Its thread may have been taken off its processor.
            if looks % 1024 == 0 { thread::yield_now() } else { spin_loop() }
        }
    }
}

/// A helper's life: it joins what is on the board until there has been nothing for a while.
fn help() {
    let mut end = Instant::now() + PATIENCE;
    loop {
        for _ in 0..LOOKS {
            if join_one() {
                end = Instant::now() + PATIENCE;
            }
            spin_loop();
        }
        // Whoever else uses the pool, or the processor, need not wait for a helper that waits.
        if rayon_core::yield_now() == Some(rayon_core::Yield::Executed) {
            continue;
        }
        thread::yield_now();
        if Instant::now() > end {
            WAITING.fetch_sub(1, Ordering::SeqCst);
            return;
        }
    }
}

/// Joins the newest job that has a place, if there is any.
fn join_one() -> bool {
    if PLACES.load(Ordering::Relaxed) == 0 {
        return false;
    }
    let mut board = board();
    let Some(posted) = board.iter_mut().rev().find(|posted| posted.places > 0) else { return false };
    posted.places -= 1;
    PLACES.fetch_sub(1, Ordering::SeqCst);
    // SAFETY: a job that is on the board lives, for its owner takes it off, by the lock that is held here, before it ends.
    // From the next line until the last one of this function its owner waits in `Job::wait`.
    let job = unsafe { &*posted.job };
    job.inside.fetch_add(1, Ordering::Relaxed);
    drop(board);
    WAITING.fetch_sub(1, Ordering::SeqCst);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (job.work)(false))) {
        job.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
    }
    WAITING.fetch_add(1, Ordering::SeqCst);
    job.inside.fetch_sub(1, Ordering::Release);
    true
}
