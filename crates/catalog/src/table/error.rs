//! What can be wrong with a shard map's table.

use std::{io, path::PathBuf};

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;
use zagg_core::{fault::Fault, shard_map::ShardMapError};

use crate::geoparquet::of_io;

/// A shard map's table that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be opened.
    #[error("the shard map {} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not a Parquet file, or a damaged one.
    #[error("the shard map {} is not a Parquet file that can be read: make it again with `zagg catalog`", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ParquetError,
    },
    /// A damaged part of a Parquet file.
    #[error("the shard map {} is damaged after row {rows}: make it again with `zagg catalog`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How many rows were read well.
        rows: u64,
        /// Why.
        #[source]
        source: ArrowError,
    },
    /// Its own numbers contradict each other so that the decoder gave up.
    #[error(
        "the shard map {} contradicts itself and cannot be decoded: make it again with `zagg catalog`",
        path.display()
    )]
    Undecodable {
        /// The file.
        path: PathBuf,
    },
    /// A Parquet file of something else.
    #[error(
        "{} is a Parquet file, but not a shard map (it lacks {lacks}): \
         if it is a catalog of granules, make a shard map of it with `zagg catalog --from`",
        path.display()
    )]
    NotAShardMap {
        /// The file.
        path: PathBuf,
        /// What it lacks.
        lacks: &'static str,
    },
    /// A table of a later form.
    #[error(
        "the shard map {} has form {found}, but this zagg reads form {known}: update zagg, or make the map again with \
         `zagg catalog`",
        path.display()
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u64,
        /// The form that is read.
        known: u64,
    },
    /// The note on the table's form is no JSON of the shape that is expected.
    #[error("the note `{key}` of {} is not what it should be: make the map again with `zagg catalog`", path.display())]
    Note {
        /// The file.
        path: PathBuf,
        /// The note's key.
        key: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A column holds something else than expected.
    #[error("column `{column}` of {} holds {found}, but {expected} are expected", path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A cell that must not be empty.
    #[error("row {row} of {} has nothing in column `{column}`", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// The row, from 0.
        row: u64,
        /// The column.
        column: &'static str,
    },
    /// What the file says is no shard map.
    #[error("the file {} holds no usable shard map", path.display())]
    Map {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ShardMapError,
    },
    /// A driver with the name of another column.
    #[error("the driver `{driver}` has the name of another column of the table: write the shard map as JSON")]
    Driver {
        /// The driver.
        driver: String,
    },
    /// The table cannot be made of the map.
    #[error("the shard map cannot be laid out as a table")]
    Layout(#[source] ArrowError),
    /// What the map says of itself cannot be written.
    #[error("the shard map's header cannot be written")]
    Header(#[source] ShardMapError),
    /// The table cannot be encoded.
    #[error("the shard map {} cannot be written", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ParquetError,
    },
    /// The file cannot be put in its place.
    #[error("the shard map {} cannot be written: is there room, and may its folder be written to?", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl TableError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Open { source, .. } | Self::Write { source, .. } => of_io(source),
            Self::Encode { source: ParquetError::External(source), .. } => {
                source.downcast_ref().map_or(Fault::Bug, of_io)
            }
            Self::Encode { .. } | Self::Layout(_) => Fault::Bug,
            Self::Map { source, .. } | Self::Header(source) => source.fault(),
            _ => Fault::Malformed,
        }
    }
}
