//! Convolutions, pooling and interpolation, by the operations and by the layers that have the same settings.

use sapwood::nn::{AdaptiveMaxPool, AdaptiveMeanPool, Conv, ConvTranspose, LpPool, MaxPool, MeanPool, PixelShuffle};
use sapwood::ops::{ConvOptions, Interpolation, Window};
use sapwood::prelude::*;

use crate::cases::check;

#[test]
fn convolutions_and_pools_are_pytorchs() {
    check(include_str!("conv.json"), operation, operation);
}

#[test]
fn so_are_the_layers() {
    check(include_str!("conv.json"), layer, layer);
}

/// The settings in a case's name.
struct Settings<'a>(&'a str);

impl Settings<'_> {
    fn numbers(&self, key: &str) -> Vec<usize> {
        let value = self.0.split(' ').find_map(|setting| setting.strip_prefix(key)?.strip_prefix('='));
        let value = value.unwrap_or_else(|| panic!("`{}` has no {key}", self.0));
        value.split(',').map(|number| number.parse().expect("a number")).collect()
    }

    fn number(&self, key: &str) -> usize {
        self.numbers(key)[0]
    }

    /// Padding before and after, for as many axes as are named.
    fn padding(&self, axes: usize) -> Vec<(usize, usize)> {
        let each = |numbers: Vec<usize>| (0..axes).map(move |i| numbers[i.min(numbers.len() - 1)]);
        each(self.numbers("before")).zip(each(self.numbers("after"))).collect()
    }

    fn window(&self) -> Window {
        let window = Window::new(&self.numbers("size")[..]).stride(&self.numbers("stride")[..]);
        if self.ceil_mode() { window.ceil_mode() } else { window }
    }

    fn ceil_mode(&self) -> bool {
        self.0.ends_with(" ceil=1")
    }

    fn interpolation(&self, operation: &str) -> Option<Interpolation> {
        let align_corners = || self.number("align") == 1;
        Some(match operation {
            "nearest" => Interpolation::Nearest,
            "linear" => Interpolation::Linear { align_corners: align_corners() },
            "cubic" => Interpolation::Cubic { align_corners: align_corners() },
            _ => return None,
        })
    }
}

fn power(name: &str) -> f64 {
    name.split(' ').find_map(|setting| setting.strip_prefix("p=")).and_then(|p| p.parse().ok()).expect("a power")
}

fn operation<T: Float>(name: &str, inputs: &[Tensor<T>]) -> Tensor<T> {
    let (operation, x) = (name.split(' ').next().unwrap_or(name), &inputs[0]);
    let settings = Settings(name);
    let numbers = |key: &str| settings.numbers(key);
    let options = || {
        let options = ConvOptions::new().stride(&numbers("stride")[..]).dilation(&numbers("dilation")[..]);
        options.groups(settings.number("groups"))
    };
    if let Some(interpolation) = settings.interpolation(operation) {
        return x.interpolate(&numbers("lengths")[..], interpolation);
    }
    match operation {
        "conv" => x.conv(&inputs[1], &options().padding(&settings.padding(x.rank() - 2)[..])),
        "conv_transpose" => {
            let padding: Vec<_> = numbers("padding").into_iter().map(|n| (n, n)).collect();
            x.conv_transpose(&inputs[1], &options().padding(&padding[..]), &numbers("output_padding")[..])
        }
        "max_pool" => {
            let window = settings.window().dilation(&numbers("dilation")[..]).padding(&numbers("padding")[..]);
            x.max_pool(&window)
        }
        "mean_pool" => {
            x.mean_pool(&settings.window().padding(&numbers("padding")[..]), settings.number("include") == 1)
        }
        "lp_pool" => x.lp_pool(power(name), &settings.window()),
        "adaptive_max_pool" => x.adaptive_max_pool(&numbers("outputs")[..]),
        "adaptive_mean_pool" => x.adaptive_mean_pool(&numbers("outputs")[..]),
        "pixel_shuffle" => x.pixel_shuffle(settings.number("factor")),
        "pixel_unshuffle" => x.pixel_unshuffle(settings.number("factor")),
        _ => panic!("no operation is called {name}"),
    }
}

/// The same by a layer where there is one, with the case's weight.
fn layer<T: Float>(name: &str, inputs: &[Tensor<T>]) -> Tensor<T> {
    let settings = Settings(name);
    let numbers = |key: &str| settings.numbers(key);
    match name.split(' ').next() {
        Some("conv") => match inputs[0].rank() {
            3 => conv::<1, T>(&settings, inputs),
            4 => conv::<2, T>(&settings, inputs),
            _ => conv::<3, T>(&settings, inputs),
        },
        Some("conv_transpose") => match inputs[0].rank() {
            3 => conv_transpose::<1, T>(&settings, inputs),
            4 => conv_transpose::<2, T>(&settings, inputs),
            _ => conv_transpose::<3, T>(&settings, inputs),
        },
        Some("max_pool") => {
            let pool = MaxPool::new(&numbers("size")[..]).stride(&numbers("stride")[..]);
            let pool = pool.dilation(&numbers("dilation")[..]).padding(&numbers("padding")[..]);
            if settings.ceil_mode() { pool.ceil_mode() } else { pool }.forward(&inputs[0])
        }
        Some("mean_pool") => {
            let pool = MeanPool::new(&numbers("size")[..]).stride(&numbers("stride")[..]);
            let pool = pool.padding(&numbers("padding")[..]);
            let pool = if settings.ceil_mode() { pool.ceil_mode() } else { pool };
            if settings.number("include") == 1 { pool } else { pool.without_padding() }.forward(&inputs[0])
        }
        Some("lp_pool") => {
            let pool = LpPool::new(power(name), settings.number("size")).stride(settings.number("stride"));
            if settings.ceil_mode() { pool.ceil_mode() } else { pool }.forward(&inputs[0])
        }
        Some("adaptive_max_pool") => AdaptiveMaxPool::new(settings.number("outputs")).forward(&inputs[0]),
        Some("adaptive_mean_pool") => AdaptiveMeanPool::new(settings.number("outputs")).forward(&inputs[0]),
        Some("pixel_shuffle") => PixelShuffle::new(settings.number("factor")).forward(&inputs[0]),
        _ => operation(name, inputs),
    }
}

fn conv<const D: usize, T: Float>(settings: &Settings<'_>, inputs: &[Tensor<T>]) -> Tensor<T> {
    let (shape, groups) = (inputs[1].shape(), settings.number("groups"));
    let layer = Conv::<D, T>::new(shape[1] * groups, shape[0], &shape[2..], &mut StdRng::seed_from_u64(0));
    let layer = layer.stride(&settings.numbers("stride")[..]).dilation(&settings.numbers("dilation")[..]);
    let mut layer = layer.padding(&settings.padding(D)[..]).groups(groups);
    assert_eq!(layer.weight.shape(), shape);
    layer.weight = inputs[1].clone();
    layer.forward(&inputs[0])
}

fn conv_transpose<const D: usize, T: Float>(settings: &Settings<'_>, inputs: &[Tensor<T>]) -> Tensor<T> {
    let (shape, groups) = (inputs[1].shape(), settings.number("groups"));
    let layer = ConvTranspose::<D, T>::new(shape[0], shape[1] * groups, &shape[2..], &mut StdRng::seed_from_u64(0));
    let layer = layer.stride(&settings.numbers("stride")[..]).dilation(&settings.numbers("dilation")[..]);
    let padding: Vec<_> = settings.numbers("padding").into_iter().map(|n| (n, n)).collect();
    let layer = layer.padding(&padding[..]).output_padding(&settings.numbers("output_padding")[..]);
    let mut layer = layer.groups(groups);
    assert_eq!(layer.weight.shape(), shape);
    layer.weight = inputs[1].clone();
    layer.forward(&inputs[0])
}
