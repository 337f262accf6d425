//! Cells of a store to what people look at: projections, rasters, pictures, overviews, exports.
//!
//! Modules are listed bottom-up: each uses only those above it.

pub mod error;

pub use error::{MapError, Result};
