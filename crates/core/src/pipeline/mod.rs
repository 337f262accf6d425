//! The pipeline: *what* is computed. Read from YAML, checked whole, with a digest.

pub mod model;

pub use model::*;
