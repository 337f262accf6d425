//! What can be wrong with a catalog file.

use std::{io, path::PathBuf};

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;
use zagg_core::fault::Fault;

/// A catalog file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeoparquetError {
    /// The file cannot be opened.
    #[error("the catalog {} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not a Parquet file, or a damaged one.
    #[error(
        "the catalog {} is not a Parquet file that can be read: fetch it again with `zagg catalog ... --catalog-out`",
        path.display()
    )]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ParquetError,
    },
    /// A damaged part of a Parquet file.
    #[error(
        "the catalog {} is damaged after row {rows}: fetch it again with `zagg catalog ... --catalog-out`",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How many rows were read well.
        rows: usize,
        /// Why.
        #[source]
        source: ArrowError,
    },
    /// Its own numbers contradict each other so that the decoder gave up.
    #[error(
        "the catalog {} contradicts itself and cannot be decoded: fetch it again with `zagg catalog ... --catalog-out`",
        path.display()
    )]
    Undecodable {
        /// The file.
        path: PathBuf,
    },
    /// A column that every catalog has is absent.
    #[error("{} has no column `{column}`, and so is not a stac-geoparquet catalog", path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
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
    /// A granule without a name.
    #[error("row {row} of {} has no id: every granule needs one", path.display())]
    NoId {
        /// The file.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
    },
    /// A footprint that is none.
    #[error("the footprint of granule {id} (row {row} of {}) cannot be used", path.display())]
    Footprint {
        /// The file.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
        /// The granule's id.
        id: String,
        /// Why.
        #[source]
        source: WkbError,
    },
    /// A text that is not one.
    #[error("row {row} of {} has {found} in column `{column}`, but {expected} is expected", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
        /// The column.
        column: String,
        /// What it has.
        found: String,
        /// What it should have.
        expected: &'static str,
    },
    /// The note on the search is no JSON object.
    #[error("the note `zagg:catalog_meta` of {} is not a JSON object", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The table cannot be made of the granules.
    #[error("the catalog cannot be laid out as a table")]
    Table(#[source] ArrowError),
    /// The table cannot be written.
    #[error("the catalog {} cannot be written", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ParquetError,
    },
    /// The file cannot be put in its place.
    #[error("the catalog {} cannot be written: is there room, and may its folder be written to?", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl GeoparquetError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Open { source, .. } | Self::Write { source, .. } => of_io(source),
            Self::Encode { source: ParquetError::External(source), .. } => {
                source.downcast_ref().map_or(Fault::Bug, of_io)
            }
            Self::Encode { .. } | Self::Table(_) => Fault::Bug,
            _ => Fault::Malformed,
        }
    }
}

/// What kind of trouble a local file gives.
pub(crate) fn of_io(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => Fault::Missing,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Fault::Denied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Fault::Capacity,
        _ => Fault::Transient,
    }
}

/// A geometry that is not a polygon on WGS84, as well-known binary.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WkbError {
    /// The bytes end within a number.
    #[error("its {bytes} bytes end too early, at {what}")]
    Short {
        /// How many bytes there are.
        bytes: usize,
        /// What was being read.
        what: &'static str,
    },
    /// More is announced than the bytes can hold.
    #[error("it announces {count} {what} in the {left} bytes that are left")]
    Count {
        /// How many of them.
        count: u32,
        /// Of what.
        what: &'static str,
        /// How many bytes there are.
        left: usize,
    },
    /// Neither little nor big endian.
    #[error("its byte order is {0}, but 0 (big endian) or 1 (little endian) is expected")]
    ByteOrder(u8),
    /// Not a polygon.
    #[error("it is a {kind}, but a Polygon or MultiPolygon is expected")]
    Kind {
        /// What it is.
        kind: String,
    },
    /// Coordinates of another kind.
    #[error("its coordinates are of EPSG:{0}, but longitude and latitude on WGS84 (EPSG:4326) are expected")]
    Reference(u32),
    /// A corner that is not on Earth.
    #[error(
        "corner {corner} of ring {ring} of part {part} is longitude {longitude}, latitude {latitude}: \
         degrees with a latitude from -90 to 90 are expected"
    )]
    Corner {
        /// The part, from 0.
        part: usize,
        /// The ring of the part, from 0.
        ring: usize,
        /// The corner of the ring, from 0.
        corner: usize,
        /// Its longitude.
        longitude: f64,
        /// Its latitude.
        latitude: f64,
    },
    /// Bytes after the geometry.
    #[error("{0} bytes follow the geometry")]
    Trailing(usize),
    /// A band between parallels, which well-known binary has no word for.
    #[error("a band between two parallels cannot be written as a polygon")]
    Band,
    /// More corners than the form can count.
    #[error("it has more than 4294967295 corners, rings or parts")]
    TooMany,
}
