//! What can be wrong with a shard map.

use std::io::ErrorKind;

use crate::fault::Fault;

/// A shard map that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShardMapError {
    /// Not JSON, or not of the shape of a shard map.
    #[error("the shard map is not JSON of the shape that is expected")]
    Json(#[source] serde_json::Error),
    /// The form with a `catalog` of signed decimals, of before June 2026.
    #[error(
        "the shard map has the form of before June 2026 (a `catalog` of signed decimal keys): \
         regenerate it with `zagg catalog --config ...`"
    )]
    CatalogForm,
    /// The form whose granules are bare URLs, of June 2026.
    #[error(
        "the shard map has the form of early June 2026 (granules are bare URLs, without a grid signature): \
         regenerate it with `zagg catalog --config ...`"
    )]
    BareUrlForm,
    /// The decimal keys of before July 2026, negative in the south.
    #[error(
        "the shard map has the decimal key {key} of before July 2026: \
         regenerate it with `zagg catalog --config ...`"
    )]
    SignedKey {
        /// The first such key.
        key: i64,
    },
    /// A Parquet file.
    #[error(
        "the shard map is a Parquet file where JSON is expected: regenerate it as JSON with \
         `zagg catalog --config ... --output NAME.json`"
    )]
    ParquetForm,
    /// A key that every shard map has is absent.
    #[error("the file lacks `{key}`, and so is not a shard map: make one with `zagg catalog --config ...`")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// The two parallel lists are not of one length.
    #[error("the shard map has {keys} shard keys but {lists} granule lists: one list per key is expected")]
    Lengths {
        /// Entries of `shard_keys`.
        keys: usize,
        /// Entries of `granules`.
        lists: usize,
    },
    /// A key occurs twice.
    #[error("shard key {key} occurs twice in the shard map")]
    DuplicateShard {
        /// The key.
        key: u64,
    },
    /// A granule whose records disagree on where it is.
    #[error("granule {id} has two {driver} locations in the shard map, {first} and {second}: which one is right?")]
    ConflictingLocations {
        /// The granule's id.
        id: String,
        /// The driver.
        driver: String,
        /// One location.
        first: String,
        /// The other.
        second: String,
    },
    /// A shard refers to a granule that is not in the list.
    #[error("shard key {key} refers to granule number {index}, but there are {granules}")]
    NoSuchGranule {
        /// The shard's key.
        key: u64,
        /// The number.
        index: u32,
        /// How many granules there are.
        granules: usize,
    },
    /// The JSON cannot be written.
    #[error("the shard map cannot be written as JSON")]
    Write(#[source] serde_json::Error),
    /// More granules than are numbered.
    #[error("the shard map has more than 4294967295 granules")]
    TooManyGranules,
}

impl ShardMapError {
    /// The kind of trouble.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::TooManyGranules => Fault::Capacity,
            Self::NoSuchGranule { .. } => Fault::Bug,
            Self::Write(error) => match error.io_error_kind() {
                None => Fault::Bug,
                Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => Fault::Capacity,
                Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => Fault::Denied,
                Some(_) => Fault::Transient,
            },
            _ => Fault::Malformed,
        }
    }
}

/// A granule that has no location for the driver that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "granule {id} has no {driver} location in the shard map; it has {}: choose another with --driver or data_source.driver",
    if drivers.is_empty() { "none".to_owned() } else { drivers.join(", ") }
)]
pub struct MissingHref {
    /// The granule's id.
    pub id: String,
    /// The driver.
    pub driver: String,
    /// The drivers that it has a location for.
    pub drivers: Vec<String>,
}

impl MissingHref {
    /// The kind of trouble.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Missing
    }
}
