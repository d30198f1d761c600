//! The programs that the library's design promises, as a user would type them.

use sapwood::prelude::*;

#[derive(Params, Clone, Debug)]
struct Mlp {
    hidden: Dense,
    out: Dense,
}

impl Mlp {
    fn new(rng: &mut impl Rng) -> Self {
        Mlp { hidden: Dense::new(784, 512, rng), out: Dense::new(512, 10, rng) }
    }
    fn forward(&self, x: &Tensor) -> Tensor {
        self.out.forward(&self.hidden.forward(x).relu())
    }
}

/// Ten classes that a network tells apart at once: class c lights the pixels c·78 to c·78 + 78.
fn images(count: usize, seed: u64) -> (Tensor, Tensor<u8>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let labels: Vec<u8> = (0..count).map(|_| rng.random_range(0..10)).collect();
    let mut images: Tensor = Tensor::uniform((count, 784), 0.0..0.3, &mut rng);
    for (row, &label) in images.as_mut_slice().chunks_mut(784).zip(&labels) {
        row[usize::from(label) * 78..][..78].fill(1.0);
    }
    (images, Tensor::from(labels))
}

fn recon(encoder: &Dense, decoder: &Dense, x: &Tensor) -> Tensor {
    mse(&decoder.forward(&encoder.forward(x).relu()), x)
}

#[test]
fn the_one_liner_the_loop_and_the_trees() -> sapwood::Result<()> {
    let mut rng = StdRng::seed_from_u64(0);
    let mut model = Mlp::new(&mut rng);
    let (images, labels) = images(512, 1);
    let (test_x, test_y) = self::images(100, 2);

    // The one-liner: one pass over the data, as Flux's train!.
    let data = DataLoader::new((images, labels)).batch_size(128).shuffle(7);
    let mut state = setup(Adam::default(), &model);
    train(&mut model, &data, &mut state, |m, (x, y)| cross_entropy(&m.forward(&x), &y))?;

    // The hand-written loop, with what Flux's manual shows: skip a step that is not finite, log, stop early.
    let mut stopped = None;
    for epoch in 0..100 {
        let mut losses = vec![];
        for (x, y) in &data {
            let (loss, grads) = with_gradient(|m| cross_entropy(&m.forward(&x), &y), &model);
            if !loss.is_finite() {
                eprintln!("loss is {loss}, step skipped");
                continue;
            }
            update(&mut state, &mut model, &grads);
            losses.push(loss);
        }
        assert_eq!(losses.len(), data.len());
        if accuracy(&model.forward(&test_x), &test_y) > 0.95 {
            println!("stopping after {epoch} epochs");
            stopped = Some(epoch);
            break;
        }
    }
    assert!(stopped.is_some());

    // The trees are ordinary structs with the model's own fields.
    let (x, y) = (test_x.clone(), Tensor::zeros((100, 10)));
    let grads = gradient(|m| mse(&m.forward(&x), &y), &model);
    let g: &Tensor = grads.hidden.weight.get().unwrap();
    assert_eq!(g.shape(), [784, 512]);
    state.hidden.freeze();
    state.out.adjust(1e-4);
    let before = model.hidden.weight.clone();
    update(&mut state, &mut model, &grads);
    assert_eq!(model.hidden.weight, before);
    assert_eq!((state.hidden.weight.rule.rate, state.out.weight.rule.rate), (1e-3, 1e-4));
    let norm = grads.norm();
    let grads = grads.clip_norm(norm / 2.0);
    assert!((grads.norm() / norm - 0.5).abs() < 1e-6);

    // Tuples are models.
    let (encoder, decoder) = (Dense::new(784, 32, &mut rng), Dense::new(32, 784, &mut rng));
    let (loss, grads) = with_gradient(|(enc, dec)| recon(enc, dec, &x), &(encoder, decoder));
    assert!(loss > 0.0 && grads.0.weight.get().is_some() && grads.1.bias.is_some());

    // Auxiliary output.
    let ((loss, logits), grads) = with_gradient(
        |m| {
            let z = m.forward(&x);
            (mse(&z, &y), z)
        },
        &model,
    );
    assert_eq!(logits, model.forward(&x));
    assert_eq!(loss, mse(&logits, &y).item());
    assert!(grads.out.weight.get().is_some());
    Ok(())
}

#[test]
fn gradients_of_gradients() {
    // A Hessian-vector product beside its closed form: f = Σ w³ / 6 has the Hessian diag(w).
    let w = Tensor::from([1.0f64, 2.0, -3.0]);
    let cube = |w: &Tensor<f64>| (w * w * w).sum() / 6.0;
    let v = gradient(|w: &Tensor<f64>| (w * Tensor::from([1.0, 10.0, 100.0])).sum(), &w);
    let product = gradient(|w| gradient(cube, w).dot(&v), &w);
    assert_eq!(product.get().unwrap().to_vec(), [1.0, 20.0, -300.0]);
}
