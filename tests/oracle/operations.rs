//! Operations.

use sapwood::ops::Keep;
use sapwood::prelude::*;

use crate::cases::check;

#[test]
fn operations_are_pytorchs() {
    check(include_str!("operations.json"), operation, operation);
}

/// The operation that a case names, of its inputs.
fn operation<T: Float>(name: &str, inputs: &[Tensor<T>]) -> Tensor<T> {
    let x = &inputs[0];
    let c = T::from_f64;
    if let Some(letters) = name.strip_prefix("einsum ") {
        return Tensor::einsum(letters, &inputs.iter().collect::<Vec<_>>());
    }
    match inputs {
        [_] => pointwise(name, x)
            .or_else(|| diagonal(name, x))
            .or_else(|| reduction(name, x))
            .or_else(|| order(name, x))
            .or_else(|| shape(name, x))
            .or_else(|| index(name, x)),
        [_, y] => match name {
            "add" => Some(x + y),
            "sub" => Some(x - y),
            "mul" => Some(x * y),
            "div" => Some(x / y),
            "pow" => Some(x.pow(y)),
            "atan2" => Some(x.atan2(y)),
            "maximum" => Some(x.maximum(y)),
            "minimum" => Some(x.minimum(y)),
            "where_" => Some(x.lt(c(0.25)).where_(x, y)),
            "where_ stacked" => Some(x.gt(y).where_(x, y)),
            "eq" => Some(x.eq(y).cast()),
            "ne" => Some(x.ne(y).cast()),
            "lt" => Some(x.lt(y).cast()),
            "le" => Some(x.le(y).cast()),
            "gt" => Some(x.gt(y).cast()),
            "ge" => Some(x.ge(y).cast()),
            "matmul" => Some(x.matmul(y)),
            "matmul of transposes" => Some(x.t().matmul(&y.t())),
            "concat 1" => Some(Tensor::concat(&[x, y, x], 1)),
            "stack 1" => Some(Tensor::stack(&[x, y], 1)),
            "scatter_add 0" => Some(x.scatter_add(0, &two_rows(), y)),
            "index_add 0" => Some(x.index_add(0, &Tensor::from([2usize, 0, 2, 1]), y)),
            _ => None,
        },
        _ => None,
    }
    .unwrap_or_else(|| panic!("no operation is called {name}"))
}

/// By a name and a number.
fn diagonal<T: Float>(name: &str, x: &Tensor<T>) -> Option<Tensor<T>> {
    let (operation, number) = name.split_once(' ')?;
    let number = number.parse().ok()?;
    Some(match operation {
        "diagonal" => x.diagonal(number),
        "tril" => x.tril(number),
        "triu" => x.triu(number),
        "diag_embed" => x.diag_embed(number),
        "roll" => x.roll(number, 1),
        _ => return None,
    })
}

fn pointwise<T: Float>(name: &str, x: &Tensor<T>) -> Option<Tensor<T>> {
    let c = T::from_f64;
    Some(match name {
        "neg" => -x,
        "floor" => x.floor(),
        "ceil" => x.ceil(),
        "round" => x.round(),
        "trunc" => x.trunc(),
        "square" => x.square(),
        "powi 3" => x.powi(3),
        "powi -2" => x.powi(-2),
        "powi 0" => x.powi(0),
        "pow 2" => x.pow(c(2.0)),
        "pow 2.5" => x.pow(c(2.5)),
        "pow 0.5" => x.pow(c(0.5)),
        "pow 0" => x.pow(c(0.0)),
        "sqrt" => x.sqrt(),
        "cbrt" => x.cbrt(),
        "recip" => x.recip(),
        "rsqrt" => x.rsqrt(),
        "exp" => x.exp(),
        "exp2" => x.exp2(),
        "exp_m1" => x.exp_m1(),
        "ln" => x.ln(),
        "ln_1p" => x.ln_1p(),
        "log2" => x.log2(),
        "log10" => x.log10(),
        "erf" => x.erf(),
        "sin" => x.sin(),
        "cos" => x.cos(),
        "tan" => x.tan(),
        "asin" => x.asin(),
        "acos" => x.acos(),
        "atan" => x.atan(),
        "sinh" => x.sinh(),
        "cosh" => x.cosh(),
        "tanh" => x.tanh(),
        "asinh" => x.asinh(),
        "acosh" => x.acosh(),
        "atanh" => x.atanh(),
        "abs" => x.abs(),
        "sign" => x.sign(),
        "clamp -1 0.5" => x.clamp(c(-1.0), c(0.5)),
        "maximum 0.5" => x.maximum(c(0.5)),
        "minimum 0.5" => x.minimum(c(0.5)),
        "relu" => x.relu(),
        "leaky_relu 0.25" => x.leaky_relu(c(0.25)),
        "elu 0.75" => x.elu(c(0.75)),
        "selu" => x.selu(),
        "gelu" => x.gelu(),
        "gelu_tanh" => x.gelu_tanh(),
        "silu" => x.silu(),
        "sigmoid" => x.sigmoid(),
        "softplus" => x.softplus(),
        "mish" => x.mish(),
        "is_nan" => x.is_nan().cast(),
        "is_finite" => x.is_finite().cast(),
        _ => return None,
    })
}

fn reduction<T: Float>(name: &str, x: &Tensor<T>) -> Option<Tensor<T>> {
    macro_rules! along {
        ($($name:literal $whole:ident $along:ident $(($argument:literal))?;)*) => {
            match name {
                $(
                    $name => x.$whole($($argument)?),
                    concat!($name, " axis 0") => x.$along(0 $(, $argument)?),
                    concat!($name, " axis -1") => x.$along(-1 $(, $argument)?),
                    concat!($name, " keep -1") => x.$along(Keep(-1) $(, $argument)?),
                    concat!($name, " axes -1 0") => x.$along([-1, 0] $(, $argument)?),
                )*
                "cumsum axis 0" => x.cumsum(0),
                "cumsum axis -1" => x.cumsum(-1),
                "cumprod axis 0" => x.cumprod(0),
                "cumprod axis -1" => x.cumprod(-1),
                "cummax axis 0" => x.cummax(0),
                "cummax axis -1" => x.cummax(-1),
                "softmax axis 0" => x.softmax(0),
                "softmax axis -1" => x.softmax(-1),
                "log_softmax axis 0" => x.log_softmax(0),
                "log_softmax axis -1" => x.log_softmax(-1),
                _ => return None,
            }
        };
    }
    Some(along! {
        "sum" sum sum_axis;
        "mean" mean mean_axis;
        "var 0" var var_axis (0);
        "std 1" std std_axis (1);
        "max" max max_axis;
        "min" min min_axis;
        "prod" prod prod_axis;
        "norm" norm norm_axis;
        "logsumexp" logsumexp logsumexp_axis;
    })
}

fn order<T: Float>(name: &str, x: &Tensor<T>) -> Option<Tensor<T>> {
    Some(match name {
        "sort ascending" => x.sort(1, false).0,
        "sort descending" => x.sort(1, true).0,
        "argsort ascending" => x.argsort(1, false).cast(),
        "argsort descending" => x.argsort(1, true).cast(),
        "topk largest" => x.topk(2, 1, true).0,
        "topk smallest" => x.topk(2, 1, false).0,
        "argmax" => x.argmax().cast(),
        "argmin" => x.argmin().cast(),
        "argmax_axis" => x.argmax_axis(1).cast(),
        "argmin_axis" => x.argmin_axis(1).cast(),
        _ => return None,
    })
}

fn shape<T: Float>(name: &str, x: &Tensor<T>) -> Option<Tensor<T>> {
    Some(match name {
        "reshape 2 6" => x.reshape((2, 6)),
        "flatten" => x.flatten(),
        "permute 1 2 0" => x.permute(&[1, 2, 0]),
        "t" => x.t(),
        "swap_axes 0 2" => x.swap_axes(0, 2),
        "squeeze 1" => x.squeeze(1),
        "unsqueeze 1" => x.unsqueeze(1),
        "flip -1" => x.flip(-1),
        "slice" => x.slice(s![1.., ..;2]),
        "broadcast_to 2 3 4" => x.broadcast_to((2, 3, 4)),
        "sum_to 3 1" => x.sum_to((3, 1)),
        "split" => x.split(&[1, 0, 3], 1).swap_remove(2),
        "chunk" => x.chunk(2, 0).swap_remove(1),
        "pad" => x.pad(&[(1, 0), (2, 1)], T::from_f64(0.5)),
        "repeat 2 3" => x.repeat(&[2, 3]),
        "repeat 2 1 2" => x.repeat(&[2, 1, 2]),
        "repeat_interleave 3" => x.repeat_interleave(3, 1),
        _ => return None,
    })
}

fn index<T: Float>(name: &str, x: &Tensor<T>) -> Option<Tensor<T>> {
    Some(match name {
        "gather 0" => x.gather(0, &two_rows()),
        "gather -1" => x.gather(-1, &two_rows()),
        "index_select 0" => x.index_select(0, &Tensor::from([2usize, 0, 2, 1])),
        "index_select table" => x.index_select(0, &two_rows()),
        "masked_select" => x.masked_select(&x.gt(T::from_f64(0.25))),
        "nonzero" => x.gt(T::from_f64(0.25)).nonzero().cast(),
        _ => return None,
    })
}

fn two_rows() -> Tensor<i64> {
    Tensor::from([[0, 2, 1, 1], [2, 2, 0, 1]])
}
