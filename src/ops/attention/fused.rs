//! Attention as one operation.

use std::cell::OnceCell;

use super::{AttentionMask, composed, scale};
use crate::autodiff::{op, pull_composed};
use crate::kernels::attention::{Attention, backward, forward};
use crate::kernels::pool;
use crate::ops::matmul::matrices;
use crate::tensor::{Float, Layout, Shape, Tensor};

/// Attention in tiles, of queries, keys and values with equal axes before their matrices, none of them empty.
///
/// Derivative: with the weights P, S̄ = P · (ȳ vᵀ − Σ ȳ·y); q̄ = S̄ k / √d, k̄ = S̄ᵀ q / √d, v̄ = Pᵀ ȳ.
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
    // Of the tapes that record, each gets the sums that the one computation found.
    let found = OnceCell::new();
    let compute = |[q, k, v]: [&Tensor<T>; 3]| {
        let (q, k, v) = (matrices(q), matrices(k), matrices(v));
        let mut y = pool::buffer(shape.iter().product());
        let mut kept = pool::buffer(q.len() * form.kept());
        forward(form, groups, [&q, &k, &v], &mut y, &mut kept);
        let _ = found.set(Tensor::from_dense(kept, &[q.len(), form.kept()]));
        heads_inside(y, &shape)
    };
    op(inputs, compute, &|inputs: [&Tensor<T>; 3], y: &Tensor<T>| {
        let inputs = inputs.map(Tensor::clone);
        let (y, kept) = (y.clone(), found.get().cloned());
        move |g: Tensor<T>, watched: [bool; 3]| match kept {
            Some(kept) if !g.is_traced() && inputs.iter().all(|input| !input.is_traced()) => {
                let mut gradients = inputs.each_ref().map(|input| pool::buffer(input.len()));
                let all = [&inputs[0], &inputs[1], &inputs[2], &y, &g].map(matrices);
                let views = all.each_ref().map(|matrices| &matrices[..]);
                backward(form, groups, views, kept.dense(), gradients.each_mut().map(|gradient| &mut gradient[..]));
                let mut gradients = gradients.into_iter().zip(&inputs).zip(watched);
                std::array::from_fn(|_| {
                    let ((gradient, input), watched) = gradients.next()?;
                    watched.then(|| heads_inside(gradient, input.shape()))
                })
            }
            _ => {
                let mask = if causal { AttentionMask::Causal } else { AttentionMask::None };
                pull_composed(|inputs| composed(inputs, mask), inputs, &g)
            }
        }
    })
}

/// A tensor `[batch, heads…, length, width]` of elements in the order `[batch, length, heads…, width]`: so the heads can be
/// joined to one width without a copy.
fn heads_inside<T: Float>(elements: Vec<T>, shape: &[usize]) -> Tensor<T> {
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

    use super::attention;
    use crate::ops::AttentionMask;
    use crate::ops::attention::composed;
    use crate::prelude::*;

    type Inputs<T> = [Tensor<T>; 3];

    /// Queries, keys and values of so many heads, as views of `[batch, length, heads, width]`.
    fn inputs<T: Float>(heads: usize, [queries, keys, width, value_width]: [usize; 4]) -> Inputs<T> {
        let mut rng = StdRng::seed_from_u64(1);
        [[queries, width], [keys, width], [keys, value_width]].map(|[length, width]| {
            Tensor::normal((2, length, heads, width), T::zero(), T::one(), &mut rng).permute(&[0, 2, 1, 3])
        })
    }

    /// Each element with a weight of its own.
    fn loss<T: Float>(y: Tensor<T>) -> Tensor<T> {
        let weights = Tensor::arange(y.len()).cos().reshape(y.shape());
        (y * weights).sum()
    }

    fn in_operations<T: Float>([q, k, v]: [&Tensor<T>; 3], causal: bool) -> Tensor<T> {
        composed([q, k, v], if causal { AttentionMask::Causal } else { AttentionMask::None })
    }

    /// The largest difference between two functions' values, gradients, and gradients of the gradients' squared norm.
    fn differences(inputs: &Inputs<f64>, causal: bool) -> [f64; 3] {
        type Function = fn([&Tensor<f64>; 3], bool) -> Tensor<f64>;
        let of = |f: Function| {
            let slope = |m: &Inputs<f64>| gradient(|m: &Inputs<f64>| loss(f(m.each_ref(), causal)), m);
            let curve = gradient(
                |m| {
                    let grads = slope(m);
                    grads.dot(&grads)
                },
                inputs,
            );
            let found = |grads: [_; 3]| {
                grads.map(|g: crate::params::Leaf<crate::autodiff::Gradient, f64>| g.get().unwrap().clone())
            };
            (f(inputs.each_ref(), causal), found(slope(inputs)), found(curve))
        };
        let (ours, theirs) = (of(attention), of(in_operations));
        let apart = |a: &Tensor<f64>, b: &Tensor<f64>| (a - b).abs().max().item();
        let most = |a: &Inputs<f64>, b: &Inputs<f64>| a.iter().zip(b).map(|(a, b)| apart(a, b)).fold(0.0, f64::max);
        [apart(&ours.0, &theirs.0), most(&ours.1, &theirs.1), most(&ours.2, &theirs.2)]
    }

    #[test]
    fn fused_and_composed_agree_to_the_second_derivative() {
        // Tiles of 32 queries and 64 keys: several, with rests; widths that fill no vector. Among the causal ones are
        // queries that see no key.
        for (lengths, causal) in [
            ([70, 133, 5, 3], false),
            ([70, 70, 3, 17], true),
            ([40, 133, 4, 2], true),
            ([100, 70, 2, 3], true),
            ([9, 1, 1, 1], false),
        ] {
            let [value, first, second] = differences(&inputs(2, lengths), causal);
            assert!(value < 1e-13 && first < 1e-12 && second < 1e-10, "{lengths:?}: {value:e}, {first:e}, {second:e}");
        }
    }
}
