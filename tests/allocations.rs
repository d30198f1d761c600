//! How often a training step asks the system for memory once its buffers have been used before, and how much of it a file does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sapwood::prelude::*;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as our caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as our caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// One test at a time, with all that it makes: they share the counters.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The mean number of allocations a step and the bytes of the largest, on one thread, after four steps.
fn per_step(mut step: impl FnMut() + Send) -> (usize, usize) {
    const STEPS: usize = 4;
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    one_thread.install(move || {
        (0..STEPS).for_each(|_| step());
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        LARGEST.store(0, Ordering::Relaxed);
        (0..STEPS).for_each(|_| step());
        ((ALLOCATIONS.load(Ordering::Relaxed) - before) / STEPS, LARGEST.load(Ordering::Relaxed))
    })
}

/// 784 → 512 relu → 10 on 128 samples, cross-entropy, Adam: 34 allocations. They are reference counts of tensors, records
/// of operations, labels and losses of rows, and the optimiser's scratch. No elements are among them, of tensors or of operands
/// that products lay out anew, but those of fewer than 1,024.
#[test]
fn a_step_of_a_small_network_allocates_little() {
    let _turn = turn();
    let mut rng = StdRng::seed_from_u64(0);
    let x: Tensor = Tensor::normal((128, 784), 0.0, 1.0, &mut rng);
    let y: Tensor<i64> = Tensor::from((0..128).map(|i| i % 10).collect::<Vec<_>>());
    let mut model: (Dense, Dense) = (Dense::new(784, 512, &mut rng), Dense::new(512, 10, &mut rng));
    let mut state = setup(Adam::default(), &model);
    let (allocations, largest) = per_step(move || {
        let loss = |(hidden, out): &(Dense, Dense)| cross_entropy(&out.forward(&hidden.forward(&x).relu()), &y);
        let (_, grads) = with_gradient(loss, &model);
        update(&mut state, &mut model, &grads);
    });
    assert!(allocations <= 34, "{allocations} allocations a step");
    assert!(largest < 4 * 1024, "{largest} bytes at once");
}

/// A value is encoded as it is written, 64 KiB at a time: of a model of 1.6 MB no copy is made.
#[test]
fn a_file_is_written_without_a_copy_of_the_model() {
    let _turn = turn();
    let mut model: Dense = Dense::new(784, 512, &mut StdRng::seed_from_u64(0));
    let path = std::env::temp_dir().join(format!("sapwood-allocations-{}", std::process::id()));
    let snapshot = Snapshot::of(&model);
    let (_, largest) = per_step(|| save(&path, &snapshot).unwrap());
    assert!(largest <= 64 * 1024, "{largest} bytes at once");
    load::<Snapshot>(&path).unwrap().restore(&mut model).unwrap();
    assert_eq!(Snapshot::of(&model), snapshot);
    std::fs::remove_file(path).unwrap();
}
