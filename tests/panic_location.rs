//! Where a programming mistake is reported: at the caller's line. A file of its own, as the panic hook is global.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sapwood::nn::{Conv2d, MaxPool, Same};
use sapwood::ops::{ConvOptions, Interpolation, Window};
use sapwood::prelude::*;

thread_local!(static LINE: Cell<u32> = const { Cell::new(0) });

/// The line of this file that a panic reports, and what it says; line 0 elsewhere or where nothing panics.
fn report(attempt: impl FnOnce()) -> (u32, String) {
    LINE.set(0);
    match catch_unwind(AssertUnwindSafe(attempt)) {
        Ok(()) => (0, "no panic".to_owned()),
        Err(payload) => (LINE.get(), payload.downcast::<String>().map_or_else(|_| String::new(), |text| *text)),
    }
}

#[test]
fn mistakes_are_reported_at_the_callers_line() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        LINE.set(info.location().filter(|at| at.file() == file!()).map_or(0, |at| at.line()));
    }));
    let x = Tensor::<f32>::ones((2, 3));
    let image = Tensor::<f32>::ones((1, 1, 4, 4));
    let layer: Dense = Dense::new(4, 1, &mut StdRng::seed_from_u64(0));
    let mut state = setup(Descent::new(0.1), &layer);
    let grads = gradient(|layer: &Dense| layer.forward(&Tensor::ones((1, 4))).sum(), &layer);
    let mut wider: Dense = Dense::new(5, 1, &mut StdRng::seed_from_u64(0));
    let mut all: Vec<(u32, Box<dyn FnOnce() + '_>)> = vec![];
    macro_rules! mistakes {
        ($($mistake:expr;)*) => { $(all.push((line!(), Box::new(|| { let _ = std::hint::black_box($mistake); })));)* };
    }
    // One macro call a line, so that `line!` is the line of the mistake.
    mistakes!(x.matmul(&x););
    mistakes!(image.conv(&Tensor::ones((1, 1, 5, 5)), &ConvOptions::new()););
    mistakes!(image.conv(&Tensor::ones((1, 2, 3, 3)), &ConvOptions::new()););
    mistakes!(image.conv_transpose(&Tensor::ones((1, 1, 3, 3)), &ConvOptions::new(), 1););
    mistakes!(image.max_pool(&Window::new(5)););
    mistakes!(image.max_pool(&Window::new(2).padding(2)););
    mistakes!(image.adaptive_mean_pool(0););
    mistakes!(image.interpolate([1, 2, 3], Interpolation::Nearest););
    mistakes!(image.pixel_shuffle(2););
    mistakes!(Conv2d::<f32>::new(4, 6, 3, &mut StdRng::seed_from_u64(0)).groups(3););
    mistakes!(Conv2d::<f32>::new(1, 1, 3, &mut StdRng::seed_from_u64(0)).stride([1, 0]););
    mistakes!(Conv2d::<f32>::new(1, 1, 3, &mut StdRng::seed_from_u64(0)).stride(2).padding(Same););
    mistakes!(Conv2d::new(2, 1, 3, &mut StdRng::seed_from_u64(0)).forward(&image););
    mistakes!(MaxPool::new(5).forward(&image););
    mistakes!(&x + Tensor::ones(2););
    mistakes!(x.clone() * Tensor::ones(2););
    mistakes!(x.reshape((4, 2)););
    mistakes!(x.permute(&[0, 0]););
    mistakes!(x.slice(s![3, ..]););
    mistakes!(x.slice(s![..9, ..]););
    mistakes!(x.sum_axis(2););
    mistakes!(check_gradient(|x: &Tensor| x.sum().cast::<f64>(), &x););
    mistakes!(setup(Descent::new(0.1), &layer).adjust(-1.0););
    mistakes!(x.softmax(-3););
    mistakes!(x.index_select(0, &Tensor::from([2i64])););
    mistakes!(x.item(););
    mistakes!(x[[2, 0]];);
    mistakes!(Tensor::concat(&[x.clone(), Tensor::ones((2, 2))], 0););
    mistakes!(mse(&x, &Tensor::ones(6)););
    mistakes!(huber(&x, &x, -1.0););
    mistakes!(loss::each::mae(&x, &Tensor::ones(6)););
    mistakes!(loss::binary_cross_entropy(&x, &Tensor::ones(6)););
    mistakes!(loss::focal(&x, &Tensor::from([0u8, 3]), 2.0););
    mistakes!(loss::kl_divergence(&x, &Tensor::ones((3, 2))););
    mistakes!(loss::cosine_embedding(&x, &x, &Tensor::ones(3), 0.0););
    mistakes!(loss::tversky(&x, &x, 2.0););
    mistakes!(loss::ctc(&x, &[[1]]););
    mistakes!(CrossEntropy::new().class_weights(&[1.0]).loss(&x, &Tensor::from([0u8, 1])););
    mistakes!(CrossEntropy::new().class_weights(&[-1.0]););
    mistakes!(loss::auc(&x, &Tensor::<u8>::ones((3, 2))););
    mistakes!(loss::top_k_accuracy(&x, &Tensor::from([0u8, 1]), 4););
    mistakes!(loss::confusion_matrix(&(&x * f32::NAN), &Tensor::from([0u8, 1])););
    mistakes!(cross_entropy(&x, &Tensor::from([0u8, 3])););
    mistakes!(accuracy(&x, &Tensor::from([0u8])););
    mistakes!(layer.forward(&x););
    mistakes!(gradient(|x| x * 2.0, &x););
    mistakes!(gradient(|_| Tensor::scalar(1.0f32), &x););
    mistakes!(update(&mut state, &mut wider, &grads););
    mistakes!(Descent::new(f64::NAN););
    mistakes!(DataLoader::new((x.clone(), Tensor::<u8>::zeros(3))););
    mistakes!(Tensor::<f32>::from_vec(vec![1.0], 2););
    let reports: Vec<_> = all.into_iter().map(|(line, mistake)| (line, report(mistake))).collect();
    std::panic::set_hook(hook);
    for (line, (reported, text)) in reports {
        assert_eq!(reported, line, "{text}");
    }
}
