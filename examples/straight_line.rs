//! The beginner's whole workflow: data, a split, a model of one weight and one bias, a loop, a prediction, a file.
//!
//! `cargo run --release --example straight_line`
//!
//! The points lie on y = 0.7 x + 0.3. With the absolute error as loss every step of plain gradient descent has the same
//! length wherever the line is still on one side of all points: the losses fall in straight lines too.
//!
//! With `--features plots`, `-- --pictures FOLDER` draws the points and what the line makes of them, before training and
//! after.

use std::path::{Path, PathBuf};

use sapwood::data::split;
use sapwood::prelude::*;

/// y = w·x + b
#[derive(Params, Clone, Debug)]
struct Line {
    w: Tensor,
    b: Tensor,
}

impl Line {
    fn new(rng: &mut impl Rng) -> Self {
        Line { w: Tensor::normal((), 0.0, 1.0, rng), b: Tensor::normal((), 0.0, 1.0, rng) }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        &self.w * x + &self.b
    }
}

/// The losses of one epoch.
struct Epoch {
    train: f32,
    test: f32,
}

/// Takes one step on all training data in each epoch.
fn fit(line: &mut Line, train: &(Tensor, Tensor), test: &(Tensor, Tensor), epochs: usize) -> Vec<Epoch> {
    let mut state = setup(Descent::new(0.01), line);
    let mut curve = vec![];
    for _ in 0..epochs {
        let test_loss = mae(&line.forward(&test.0), &test.1).item();
        let (train_loss, grads) = with_gradient(|line| mae(&line.forward(&train.0), &train.1), line);
        update(&mut state, line, &grads);
        curve.push(Epoch { train: train_loss, test: test_loss });
    }
    curve
}

/// Draws the points and the line's predictions of them.
#[cfg(feature = "plots")]
fn draw(path: &Path, title: &str, line: &Line, (x, y): &(Tensor, Tensor)) -> Result<(), Box<dyn std::error::Error>> {
    use sapwood::train::plots::Plot;

    let over_x = |y: &Tensor| x.iter().map(|&x| x.into()).zip(y.iter().map(|&y| y.into())).collect();
    let series = [("points", over_x(y)), ("predictions", over_x(&line.forward(x)))];
    Ok(Plot::lines(series).title(title).x_label("x").y_label("y").save(path)?)
}

#[cfg(not(feature = "plots"))]
fn draw(_: &Path, _: &str, _: &Line, _: &(Tensor, Tensor)) -> Result<(), Box<dyn std::error::Error>> {
    Err("pictures need `--features plots`".into())
}

/// The folder of the option `--pictures`.
fn pictures() -> Result<Option<PathBuf>, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => Ok(None),
        [option, folder] if option == "--pictures" => Ok(Some(folder.into())),
        _ => Err(format!("the options are --pictures FOLDER, not {}", arguments.join(" "))),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pictures = pictures()?;
    // 50 points from 0 to 0.98, the first 40 to train on and the last 10 to test on.
    let x = Tensor::arange(50).reshape((50, 1)) * 0.02;
    let y = &x * 0.7 + 0.3;
    let points = (x, y);
    let [train, test] = split(&points, [0.8, 0.2]).map(|part| part.all());

    let mut line = Line::new(&mut StdRng::seed_from_u64(42));
    let start = line.clone();
    let curve = fit(&mut line, &train, &test, 300);
    for (epoch, Epoch { train, test }) in curve.iter().enumerate().step_by(20) {
        println!("epoch {epoch:3}  train loss {train:.4}  test loss {test:.4}");
    }

    println!("\n   x     y     before  after");
    let table = [test.0.clone(), test.1.clone(), start.forward(&test.0), line.forward(&test.0)];
    for row in Tensor::concat(&table, 1).to_vec().chunks(4) {
        println!("{:5.2}  {:.3}  {:6.3}  {:.3}", row[0], row[1], row[2], row[3]);
    }

    if let Some(folder) = pictures {
        std::fs::create_dir_all(&folder)?;
        draw(&folder.join("before.png"), "Before training", &start, &points)?;
        draw(&folder.join("after.png"), "After training", &line, &points)?;
        println!("\npictures in {}", folder.display());
    }

    // A model goes to a file as a snapshot, and comes back into a model built anew.
    let path = std::env::temp_dir().join(format!("straight_line_{}.sapwood", std::process::id()));
    save(&path, &Snapshot::of(&line))?;
    let mut loaded = Line::new(&mut StdRng::seed_from_u64(0));
    load::<Snapshot>(&path)?.restore(&mut loaded)?;
    std::fs::remove_file(&path)?;

    println!("\nweight {:.3} and bias {:.3}, where 0.7 and 0.3 are right", loaded.w.item(), loaded.b.item());
    println!("test loss {:.4}", mae(&loaded.forward(&test.0), &test.1).item());
    Ok(())
}
