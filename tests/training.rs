//! `train`, `update` and the loader together, as Flux's own tests have them.

use sapwood::prelude::*;

#[test]
fn train_stops_before_a_loss_that_is_not_finite() {
    // Flux test/train.jl: Dense(1 => 1) at zero, data 1..100, NaN at the 51st, rate 0.1: 50 good steps.
    let mut model: (Tensor, Tensor) = (Tensor::zeros((1, 1)), Tensor::zeros(1));
    let mut state = setup(Descent::new(0.1), &model);
    let mut seen = 0;
    let result = train(&mut model, 1..=100, &mut state, |(w, b), i| {
        seen += 1;
        let loss = w.sum() + b.sum();
        if i == 51 { loss * f32::NAN } else { loss }
    });
    let message = result.unwrap_err().to_string();
    assert_eq!(message, "the loss of batch 50 is NaN; the model was not updated with it");
    assert_eq!(seen, 51);
    assert!((model.0.item() + 5.0).abs() < 1e-4 && (model.1.item() + 5.0).abs() < 1e-4);
}

fn data() -> (Tensor<f64>, Tensor<f64>) {
    let mut rng = StdRng::seed_from_u64(3);
    (Tensor::normal((40, 3), 0.0, 1.0, &mut rng), Tensor::normal((40, 2), 0.0, 1.0, &mut rng))
}

#[test]
fn train_is_the_loop_written_out() {
    // Flux test/train.jl: train! over 20 batches equals the loop, with Adam(.05).
    let loader = || DataLoader::new(data()).batch_size(2).shuffle(5);
    let start: Dense<f64> = Dense::new(3, 2, &mut StdRng::seed_from_u64(1));

    let mut a = start.clone();
    let mut state = setup(Adam::new(0.05), &a);
    let history = train(&mut a, &loader(), &mut state, |m, (x, y)| mse(&m.forward(&x), &y)).unwrap();

    let mut b = start;
    let mut other = setup(Adam::new(0.05), &b);
    let mut losses = vec![];
    for (x, y) in &loader() {
        let (loss, grads) = with_gradient(|m| mse(&m.forward(&x), &y), &b);
        assert_eq!(loss, mse(&b.forward(&x), &y).item(), "the loss is the one before the update");
        update(&mut other, &mut b, &grads);
        losses.push(loss);
    }
    assert_eq!((a, state), (b, other));
    assert_eq!(history.losses, losses);
    assert_eq!(history.losses.len(), 20);
}

#[test]
fn the_same_seed_gives_the_same_bits_whatever_the_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut rng = StdRng::seed_from_u64(0);
            let mut model: (Dense, Dense) = (Dense::new(300, 257, &mut rng), Dense::new(257, 10, &mut rng));
            let x: Tensor = Tensor::normal((700, 300), 0.0, 1.0, &mut rng);
            let labels: Vec<u8> = (0..700).map(|i| (i * 7 % 10) as u8).collect();
            let data = DataLoader::new((x, Tensor::from(labels))).batch_size(350).shuffle(2);
            let mut state = setup(AdamW::default(), &model);
            for _ in 0..2 {
                train(&mut model, &data, &mut state, |(a, b), (x, y)| {
                    cross_entropy(&b.forward(&a.forward(&x).relu()), &y)
                })
                .unwrap();
            }
            Snapshot::of(&model)
        })
    };
    let one = run(1);
    assert!([2, 3, 8].into_iter().all(|threads| run(threads) == one));
}

#[test]
fn weight_decay_is_the_gradient_of_half_the_squared_norm() {
    // Flux test/train.jl: loss + .33 · Σ‖W‖²/2 under Adam(.1) equals (WeightDecay(.33), Adam(.1)).
    let (x, y) = data();
    let start: Dense<f64> = Dense::new(3, 2, &mut StdRng::seed_from_u64(1));
    let (mut a, mut b) = (start.clone(), start);
    let mut plain = setup(Adam::new(0.1), &a);
    let mut decayed = setup((WeightDecay::new(0.33), Adam::new(0.1)), &b);
    for _ in 0..10 {
        let penalty = |m: &Dense<f64>| m.weight.square().sum() + m.bias.as_ref().unwrap().square().sum();
        let grads = gradient(|m| mse(&m.forward(&x), &y) + penalty(m) * (0.33 / 2.0), &a);
        update(&mut plain, &mut a, &grads);
        let grads = gradient(|m| mse(&m.forward(&x), &y), &b);
        update(&mut decayed, &mut b, &grads);
    }
    assert!((a.weight - b.weight).abs().max().item() < 1e-9);
}

#[test]
fn a_tied_weight_gets_the_sum_of_its_gradients_once() {
    // Optimisers.jl test/runtests.jl, "tied weights": Momentum(.1), gradients 3 and 7 act as one of 10.
    #[derive(Params, Clone)]
    struct Twice {
        first: Tied<Tensor<f64>>,
        other: Tensor<f64>,
        second: Tied<Tensor<f64>>,
    }
    let tied = Tied::new(Tensor::from([1.0, 2.0]));
    let mut model = Twice { first: tied.clone(), other: Tensor::from([1.0, 2.0]), second: tied };
    let mut state = setup(Momentum::new(0.1), &model);
    let loss = |m: &Twice| m.first.sum() * 3.0 + m.other.sum() * 10.0 + m.second.sum() * 7.0;
    for _ in 0..2 {
        let grads = gradient(loss, &model);
        update(&mut state, &mut model, &grads);
        assert_eq!(*model.first, model.other);
        assert_eq!(*model.first, *model.second);
    }
    // v = 10, then 19: 1 − .1·29.
    assert!((model.first.to_vec()[0] + 1.9).abs() < 1e-12);
    assert_eq!(model.num_parameters(), 4);
}

#[test]
fn every_rule_learns_a_linear_map() {
    // Flux test/train.jl: each rule brings the loss of W'x against Wx below 0.01.
    fn learns<R: Rule>(rule: R) {
        let target: Tensor = Tensor::normal((10, 10), 0.0, 1.0, &mut StdRng::seed_from_u64(0));
        let mut model: (Tensor, usize) = (Tensor::normal((10, 10), 0.0, 1.0, &mut StdRng::seed_from_u64(1)), 3);
        let mut state = setup(rule, &model);
        let mut rng = StdRng::seed_from_u64(2);
        for _ in 0..20_000 {
            let x: Tensor = Tensor::uniform((1, 10), 0.0..1.0, &mut rng);
            let (loss, grads) = with_gradient(|(w, _)| mse(&x.matmul(w), &x.matmul(&target)), &model);
            if loss < 0.001 {
                return;
            }
            update(&mut state, &mut model, &grads);
        }
        panic!("{} did not learn", std::any::type_name::<R>());
    }
    learns(Descent::new(0.1));
    learns(Momentum::new(0.01));
    learns(Nesterov::new(0.01));
    learns(RMSProp::new(0.001));
    learns(Adam::default());
    learns(AdamW::default());
    learns((WeightDecay::new(1e-5), ClipNorm::new(1.0), Adam::default()));
    learns((ClipGrad::new(1.0), Momentum::new(0.01)));
}
