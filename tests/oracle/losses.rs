//! Losses, their means and each of them.

use sapwood::loss::{self, Ctc, each};
use sapwood::prelude::*;

use crate::cases::check;

#[test]
fn losses_are_pytorchs() {
    check(include_str!("losses.json"), of, of);
}

/// The loss that a case names, of its inputs.
fn of<T: Float>(name: &str, inputs: &[Tensor<T>]) -> Tensor<T> {
    let (name, reduction) = name.rsplit_once(' ').expect("a loss and its reduction");
    let of = match reduction {
        "mean" => mean,
        "each" => unreduced,
        _ => panic!("no reduction is called {reduction}"),
    };
    of(name, inputs).unwrap_or_else(|| panic!("no loss is called {name}"))
}

macro_rules! losses {
    ($function:ident, $($module:ident)::+, $options:ident) => {
        fn $function<T: Float>(name: &str, inputs: &[Tensor<T>]) -> Option<Tensor<T>> {
            use $($module)::+ as of;
            let c = T::from_f64;
            if let Some(options) = name.strip_prefix("cross_entropy ") {
                let (options, labels) = cross_entropy(options);
                return Some(match (inputs, labels) {
                    ([z, q], None) => options.$options(z, q),
                    ([z], Some(labels)) => options.$options(z, &labels),
                    _ => return None,
                });
            }
            if let Some(lengths) = name.strip_prefix("ctc ") {
                let lengths: Vec<usize> = lengths.bytes().map(|digit| (digit - b'0').into()).collect();
                let labels = [vec![1, 2], vec![1, 1, 2], vec![], vec![2]];
                return Some(Ctc::new().lengths(&lengths).$options(&inputs[0], &labels));
            }
            Some(match inputs {
                [z] => match name {
                    "focal 0.0" => of::focal(z, &labels(), c(0.0)),
                    "focal 0.5" => of::focal(z, &labels(), c(0.5)),
                    "focal 2.0" => of::focal(z, &labels(), c(2.0)),
                    _ => return None,
                },
                [x, y] => match name {
                    "mse" => of::mse(x, y),
                    "mae" => of::mae(x, y),
                    "msle" => of::msle(x, y),
                    "huber 0.5" => of::huber(x, y, c(0.5)),
                    "huber 1.0" => of::huber(x, y, c(1.0)),
                    "smooth_l1 0.5" => of::smooth_l1(x, y, c(0.5)),
                    "smooth_l1 1.0" => of::smooth_l1(x, y, c(1.0)),
                    "log_cosh" => of::log_cosh(x, y),
                    "quantile 0.25" => of::quantile(x, y, c(0.25)),
                    "binary_cross_entropy_with_logits" => of::binary_cross_entropy_with_logits(x, y),
                    "binary_cross_entropy" => of::binary_cross_entropy(x, y),
                    "binary_focal 0.0" => of::binary_focal(x, y, c(0.0)),
                    "binary_focal 0.5" => of::binary_focal(x, y, c(0.5)),
                    "binary_focal 2.0" => of::binary_focal(x, y, c(2.0)),
                    "hinge" => of::hinge(x, y),
                    "squared_hinge" => of::squared_hinge(x, y),
                    "kl_divergence" => of::kl_divergence(x, y),
                    "poisson_nll" => of::poisson_nll(x, y),
                    "cosine_distance" => of::cosine_distance(x, y),
                    "cosine_embedding 0.125" => {
                        of::cosine_embedding(x, y, &Tensor::from([1.0, -1.0, -1.0, 1.0].map(c)), c(0.125))
                    }
                    "contrastive 1" => of::contrastive(x, y, c(1.0)),
                    "info_nce 0.5" => of::info_nce(x, y, c(0.5)),
                    "dice" => loss::dice(x, y),
                    "tversky 0.75" => loss::tversky(x, y, c(0.75)),
                    _ => return None,
                },
                [x, y, z] => match name {
                    "gaussian_nll" => of::gaussian_nll(x, y, z),
                    "triplet_margin 1" => of::triplet_margin(x, y, z, c(1.0)),
                    _ => return None,
                },
                _ => return None,
            })
        }
    };
}

losses!(mean, loss, loss);
losses!(unreduced, each, each);

fn labels() -> Tensor<i64> {
    Tensor::from([3, 0, 2, 2, 1])
}

/// The options that a case names, and the labels unless the targets are probabilities.
fn cross_entropy(name: &str) -> (CrossEntropy, Option<Tensor<i64>>) {
    let mut words = name.split(' ');
    let smoothing = words.next().and_then(|word| word.parse().ok()).expect("a number");
    let mut options = CrossEntropy::new().label_smoothing(smoothing);
    let mut target = Some(labels());
    for word in words {
        match word {
            "weighted" => options = options.class_weights(&[1.0, 0.5, 2.0, 0.25]),
            "ignoring" => {
                options = options.ignore(-100);
                target = Some(Tensor::from([3, -100, 2, 2, 1]));
            }
            "soft" => target = None,
            _ => panic!("no option is called {word}"),
        }
    }
    (options, target)
}
