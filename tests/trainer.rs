//! The `Trainer`: that it is the loop written out, and what each option does.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::Duration;

use sapwood::optim::schedule::{Linear, Plateau};
use sapwood::optim::{Average, MeanGradient};
use sapwood::prelude::*;
use sapwood::train::{EarlyStopping, Event, History, Stopped, Trainer, evaluate};

type Data = (Tensor<f64>, Tensor<f64>);

/// 40 observations to train with, in batches of 6 (so the last has 4), and 9 to validate with, in batches of 4.
fn data() -> (DataLoader<Data>, DataLoader<Data>) {
    let mut rng = StdRng::seed_from_u64(3);
    let mut draw = |count| {
        let x: Tensor<f64> = Tensor::normal((count, 3), 0.0, 1.0, &mut rng);
        let y = x.sum_axis(1).unsqueeze(1) + Tensor::normal((count, 1), 0.0, 0.3, &mut rng);
        (x, y)
    };
    (DataLoader::new(draw(40)).batch_size(6).shuffle(5), DataLoader::new(draw(9)).batch_size(4))
}

fn model() -> Dense<f64> {
    Dense::new(3, 1, &mut StdRng::seed_from_u64(1))
}

fn loss(m: &Dense<f64>, (x, y): (Tensor<f64>, Tensor<f64>)) -> Tensor<f64> {
    mse(&m.forward(&x), &y)
}

/// What must be the same: all but the seconds.
fn numbers(history: &History) -> Vec<(u64, u64, f64, Option<f64>, Vec<(String, f64)>, Option<f64>)> {
    let epochs = history.epochs.iter();
    epochs.map(|e| (e.epoch, e.step, e.loss, e.validation_loss, e.metrics.clone(), e.rate)).collect()
}

#[test]
fn an_epoch_of_it_is_train() {
    let (train_data, _) = data();
    let (mut a, mut b) = (model(), model());
    let (mut a_state, mut b_state) = (setup(Adam::new(0.05), &a), setup(Adam::new(0.05), &b));
    let plain = train(&mut a, train_data.epoch(0), &mut a_state, loss).unwrap();
    let history = Trainer::new(&mut b, &train_data, &mut b_state, loss).run().unwrap();
    assert_eq!((a, a_state), (b, b_state));
    assert_eq!(history.losses, plain.losses);
    assert_eq!((history.epochs.len(), history.stopped), (1, None));
    assert_eq!(history.epochs[0].loss, plain.mean_loss());
    assert_eq!((history.epochs[0].step, history.epochs[0].rate), (7, Some(0.05)));
}

#[test]
fn all_options_are_the_loop_written_out() {
    let (train_data, test_data) = data();
    let rule = || (ClipGrad::new(10.0), Momentum::new(0.1));
    let mut a = model();
    let mut a_state = setup(rule(), &a);
    let mut a_average = Average::exponential(&a, 0.9);
    let history = Trainer::new(&mut a, &train_data, &mut a_state, loss)
        .epochs(6)
        .validation(&test_data)
        .metric("mae", |m, (x, y)| mae(&m.forward(&x), &y))
        .accumulate(3)
        .clip_norm(0.5)
        .average(&mut a_average)
        .reduce_on_plateau(Plateau::new(0.1).factor(0.5).patience(0).threshold(0.5))
        .run()
        .unwrap();

    let mut b = model();
    let mut b_state = setup(rule(), &b);
    let mut b_average = Average::exponential(&b, 0.9);
    let mut plateau = Plateau::new(0.1).factor(0.5).patience(0).threshold(0.5);
    let mut epochs = vec![];
    let mut losses = vec![];
    for epoch in 0..6 {
        let batches: Vec<_> = train_data.epoch(epoch).collect();
        for group in batches.chunks(3) {
            let (mut mean, mut sum, mut count) = (MeanGradient::new(), 0.0, 0.0);
            for (x, y) in group {
                let (loss, grads) = with_gradient(|m| mse(&m.forward(x), y), &b);
                mean.add(grads, y.len());
                (sum, count) = (sum + loss * y.len() as f64, count + y.len() as f64);
            }
            update(&mut b_state, &mut b, &mean.take().clip_norm(0.5));
            b_average.update(&b);
            losses.push(sum / count);
        }
        let validation = evaluate(b_average.model(), &test_data, |m, batch| loss(m, batch).item()).unwrap();
        let mae = evaluate(b_average.model(), &test_data, |m, (x, y)| mae(&m.forward(&x), &y).item()).unwrap();
        let mean = losses[losses.len() - 3..].iter().sum::<f64>() / 3.0;
        let rate = b_state.rate();
        epochs.push((epoch, losses.len() as u64, mean, Some(validation), vec![("mae".to_owned(), mae)], rate));
        b_state.adjust(plateau.observe(validation));
    }
    assert_eq!((&a, &a_state, &a_average), (&b, &b_state, &b_average));
    assert_eq!(history.losses, losses);
    assert_eq!(numbers(&history), epochs);
    assert!(history.epochs[5].rate < Some(0.1), "the plateau never came: {:?}", history.epochs);
}

#[test]
fn a_mean_over_uneven_batches_is_that_of_all_observations() {
    let (_, test_data) = data();
    let (x, y) = test_data.dataset();
    let mean = evaluate(&model(), &test_data, |m, batch| loss(m, batch).item()).unwrap();
    let whole = loss(&model(), (x.clone(), y.clone())).item();
    assert!((mean - whole).abs() < 1e-12, "{mean} {whole}");
}

#[test]
fn early_stopping_restores_the_best_model() {
    let (train_data, test_data) = data();
    let run = |stopping: EarlyStopping| {
        let mut model = model();
        // The rate rises until the loss does.
        let mut state = setup(Scheduled::new(Descent::default(), Linear::new(0.01, 2.0, 70)), &model);
        let mut models = vec![];
        let history = Trainer::new(&mut model, &train_data, &mut state, loss)
            .epochs(100)
            .validation(&test_data)
            .metric("closeness", |m, batch| -loss(m, batch).item())
            .early_stopping(stopping)
            .hook(|event| {
                if let Event::Epoch(end) = event {
                    models.push(end.model.clone());
                }
            })
            .run()
            .unwrap();
        (model, history, models)
    };
    let (model, history, models) = run(EarlyStopping::new(3));
    let best = history.best().unwrap().epoch as usize;
    assert_eq!(history.stopped, Some(Stopped::EarlyStopping));
    assert_eq!(best + 4, history.epochs.len());
    assert_eq!(model, models[best]);
    // The same by a metric that rises; and without restoring.
    let (model, other, _) = run(EarlyStopping::new(3).metric("closeness").rising());
    assert_eq!((model, numbers(&other)), (models[best].clone(), numbers(&history)));
    let (model, _, models) = run(EarlyStopping::new(3).keep_last());
    assert_eq!(model, models[best + 3]);
}

#[test]
fn a_run_ends_where_it_is_told() {
    let (train_data, test_data) = data();
    let fresh = || (model(), setup(Descent::new(0.01), &model()));

    // Seven steps an epoch: in the middle of the second, and at its end.
    for (steps, epochs) in [(10, 1), (14, 2)] {
        let (mut model, mut state) = fresh();
        let history = Trainer::new(&mut model, &train_data, &mut state, loss).steps(steps).run().unwrap();
        assert_eq!((history.losses.len() as u64, history.epochs.len()), (steps, epochs));
        assert_eq!(history.stopped, Some(Stopped::Steps));
    }

    let (mut model, mut state) = fresh();
    let limited = Trainer::new(&mut model, &train_data, &mut state, loss).time_limit(Duration::ZERO).run().unwrap();
    assert_eq!((limited.losses.len(), limited.stopped), (1, Some(Stopped::TimeLimit)));

    let (mut model, mut state) = fresh();
    let enough = Trainer::new(&mut model, &train_data, &mut state, loss)
        .epochs(50)
        .validation(&test_data)
        .stop_when(|epoch| epoch.epoch >= 4 && epoch.validation_loss < Some(10.0))
        .run()
        .unwrap();
    assert_eq!((enough.epochs.len(), enough.stopped), (5, Some(Stopped::Condition)));

    let (mut model, mut state) = fresh();
    let seen = RefCell::new(vec![]);
    let hooked = Trainer::new(&mut model, &train_data, &mut state, loss)
        .epochs(3)
        .hook(|event| match event {
            Event::Step(step) if step.step == 9 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
        .hook(|event| {
            seen.borrow_mut().push(match event {
                Event::Step(step) => (step.epoch, step.batch, step.batches, step.step),
                Event::Epoch(end) => (end.record.epoch, 0, 0, end.record.step),
                _ => unreachable!(),
            });
        })
        .run()
        .unwrap();
    assert_eq!(hooked.stopped, Some(Stopped::Hook));
    let mut expected: Vec<_> = (1..=7).map(|batch| (0, batch, 7, batch as u64)).collect();
    expected.extend([(0, 0, 0, 7), (1, 1, 7, 8), (1, 2, 7, 9)]);
    assert_eq!(seen.into_inner(), expected);
}

#[test]
fn a_hook_knows_the_norm_before_clipping_and_the_rate() {
    let (train_data, _) = data();
    let mut model = model();
    let mut state = setup(Scheduled::new(Descent::default(), Linear::new(0.1, 0.0, 10)), &model);
    let mut seen = vec![];
    Trainer::new(&mut model, &train_data, &mut state, loss)
        .clip_norm(0.01)
        .hook(|event| {
            if let Event::Step(step) = event {
                seen.push((step.gradient_norm() > 0.01, step.grads.norm() <= 0.01 + 1e-15, step.rate()));
            }
        })
        .run()
        .unwrap();
    let expected: Vec<_> = (0..7).map(|step| (true, true, Some(Linear::new(0.1, 0.0, 10).at(step)))).collect();
    assert_eq!(seen, expected);
}

#[test]
fn errors_end_the_run() {
    let (train_data, _) = data();
    let fresh = || (model(), setup(Descent::new(0.01), &model()));
    let (mut model, mut state) = fresh();
    let calls = RefCell::new(0);
    let result = Trainer::new(&mut model, &train_data, &mut state, |m, batch| {
        *calls.borrow_mut() += 1;
        if *calls.borrow() == 10 { loss(m, batch) * f64::NAN } else { loss(m, batch) }
    })
    .epochs(2)
    .run();
    let message = result.unwrap_err().to_string();
    assert_eq!(message, "the loss of batch 2 of epoch 1 is NaN; the model was not updated with it");

    let (mut model, mut state) = fresh();
    let broken = |_: &Event<'_, Dense<f64>>| load::<u8>("/no/such/file").map(drop);
    let result = Trainer::new(&mut model, &train_data, &mut state, loss).hook(broken).run();
    assert!(result.unwrap_err().to_string().starts_with("/no/such/file: "));
    assert_ne!(model, self::model(), "the step was taken");
}

#[test]
#[should_panic(expected = "Trainer: early stopping needs validation data")]
fn early_stopping_needs_something_to_watch() {
    let (train_data, _) = data();
    let (mut model, mut state) = (model(), setup(Descent::new(0.01), &model()));
    let _ = Trainer::new(&mut model, &train_data, &mut state, loss).early_stopping(EarlyStopping::new(1)).run();
}

#[test]
#[should_panic(expected = "Trainer: no metric `accuracy` to watch among [\"mae\"]")]
fn a_metric_that_is_watched_must_be_there() {
    let (train_data, test_data) = data();
    let (mut model, mut state) = (model(), setup(Descent::new(0.01), &model()));
    let _ = Trainer::new(&mut model, &train_data, &mut state, loss)
        .validation(&test_data)
        .metric("mae", |m, (x, y)| mae(&m.forward(&x), &y).item())
        .early_stopping(EarlyStopping::new(1).metric("accuracy"))
        .run();
}

/// A bar in a process of its own, whose standard error is a pipe.
#[test]
#[cfg(feature = "progress")]
fn a_bar_writes_nothing_where_there_is_no_terminal() {
    use sapwood::train::ProgressBar;

    const ALONE: &str = "SAPWOOD_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        let data = DataLoader::new(Tensor::from([1.0, 2.0, 3.0])).batch_size(1);
        let mut model: Tensor = Tensor::scalar(0.0);
        let mut state = setup(Descent::new(0.1), &model);
        let trainer = Trainer::new(&mut model, &data, &mut state, |w, x| mse(w, &x.sum()));
        trainer.epochs(2).progress(ProgressBar::new()).run().unwrap();
        assert_eq!(ProgressBar::new().over("counting", 0..3).count(), 3);
        return;
    }
    let name = "a_bar_writes_nothing_where_there_is_no_terminal";
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    let output = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.is_empty(), "{said}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 passed"));
}
