//! Attention as one operation.

use std::sync::Arc;

use super::{AttentionMask, composed, scale};
use crate::autodiff::fused;
use crate::kernels::attention::{Attention, backward, forward};
use crate::kernels::block::Block;
use crate::kernels::pool;
use crate::ops::matmul::matrices;
use crate::tensor::{Float, Layout, Shape, Tensor};

/// Attention in tiles, of queries, keys and values with equal axes before their matrices, none of them empty.
///
/// Derivative: with the weights P, S̄ = P · (ȳ vᵀ − Σ ȳ·y); q̄ = S̄ k / √d, k̄ = S̄ᵀ q / √d, v̄ = Pᵀ ȳ.
#[inline(never)]
#[track_caller]
pub(super) fn attention<T: Float>(inputs: [&Tensor<T>; 3], causal: bool) -> Tensor<T> {
    let [q, k, v] = inputs.map(Tensor::shape);
    let rank = q.len();
    let form = Attention {
        queries: q[rank - 2],
        keys: k[rank - 2],
        width: q[rank - 1],
        value_width: v[rank - 1],
        scale: scale(inputs[0]),
        causal,
    };
    let (groups, mut shape) = (if rank > 2 { q[0] } else { 1 }, Shape::from_slice(q));
    shape[rank - 1] = form.value_width;
    let compute = |[q, k, v]: [&Tensor<T>; 3]| {
        let (q, k, v) = (matrices(q), matrices(k), matrices(v));
        let mut y = pool::buffer(shape.iter().product());
        let mut sums = pool::buffer(q.len() * form.kept());
        forward(form, groups, [&q, &k, &v], &mut y, &mut sums);
        let y = heads_inside(y, &shape);
        (y.clone(), (y, sums))
    };
    let pull = move |inputs: [&Tensor<T>; 3], kept: Arc<(Tensor<T>, Block<T>)>, g: Tensor<T>, watched: [bool; 3]| {
        let (y, sums) = &*kept;
        let mut gradients = inputs.map(|input| pool::buffer(input.len()));
        let all = [inputs[0], inputs[1], inputs[2], y, &g].map(matrices);
        let views = all.each_ref().map(|matrices| &matrices[..]);
        backward(form, groups, views, sums, gradients.each_mut().map(|gradient| &mut gradient[..]));
        let mut gradients = gradients.into_iter().zip(inputs).zip(watched);
        std::array::from_fn(|_| {
            let ((gradient, input), watched) = gradients.next()?;
            watched.then(|| heads_inside(gradient, input.shape()))
        })
    };
    let mask = if causal { AttentionMask::Causal } else { AttentionMask::None };
    fused(inputs, compute, pull, move |inputs| composed(inputs, mask)).0
}

/// A tensor `[batch, heads…, length, width]` of elements in the order `[batch, length, heads…, width]`: so the heads can be
/// joined to one width without a copy.
fn heads_inside<T: Float>(elements: Block<T>, shape: &[usize]) -> Tensor<T> {
    let rank = shape.len();
    if rank < 3 {
        return Tensor::from_dense(elements, shape);
    }
    let (mut inside, mut axes) = (Shape::from_slice(shape), Shape::from_iter(0..rank));
    inside[1..rank - 1].rotate_right(1);
    axes[1..rank - 1].rotate_left(1);
    Tensor::from_layout(elements, Layout::contiguous(&inside).permute(&axes))
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use crate::ops::AttentionMask;
    use crate::ops::attention::composed;
    use crate::prelude::*;

    type Inputs<T> = [Tensor<T>; 3];
    type Function<T> = fn([&Tensor<T>; 3], AttentionMask<'_, T>) -> Tensor<T>;

    fn fused<T: Float>([q, k, v]: [&Tensor<T>; 3], mask: AttentionMask<'_, T>) -> Tensor<T> {
        q.attention(k, v, mask)
    }

    fn draw<T: Float>(shapes: [&[usize]; 3]) -> Inputs<T> {
        let mut rng = StdRng::seed_from_u64(1);
        shapes.map(|shape| Tensor::normal(shape, T::zero(), T::one(), &mut rng))
    }

    /// Queries, keys and values of two sequences and heads, as views of `[batch, length, heads, width]`.
    fn heads<T: Float>([queries, keys, width, value_width]: [usize; 4]) -> Inputs<T> {
        let inputs = draw([&[2, queries, 2, width], &[2, keys, 2, width], &[2, keys, 2, value_width]]);
        inputs.map(|x| x.permute(&[0, 2, 1, 3]))
    }

    /// The gradients of the outputs' sum, each with a weight of its own.
    fn slopes<T: Float>(f: Function<T>, inputs: &Inputs<T>, mask: AttentionMask<'_, T>) -> Grads<Inputs<T>> {
        let loss = |inputs: &Inputs<T>| {
            let y = f(inputs.each_ref(), mask);
            let weights = Tensor::arange(y.len()).cos().reshape(y.shape());
            (y * weights).sum()
        };
        gradient(loss, inputs)
    }

    /// The largest differences to the composition: of values, gradients, and gradients of the gradients' squared norm.
    fn errors(inputs: &Inputs<f64>, mask: AttentionMask<'_, f64>) -> [f64; 3] {
        let of = |f: Function<f64>| {
            let curve = gradient(
                |inputs| {
                    let slopes = slopes(f, inputs, mask);
                    slopes.dot(&slopes)
                },
                inputs,
            );
            (f(inputs.each_ref(), mask), slopes(f, inputs, mask), curve)
        };
        let (ours, theirs) = (of(fused), of(composed));
        let apart = |a: &Tensor<f64>, b: &Tensor<f64>| (a - b).abs().max().item();
        let most = |a: &Grads<Inputs<f64>>, b: &Grads<Inputs<f64>>| {
            a.iter().zip(b).map(|(a, b)| apart(a.get().unwrap(), b.get().unwrap())).fold(0.0, f64::max)
        };
        [apart(&ours.0, &theirs.0), most(&ours.1, &theirs.1), most(&ours.2, &theirs.2)]
    }

    fn agree(inputs: &Inputs<f64>, mask: AttentionMask<'_, f64>) {
        let [value, first, second] = errors(inputs, mask);
        let shapes = inputs.each_ref().map(Tensor::shape);
        assert!(
            value < 1e-13 && first < 1e-12 && second < 1e-10,
            "{shapes:?}, {mask:?}: off by {value:e}, {first:e} and {second:e}"
        );
    }

    #[test]
    fn fused_and_composed_agree_to_the_second_derivative() {
        // Several tiles with rests; widths that fill no vector and such that fill more than one.
        agree(&heads([70, 133, 5, 3]), AttentionMask::None);
        agree(&heads([70, 70, 3, 17]), AttentionMask::Causal);
        agree(&heads([40, 133, 4, 2]), AttentionMask::Causal);
        // The first thirty queries see no key.
        agree(&heads([100, 70, 2, 3]), AttentionMask::Causal);
        agree(&heads([8, 1, 1, 1]), AttentionMask::None);
        // Keys that are cut into stretches on the way back.
        agree(&draw([&[40, 2], &[1100, 2], &[1100, 1]]), AttentionMask::Causal);
    }

    #[test]
    fn leading_axes_broadcast() {
        agree(&draw([&[40, 3], &[70, 3], &[70, 2]]), AttentionMask::Causal);
        agree(&draw([&[2, 1, 9, 3], &[3, 8, 3], &[1, 1, 8, 2]]), AttentionMask::None);
        agree(&draw([&[9, 3], &[2, 1, 2, 8, 3], &[1, 8, 2]]), AttentionMask::Causal);
    }

    #[test]
    fn empty_axes() {
        let shape = |q: [usize; 2], k: [usize; 2], e: usize| {
            let y = Tensor::<f32>::ones(q).attention(&Tensor::ones(k), &Tensor::ones((k[0], e)), AttentionMask::Causal);
            (y.shape().to_vec(), y.sum().item())
        };
        assert_eq!(shape([0, 3], [9, 3], 2), (vec![0, 2], 0.0));
        assert_eq!(shape([9, 3], [0, 3], 2), (vec![9, 2], 0.0));
        assert_eq!(shape([9, 3], [9, 3], 0), (vec![9, 0], 0.0));
        // All scores are zero: means of ones.
        assert_eq!(shape([9, 0], [9, 0], 2), (vec![9, 2], 18.0));
    }

    #[test]
    fn large_scores_stay_finite() {
        // Scores beyond 10,000, of both signs.
        let inputs = heads::<f64>([40, 133, 4, 2]).map(|x| x * 100.0);
        let scores = inputs[0].matmul(&inputs[1].t()) / 2.0;
        assert!(scores.max().item() > 1e4 && scores.min().item() < -1e4);
        for mask in [AttentionMask::None, AttentionMask::Causal] {
            let y = fused(inputs.each_ref(), mask);
            assert!((y - composed(inputs.each_ref(), mask)).abs().max().item() < 1e-9);
            let (ours, theirs) = (slopes(fused, &inputs, mask), slopes(composed, &inputs, mask));
            assert!(ours.iter().zip(&theirs).all(|(a, b)| (a.get().unwrap() - b.get().unwrap()).norm().item() < 1e-6));
        }
        let single = inputs.map(|x| x.cast::<f32>());
        let (y, slopes) = (fused(single.each_ref(), AttentionMask::None), slopes(fused, &single, AttentionMask::None));
        assert!(y.is_finite().all() && slopes.iter().all(|g| g.get().unwrap().is_finite().all()));
    }

    #[test]
    fn scores_beyond_all_numbers() {
        // A first tile of scores that are −∞: the weights are those of the others.
        let q = Tensor::<f32>::full((9, 1), 1e30);
        let k = Tensor::concat(&[Tensor::full((64, 1), -1e30), Tensor::zeros((2, 1))], 0);
        let v = Tensor::arange(66).reshape((66, 1));
        let y = q.attention(&k, &v, AttentionMask::None);
        assert!((y - 64.5).abs().max().item() < 1e-4);
        // All of them, or one NaN: as with softmax, nothing can be said.
        let first = k.slice(s![..64, ..]);
        assert!(q.attention(&first, &first, AttentionMask::None).is_nan().all());
        let mut x = Tensor::<f32>::ones((70, 1));
        x.as_mut_slice()[50] = f32::NAN;
        let y = x.attention(&x, &Tensor::ones((70, 1)), AttentionMask::Causal).is_nan().to_vec();
        assert_eq!((y.iter().position(|&nan| nan), y.iter().filter(|&&nan| nan).count()), (Some(50), 20));
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let inputs = heads::<f32>([90, 530, 33, 20]);
        let bits = |threads| {
            let of = || {
                let grads = slopes(fused, &inputs, AttentionMask::None);
                let grads = grads.iter().flat_map(|g| g.get().unwrap().to_vec());
                let y = fused(inputs.each_ref(), AttentionMask::Causal).to_vec();
                y.into_iter().chain(grads).map(f32::to_bits).collect::<Vec<_>>()
            };
            ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(of)
        };
        let one = bits(1);
        assert!([2, 3, 8].into_iter().all(|threads| bits(threads) == one));
    }

    #[test]
    fn heads_are_joined_without_a_copy() {
        let inputs = heads::<f32>([9, 8, 3, 2]);
        let joined = |x: &Tensor| x.permute(&[0, 2, 1, 3]).is_contiguous();
        assert!(joined(&fused(inputs.each_ref(), AttentionMask::None)));
        assert!(slopes(fused, &inputs, AttentionMask::None).iter().all(|g| joined(g.get().unwrap())));
        let of = |shapes| fused(draw::<f32>(shapes).each_ref(), AttentionMask::None).is_contiguous();
        assert!(of([&[2, 9, 3], &[2, 8, 3], &[2, 8, 2]]) && of([&[9, 3], &[8, 3], &[8, 2]]));
    }
}
