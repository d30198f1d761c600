//! How the cases that the scripts wrote are read and checked.

use sapwood::prelude::*;
use serde_json::Value;

/// An operation's inputs and output, and the gradient by each input of the output's sum with fixed [`weights`].
pub(crate) struct Case {
    pub(crate) name: String,
    inputs: Vec<Tensor<f64>>,
    output: Tensor<f64>,
    /// `None` where nothing is differentiated; within, where one input is not.
    gradients: Option<Vec<Option<Tensor<f64>>>>,
}

/// All cases of a file.
pub(crate) fn read(json: &str) -> Vec<Case> {
    let file: Value = serde_json::from_str(json).expect("the oracle's file is JSON");
    let cases = file["cases"].as_array().expect("a list of cases").iter();
    let all = |values: &Value| values.as_array().expect("a list of arrays").iter().map(array).collect();
    cases
        .map(|case| Case {
            name: case["name"].as_str().expect("a name").to_owned(),
            inputs: all(&case["inputs"]),
            output: array(&case["output"]),
            gradients: case["gradients"].as_array().map(|gradients| {
                gradients.iter().map(|gradient| gradient.is_array().then(|| array(gradient))).collect()
            }),
        })
        .collect()
}

/// A shape and its elements.
fn array(value: &Value) -> Tensor<f64> {
    let shape: Vec<usize> =
        value[0].as_array().expect("a shape").iter().map(|n| n.as_u64().unwrap() as usize).collect();
    let number = |x: &Value| x.as_f64().unwrap_or_else(|| x.as_str().and_then(|x| x.parse().ok()).expect("a number"));
    Tensor::from_vec(value[1].as_array().expect("elements").iter().map(number).collect(), shape)
}

/// The weights under which the elements of an output are summed, so that each gradient counts for itself.
fn weights<T: Float>(shape: &[usize]) -> Tensor<T> {
    let count = shape.iter().product::<usize>();
    Tensor::from_vec((0..count).map(|i| T::from_f64((i * 7 % 11 + 1) as f64 / 8.0)).collect(), shape)
}

/// Every difference between a case and what the function makes of its inputs in the given precision, in words.
pub(crate) fn differences<T: Float>(
    case: &Case,
    tolerance: f64,
    function: impl Fn(&str, &[Tensor<T>]) -> Tensor<T>,
) -> Vec<String> {
    let inputs: Vec<Tensor<T>> = case.inputs.iter().map(|x| x.cast()).collect();
    let mut found = vec![];
    let mut compare = |what: String, ours: &Tensor<T>, theirs: &Tensor<f64>| {
        if ours.shape() != theirs.shape() {
            found.push(format!("{what} has the shape {:?} instead of {:?}", ours.shape(), theirs.shape()));
            return;
        }
        // What overflows in f32 is infinite there.
        let theirs = theirs.cast::<T>().cast::<f64>();
        for (i, (ours, theirs)) in ours.cast::<f64>().iter().zip(theirs.iter()).enumerate() {
            if !close(*ours, *theirs, tolerance) {
                let at = case.inputs.iter().map(|x| x.to_vec().get(i).copied()).collect::<Vec<_>>();
                found.push(format!("{what}[{i}] is {ours} instead of {theirs} (inputs there: {at:?})"));
            }
        }
    };
    compare("the output".to_owned(), &function(&case.name, &inputs), &case.output);
    if let Some(expected) = &case.gradients {
        let loss = |inputs: &Vec<Tensor<T>>| {
            let y = function(&case.name, inputs);
            (&y * weights::<T>(y.shape())).sum()
        };
        let gradients = gradient(loss, &inputs);
        for (i, (ours, theirs)) in gradients.iter().zip(expected).enumerate() {
            if let Some(theirs) = theirs {
                let nothing = Tensor::zeros_like(theirs);
                compare(format!("gradient {i}"), ours.get().unwrap_or(&nothing), theirs);
            }
        }
    }
    let shapes: Vec<_> = case.inputs.iter().map(|x| x.shape().to_vec()).collect();
    found.into_iter().map(|difference| format!("{} of {shapes:?} in {}: {difference}", case.name, T::NAME)).collect()
}

fn close(ours: f64, theirs: f64, tolerance: f64) -> bool {
    match theirs.is_finite() {
        true => (ours - theirs).abs() <= tolerance * theirs.abs().max(1.0),
        false => ours == theirs || (ours.is_nan() && theirs.is_nan()),
    }
}

/// Checks all cases in both precisions: to 1e-10 in f64, to 1e-5 in f32, relative where the value is larger than 1.
pub(crate) fn check(
    json: &str,
    double: impl Fn(&str, &[Tensor<f64>]) -> Tensor<f64>,
    single: impl Fn(&str, &[Tensor<f32>]) -> Tensor<f32>,
) {
    let cases = read(json);
    assert!(!cases.is_empty(), "the oracle's file holds no cases");
    let all = cases.iter().flat_map(|case| {
        let [mut double, single] = [differences(case, 1e-10, &double), differences(case, 1e-5, &single)];
        double.extend(single);
        double
    });
    let all: Vec<_> = all.collect();
    assert!(all.is_empty(), "{} differences:\n{}", all.len(), all.join("\n"));
}
