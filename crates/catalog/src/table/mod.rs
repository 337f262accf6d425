//! A shard map as one Parquet file: the compact form for millions of pairs.
//!
//! One row per pair of shard and granule, shards in the map's order, granules in the order in
//! which they are read: `shard_key` (u64), `granule_id`, a column of locations per driver (`s3`,
//! `https`, ..), `time_start`, `time_end` (ISO 8601). Every column is dictionary-encoded. The
//! file's notes hold the rest: `zagg:shardmap_meta` the map's `metadata` and `grid_signature`
//! (as the Python zagg's own Parquet form has them), `zagg:shardmap_table` the form's number,
//! the drivers, and the shards without granules, which have no rows.

mod error;
mod read;
mod write;

use std::{fs::File, io::Read, path::Path};

pub use error::TableError;
pub use read::read;
use serde::{Deserialize, Serialize};
pub use write::write;
use zagg_core::shard_map::ShardMap;

use crate::geoparquet::file;

/// The form that is written and read.
const FORM: u64 = 1;
/// The note with the map's `metadata` and `grid_signature`.
const HEADER: &str = "zagg:shardmap_meta";
/// The note on the table's form.
const TABLE: &str = "zagg:shardmap_table";
/// The columns that are no driver's.
const OWN_COLUMNS: [&str; 4] = ["shard_key", "granule_id", "time_start", "time_end"];

/// The note on the table's form.
#[derive(Debug, Serialize, Deserialize)]
struct Form {
    version: u64,
    drivers: Vec<String>,
    #[serde(default)]
    empty_shards: Vec<EmptyShard>,
}

/// A shard without granules: its place among all shards, from 0, and its key.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct EmptyShard {
    place: u64,
    key: u64,
}

/// Whether bytes are the beginning of a Parquet file.
#[must_use]
pub fn is_table(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PAR1")
}

/// Reads a shard map of either form, JSON or Parquet, by its content.
///
/// # Errors
/// When the file cannot be read, or is no shard map.
pub fn load(path: &Path) -> Result<ShardMap, TableError> {
    let unopened = |source| TableError::Open { path: path.into(), source };
    let mut file = File::open(path).map_err(unopened)?;
    let mut bytes = Vec::new();
    (&mut file).take(4).read_to_end(&mut bytes).map_err(unopened)?;
    if is_table(&bytes) {
        return read(path);
    }
    file.read_to_end(&mut bytes).map_err(unopened)?;
    ShardMap::from_json(&bytes).map_err(|source| TableError::Map { path: path.into(), source })
}

/// Writes a shard map: as a table when the file's name ends in `.parquet`, else as JSON. The file is
/// there whole or not at all.
///
/// # Errors
/// As [`write()`].
pub fn save(map: &ShardMap, path: &Path) -> Result<(), TableError> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet")) {
        return write(map, path);
    }
    let io_error = |source| TableError::Write { path: path.into(), source };
    file::replace(path, io_error, |staged| map.write_json(staged).map_err(TableError::Header))
}

#[cfg(test)]
mod tests;
