//! Catalogs as stac-geoparquet files: one row per granule, footprints as well-known binary.
//!
//! What is written has the columns that the Python zagg writes; what is read may be any
//! stac-geoparquet file: columns are found by name.

mod columns;
mod error;
pub(crate) mod file;
pub(crate) mod guard;
mod meta;
mod read;
pub mod wkb;
mod write;

pub(crate) use columns::{Texts, Unexpected};
pub(crate) use error::of_io;
pub use error::{GeoparquetError, WkbError};
pub use read::read;
pub use write::write;

#[cfg(test)]
mod tests;
