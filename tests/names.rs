//! The table of names has every public layer, loss, metric, rule, schedule and operation. (That its links lead somewhere is checked
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

#[test]
fn every_operation_is_in_the_table() {
    // What makes and reads tensors stands in `src/tensor`, and is not asked for: much of it no library has a name for.
    let mut operations = 0;
    for source in std::fs::read_dir("src/ops").unwrap().chain(["attention", "conv"].map(folder).into_iter().flatten()) {
        let path = source.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        // Methods of tensors stand in blocks `impl … Tensor<…> {`, which end with a brace at the start of a line.
        let blocks = text.split("\nimpl").skip(1).filter(|block| block.lines().next().unwrap().contains(" Tensor<"));
        for block in blocks {
            let body = block.split("\n}").next().unwrap();
            for name in body.split("    pub fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next()) {
                assert!(TABLE.contains(&format!("(crate::tensor::Tensor::{name})")), "{name} of {}", path.display());
                operations += 1;
            }
        }
    }
    assert!(operations > 120, "{operations} operations were found");
}

fn folder(name: &str) -> impl Iterator<Item = std::io::Result<std::fs::DirEntry>> {
    std::fs::read_dir(format!("src/ops/{name}")).unwrap()
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
