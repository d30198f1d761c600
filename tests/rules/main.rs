//! Rules against the field's own optimisers, and what all rules have in common.

mod common;
mod global;
mod julia;
mod lbfgs;
mod minimise;
mod mutants;
mod schedules;
mod trajectories;
mod wrappers;
