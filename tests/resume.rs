//! Runs that go on from a checkpoint: after a kill at any moment, and where the checkpoint is not what it should be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sapwood::checkpoint::{Checkpoint, Position};
use sapwood::nn::BatchNorm;
use sapwood::optim::Average;
use sapwood::optim::schedule::Cosine;
use sapwood::prelude::*;
use sapwood::train::{Checkpoints, EarlyStopping, Event, History, Trainer};

#[derive(Params, Clone, Debug, PartialEq)]
struct Net {
    hidden: Dense,
    norm: BatchNorm,
    dropout: Dropout,
    out: Dense,
}

impl Net {
    fn new(width: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        Net {
            hidden: Dense::new(8, width, &mut rng),
            norm: BatchNorm::new(width),
            dropout: Dropout::new(0.3, 2),
            out: Dense::new(width, 3, &mut rng),
        }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        self.out.forward(&self.dropout.forward(&self.norm.forward(&self.hidden.forward(x)).relu()))
    }
}

type Loader = DataLoader<(Tensor, Tensor<usize>)>;

/// What is trained on, and what is validated on.
fn data(seed: u64) -> [Loader; 2] {
    let mut rng = StdRng::seed_from_u64(3);
    let mut draw = |count| {
        let x: Tensor = Tensor::normal((count, 8), 0.0, 1.0, &mut rng);
        let y = x.slice(s![.., ..3]).argmax_axis(1);
        (x, y)
    };
    [DataLoader::new(draw(220)).batch_size(10).shuffle(seed), DataLoader::new(draw(50)).batch_size(20)]
}

fn rule() -> Scheduled<Adam, Cosine> {
    Scheduled::new(Adam::default(), Cosine::new(0.02, EPOCHS * STEPS))
}

const EPOCHS: u64 = 10;
const STEPS: u64 = 22;

type Outcome = (Net, State<Scheduled<Adam, Cosine>, Net>, Average<Net>, History);

/// A run with all that has to be remembered, and what it ends with.
fn run(checkpoints: Checkpoints, pause: Duration) -> sapwood::Result<Outcome> {
    let [data, test] = data(4);
    let mut model = Net::new(16);
    let mut state = setup(rule(), &model);
    let mut average = Average::exponential(&model, 0.95);
    let history = Trainer::new(&mut model, &data, &mut state, |m, (x, y)| cross_entropy(&m.forward(&x), &y))
        .epochs(EPOCHS)
        .validation(&test)
        .metric("accuracy", |m, (x, y)| accuracy(&m.forward(&x), &y))
        .clip_norm(1.0)
        .average(&mut average)
        .early_stopping(EarlyStopping::new(100))
        .checkpoints(checkpoints)
        .hook(|event| {
            if let Event::Step(_) = event {
                std::thread::sleep(pause);
            }
        })
        .run()?;
    Ok((model, state, average, history))
}

/// A folder of this test's own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sapwood-resume-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn checkpoints(&self) -> Checkpoints {
        Checkpoints::in_folder(&self.0)
    }

    fn newest(&self) -> PathBuf {
        self.checkpoints().files().unwrap().pop().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where the process that is to be killed finds its folder.
const CHILD: &str = "SAPWOOD_TEST_RESUME_FOLDER";

#[test]
#[ignore = "the process that the others start and kill"]
fn child() {
    let folder = PathBuf::from(std::env::var_os(CHILD).expect("only the other tests run this one"));
    let checkpoints = Checkpoints::in_folder(&folder).every_steps(3).keep(2).resume();
    let (model, state, average, history) = run(checkpoints, Duration::from_millis(1)).unwrap();
    let epochs: Vec<_> = history.epochs.iter().map(|epoch| (epoch.loss, epoch.validation_loss, epoch.rate)).collect();
    let all = (Snapshot::of(&model), state, Snapshot::of(average.model()), history.losses, epochs);
    save(folder.join("end"), &all).unwrap();
}

fn start(folder: &Path, threads: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--test-threads", "1"])
        .env(CHILD, folder)
        .env("RAYON_NUM_THREADS", threads.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn end(mut child: Child, folder: &Folder) -> Vec<u8> {
    assert!(child.wait().unwrap().success());
    fs::read(folder.0.join("end")).unwrap()
}

/// How many steps the newest checkpoint has.
fn steps(folder: &Folder) -> u64 {
    let files = folder.checkpoints().files().unwrap_or_default();
    let name = files.last().and_then(|file| file.file_stem()).map(|name| name.to_string_lossy().into_owned());
    name.map_or(0, |name| name["step-".len()..].parse().unwrap())
}

#[test]
fn a_run_that_is_killed_at_any_moment_ends_with_the_same_bits() {
    let mut rng = StdRng::seed_from_u64(0);
    let mut ends = vec![];
    for threads in [1, 2] {
        let alone = Folder::new(&format!("alone-{threads}"));
        ends.push(end(start(&alone.0, threads), &alone));

        let killed = Folder::new(&format!("killed-{threads}"));
        let mut moments: Vec<u64> = (0..20).map(|_| rng.random_range(0..EPOCHS * STEPS - 20)).collect();
        moments.sort_unstable();
        let mut kills = 0;
        for moment in moments {
            let mut child = start(&killed.0, threads);
            while steps(&killed) < moment && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            // Within the next step or two, or while the next checkpoint is being written.
            std::thread::sleep(Duration::from_micros(rng.random_range(0..8000)));
            kills += u32::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(kills >= 10, "the runs were over before they were killed");
        ends.push(end(start(&killed.0, threads), &killed));
        let unfinished = fs::read_dir(&killed.0).unwrap().filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().ends_with(".tmp")
        });
        assert_eq!(unfinished.count(), 0);
    }
    assert!(ends.iter().all(|end| *end == ends[0]), "the ends differ");
}

/// A run of one epoch that leaves checkpoints after steps 4 and 8.
fn short<R: Rule>(
    folder: &Folder,
    resume: bool,
    model: &mut Net,
    rule: R,
    seed: u64,
    average: Option<&mut Average<Net>>,
) -> sapwood::Result<History>
where
    State<R, Net>: serde::Serialize + serde::de::DeserializeOwned,
{
    let [data, _] = data(seed);
    let mut state = setup(rule, model);
    let checkpoints = folder.checkpoints().every_steps(4);
    let checkpoints = if resume { checkpoints.resume() } else { checkpoints };
    let trainer = Trainer::new(model, &data, &mut state, |m, (x, y)| cross_entropy(&m.forward(&x), &y))
        .steps(8)
        .checkpoints(checkpoints);
    match average {
        Some(average) => trainer.average(average).run(),
        None => trainer.run(),
    }
}

/// The message of a resumed run that does not fit, which names the newest file and changes no model.
fn refused<R: Rule>(folder: &Folder, mut model: Net, rule: R, seed: u64, average: Option<&mut Average<Net>>) -> String
where
    State<R, Net>: serde::Serialize + serde::de::DeserializeOwned,
{
    let before = model.clone();
    let message = short(folder, true, &mut model, rule, seed, average).unwrap_err().to_string();
    assert_eq!(model, before);
    let file = format!("{}: ", folder.newest().display());
    message.strip_prefix(&file).unwrap_or_else(|| panic!("{message}")).to_owned()
}

#[test]
fn a_checkpoint_of_another_run_is_an_error_that_names_the_place() {
    let folder = Folder::new("other");
    short(&folder, false, &mut Net::new(16), Adam::default(), 4, None).unwrap();
    assert_eq!(
        refused(&folder, Net::new(17), Adam::default(), 4, None),
        "`hidden.weight`: expected f32 [8, 17], found f32 [8, 16]"
    );
    let narrower = Net { norm: BatchNorm::new(16).without_affine(), ..Net::new(16) };
    assert_eq!(
        refused(&folder, narrower, Adam::default(), 4, None),
        "`norm.mean`: expected a buffer, found `norm.affine.scale`"
    );
    assert_eq!(
        refused(&folder, Net::new(16), AdaMax::default(), 4, None),
        "`hidden.weight`: expected a state of AdaMax, found one of Adam"
    );
    assert_eq!(
        refused(&folder, Net::new(16), Adam::default(), 5, None),
        "`data`: expected 220 observations in 22 batches of 10, shuffled with the seed 5, \
         found 220 observations in 22 batches of 10, shuffled with the seed 4"
    );
    let mut average = Average::uniform(&Net::new(16));
    assert_eq!(
        refused(&folder, Net::new(16), Adam::default(), 4, Some(&mut average)),
        "`average`: expected an average of weights, found nothing"
    );
    // And without `resume`, a folder that is in use.
    let message = short(&folder, false, &mut Net::new(16), Adam::default(), 4, None).unwrap_err().to_string();
    assert!(message.ends_with("holds checkpoints of another run: resume it, or choose another folder"), "{message}");
}

#[test]
fn a_damaged_checkpoint_is_an_error_that_offers_the_one_before() {
    let folder = Folder::new("damaged");
    short(&folder, false, &mut Net::new(16), Adam::default(), 4, None).unwrap();
    let [before, newest] = folder.checkpoints().files().unwrap().try_into().unwrap();
    let damage = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(path, bytes).unwrap();
    };
    damage(&newest);
    let message = refused(&folder, Net::new(16), Adam::default(), 4, None);
    let offer = format!("remove the damaged file to go on from {}, which is whole", before.display());
    assert_eq!(message, format!("corrupted: the checksum does not match; {offer}"));
    damage(&before);
    let message = refused(&folder, Net::new(16), Adam::default(), 4, None);
    assert_eq!(message, "corrupted: the checksum does not match; there is no other that is whole");
}

#[test]
fn the_newest_checkpoints_are_kept_and_the_best_model() {
    let folder = Folder::new("kept");
    let (_, _, average, history) = run(folder.checkpoints().every_steps(10).keep(2), Duration::ZERO).unwrap();
    let names: Vec<_> =
        folder.checkpoints().files().unwrap().iter().map(|file| file.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["step-0000000210.sapwood", "step-0000000220.sapwood"]);
    let checkpoint = Checkpoint::load(folder.newest()).unwrap();
    assert_eq!(checkpoint.position, Position { epoch: EPOCHS, batch: 0, step: EPOCHS * STEPS });
    assert_eq!(checkpoint.get::<History>("history").unwrap(), history);
    assert_eq!(
        checkpoint.get::<Snapshot>("rng").unwrap_err().to_string().split(": ").last(),
        Some("expected sapwood::checkpoint::snapshot::Snapshot, found nothing")
    );
    // The best model is what validation looked at: the average after its epoch.
    let mut best = Net::new(16);
    load::<Snapshot>(folder.0.join("best.sapwood")).unwrap().restore(&mut best).unwrap();
    let [_, test] = data(4);
    let loss = |m: &Net, (x, y): (Tensor, Tensor<usize>)| cross_entropy(&m.forward(&x), &y).item();
    let best_loss = sapwood::train::evaluate(&best, &test, loss).unwrap();
    assert_eq!(Some(best_loss), history.best().unwrap().validation_loss);
    assert_eq!(average.count(), EPOCHS * STEPS);
}

/// A file with another payload and the header that belongs to it.
fn with_payload(payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"SAPWOOD\0\x01\0\0\0".to_vec();
    bytes.extend((payload.len() as u64).to_le_bytes());
    bytes.extend(crc32fast::hash(payload).to_le_bytes());
    bytes.extend(payload);
    bytes
}

#[test]
fn no_file_whatever_is_in_it_makes_a_panic_or_half_a_model() {
    let folder = Folder::new("fuzz");
    let path = folder.0.join("file");
    let model: (Dense, Dropout) = (Dense::new(2, 1, &mut StdRng::seed_from_u64(0)), Dropout::new(0.5, 1));
    let state = setup((ClipNorm::new(1.0), Adam::default()), &model);
    Checkpoint::of(&model, &state, Position::default()).with("history", &History::default()).save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let try_it = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let (mut other, mut other_state) = (model.clone(), state.clone());
        let result = Checkpoint::load(&path).and_then(|checkpoint| {
            checkpoint.get::<History>("history")?;
            checkpoint.restore(&mut other, &mut other_state)
        });
        if let Err(error) = &result {
            assert!(error.to_string().starts_with(&*path.to_string_lossy()), "{error}");
            assert_eq!((&other, &other_state), (&model, &state));
        }
        result.is_ok()
    };
    assert!(try_it(&whole));
    for cut in 0..whole.len() {
        assert!(!try_it(&whole[..cut]), "cut at {cut}");
    }
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0xff;
        assert!(!try_it(&flipped), "flipped at {at}");
    }
    // With a checksum that is right, anything may be in it: lengths of 2⁶⁰ too.
    let payload = &whole[24..];
    assert_eq!(with_payload(payload), whole);
    let mut refused = 0;
    for at in 0..payload.len() {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut changed = payload.to_vec();
            changed[at] ^= byte;
            refused += usize::from(!try_it(&with_payload(&changed)));
        }
        let mut long = payload[..at].to_vec();
        long.push(253);
        long.extend((1u64 << 60).to_le_bytes());
        long.extend(&payload[at..]);
        refused += usize::from(!try_it(&with_payload(&long)));
    }
    assert!(refused > payload.len(), "{refused}");
}
