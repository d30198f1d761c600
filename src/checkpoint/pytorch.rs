//! What PyTorch calls the tensors of our layers.

use crate::params::Walk;

/// The name of the tensor where the walk stands, as in a PyTorch `state_dict`.
pub(super) fn name(walk: &Walk) -> String {
    let steps = walk.owned_steps().filter_map(|(owner, step)| {
        Some(match (layer(owner), step.as_str()) {
            ("Chain", "layers") => return None,
            ("BatchNorm" | "LayerNorm" | "GroupNorm" | "InstanceNorm", "affine") => return None,
            ("Affine" | "RmsNorm", "scale") => "weight".to_owned(),
            ("BatchNorm", "mean") => "running_mean".to_owned(),
            ("BatchNorm", "variance") => "running_var".to_owned(),
            _ => step,
        })
    });
    steps.collect::<Vec<_>>().join(".")
}

/// Whether PyTorch has the axes of the tensor where the walk stands in reverse order.
pub(super) fn transposed(walk: &Walk) -> bool {
    walk.owned_steps().last().is_some_and(|(owner, step)| layer(owner) == "Dense" && step == "weight")
}

/// Whether it counts the batches of a batch normalisation: PyTorch only uses it without a momentum.
pub(super) fn is_counter(name: &str) -> bool {
    name == "num_batches_tracked" || name.ends_with(".num_batches_tracked")
}

/// The name of a layer of this library by its type's: a user's type of the same name is another.
fn layer(owner: &'static str) -> &'static str {
    match owner.strip_prefix("sapwood::nn::") {
        Some(path) => path.rsplit("::").next().unwrap_or(path),
        None => "",
    }
}
