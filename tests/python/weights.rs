//! Weights between PyTorch and Sapwood.

use std::fs;
use std::path::{Path, PathBuf};

use sapwood::checkpoint::{Precision, Safetensors, Snapshot};
use sapwood::nn::{BatchNorm, Conv2d, Flatten, LayerNorm};
use sapwood::prelude::*;

use crate::{folder, python};

/// What the script calls `make`.
fn model(seed: u64) -> impl Params + Layer<Tensor, Output = Tensor> + Clone {
    let mut rng = StdRng::seed_from_u64(seed);
    chain![
        Conv2d::new(1, 3, 3, &mut rng),
        BatchNorm::new(3),
        Tensor::relu,
        Flatten,
        Dense::new(48, 5, &mut rng),
        LayerNorm::new(5),
        Dense::new(5, 2, &mut rng).without_bias(),
    ]
}

#[derive(Params)]
struct Case {
    input: Tensor,
    output: Tensor,
}

fn checked_in(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name)
}

fn assert_reads(folder: &Path) {
    let mut case = Case { input: Tensor::zeros((4, 1, 6, 6)), output: Tensor::zeros((4, 2)) };
    Safetensors::new().load(folder.join("case.safetensors"), &mut case).unwrap();
    let mut model = model(1);
    Safetensors::new().pytorch().load(folder.join("weights.safetensors"), &mut model).unwrap();
    let difference = (model.forward(&case.input) - &case.output).abs().max().item();
    assert!(difference < 1e-5, "{difference}");
}

#[test]
fn what_pytorch_wrote_is_read() {
    assert_reads(&checked_in(""));
}

#[test]
fn what_pytorch_writes_is_read() {
    let folder = folder("weights-read");
    if python("torch, safetensors", "weights.py write", &[&folder]).is_some() {
        assert_reads(&folder);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn pytorch_reads_what_is_written() {
    let folder = folder("weights-written");
    let mut model = model(2);
    let input = Tensor::normal((4, 1, 6, 6), 0.0, 1.0, &mut StdRng::seed_from_u64(3));
    // One training step, so that the running statistics are not what they start as.
    let mut state = setup(Descent::new(0.1), &model);
    let grads = gradient(|m| m.forward(&input).square().mean(), &model);
    update(&mut state, &mut model, &grads);
    let case = Case { output: model.forward(&input), input };
    let (weights, example) = (folder.join("weights.safetensors"), folder.join("case.safetensors"));
    Safetensors::new().pytorch().save(&weights, &model).unwrap();
    Safetensors::new().save(&example, &case).unwrap();
    if let Some(said) = python("torch, safetensors", "weights.py check", &[&weights, &example]) {
        assert_eq!(said.trim(), "equal");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_file_of_another_model_is_refused_and_nothing_changes() {
    let mut rng = StdRng::seed_from_u64(0);
    let mut other = chain![Conv2d::<f32>::new(1, 3, 5, &mut rng), Flatten, Dense::<f32>::new(48, 5, &mut rng)];
    let before = Snapshot::of(&other);
    let path = checked_in("weights.safetensors");
    let message = Safetensors::new().pytorch().load(&path, &mut other).unwrap_err().to_string();
    let expected = "the weights do not fit the model:
  `0.weight`: expected f32 [3, 1, 5, 5], found f32 [3, 1, 3, 3]
  missing from the file (2): `2.{weight, bias}`
  unexpected, for the model has none (9): `1.{bias, running_mean, running_var, weight}`, `4.{bias, weight}`, \
                    `5.{bias, weight}`, `6.weight`";
    assert_eq!(message, format!("{}: {expected}", path.display()));
    assert!(Safetensors::new().pytorch().load_partial(&path, &mut other).is_err());
    assert_eq!(Snapshot::of(&other), before);
}

#[test]
fn names_of_another_kind_are_told_apart_and_not_all_listed() {
    let path = folder("names").join("x.safetensors");
    let layers = |n: usize| (0..n).map(|_| (Tensor::scalar(1.0f32), Tensor::scalar(2.0f32))).collect::<Vec<_>>();
    Safetensors::new().rename(|name| format!("model.{name}")).save(&path, &layers(20)).unwrap();
    let message = Safetensors::new().load(&path, &mut layers(1)).unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[1], "  missing from the file (2): `0.{0, 1}`");
    assert!(lines[2].starts_with("  unexpected, for the model has none (40): `model.0.{0, 1}`, `model.1.{0, 1}`, "));
    assert!(lines[2].ends_with("`model.19.{0, 1}`, 16 more"), "{message}");
    assert_eq!(lines[3..], ["  no name is in both; `Safetensors::pytorch` and `rename` give other names"]);
    fs::remove_file(path).unwrap();
}

#[test]
fn a_part_is_found_by_its_names() {
    let path = checked_in("weights.safetensors");
    let mut head: Dense = Dense::new(48, 5, &mut StdRng::seed_from_u64(0));
    let options = Safetensors::new().pytorch().rename(|name| format!("4.{name}"));
    let unmatched = options.load_partial(&path, &mut head).unwrap();
    assert!(unmatched.missing.is_empty());
    let others = ["0.bias", "0.weight", "1.bias", "1.running_mean", "1.running_var", "1.weight", "5.bias", "5.weight"];
    assert_eq!(unmatched.unexpected, [&others[..], &["6.weight"]].concat());
    let names = "`0.{bias, weight}`, `1.{bias, running_mean, running_var, weight}`, `5.{bias, weight}`, `6.weight`";
    assert_eq!(unmatched.to_string(), format!("unexpected, for the model has none (9): {names}"));
    let mut all = model(0);
    Safetensors::new().pytorch().load(&path, &mut all).unwrap();
    let (parameters, taken) = (all.parameters(), head.parameters());
    assert_eq!(parameters[4].0, "layers.4.weight");
    assert_eq!([&parameters[4].1, &parameters[5].1], [&taken[0].1, &taken[1].1]);
}

/// Numbers with 8 bits of significand, which every type holds, and one that has 12: exact in none of the halves.
#[test]
fn every_precision_is_read_into_every_type() {
    let folder = folder("precision");
    let path = folder.join("x.safetensors");
    let numbers = [1.0, -2.5, 0.0, 129.0, 1.0 / 1024.0];
    let x: Tensor<f64> = Tensor::from(numbers);
    for precision in [Precision::F16, Precision::BF16, Precision::F32, Precision::F64] {
        Safetensors::new().precision(precision).save(&path, &x).unwrap();
        let (mut single, mut double) = (Tensor::<f32>::zeros(5), Tensor::<f64>::zeros(5));
        Safetensors::new().load(&path, &mut single).unwrap();
        Safetensors::new().load(&path, &mut double).unwrap();
        assert_eq!((single, &double), (x.cast(), &x), "{precision:?}");
    }
    // To the nearest, ties to even: 1 + 2⁻¹¹ lies between two halves, 1 + 3·2⁻⁸ between two of bfloat16.
    for (precision, number, rounded) in
        [(Precision::F16, 1.0 + f64::exp2(-11.0), 1.0), (Precision::BF16, 1.0 + 3.0 * f64::exp2(-8.0), 1.015625)]
    {
        Safetensors::new().precision(precision).save(&path, &Tensor::scalar(number)).unwrap();
        let mut read: Tensor<f64> = Tensor::scalar(0.0);
        Safetensors::new().load(&path, &mut read).unwrap();
        assert_eq!(read.item(), rounded);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn two_tensors_of_one_name_are_not_written() {
    let path = folder("twice").join("x.safetensors");
    let model: (Tensor, Tensor) = (Tensor::scalar(1.0), Tensor::scalar(2.0));
    let message = Safetensors::new().rename(|_| "x".to_owned()).save(&path, &model).unwrap_err().to_string();
    assert!(message.ends_with("two tensors of the model would be called `x`"), "{message}");
    assert!(!path.exists());
}

#[test]
fn broken_files_are_errors_and_change_nothing() {
    let folder = folder("broken");
    let path = folder.join("broken.safetensors");
    let mut model: (Tensor, Tensor) = (Tensor::from([1.0, 2.0]), Tensor::scalar(3.0));
    let original = Snapshot::of(&model);
    Safetensors::new().save(&path, &model).unwrap();
    let whole = fs::read(&path).unwrap();
    let data = whole.len() - 12;
    let mut refused = |bytes: &[u8], what: &str| {
        fs::write(&path, bytes).unwrap();
        let error = Safetensors::new().load(&path, &mut model).expect_err(what).to_string();
        assert!(error.starts_with(&*path.to_string_lossy()), "{error}");
        assert_eq!(Snapshot::of(&model), original);
    };
    for cut in 0..whole.len() {
        refused(&whole[..cut], &format!("cut at {cut}"));
    }
    refused(&[&whole[..], &[0]].concat(), "a byte too many");
    for length in [1u64 << 60, u64::MAX, 1 << 31] {
        refused(&[&length.to_le_bytes(), &whole[8..]].concat(), "a header longer than the file");
    }
    let header = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    for attack in [
        r#"{"0":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}"#,
        r#"{"0":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}"#,
        r#"{"0":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}}"#,
        r#"{"0":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
        r#"{"0":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
        &"[".repeat(100_000),
        "{}",
        "null",
    ] {
        refused(&header(attack), attack);
    }
    // Any bit of the header; some are in a name or in padding and make another file that is as good.
    for byte in 0..data {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1 << bit;
            fs::write(&path, &damaged).unwrap();
            let mut model: (Tensor, Tensor) = (Tensor::zeros(2), Tensor::zeros(()));
            if Safetensors::new().load(&path, &mut model).is_ok() {
                assert_eq!(Snapshot::of(&model), original, "byte {byte}, bit {bit}");
            }
        }
    }
    fs::remove_dir_all(folder).unwrap();
}
