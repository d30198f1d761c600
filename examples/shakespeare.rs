//! Trains a small GPT on the characters of Shakespeare and lets it write a few lines.
//!
//! `cargo run --release --example shakespeare -- --data FILE --steps 4000 --checkpoints FOLDER --resume`
//!
//! FILE is any text, such as the 1.1 MB of Karpathy's `tinyshakespeare.txt`; nine tenths are trained on, the last tenth is
//! validated on. With a folder it writes a checkpoint every 250 steps, and with `--resume` a run that was killed goes on
//! and ends with the same bits. The 4,000 steps, with both validations, take some six minutes on two slow cores and reach a
//! validation loss of about 1.6 nats a character.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sapwood::data::{TokenWindows, Vocabulary, read_text};
use sapwood::optim::schedule::Cosine;
use sapwood::prelude::*;
use sapwood::train::{Checkpoints, Event, Step, Throttle, Trainer, evaluate};

mod gpt;
use gpt::Gpt;

const CONTEXT: usize = 64;
const BATCH: usize = 12;
const RATE: f64 = 2e-3;

struct Options {
    data: PathBuf,
    steps: u64,
    checkpoints: Option<Checkpoints>,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        data: Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/text/tinyshakespeare.txt"),
        steps: 4_000,
        checkpoints: None,
    };
    let mut resume = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{option} needs a value"));
        match option.as_str() {
            "--data" => options.data = value()?.into(),
            "--steps" => {
                let steps: NonZero<u64> = value()?.parse().map_err(|error| format!("--steps: {error}"))?;
                options.steps = steps.get();
            }
            "--checkpoints" => options.checkpoints = Some(Checkpoints::in_folder(value()?).every_steps(250)),
            "--resume" => resume = true,
            _ => return Err(format!("{option} is none of --data FILE, --steps N, --checkpoints FOLDER, --resume")),
        }
    }
    if resume {
        let checkpoints = options.checkpoints.ok_or("--resume needs --checkpoints FOLDER")?;
        options.checkpoints = Some(checkpoints.resume());
    }
    if !options.data.is_file() {
        return Err(format!("no file {}: pass --data FILE, a text", options.data.display()));
    }
    Ok(options)
}

/// So many characters after the first of the vocabulary, drawn by what the model says of each next one.
fn write(model: &Gpt, vocabulary: &Vocabulary, count: usize, rng: &mut StdRng) -> String {
    let mut tokens = vec![0i64];
    for _ in 0..count {
        let context = tokens[tokens.len().saturating_sub(CONTEXT)..].to_vec();
        let length = context.len();
        let logits = model.forward(&Tensor::from_vec(context, (1, length)));
        // A little colder than it learnt: 0.8.
        tokens.push((logits.slice(s![0, -1, ..]) / 0.8).categorical(0, rng).item() as i64);
    }
    vocabulary.decode(&Tensor::from(tokens[1..].to_vec()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Options { data, steps, checkpoints } = options()?;
    let text = read_text(&data)?;
    let vocabulary = Vocabulary::of(&text);
    let tokens = vocabulary.encode(&text)?;
    let cut = tokens.len() * 9 / 10;
    let windows = |tokens: Tensor<i64>, stride| DataLoader::new(TokenWindows::new(tokens, CONTEXT).stride(stride));
    let data = windows(tokens.slice(s![..cut]), CONTEXT / 2).batch_size(BATCH).shuffle(1).drop_last();
    let validation = windows(tokens.slice(s![cut..]), CONTEXT).batch_size(64);

    let mut rng = StdRng::seed_from_u64(0);
    let mut model = Gpt::new(vocabulary.len(), CONTEXT, &mut rng);
    let rate = Cosine::new(RATE, steps).end(RATE / 10.0).warm_up(100);
    let mut state = setup(Scheduled::new(AdamW::default().betas(0.9, 0.99).lambda(0.1), rate), &model);
    let (characters, kinds, parameters) = (tokens.len(), vocabulary.len(), model.num_parameters());
    println!("{characters} characters, {kinds} of them distinct; {parameters} parameters");

    let started = Instant::now();
    let seconds = || started.elapsed().as_secs_f64();
    let mut throttle = Throttle::every(Duration::from_secs(10));
    let loss = |m: &Gpt, (x, y): (Tensor<i64>, Tensor<i64>)| cross_entropy(&m.forward(&x), &y);
    let mut trainer =
        Trainer::new(&mut model, &data, &mut state, loss).steps(steps).validation(&validation).clip_norm(1.0).hook(
            |event| match event {
                Event::Step(Step { step, loss, .. }) if throttle.is_due() => {
                    println!("step {step:5} of {steps}  loss {loss:.3}  {:.0} s", seconds());
                }
                Event::Epoch(end) => println!("{}", end.record),
                _ => {}
            },
        );
    if let Some(checkpoints) = checkpoints {
        trainer = trainer.checkpoints(checkpoints);
    }
    trainer.run()?;

    // On the whole last tenth.
    let nats = evaluate(&model, &validation, loss)?;
    println!("validation loss {nats:.4} after {:.0} s\n", seconds());
    println!("{}", write(&model, &vocabulary, 500, &mut rng));
    Ok(())
}
