//! Convolutions of random shapes and options beside seven loops.

use proptest::prelude::*;
use sapwood::nn::Conv2d;
use sapwood::ops::ConvOptions;
use sapwood::prelude::*;

/// A convolution: its lengths and options, one number an axis.
#[derive(Clone, Debug)]
struct Case {
    batch: usize,
    groups: usize,
    /// Of a group.
    inputs: usize,
    outputs: usize,
    axes: Vec<Axis>,
}

#[derive(Clone, Copy, Debug)]
struct Axis {
    length: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    padding: (usize, usize),
}

impl Axis {
    fn extent(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    fn output(&self) -> usize {
        (self.length + self.padding.0 + self.padding.1 - self.extent()) / self.stride + 1
    }
}

impl Case {
    fn options(&self) -> ConvOptions {
        let of = |f: fn(&Axis) -> usize| self.axes.iter().map(f).collect::<Vec<_>>();
        let padding: Vec<_> = self.axes.iter().map(|axis| axis.padding).collect();
        let options = ConvOptions::new().stride(&of(|axis| axis.stride)[..]).padding(&padding[..]);
        options.dilation(&of(|axis| axis.dilation)[..]).groups(self.groups)
    }

    fn shape(&self, first: usize, second: usize, length: impl Fn(&Axis) -> usize) -> Vec<usize> {
        [first, second].into_iter().chain(self.axes.iter().map(length)).collect()
    }

    fn x(&self) -> Tensor<f64> {
        random(&self.shape(self.batch, self.groups * self.inputs, |axis| axis.length), 1)
    }

    fn w(&self) -> Tensor<f64> {
        random(&self.shape(self.groups * self.outputs, self.inputs, |axis| axis.kernel), 2)
    }

    fn y(&self) -> Tensor<f64> {
        random(&self.shape(self.batch, self.groups * self.outputs, Axis::output), 3)
    }

    /// Every product that is part of the convolution: the places in x, w and y.
    fn products(&self, mut visit: impl FnMut(&[usize], &[usize], &[usize])) {
        let (kernels, outputs) = (self.shape(1, 1, |axis| axis.kernel), self.shape(1, 1, Axis::output));
        for (n, g) in grid(&[self.batch, self.groups]).map(|i| (i[0], i[1])) {
            for (o, c) in grid(&[self.outputs, self.inputs]).map(|i| (g * self.outputs + i[0], i[1])) {
                for p in grid(&outputs[2..]) {
                    for t in grid(&kernels[2..]) {
                        let place = |(i, axis): (usize, &Axis)| {
                            let place = (p[i] * axis.stride + t[i] * axis.dilation).checked_sub(axis.padding.0)?;
                            (place < axis.length).then_some(place)
                        };
                        if let Some(q) = self.axes.iter().enumerate().map(place).collect::<Option<Vec<_>>>() {
                            let x = [&[n, g * self.inputs + c], &q[..]].concat();
                            visit(&x, &[&[o, c], &t[..]].concat(), &[&[n, o], &p[..]].concat());
                        }
                    }
                }
            }
        }
    }
}

/// All places in an array of the given lengths.
fn grid(lengths: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let lengths = lengths.to_vec();
    (0..lengths.iter().product()).map(move |mut i: usize| {
        let mut place = vec![0; lengths.len()];
        for (at, length) in place.iter_mut().zip(&lengths).rev() {
            *at = i % length;
            i /= length;
        }
        place
    })
}

fn random(shape: &[usize], seed: u64) -> Tensor<f64> {
    Tensor::uniform(shape, -1.0..1.0, &mut StdRng::seed_from_u64(seed))
}

fn close<T: Float>(name: &str, ours: &Tensor<T>, theirs: &ndarray::ArrayD<f64>, tolerance: f64) {
    assert_eq!(ours.shape(), theirs.shape(), "{name}");
    let largest = ours.to_vec().iter().zip(theirs).map(|(&a, b)| (a.to_f64() - b).abs()).fold(0.0, f64::max);
    assert!(largest <= tolerance, "{name} is off by {largest:e}");
}

/// The convolution and both its gradients at `x`, `w` and `cotangent`.
fn ours<T: Float>(case: &Case) -> [Tensor<T>; 3] {
    let options = case.options();
    let model = (case.x().cast::<T>(), case.w().cast::<T>());
    let (y, back) = pullback(|(x, w): &(Tensor<T>, Tensor<T>)| x.conv(w, &options), &model);
    let (dx, dw) = back(&case.y().cast());
    [y, dx.get().unwrap().clone(), dw.get().unwrap().clone()]
}

/// The gradient to the biases of the layer, whose weights are watched too.
fn bias_gradient(case: &Case) -> Tensor {
    let (_, back) = pullback(|layer: &Conv2d| layer.forward(&case.x().cast()), &layer(case));
    back(&case.y().cast()).bias.unwrap().get().unwrap().clone()
}

/// The layer of a case of two axes; the biases are zero.
fn layer(case: &Case) -> Conv2d {
    let axes = &case.axes;
    let of = |f: fn(&Axis) -> usize| [f(&axes[0]), f(&axes[1])];
    let [inputs, outputs] = [case.inputs, case.outputs].map(|channels| channels * case.groups);
    Conv2d::new(inputs, outputs, of(|axis| axis.kernel), &mut StdRng::seed_from_u64(0))
        .stride(of(|axis| axis.stride))
        .dilation(of(|axis| axis.dilation))
        .padding([axes[0].padding, axes[1].padding])
        .groups(case.groups)
}

fn check(case: &Case) {
    let (x, w, g) = (case.x().into_array(), case.w().into_array(), case.y().into_array());
    let zeros = |like: &ndarray::ArrayD<f64>| ndarray::ArrayD::<f64>::zeros(like.raw_dim());
    let [mut y, mut dx, mut dw] = [zeros(&g), zeros(&x), zeros(&w)];
    case.products(|i, j, k| {
        y[k] += x[i] * w[j];
        dx[i] += g[k] * w[j];
        dw[j] += g[k] * x[i];
    });
    for (name, (ours, theirs)) in ["y", "x̄", "w̄"].iter().zip(ours::<f64>(case).iter().zip([&y, &dx, &dw])) {
        close(name, ours, theirs, 1e-11);
    }
    for (name, (ours, theirs)) in ["y", "x̄", "w̄"].iter().zip(ours::<f32>(case).iter().zip([&y, &dx, &dw])) {
        close(name, ours, theirs, 1e-3);
    }
    // The transposed convolution is the gradient to the input, where the output padding gives back the length.
    let rests =
        case.axes.iter().map(|axis| (axis.length + axis.padding.0 + axis.padding.1 - axis.extent()) % axis.stride);
    let rests: Vec<_> = rests.collect();
    close("conv_transpose", &case.y().conv_transpose(&case.w(), &case.options(), &rests[..]), &dx, 1e-11);
}

fn axis(longest: usize) -> impl Strategy<Value = Axis> {
    (1..=longest, 1..5usize, 1..4usize, 1..4usize, (0..5usize, 0..5usize)).prop_filter_map(
        "the kernel must fit",
        |(length, kernel, stride, dilation, padding)| {
            let axis = Axis { length, kernel, stride, dilation, padding };
            (axis.extent() <= length + padding.0 + padding.1).then_some(axis)
        },
    )
}

fn case(axes: usize, longest: usize) -> impl Strategy<Value = Case> {
    (1..4usize, 1..4usize, 1..4usize, 1..12usize, prop::collection::vec(axis(longest), axes))
        .prop_map(|(batch, groups, inputs, outputs, axes)| Case { batch, groups, inputs, outputs, axes })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn one_axis(case in case(1, 150)) {
        check(&case);
    }

    #[test]
    fn two_axes(case in case(2, 14)) {
        check(&case);
    }

    #[test]
    fn three_axes(case in case(3, 5)) {
        check(&case);
    }
}

/// Shapes that are large enough for several threads, several blocks of taps and of rows.
fn large() -> Vec<Case> {
    let axis =
        |length, kernel, stride, padding| Axis { length, kernel, stride, dilation: 1, padding: (padding, padding) };
    let case = |batch, groups, inputs, outputs, axis| Case { batch, groups, inputs, outputs, axes: vec![axis, axis] };
    let mut cases = vec![
        case(3, 1, 60, 13, axis(9, 3, 1, 1)),
        case(1, 1, 30, 40, axis(16, 3, 2, 1)),
        case(20, 2, 3, 9, axis(12, 5, 1, 0)),
        case(2, 24, 1, 1, axis(33, 3, 1, 1)),
        case(3, 1, 64, 24, axis(10, 1, 1, 0)),
    ];
    cases.extend(tiled().into_iter().take(4));
    cases.extend(unfolded().into_iter().filter(|case| case.axes.len() == 2));
    cases
}

/// Convolutions that go as products with patches (small or few images, many channels): strides beyond the kernel, dilation,
/// groups, one and three axes, more terms than are added at a time, blocks across images, within one, and of some channels.
fn unfolded() -> Vec<Case> {
    let axis = |length, kernel, stride, padding| Axis { length, kernel, stride, dilation: 1, padding };
    let case =
        |batch, groups, inputs, outputs, axes: &[Axis]| Case { batch, groups, inputs, outputs, axes: axes.to_vec() };
    vec![
        case(16, 1, 17, 21, &[axis(4, 4, 2, (1, 1)), axis(5, 2, 3, (0, 2))]),
        case(5, 2, 18, 16, &[axis(3, 1, 2, (1, 0)), axis(6, 3, 2, (1, 1))]),
        case(4, 1, 16, 19, &[Axis { dilation: 2, ..axis(9, 3, 2, (2, 1)) }]),
        case(2, 1, 20, 16, &[axis(3, 2, 1, (0, 0)), axis(3, 2, 1, (1, 0)), axis(2, 1, 1, (0, 0))]),
        case(1, 1, 40, 40, &[axis(6, 1, 1, (0, 0)), axis(6, 1, 1, (0, 0))]),
        case(43, 1, 64, 16, &[axis(4, 5, 1, (2, 2)), axis(4, 5, 1, (2, 2))]),
        case(1, 1, 20, 390, &[axis(12, 1, 1, (0, 0)), axis(12, 1, 1, (0, 0))]),
        case(2, 1, 40, 390, &[axis(3, 1, 1, (0, 0)), axis(3, 1, 1, (0, 0))]),
        case(40, 1, 33, 34, &[axis(1, 1, 2, (0, 0)), axis(5, 1, 1, (0, 0))]),
        case(2, 2, 32, 33, &[axis(14, 2, 2, (0, 0)), axis(15, 3, 2, (1, 1))]),
        case(2, 1, 130, 17, &[axis(140, 4, 1, (0, 3))]),
    ]
}

/// Shapes that go by Winograd's tiles, which do not cut the images evenly: channels shared by threads, few tiles, several
/// images together, several blocks of tiles.
fn tiled() -> Vec<Case> {
    let axis = |length, padding| Axis { length, kernel: 3, stride: 1, dilation: 1, padding };
    let case = |batch, inputs, outputs, axes| Case { batch, groups: 1, inputs, outputs, axes };
    vec![
        case(1, 35, 50, vec![axis(21, (1, 1)), axis(5, (1, 1))]),
        case(2, 8, 9, vec![axis(6, (0, 0)), axis(7, (2, 2))]),
        case(5, 17, 19, vec![axis(11, (1, 1)), axis(14, (0, 2))]),
        case(18, 16, 16, vec![axis(10, (0, 0)), axis(9, (2, 0))]),
        case(4, 16, 18, vec![axis(14, (1, 1)), axis(171, (1, 1))]),
    ]
}

/// The convolution of two axes as the sum over its taps of products of channels.
fn by_taps(case: &Case, x: &Tensor<f64>, w: &Tensor<f64>) -> Tensor<f64> {
    let [rows, columns] = [case.axes[0], case.axes[1]];
    let padded = x.pad(&[(0, 0), (0, 0), rows.padding, columns.padding], 0.0);
    let tap = |i: usize, j: usize| {
        let part = padded.slice(s![.., .., i..i + rows.output(), j..j + columns.output()]);
        w.slice(s![.., .., i, j]).matmul(&part.reshape((case.batch, case.inputs, rows.output() * columns.output())))
    };
    let taps = (0..3).flat_map(|i| (0..3).map(move |j| (i, j)));
    let sum = taps.map(|(i, j)| tap(i, j)).reduce(|sum, tap| sum + tap).unwrap();
    sum.reshape((case.batch, case.outputs, rows.output(), columns.output()))
}

#[test]
fn tiles_give_the_sum_over_taps() {
    for case in tiled() {
        let model = (case.x(), case.w());
        let (y, back) = pullback(|(x, w): &(Tensor<f64>, Tensor<f64>)| by_taps(&case, x, w), &model);
        let (dx, dw) = back(&case.y());
        let theirs = [y, dx.get().unwrap().clone(), dw.get().unwrap().clone()];
        for ((double, single), theirs) in ours::<f64>(&case).iter().zip(ours::<f32>(&case)).zip(theirs) {
            let largest = theirs.abs().max().item();
            let error = |ours: Tensor<f64>| (ours - &theirs).abs().max().item() / largest;
            assert!(error(double.clone()) < 2e-14, "{case:?}: off by {:e} of the largest", error(double.clone()));
            // What `kernels::conv::winograd` says of its errors.
            assert!(error(single.cast()) < 5e-6, "off by {:e} of the largest", error(single.cast()));
        }
    }
}

#[test]
fn large_convolutions() {
    large().iter().take(5).for_each(check);
}

#[test]
fn products_with_patches() {
    unfolded().iter().for_each(check);
}

#[test]
fn a_bias_is_added_to_all_of_its_channel() {
    for case in large() {
        let (mut layer, x) = (layer(&case), case.x().cast());
        let without = layer.forward(&x);
        let channels = without.shape()[1];
        let bias: Tensor = random(&[channels], 4).cast();
        layer.bias = Some(bias.clone());
        let error = (layer.forward(&x) - (without + bias.reshape((channels, 1, 1)))).abs().max();
        assert!(error.item() < 1e-4, "{case:?}: off by {error}");
    }
}

#[test]
fn the_gradient_to_a_bias_is_the_sum_of_the_cotangent() {
    for case in large() {
        let sum = case.y().sum_axis([0, 2, 3]);
        let error = (bias_gradient(&case).cast::<f64>() - &sum).abs().max() / sum.abs().max();
        assert!(error.item() < 1e-5, "{case:?}: off by {error}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for case in large() {
        let bits = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut tensors = pool.install(|| ours::<f32>(&case)).to_vec();
            tensors.push(pool.install(|| bias_gradient(&case)));
            tensors.iter().flat_map(Tensor::to_vec).map(f32::to_bits).collect::<Vec<_>>()
        };
        let one = bits(1);
        assert!([2, 3, 8].iter().all(|&threads| bits(threads) == one), "{case:?}");
    }
}

#[test]
fn an_empty_batch_has_no_outputs() {
    let (x, w) = (Tensor::<f32>::zeros((0, 2, 5)), Tensor::<f32>::ones((3, 2, 3)));
    assert_eq!(x.conv(&w, &ConvOptions::new()).shape(), [0, 3, 3]);
    let g = gradient(|w| x.conv(w, &ConvOptions::new()).sum_to(()), &w);
    assert_eq!(g.get().unwrap(), &Tensor::zeros((3, 2, 3)));
}
