//! The pipeline: *what* is computed. Read from YAML, checked whole, with a digest.
//!
//! A file passes four stations: `node` reads YAML to a tree, `shape` holds the tree against
//! the schema that `raw` generates, `check` gives it a meaning, `digest` names that meaning.
//! Problems are collected on the way and told all at once.

pub mod model;

mod check;
mod digest;
mod node;
mod problem;
mod raw;
mod reference;
mod schema;
mod shape;
#[cfg(test)]
mod tests;

pub use digest::{PIPELINE_SCHEMA, reduction as describe_reduction};
pub use model::*;
pub use problem::{PipelineError, Problem};
pub use reference::reference_page;
pub use schema::json_schema;
