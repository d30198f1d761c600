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
