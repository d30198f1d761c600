use sapwood::prelude::*;

use crate::harness::{check, check_pair};

const X: std::ops::Range<f64> = -2.0..2.0;
const POSITIVE: std::ops::Range<f64> = 0.5..2.0;
const BELOW_ONE: std::ops::Range<f64> = -0.7..0.7;

#[test]
fn powers() {
    check("square", X, |x| x.square());
    check("powi 3", X, |x| x.powi(3));
    check("powi 1", X, |x| x.powi(1));
    check("powi 0", X, |x| x.powi(0) * x);
    check("powi -2", POSITIVE, |x| x.powi(-2));
    check("pow 1", X, |x| x.pow(1.0));
    check("pow 2", X, |x| x.pow(2.0));
    check("pow 2.5", POSITIVE, |x| x.pow(2.5));
    check("pow 0", POSITIVE, |x| x.pow(0.0) * x);
    check("sqrt", POSITIVE, |x| x.sqrt());
    check("cbrt", POSITIVE, |x| x.cbrt());
    check("recip", POSITIVE, |x| x.recip());
    check("rsqrt", POSITIVE, |x| x.rsqrt());
    check_pair("pow", POSITIVE, |x, y| x.pow(y));
}

#[test]
fn exponentials_and_logarithms() {
    check("exp", X, |x| x.exp());
    check("exp2", X, |x| x.exp2());
    check("exp_m1", X, |x| x.exp_m1());
    check("ln", POSITIVE, |x| x.ln());
    check("ln_1p", BELOW_ONE, |x| x.ln_1p());
    check("log2", POSITIVE, |x| x.log2());
    check("log10", POSITIVE, |x| x.log10());
    check("erf", X, |x| x.erf());
}

#[test]
fn trigonometry() {
    check("sin", X, |x| x.sin());
    check("cos", X, |x| x.cos());
    check("tan", BELOW_ONE, |x| x.tan());
    check("asin", BELOW_ONE, |x| x.asin());
    check("acos", BELOW_ONE, |x| x.acos());
    check("atan", X, |x| x.atan());
    check("sinh", X, |x| x.sinh());
    check("cosh", X, |x| x.cosh());
    check("tanh", X, |x| x.tanh());
    check("asinh", X, |x| x.asinh());
    check("acosh", 1.5..3.0, |x| x.acosh());
    check("atanh", BELOW_ONE, |x| x.atanh());
    check_pair("atan2", POSITIVE, |y, x| (-y).atan2(-x));
}

#[test]
fn comparisons() {
    check("abs", X, |x| x.abs());
    check("sign", X, |x| x.sign() * x);
    check("clamp", X, |x| x.clamp(-1.0, 0.5));
    check("maximum of a number", X, |x| x.maximum(0.3));
    check("minimum of a number", X, |x| x.minimum(0.3));
    check_pair("maximum", X, |x, y| x.maximum(y));
    check_pair("minimum", X, |x, y| x.minimum(y));
    check_pair("where_", X, |x, y| x.lt(0.2).where_(x, y * y));
}

#[test]
fn activations() {
    check("relu", X, |x| x.relu());
    check("leaky_relu", X, |x| x.leaky_relu(0.1));
    check("elu", X, |x| x.elu(0.7));
    check("selu", X, |x| x.selu());
    check("gelu", X, |x| x.gelu());
    check("gelu_tanh", X, |x| x.gelu_tanh());
    check("silu", X, |x| x.silu());
    check("sigmoid", X, |x| x.sigmoid());
    check("softplus", X, |x| x.softplus());
    check("mish", X, |x| x.mish());
    check("hard_tanh", X, |x| x.hard_tanh(-1.1, 0.6));
    check("relu6", X, |x| x.relu6());
    check("hard_sigmoid", X, |x| (x * 3.0).hard_sigmoid());
    check("hard_swish", X, |x| (x * 3.0).hard_swish());
    check("hard_shrink", X, |x| x.hard_shrink(0.4));
    check("soft_shrink", X, |x| x.soft_shrink(0.4));
    check("thresholded_relu", X, |x| x.thresholded_relu(0.4));
    check("rrelu", X, |x| x.rrelu(0.1, 0.3, &mut StdRng::seed_from_u64(5)));
    check("celu", X, |x| x.celu(0.7));
    check("log_sigmoid", X, |x| x.log_sigmoid());
    check("softsign", X, |x| x.softsign());
    check("tanh_shrink", X, |x| x.tanh_shrink());
    check("lisht", X, |x| x.lisht());
    check("log_cosh", X, |x| x.log_cosh());
}

#[test]
fn the_rest() {
    check("cast", X, |x| x.cast::<f64>());
    check("dropout", X, |x| x.dropout(0.4, &mut StdRng::seed_from_u64(5)));
    check("custom", X, |x| sapwood::autodiff::custom([x], |[x]| x.sin(), |[x], _, g| [g * x.cos()]));
}
