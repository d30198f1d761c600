//! The table of names has every public layer, loss, metric, rule and schedule. (That its links lead somewhere is checked
//! where the documentation is built.)

const TABLE: &str = include_str!("../src/names.md");

/// The names that a module's file exports.
fn exported(source: &str) -> Vec<&str> {
    let public = source.split("#[doc(hidden)]").next().unwrap_or_default();
    let public = public.split("pub mod each").next().unwrap_or_default();
    let mut names = vec![];
    for export in public.split("pub use ").skip(1) {
        let list = export.split(';').next().unwrap_or_default();
        let list = list.rsplit("::").next().unwrap_or(list).trim_matches(['{', '}', '\n', ' ']);
        names.extend(list.split(',').map(str::trim).filter(|name| !name.is_empty()));
    }
    names
}

#[test]
fn every_public_name_is_in_the_table() {
    // How the machinery is built, and traits of arguments: no library has a name for them.
    let machinery = [
        "Chunk",
        "LeafInfo",
        "Rule",
        "PerLeaf",
        "Slots",
        "LeafState",
        "OptimiserTree",
        "Optimising",
        "Place",
        "State",
        "Adjust",
        "Rate",
        "Progress",
    ];
    let modules = [
        ("nn", include_str!("../src/nn/mod.rs")),
        ("loss", include_str!("../src/loss/mod.rs")),
        ("optim", include_str!("../src/optim/mod.rs")),
        ("optim::schedule", include_str!("../src/optim/schedule/mod.rs")),
    ];
    for (module, source) in modules {
        let names = exported(source);
        assert!(names.len() > 10, "{module} exports more than {names:?}");
        let missing: Vec<_> = names
            .into_iter()
            .filter(|name| !machinery.contains(name))
            .filter(|name| !TABLE.contains(&format!("(crate::{module}::{name})")))
            .filter(|name| !TABLE.contains(&format!("(crate::{module}::{name}())")))
            .collect();
        assert!(missing.is_empty(), "src/names.md lacks {missing:?} of {module}");
    }
}

/// (What every loss makes of several is in `loss::each`, which has the same names.)
#[test]
fn gradients_of_every_layer_and_loss_are_checked() {
    // Parts, settings and generic forms of layers, traits, and what gives numbers and no tensors.
    let others = [
        "Affine",
        "Conv",
        "ConvTranspose",
        "Padding",
        "Init",
        "Layer",
        "output_shape",
        "outline",
        "Outline",
        "OutlineRow",
        "Cell",
        "CellState",
        "Directions",
        "Recurrent",
        "FeedForward",
        "Weighted",
        "ClassTarget",
        "accuracy",
        "confusion_matrix",
        "f1",
        "precision",
        "recall",
        "top_k_accuracy",
        "auc",
        "perplexity",
        "r2",
    ];
    let modules = [
        ("nn", include_str!("../src/nn/mod.rs"), include_str!("gradients/layers.rs")),
        ("loss", include_str!("../src/loss/mod.rs"), include_str!("gradients/losses.rs")),
    ];
    for (module, source, tests) in modules {
        let words: Vec<_> = tests.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let missing: Vec<_> =
            exported(source).into_iter().filter(|name| !others.contains(name) && !words.contains(name)).collect();
        assert!(missing.is_empty(), "tests/gradients lacks {missing:?} of {module}");
    }
}
