//! Times training steps, as the programs of other libraries print them for the same workloads:
//!
//! `cargo run --release --example steps -- linear mlp --threads 2`
//!
//! The workloads are in `workloads`, and all of them are timed where none is named. The best and the median of three
//! seconds of repeated runs are printed, in milliseconds a step.

use std::time::{Duration, Instant};

use sapwood::prelude::*;

mod workloads;
use workloads::{Step, WORKLOADS};

fn timed(name: &str, threads: usize, mut step: Step) {
    (0..3).for_each(|_| step());
    let start = Instant::now();
    step();
    let inner = ((0.05 / start.elapsed().as_secs_f64().max(1e-7)) as usize).max(1);
    let mut runs = vec![];
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end || runs.len() < 3 {
        let start = Instant::now();
        (0..inner).for_each(|_| step());
        runs.push(start.elapsed().as_secs_f64() / inner as f64 * 1e3);
    }
    runs.sort_by(f64::total_cmp);
    println!("sapwood {name} threads={threads} best {:.4} ms median {:.4} ms", runs[0], runs[runs.len() / 2]);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut names, mut threads) = (vec![], 2);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--threads" {
            threads = arguments.next().ok_or("--threads needs a number")?.parse()?;
        } else if WORKLOADS.iter().any(|(name, _)| *name == argument) {
            names.push(argument);
        } else {
            return Err(format!("no workload `{argument}`; there are {:?}", WORKLOADS.map(|(name, _)| name)).into());
        }
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build_global()?;
    for (name, workload) in WORKLOADS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            timed(name, threads, workload(&mut StdRng::seed_from_u64(0)));
        }
    }
    Ok(())
}
